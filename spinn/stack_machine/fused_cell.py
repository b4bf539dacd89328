"""The cell that Reduce and Tracker share, forward and backward by hand.

An LSTM cell with n predecessors: n = 1 for the Tracker, n = 2 for Reduce. Gates lie in the order
g, i, f_1 .. f_n, o, so that all that pass through a sigmoid lie side by side, and so do all whose
gradient comes from c.
"""

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor

sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
tanh_backward = torch.ops.aten.tanh_backward.grad_input

CACHED = 2**19  # numbers: 2 MiB in fp32


def cut(rows: Tensor, sizes: Sequence[int]) -> tuple[Tensor, ...]:
    """Cut a buffer into groups of rows: sooner done once than step by step."""
    groups: tuple[Tensor, ...] = torch.split(rows, list(sizes))
    return groups


def cut_all(sizes: Sequence[int], *buffers: Tensor) -> list[tuple[Tensor, ...]]:
    """Cut several buffers: for each group its rows of all of them."""
    return list(zip(*(cut(rows, sizes) for rows in buffers), strict=True))


def step(gates: Tensor, cells: Sequence[Tensor], h: Tensor, c: Tensor, tanh_c: Tensor) -> None:
    """Step R rows.

    Args:
        gates: (R, (n+3)D) before the nonlinearities; overwritten by what follows them.
        cells: the predecessors' c, n times (R, D).
        h: (R, D) filled with the new h.
        c: (R, D) filled with the new c.
        tanh_c: (R, D) filled with tanh(c).
    """
    D = h.shape[1]
    g, i, *f, o = torch.split(gates, D, dim=1)
    gates[:, D:].sigmoid_()
    torch.mul(i, g.tanh_(), out=c)
    for f_k, c_k in zip(f, cells, strict=True):
        c.addcmul_(f_k, c_k)
    torch.tanh(c, out=tanh_c)
    torch.mul(o, tanh_c, out=h)


class CellBackward:
    """The way back for all rows of a batch, group after group, the last one first.

    Before its gradient is known, a row can be told what that will be multiplied by. This is done
    for several groups together, for fewer launches, yet for few enough to stay in the cache.

    Args:
        gates: (R, (n+3)D) as the way forward left them.
        cells: (R, nD) the predecessors' c, side by side.
        tanh_c: (R, D) as the way forward left it.
        dgates: (R, (n+3)D) filled with the gradient of the gates before the nonlinearities, rounded
            to its dtype.
        sizes: rows in each group.
    """

    def __init__(
        self, gates: Tensor, cells: Tensor, tanh_c: Tensor, dgates: Tensor, sizes: Sequence[int]
    ) -> None:
        self.rows = gates, cells, tanh_c, dgates
        self.sizes, self.ends = sizes, list(accumulate(sizes))
        self.least = CACHED // gates.shape[1]
        self.prepared: dict[int, tuple[Tensor, ...]] = {}

    def step(self, group: int, dh: Tensor, dc: Tensor, dcells: Tensor) -> None:
        """Step a group back.

        Args:
            dh: (R, D) gradient of h.
            dc: (R, D) gradient of c from those that read it.
            dcells: (R, n, D) filled with the gradient of the predecessors' c.
        """
        if group not in self.prepared:
            self._prepare(group)
        f, h_to_c, by_c, by_h, exact, dgates = self.prepared.pop(group)
        dc = torch.addcmul(dc, dh, h_to_c)[:, None]
        by_c.mul_(dc)
        by_h.mul_(dh)
        torch.mul(f, dc, out=dcells)
        if exact.dtype != dgates.dtype:
            dgates.copy_(exact)

    def _prepare(self, last: int) -> None:
        """Prepare a group, and as many before it as make enough rows."""
        first, end = last, self.ends[last]
        while first and end - self.ends[first - 1] < self.least:
            first -= 1
        sizes = self.sizes[first : last + 1]
        gates, cells, tanh_c, dgates = (rows[end - sum(sizes) : end] for rows in self.rows)
        D, width = tanh_c.shape[1], cells.shape[1]
        exact = dgates if dgates.dtype == gates.dtype else torch.empty_like(gates)
        widths = [D, D, width, D]
        g, i, f, o = torch.split(gates, widths, dim=1)
        by_g, by_i, by_f, by_o = torch.split(exact, widths, dim=1)
        h_to_c = torch.empty_like(tanh_c)
        tanh_backward(o, tanh_c, grad_input=h_to_c)  # h = o * tanh(c)
        tanh_backward(i, g, grad_input=by_g)  # c = i * g + f * cells
        sigmoid_backward(g, i, grad_input=by_i)
        sigmoid_backward(cells, f, grad_input=by_f)
        sigmoid_backward(tanh_c, o, grad_input=by_o)
        R, n = len(f), width // D
        by_c = exact[:, :-D].view(R, n + 2, D)
        groups = cut_all(sizes, f.view(R, n, D), h_to_c, by_c, by_o, exact, dgates)
        self.prepared.update(zip(range(first, last + 1), groups, strict=True))
