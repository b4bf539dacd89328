"""The project root, where conf/ and data/ are in a checkout."""

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[3]
