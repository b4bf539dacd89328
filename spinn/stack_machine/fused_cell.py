"""The LSTM cell that TreeLSTM and Tracker share, with a backward pass written by hand.

For n predecessors, Tai et al. 2015 (arXiv:1503.00075), eqs. 13 and 14:

    c = i * g + f_1 * c_1 + ... + f_n * c_n
    h = o * tanh(c)

with n = 1 for `Tracker` (an LSTM) and n = 2 for `TreeLSTM`, whose `forward` has the same equations.
The order of the gates is g, i, f_1 .. f_n, o. So all gates with a sigmoid are
neighbours, and so are all gates whose gradient comes from c.
"""

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor

sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
tanh_backward = torch.ops.aten.tanh_backward.grad_input

CACHED = 2**19  # numbers: 2 MiB in fp32


def cut(rows: Tensor, sizes: Sequence[int]) -> tuple[Tensor, ...]:
    """Split a buffer into groups of rows, once for all steps."""
    groups: tuple[Tensor, ...] = torch.split(rows, list(sizes))
    return groups


def cut_all(sizes: Sequence[int], *buffers: Tensor) -> list[tuple[Tensor, ...]]:
    """Split several buffers: for each group its rows of each buffer."""
    return list(zip(*(cut(rows, sizes) for rows in buffers), strict=True))


def step(gates: Tensor, cells: Sequence[Tensor], h: Tensor, c: Tensor, tanh_c: Tensor) -> None:
    """Compute R rows, forward.

    Args:
        gates: (R, (n+3)D) before the nonlinearities; overwritten by the activations.
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
    """The backward pass over all rows of a batch, group after group, the last one first.

    With dc the gradient of c, which includes dh * o * (1 - tanh(c)^2):

        dg = dc * i * (1 - g^2)         di = dc * g * i * (1 - i)
        df_k = dc * c_k * f_k (1 - f_k)  dc_k = dc * f_k      do = dh * tanh(c) * o * (1 - o)

    The factors of dc and dh do not depend on them. They are computed for several groups at once:
    enough rows for few calls, and few enough to stay in the cache.

    Args:
        gates: (R, (n+3)D) the activations of the forward pass.
        cells: (R, nD) the predecessors' c, side by side.
        tanh_c: (R, D) from the forward pass.
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
        """Compute the gradients of a group.

        Args:
            dh: (R, D) gradient of h.
            dc: (R, D) gradient of c from the rows that read it.
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
        """Compute the factors of a group, and of groups before it until there are enough rows."""
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
