"""Where the project stands."""

from pathlib import Path

HOME = Path(__file__).resolve().parents[3]  # where conf/ and data/ stand in a checkout
