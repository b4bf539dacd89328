"""The speed of all encoders, measured in one run: `python -m benchmarks`."""

import spinn  # noqa: F401 - before torch, for the variables that torch reads at import
