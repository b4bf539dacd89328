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


def pad(packed: Tensor, lengths: Tensor, width: int | None = None) -> tuple[Tensor, Tensor]:
    """Put each sequence in a row of its own, with zeros behind its end.

    Args:
        packed: (N, D) one sequence after the other.
        lengths: (B,) the length of each, on the CPU.
        width: T, places in a row; the longest sequence's length if left out.

    Returns: (B, T, D), and (B, T) whether an entry lies there.
    """
    B, T = len(lengths), int(lengths.max()) if width is None else width
    found = places(lengths, T).to(packed.device)
    rows = packed.new_zeros(B * T, packed.shape[1]).index_copy(0, found, packed)
    filled = torch.zeros(B * T, dtype=torch.bool, device=packed.device).index_fill(0, found, True)
    return rows.view(B, T, -1), filled.view(B, T)


def unpad(rows: Tensor, lengths: Tensor) -> Tensor:
    """Put sequences one after the other, without what stands behind their ends.

    Args:
        rows: (B, T, D) a sequence in each row.
        lengths: (B,) the length of each, on the CPU, at most T.

    Returns: (N, D).
    """
    found = places(lengths, rows.shape[1]).to(rows.device)
    return rows.flatten(0, 1).index_select(0, found)
