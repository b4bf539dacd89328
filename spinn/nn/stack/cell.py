"""The cell that Reduce and Tracker share, forward and backward by hand.

An LSTM cell with n predecessors: n = 1 for the Tracker, n = 2 for Reduce. Gates lie in the order
g, i, f_1 .. f_n, o, so that all that pass through a sigmoid lie side by side, and so do all whose
gradient comes from c. Buffers hold the rows
of a whole batch; they are cut beforehand into the groups of rows that step together, because
cutting them step by step takes as long as computing.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
tanh_backward = torch.ops.aten.tanh_backward.grad_input


def cut(rows: Tensor, sizes: Sequence[int]) -> tuple[Tensor, ...]:
    """Cut a buffer into groups of rows."""
    groups: tuple[Tensor, ...] = torch.split(rows, list(sizes))
    return groups


class Cells:
    """The way forward.

    Args:
        gates: (R, (n+3)D) before the nonlinearities; overwritten by what follows them.
        tanh_c: (R, D) filled with tanh(c).
        h: (R, D) filled with the new h.
        c: (R, D) filled with the new c.
        sizes: rows in each group.
    """

    def __init__(
        self, gates: Tensor, tanh_c: Tensor, h: Tensor, c: Tensor, sizes: Sequence[int]
    ) -> None:
        D = h.shape[1]
        g, i, *f, o = torch.split(gates, D, dim=1)
        parts = (gates[:, D:], g, i, o, tanh_c, h, c, *f)
        self.groups = list(zip(*(cut(part, sizes) for part in parts), strict=True))

    def step(self, group: int, cells: Sequence[Tensor]) -> None:
        """Step a group, given its predecessors' c, n times (R, D)."""
        through_sigmoid, g, i, o, tanh_c, h, c, *f = self.groups[group]
        through_sigmoid.sigmoid_()
        g.tanh_()
        torch.mul(i, g, out=c)
        for f_k, c_k in zip(f, cells, strict=True):
            c.addcmul_(f_k, c_k)
        torch.tanh(c, out=tanh_c)
        torch.mul(o, tanh_c, out=h)


class CellsBack:
    """The way back: what every gradient is multiplied by, computed for all rows at once.

    Args:
        gates: (R, (n+3)D) as the way forward left them.
        cells: (R, nD) the predecessors' c, side by side.
        tanh_c: (R, D) as the way forward left it.
        dgates: (R, (n+3)D) filled with the gradient of the gates before the nonlinearities.
        sizes: rows in each group.
    """

    def __init__(
        self, gates: Tensor, cells: Tensor, tanh_c: Tensor, dgates: Tensor, sizes: Sequence[int]
    ) -> None:
        (R, D), n = tanh_c.shape, cells.shape[1] // tanh_c.shape[1]
        g, i, f, o = gates[:, :D], gates[:, D : 2 * D], gates[:, 2 * D : -D], gates[:, -D:]
        h_to_c = torch.empty_like(tanh_c)
        tanh_backward(o, tanh_c, grad_input=h_to_c)  # h = o * tanh(c)
        torch.cat([i, g, cells, tanh_c], dim=1, out=dgates)  # c = g * i + f * cells
        tanh_backward(dgates[:, :D], g, grad_input=dgates[:, :D])
        sigmoid_backward(dgates[:, D:], gates[:, D:], grad_input=dgates[:, D:])
        by_gate = dgates.view(R, n + 3, D)
        parts = (h_to_c, f.view(R, n, D), by_gate[:, :-1], by_gate[:, -1])
        self.groups = list(zip(*(cut(part, sizes) for part in parts), strict=True))

    def step(self, group: int, dh: Tensor, dc: Tensor, dcells: Tensor) -> None:
        """Step a group back.

        Args:
            dh: (R, D) gradient of h.
            dc: (R, D) gradient of c from those that read it.
            dcells: (R, n, D) filled with the gradient of the predecessors' c.
        """
        h_to_c, c_to_cells, by_c, by_h = self.groups[group]
        dc = torch.addcmul(dc, dh, h_to_c)[:, None]
        by_c.mul_(dc)
        by_h.mul_(dh)
        torch.mul(c_to_cells, dc, out=dcells)
