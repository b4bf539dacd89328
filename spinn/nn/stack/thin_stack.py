"""The stack machine with a Tracker, step by step, over one buffer of nodes and planned pointers.

The name, and the idea of pushing all nodes to one buffer, are those of Bowman et al. 2016, section
3.3. Rows are sorted, so that those which still move are a prefix.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from spinn.nn.composition import Reduce
from spinn.nn.stack import composing, tracking
from spinn.nn.stack.composing import Composing, ComposingBack, spans
from spinn.nn.stack.tracking import Watching, WatchingBack, Weights, steps
from spinn.nn.tracker import Tracker
from spinn.schedule import Leaves, Schedule


def encode(
    h: Tensor,
    c: Tensor,
    leaves: Leaves[Tensor],
    schedule: Schedule[Tensor],
    reduce: Reduce,
    tracker: Tracker,
) -> Tensor:
    """Run the stack machine.

    Args:
        h: (U, D) hidden states of the leaves.
        c: (U, D) cell states of the leaves.

    Returns: (I, D) h of every node that a REDUCE pushes, sentence after sentence.

    Raises: ValueError: if `reduce` was made without a Tracker.
    """
    if reduce.track is None:
        raise ValueError("reduce: made with tracker_size=None; expected the Tracker's size")
    keep = torch.is_grad_enabled()
    nodes: Tensor = _ThinStack.apply(  # type: ignore[no-untyped-call]
        leaves,
        schedule,
        keep,
        h,
        c,
        reduce.compose.weight,
        reduce.compose.bias,
        reduce.track.weight,
        tracker.read_buffer.weight,
        tracker.read_stack.weight,
        tracker.recur.weight,
        tracker.read_buffer.bias,
    )
    return nodes.index_select(0, schedule.steps.nodes)


class _ThinStack(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        leaves: Leaves[Tensor],
        schedule: Schedule[Tensor],
        keep: bool,
        h: Tensor,
        c: Tensor,
        weight: Tensor,
        bias: Tensor,
        track: Tensor,
        *tracker: Tensor,
    ) -> Tensor:
        weights, tracker_bias = Weights(*tracker[:3]), tracker[3]
        nodes = Composing(h, c, leaves, schedule.steps, weight, bias)
        watch = Watching(h, leaves, schedule.tracking, weights, tracker_bias)
        moves, context = schedule.tracking.moves, track.t().contiguous()
        for step, span in zip(steps(schedule.tracking), spans(schedule.steps), strict=True):
            watch.step(step)
            if span.end > span.lefts:
                new = slice(span.lefts, span.end)
                nodes.saved.gates[new].addmm_(watch.saved.h.index_select(0, moves[new]), context)
                nodes.step(span)
                watch.notice(nodes.saved.h, span, step)
        if keep:
            ctx.pointers = leaves, schedule
            ctx.save_for_backward(weight, track, *weights, *nodes.saved, *watch.saved)
        return nodes.saved.h

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dnodes: Tensor) -> tuple[Tensor | None, ...]:
        weight, track, *rest = ctx.saved_tensors
        leaves, schedule = ctx.pointers
        weights, saved = Weights(*rest[:3]), composing.Saved(*rest[3:8])
        nodes = ComposingBack(saved, leaves, schedule.steps, weight, dnodes.clone())
        watch = WatchingBack(tracking.Saved(*rest[8:]), schedule.tracking, weights)
        pairs = zip(steps(schedule.tracking), spans(schedule.steps), strict=True)
        for step, span in reversed(list(pairs)):
            if span.end > span.lefts:
                new = slice(span.lefts, span.end)
                nodes.fetch(span)
                watch.notice(nodes.dh, span, step)
                nodes.step(span)
                rows = schedule.tracking.moves[new] - step.start
                watch.dh.index_add_(0, rows, nodes.dgates[new] @ track)
            watch.step(step)
        dh, dc, dweight, dbias = nodes.words()
        seen, dweights, dtracker_bias = watch.words(
            saved.words, saved.h, schedule.steps.lefts, leaves
        )
        dtrack = nodes.dgates.t() @ watch.saved.h.index_select(0, schedule.tracking.moves)
        return None, None, None, dh + seen, dc, dweight, dbias, dtrack, *dweights, dtracker_bias
