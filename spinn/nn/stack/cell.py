"""The cell that Reduce and Tracker share, forward and backward by hand.

An LSTM cell with n predecessors: n = 1 for the Tracker, n = 2 for Reduce. Gates lie in the order
i, f_1 .. f_n, o, g, so that all that pass through a sigmoid lie side by side.
"""

import torch
from torch import Tensor

sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
tanh_backward = torch.ops.aten.tanh_backward.grad_input


def forward(gates: Tensor, cells: Tensor, tanh_c: Tensor) -> tuple[Tensor, Tensor]:
    """Step the cell.

    Args:
        gates: (R, (n+3)D) before the nonlinearities; overwritten by what follows them.
        cells: (R, nD) cell states of the predecessors, side by side.
        tanh_c: (R, D) filled with tanh(c).

    Returns: the new h and c, each (R, D).
    """
    D = tanh_c.shape[1]
    gates[:, :-D].sigmoid_()
    gates[:, -D:].tanh_()
    i, *f, o, g = torch.split(gates, D, dim=1)
    c = i * g
    for f_k, c_k in zip(f, torch.split(cells, D, dim=1), strict=True):
        c.addcmul_(f_k, c_k)
    torch.tanh(c, out=tanh_c)
    return o * tanh_c, c


def backward(
    dh: Tensor, dc: Tensor, gates: Tensor, cells: Tensor, tanh_c: Tensor, dgates: Tensor
) -> Tensor:
    """Step the cell back.

    Args:
        dh: (R, D) gradient of h.
        dc: (R, D) gradient of c from those that read it.
        gates: (R, (n+3)D) as `forward` left them.
        cells: (R, nD) as `forward` took them.
        tanh_c: (R, D) as `forward` left it.
        dgates: (R, (n+3)D) filled with the gradient of the gates before the nonlinearities.

    Returns: (R, nD) gradient of `cells`.
    """
    R, D = dh.shape
    o, g = gates[:, -2 * D : -D], gates[:, -D:]
    i, f = gates[:, :D], gates[:, D : -2 * D]
    # dc += dh * o * (1 - tanh(c)^2), from h = o * tanh(c)
    dc = dc + tanh_derivative(dh * o, tanh_c)
    torch.mul(dc, g, out=dgates[:, :D])
    torch.mul(dc[:, None], cells.view(R, -1, D), out=dgates[:, D : -2 * D].view(R, -1, D))
    torch.mul(dh, tanh_c, out=dgates[:, -2 * D : -D])
    torch.mul(dc, i, out=dgates[:, -D:])
    sigmoid_backward(dgates[:, :-D], gates[:, :-D], grad_input=dgates[:, :-D])
    tanh_backward(dgates[:, -D:], g, grad_input=dgates[:, -D:])
    return (dc[:, None] * f.view(R, -1, D)).flatten(1)


def tanh_derivative(gradient: Tensor, output: Tensor) -> Tensor:
    """Gradient of tanh's input from that of its output."""
    result: Tensor = torch.ops.aten.tanh_backward(gradient, output)
    return result
