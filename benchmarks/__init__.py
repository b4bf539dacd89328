"""How fast the encoders are, side by side in one run: `python -m benchmarks`."""
