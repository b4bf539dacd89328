"""The cell that Reduce and Tracker share, forward and backward by hand.

An LSTM cell with n predecessors: n = 1 for the Tracker, n = 2 for Reduce. Gates lie in the order
i, f_1 .. f_n, o, g, so that all that pass through a sigmoid lie side by side.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
tanh_backward = torch.ops.aten.tanh_backward.grad_input


def forward(gates: Tensor, cells: Tensor, tanh_c: Tensor, h: Tensor) -> Tensor:
    """Step the cell.

    Args:
        gates: (R, (n+3)D) before the nonlinearities; overwritten by what follows them.
        cells: (R, nD) cell states of the predecessors, side by side.
        tanh_c: (R, D) filled with tanh(c).
        h: (R, D) filled with the new h.

    Returns: (R, D) the new c.
    """
    D = h.shape[1]
    gates[:, :-D].sigmoid_()
    gates[:, -D:].tanh_()
    i, *f, o, g = torch.split(gates, D, dim=1)
    c = i * g
    for f_k, c_k in zip(f, torch.split(cells, D, dim=1), strict=True):
        c.addcmul_(f_k, c_k)
    torch.tanh(c, out=tanh_c)
    torch.mul(o, tanh_c, out=h)
    return c


@dataclass(frozen=True)
class Slopes:
    """What a gradient is multiplied by on its way back through many cells, all at once.

    Attributes:
        h_to_c: (R, D) from h to c.
        to_gates: (R, n+3, D) from h to o before its nonlinearity, from c to the other gates.
        c_to_cells: (R, n, D) from c to the cell states of the predecessors.
    """

    h_to_c: Tensor
    to_gates: Tensor
    c_to_cells: Tensor

    @classmethod
    def of(cls, gates: Tensor, cells: Tensor, tanh_c: Tensor) -> "Slopes":
        """From what `forward` left and took."""
        (R, D), n = tanh_c.shape, cells.shape[1] // tanh_c.shape[1]
        i, f, o, g = gates[:, :D], gates[:, D : -2 * D], gates[:, -2 * D : -D], gates[:, -D:]
        h_to_c = torch.empty_like(tanh_c)
        tanh_backward(o, tanh_c, grad_input=h_to_c)  # h = o * tanh(c)
        to_gates = torch.cat([g, cells, tanh_c, i], dim=1)
        sigmoid_backward(to_gates[:, :-D], gates[:, :-D], grad_input=to_gates[:, :-D])
        tanh_backward(to_gates[:, -D:], g, grad_input=to_gates[:, -D:])
        return cls(h_to_c, to_gates.view(R, n + 3, D), f.view(R, n, D))

    def __getitem__(self, rows: slice) -> "Slopes":
        return Slopes(self.h_to_c[rows], self.to_gates[rows], self.c_to_cells[rows])

    def back(self, dh: Tensor, dc: Tensor, dgates: Tensor, dcells: Tensor) -> None:
        """Take the gradient back.

        Args:
            dh: (R, D) gradient of h.
            dc: (R, D) gradient of c from those that read it.
            dgates: (R, (n+3)D) filled with the gradient of the gates before the nonlinearities.
            dcells: (R, nD) filled with the gradient of the predecessors' cell states.
        """
        dc = torch.addcmul(dc, dh, self.h_to_c)
        by_gate = dgates.view(self.to_gates.shape)
        torch.mul(self.to_gates, dc[:, None], out=by_gate)
        torch.mul(self.to_gates[:, -2], dh, out=by_gate[:, -2])
        torch.mul(self.c_to_cells, dc[:, None], out=dcells.view(self.c_to_cells.shape))
