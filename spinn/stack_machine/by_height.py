"""The stack machine without a Tracker: all nodes of one height in the batch at once.

A node's children lie lower than the node, so a known parse needs as many steps as the highest tree
has levels, in whatever order the moves came.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from spinn.batch.schedule import Groups, Leaves, Schedule
from spinn.layers.tree_lstm import Reduce
from spinn.stack_machine.fused_reduce import ReduceBackward, ReduceForward, Saved
from spinn.stack_machine.products import arithmetic


def encode(
    h: Tensor, c: Tensor, leaves: Leaves[Tensor], schedule: Schedule[Tensor], reduce: Reduce
) -> Tensor:
    """Compose every node of every tree.

    Args:
        h: (U, D) hidden states of the leaves.
        c: (U, D) cell states of the leaves.

    Returns: (I, D) h of every node that a REDUCE pushes, in the order of `schedule.levels`.
    """
    keep = torch.is_grad_enabled()
    weight, bias = reduce.compose.weight, reduce.compose.bias
    dtype = arithmetic(weight)
    h, c = h.to(weight.dtype), c.to(weight.dtype)
    with torch.autocast(h.device.type, enabled=False):
        nodes: Tensor = _ByHeight.apply(leaves, schedule.levels, keep, dtype, h, c, weight, bias)  # type: ignore[no-untyped-call]
    return nodes


class _ByHeight(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        leaves: Leaves[Tensor],
        levels: Groups[Tensor],
        keep: bool,
        dtype: torch.dtype,
        h: Tensor,
        c: Tensor,
        weight: Tensor,
        bias: Tensor,
    ) -> Tensor:
        weight = weight.to(dtype)
        composing = ReduceForward(h, c, leaves, levels, weight, bias)
        for level in range(len(levels.sizes)):
            composing.gather(level)
            composing.step(level)
            composing.hand_on_lefts(level)
        if keep:
            ctx.pointers = leaves, levels
            ctx.save_for_backward(weight, *composing.saved)
        return composing.saved.h

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dnodes: Tensor) -> tuple[Tensor | None, ...]:
        weight, *saved = ctx.saved_tensors
        leaves, levels = ctx.pointers
        with torch.autocast(dnodes.device.type, enabled=False):
            composing = ReduceBackward(Saved(*saved), leaves, levels, weight, dnodes.clone())
            for level in reversed(range(len(levels.sizes))):
                composing.fetch_lefts(level)
                composing.fetch(level)
                composing.step(level)
            return None, None, None, None, *composing.finish()
