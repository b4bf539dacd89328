"""SPINN and other sentence encoders that follow the parse tree, beside recurrent ones."""

import os

__version__ = "0.1.0"

# Threads that wait for one another spin for a moment and then sleep. GNU OpenMP spins for
# milliseconds by default, which on a machine that does anything else at the same time made a small
# matrix product 40 times slower; sleeping at once makes a quiet machine three times slower. OpenMP
# reads this when torch is first imported.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
# oneDNN keeps a compiled product for every shape. A step of SPINN brings as many rows as happen to
# reduce, which makes more shapes than the 1,024 it has room for: in bf16, 256 pairs at a time, it
# compiled anew all the time and trained at a fifth of the speed.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16384")
