"""The stack machine with a Tracker, step by step, over one buffer of nodes and planned pointers.

The name, and the idea of pushing all nodes to one buffer, are those of Bowman et al. 2016, section
3.3. Rows are sorted, so that those which still move are a prefix.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from spinn.batch.schedule import PACE, Leaves, Schedule
from spinn.layers.tracker import Tracker
from spinn.layers.tree_lstm import Reduce
from spinn.stack_machine import fused_reduce, fused_tracker
from spinn.stack_machine.fused_cell import cut
from spinn.stack_machine.fused_reduce import ReduceBackward, ReduceForward, totals
from spinn.stack_machine.fused_tracker import TrackerBackward, TrackerForward, Weights
from spinn.stack_machine.products import add_product, add_product_at, arithmetic, weight_gradient


def encode(
    h: Tensor,
    c: Tensor,
    leaves: Leaves[Tensor],
    schedule: Schedule[Tensor],
    reduce: Reduce,
    tracker: Tracker,
) -> tuple[Tensor, Tensor]:
    """Run the stack machine.

    Args:
        h: (U, D) hidden states of the leaves.
        c: (U, D) cell states of the leaves.

    Returns: (I, D) h of every node that a REDUCE pushes, in the order of `schedule.steps`, and
        (M + 1, K) the Tracker's h before each move, step by step; zeros last.

    Raises: ValueError: if `reduce` was made without a Tracker.
    """
    if reduce.track is None:
        raise ValueError("reduce: made with tracker_size=None; expected the Tracker's size")
    keep = torch.is_grad_enabled()
    weights = (
        reduce.compose.weight,
        reduce.compose.bias,
        reduce.track.weight,
        tracker.read_buffer.weight,
        tracker.read_stack.weight,
        tracker.recur.weight,
        tracker.read_buffer.bias,
    )
    dtype = arithmetic(weights[0])
    h, c = h.to(weights[0].dtype), c.to(weights[0].dtype)
    with torch.autocast(h.device.type, enabled=False):
        results: tuple[Tensor, Tensor] = _ThinStack.apply(  # type: ignore[no-untyped-call]
            leaves, schedule, keep, dtype, h, c, *weights
        )
    return results


class _ThinStack(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        leaves: Leaves[Tensor],
        schedule: Schedule[Tensor],
        keep: bool,
        dtype: torch.dtype,
        h: Tensor,
        c: Tensor,
        *parameters: Tensor,
    ) -> tuple[Tensor, Tensor]:
        weight, bias, track, *tracker, tracker_bias = parameters
        weight, track = weight.to(dtype), track.to(dtype)
        nodes = ReduceForward(h, c, leaves, schedule.steps, weight, bias)
        watch = TrackerForward(h, leaves, schedule, Weights(*tracker), tracker_bias)
        _move(nodes, watch, schedule, track)
        if keep:
            ctx.pointers = leaves, schedule
            ctx.save_for_backward(weight, track, *tracker, *watch.saved, *nodes.saved)
        ctx.set_materialize_grads(False)
        return nodes.saved.h, watch.saved.h

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, dnodes: Tensor | None, dtracking: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        weight, track, *saved = ctx.saved_tensors
        leaves, schedule = ctx.pointers
        h = fused_reduce.Saved(*saved[7:]).h
        dh = torch.zeros_like(h) if dnodes is None else dnodes.clone()
        with torch.autocast(h.device.type, enabled=False):
            way_back = _MachineBackward(leaves, schedule, weight, track, saved, dh, dtracking)
            return None, None, None, None, *way_back.run()


def _move(
    nodes: ReduceForward, watch: TrackerForward, schedule: Schedule[Tensor], track: Tensor
) -> None:
    """Step through time: the Tracker before every move, Reduce where that is due."""
    sizes = totals(schedule.steps)
    moves = cut(schedule.tracking.moves, sizes)
    track = track.t().contiguous()
    for step, size in enumerate(sizes):
        watch.step(step)
        if size:
            gates = nodes.gather(step)
            add_product(gates, watch.saved.h.index_select(0, moves[step]), track)
            nodes.step(step)
            watch.notice(step, nodes.inner_h[step])
        turn, rest = divmod(step, PACE)
        if not rest:
            watch.notice_lefts(turn, nodes.hand_on_lefts(turn))


class _MachineBackward:
    """Both machines on their way back, step by step."""

    def __init__(
        self,
        leaves: Leaves[Tensor],
        schedule: Schedule[Tensor],
        weight: Tensor,
        track: Tensor,
        saved: list[Tensor],
        dh: Tensor,
        dtracking: Tensor | None,
    ) -> None:
        self.leaves, self.schedule, self.track = leaves, schedule, track
        weights, of_tracker, of_nodes = Weights(*saved[:3]), saved[3:7], saved[7:]
        self.nodes = ReduceBackward(
            fused_reduce.Saved(*of_nodes), leaves, schedule.steps, weight, dh
        )
        self.watch = TrackerBackward(fused_tracker.Saved(*of_tracker), schedule, weights, dtracking)
        self.sizes = totals(schedule.steps)
        self.rows = cut(schedule.tracking.rows, self.sizes)

    def run(self) -> tuple[Tensor, ...]:
        """All gradients, in the order of the inputs."""
        for step in reversed(range(len(self.sizes))):
            turn, rest = divmod(step, PACE)
            if not rest:
                self.nodes.fetch_lefts(turn, self.watch.notice_lefts(turn))
            if self.sizes[step]:
                self.step(step)
            self.watch.step(step)
        dh, dc, dweight, dbias = self.nodes.finish()
        seen, dweights, dtracker_bias = self.watch.finish(
            self.nodes.saved.leaves, self.nodes.saved.h, self.schedule.steps.lefts, self.leaves
        )
        context = self.watch.saved.h.index_select(0, self.schedule.tracking.moves)
        dtrack = weight_gradient(self.nodes.dgates[:-1], context).to(context.dtype)
        return dh.add_(seen), dc, dweight, dbias, dtrack, *dweights, dtracker_bias

    def step(self, step: int) -> None:
        """Take the nodes composed at this step back, and their share of the Tracker's h."""
        nodes = self.nodes
        nodes.fetch(step)
        self.watch.notice(step, nodes.dh_inner[step])
        nodes.step(step)
        add_product_at(self.watch.dh, self.rows[step], nodes.dgates_of[step], self.track)
