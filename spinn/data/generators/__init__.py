"""Programs that write the bundled and synthetic data."""
