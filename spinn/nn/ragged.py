"""Sequences one after the other, and side by side."""

import torch
from torch import Tensor


def places(lengths: Tensor, width: int) -> Tensor:
    """(N,) where in rows of `width` places, put one behind the other, each of N entries lies.

    Args: lengths: (B,) entries in each row, on the CPU, at most `width`.
    """
    rows = torch.repeat_interleave(lengths)  # (N,)
    starts = lengths.cumsum(0) - lengths
    return torch.arange(len(rows)) - starts[rows] + width * rows


def pad(packed: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Put each sequence in a row of its own, with zeros behind its end.

    Args:
        packed: (N, D) one sequence after the other.
        lengths: (B,) the length of each, on the CPU.

    Returns: (B, T, D), and (B, T) whether an entry lies there.
    """
    B, T = len(lengths), int(lengths.max())
    found = places(lengths, T).to(packed.device)
    rows = packed.new_zeros(B * T, packed.shape[1]).index_copy(0, found, packed)
    filled = torch.zeros(B * T, dtype=torch.bool, device=packed.device).index_fill(0, found, True)
    return rows.view(B, T, -1), filled.view(B, T)
