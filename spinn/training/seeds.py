"""One seed for everything that draws random numbers."""

import torch


def seed_everything(seed: int) -> None:
    """Seed torch, so that a run on CPU repeats exactly.

    Nothing draws from the global state of NumPy or Python. The order of the batches does not depend
    on torch's state but on (seed, epoch), so a resumed run sees the batches that the uninterrupted
    run would have seen.
    """
    torch.manual_seed(seed)
