"""Packed sequences (N, D), one after the other, and padded ones (B, T, D)."""

import torch
from torch import Tensor


def places(lengths: Tensor, width: int) -> Tensor:
    """(N,) the index of each packed entry in padded rows of `width`, flattened.

    Example: lengths 2 and 3 in rows of width 4 give 0, 1, 4, 5, 6.

    Args: lengths: (B,) entries in each row, on the CPU, at most `width`.
    """
    rows = torch.repeat_interleave(lengths)  # (N,)
    starts = lengths.cumsum(0) - lengths
    return torch.arange(len(rows)) - starts[rows] + width * rows


def pad(packed: Tensor, lengths: Tensor, width: int | None = None) -> tuple[Tensor, Tensor]:
    """Pad packed sequences with zeros.

    Args:
        packed: (N, D) one sequence after the other.
        lengths: (B,) the length of each, on the CPU.
        width: T, the width of a row; the longest length if left out.

    Returns: (B, T, D), and (B, T), True for entries and False for padding.
    """
    B, T = len(lengths), int(lengths.max()) if width is None else width
    found = places(lengths, T).to(packed.device)
    rows = packed.new_zeros(B * T, packed.shape[1]).index_copy(0, found, packed)
    filled = torch.zeros(B * T, dtype=torch.bool, device=packed.device).index_fill(0, found, True)
    return rows.view(B, T, -1), filled.view(B, T)


def unpad(rows: Tensor, lengths: Tensor) -> Tensor:
    """Pack padded sequences.

    Args:
        rows: (B, T, D), one sequence per row.
        lengths: (B,) the length of each, on the CPU, at most T.

    Returns: (N, D).
    """
    found = places(lengths, rows.shape[1]).to(rows.device)
    return rows.flatten(0, 1).index_select(0, found)
