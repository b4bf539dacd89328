"""SPINN and other sentence encoders that follow the parse tree, beside recurrent ones."""

import os

__version__ = "0.1.0"

# Threads that wait for one another sleep instead of spinning. On a machine that does anything else
# at the same time, spinning made a small matrix product 40 times slower. OpenMP reads this once,
# when torch is first imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
