"""How fast the encoders are, side by side in one run: `python -m benchmarks`."""

import spinn  # noqa: F401 - sets the variables of OpenMP and oneDNN before torch is imported
