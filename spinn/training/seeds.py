"""One seed for everything that draws random numbers."""

import random

import numpy as np
import torch


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch, so that a run on CPU repeats exactly.

    The order of the batches does not depend on this state but on (seed, epoch), so a resumed run
    sees the batches that the uninterrupted run would have seen.
    """
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - for libraries that still draw from the global state
    torch.manual_seed(seed)
