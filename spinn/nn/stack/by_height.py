"""The stack machine without a Tracker: all nodes of one height in the batch at once.

A node's children lie lower than the node, so a known parse needs as many steps as the highest tree
has levels, in whatever order the moves came.
"""

from itertools import accumulate, pairwise
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from spinn.nn.composition import Reduce
from spinn.nn.stack import cell
from spinn.schedule import Schedule


def encode(h: Tensor, c: Tensor, schedule: Schedule[Tensor], reduce: Reduce) -> Tensor:
    """Compose every node of every tree.

    Args:
        h: (N, D) hidden state of every word.
        c: (N, D) cell state of every word.

    Returns: (M, D) h of every node, numbered as in the schedule.
    """
    keep = torch.is_grad_enabled()
    weights = (reduce.compose.weight, reduce.compose.bias)
    nodes: Tensor = _ByHeight.apply(schedule, keep, h, c, *weights)  # type: ignore[no-untyped-call]
    return nodes


def _levels(schedule: Schedule[Tensor]) -> list[tuple[int, int]]:
    """Where the nodes of each height lie in `schedule.by_height`."""
    return list(pairwise(accumulate(schedule.heights, initial=0)))


class _ByHeight(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        schedule: Schedule[Tensor],
        keep: bool,
        h: Tensor,
        c: Tensor,
        weight: Tensor,
        bias: Tensor,
    ) -> Tensor:
        D, internal = h.shape[1], len(schedule.by_height)
        H = h.new_empty(len(schedule.nodes), D).index_copy_(0, schedule.shifts, h)
        C = torch.empty_like(H).index_copy_(0, schedule.shifts, c)
        gates, tanh_c = h.new_empty(internal, 5 * D), h.new_empty(internal, D)
        children = schedule.stack[schedule.by_height]
        transposed = weight.t().contiguous()
        for start, end in _levels(schedule):
            nodes, pair = schedule.by_height[start:end], children[start:end].flatten()
            torch.addmm(
                bias, H.index_select(0, pair).view(-1, 2 * D), transposed, out=gates[start:end]
            )
            cells = C.index_select(0, pair).view(-1, 2 * D)
            h_new, c_new = cell.forward(gates[start:end], cells, tanh_c[start:end])
            H.index_copy_(0, nodes, h_new)
            C.index_copy_(0, nodes, c_new)
        if keep:
            ctx.schedule = schedule
            ctx.save_for_backward(H, C, gates, tanh_c, children, weight)
        return H

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        H, C, gates, tanh_c, children, weight = ctx.saved_tensors
        schedule, D = ctx.schedule, H.shape[1]
        dH = torch.zeros_like(H)  # from parents: a node has one, so these are assigned
        dC = torch.zeros_like(C)
        dgates = torch.empty_like(gates)
        for start, end in reversed(_levels(schedule)):
            nodes, pair = schedule.by_height[start:end], children[start:end].flatten()
            dcells = cell.backward(
                grad.index_select(0, nodes) + dH.index_select(0, nodes),
                dC.index_select(0, nodes),
                gates[start:end],
                C.index_select(0, pair).view(-1, 2 * D),
                tanh_c[start:end],
                dgates[start:end],
            )
            dC.index_copy_(0, pair, dcells.view(-1, D))
            dH.index_copy_(0, pair, (dgates[start:end] @ weight).view(-1, D))
        words = schedule.shifts
        dweight = dgates.t() @ H.index_select(0, children.flatten()).view(-1, 2 * D)
        return (
            None,
            None,
            (grad + dH).index_select(0, words),
            dC.index_select(0, words),
            dweight,
            dgates.sum(0),
        )
