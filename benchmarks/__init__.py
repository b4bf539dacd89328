"""How fast the encoders are, side by side in one run: `python -m benchmarks`."""

import spinn  # noqa: F401 - before torch, for the variables that torch reads at import
