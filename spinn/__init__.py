"""SPINN and other sentence encoders that follow the parse tree, beside recurrent ones."""

import os

__version__ = "0.1.0"

# Threads that wait for one another spin for a moment and then sleep. GNU OpenMP spins for
# milliseconds by default, which on a machine that does anything else at the same time made a small
# matrix product 40 times slower; sleeping at once makes a quiet machine three times slower. OpenMP
# reads this when torch is first imported.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
# oneDNN compiles a product in bf16 for every shape and keeps the last 1,024 of them. An LSTM over
# 256 pairs has more, compiled them anew all the time, and trained at a fifth of its speed.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "4096")
