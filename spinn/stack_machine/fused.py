"""The stack machine of a TreeLSTM with a backward pass written by hand.

It computes what `reference.encode` specifies for the composition `TreeLSTM` and the `Tracker`.
Nodes are rows of one buffer, which planned pointers select: the Thin Stack of Bowman et al. 2016
(arXiv:1603.06021), section 3.5. Three ideas make it fast. A child's product with the composition's
weight is computed once, as soon as the child is there, and equal words share theirs. Each weight's
gradient is one product at the end. Activations saved for the backward pass are views of buffers.
A training step in plain autograd (`batched`) takes 1.1 times as long with every word computed, and
1.3 to 1.4 times as long with equal words computed once. This was measured without a Tracker, for 64
pairs of sentences as long as those of SNLI and D = 300.

- `fused_reduce`: the gates of TreeLSTM (Tai et al. 2015, eqs. 9-12; Bowman et al. 2016, 3.2).
- `fused_cell`: the cell of TreeLSTM and Tracker (Tai et al. 2015, eqs. 13-14).
- `fused_tracker`: the Tracker (Bowman et al. 2016, section 3.3).
- `products`: matrix products, in bf16 under autocast.

`spinn.batch.schedule` has a worked example, the batch `( the ( old church ) )`, `( robins sing )`.
With a Tracker it takes five steps. Both sentences have a transition at steps 0 to 2, and only the
first at steps 3 and 4. "robins sing" is composed at step 2, "old church" at step 3 and the first
root at step 4. Without a Tracker it takes two levels: "old church" and "robins sing" at height 1,
the first root at height 2.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from spinn.batch.encoding import Encoding
from spinn.batch.schedule import LEFT_INTERVAL, Groups, Leaves, Schedule
from spinn.batch.sentences import Sentences
from spinn.layers.composition import Composition, State
from spinn.layers.tracker import Tracker
from spinn.layers.tree_lstm import TreeLSTM
from spinn.stack_machine import fused_reduce, fused_tracker
from spinn.stack_machine.fused_cell import cut
from spinn.stack_machine.fused_reduce import ReduceBackward, ReduceForward, totals
from spinn.stack_machine.fused_tracker import TrackerBackward, TrackerForward, Weights
from spinn.stack_machine.products import add_product, add_product_at, arithmetic, weight_gradient


def encode(
    state: State,
    leaves: Leaves[Tensor],
    sentences: Sentences,
    composition: Composition,
    tracker: Tracker | None,
) -> Encoding:
    """Run the stack machine over a batch; arguments and result as in `reference.encode`.

    Raises: ValueError: if the composition is not a TreeLSTM, or lacks the Tracker's size.
    """
    if not isinstance(composition, TreeLSTM):
        raise ValueError(
            f"composition: {type(composition).__name__}; fused computes TreeLSTM alone"
        )
    schedule, (h, c) = sentences.schedule, state
    gather_tracking = None
    if tracker is None:
        groups = schedule.levels
        composed = encode_by_height(h, c, leaves, schedule, composition)  # (I, D)
    else:
        groups, packed = schedule.steps, schedule.tracking.packed
        composed, tracked = encode_by_step(h, c, leaves, schedule, composition, tracker)

        def gather_tracking() -> Tensor:
            return tracked.index_select(0, packed)  # (M, K)

    def gather_nodes() -> Tensor:
        words, inner = h.index_select(0, leaves.which), composed.index_select(0, groups.nodes)
        return torch.cat([words, inner])  # (M, D)

    return Encoding(
        _roots(h, composed, leaves, groups, schedule),
        gather_nodes=gather_nodes,
        gather_tracking=gather_tracking,
    )


def _roots(
    h: Tensor,
    composed: Tensor,
    leaves: Leaves[Tensor],
    groups: Groups[Tensor],
    schedule: Schedule[Tensor],
) -> Tensor:
    """(B, D) h of the last entry on each stack, from leaves (U, D) and nodes (I, D) by group."""
    words = leaves.which.index_select(0, schedule.roots.index_select(0, schedule.alone))
    reduces = schedule.roots.index_select(0, schedule.composed) - len(leaves.which)
    nodes = groups.nodes.index_select(0, reduces)
    sentence = composed.new_empty(len(schedule.roots), composed.shape[1])
    sentence = sentence.index_copy(0, schedule.composed, composed.index_select(0, nodes))
    return sentence.index_copy(0, schedule.alone, h.index_select(0, words).to(sentence.dtype))


def encode_by_height(
    h: Tensor, c: Tensor, leaves: Leaves[Tensor], schedule: Schedule[Tensor], composition: TreeLSTM
) -> Tensor:
    """Compose all nodes of one height at once, the lowest first.

    A node's children have a smaller height, so the number of steps is the height of the highest
    tree, for any order of the transitions.

    Args:
        h: (U, D) hidden states of the leaves.
        c: (U, D) cell states of the leaves.

    Returns: (I, D) h of every node that a REDUCE pushes, in the order of `schedule.levels`.
    """
    keep = torch.is_grad_enabled()
    weight, bias = composition.compose.weight, composition.compose.bias
    dtype = arithmetic(weight)
    h, c = h.to(weight.dtype), c.to(weight.dtype)
    with torch.autocast(h.device.type, enabled=False):
        nodes: Tensor = _ByHeight.apply(leaves, schedule.levels, keep, dtype, h, c, weight, bias)  # type: ignore[no-untyped-call]
    return nodes


def encode_by_step(
    h: Tensor,
    c: Tensor,
    leaves: Leaves[Tensor],
    schedule: Schedule[Tensor],
    composition: TreeLSTM,
    tracker: Tracker,
) -> tuple[Tensor, Tensor]:
    """Follow the transitions step by step, with a Tracker.

    Rows are sorted by length, so that those which still have a transition are a prefix.

    Args:
        h: (U, D) hidden states of the leaves.
        c: (U, D) cell states of the leaves.

    Returns: (I, D) h of every node, in the order of `schedule.steps`, and (M + 1, K) the Tracker's
        h before each transition, step by step; zeros last.

    Raises: ValueError: if the composition was made without the Tracker's size.
    """
    if composition.track is None:
        raise ValueError("composition: made with tracker_size=None; expected the Tracker's size")
    keep = torch.is_grad_enabled()
    weights = (
        composition.compose.weight,
        composition.compose.bias,
        composition.track.weight,
        tracker.read_buffer.weight,
        tracker.read_stack.weight,
        tracker.recur.weight,
        tracker.read_buffer.bias,
    )
    dtype = arithmetic(weights[0])
    h, c = h.to(weights[0].dtype), c.to(weights[0].dtype)
    with torch.autocast(h.device.type, enabled=False):
        results: tuple[Tensor, Tensor] = _ByStep.apply(  # type: ignore[no-untyped-call]
            leaves, schedule, keep, dtype, h, c, *weights
        )
    return results


class _ByHeight(torch.autograd.Function):
    """TreeLSTM over all nodes of one height at a time: Tai et al. 2015, eqs. 9-14."""

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
        nodes = ReduceForward(h, c, leaves, levels, weight, bias)
        for level in range(len(levels.sizes)):
            nodes.gather(level)
            nodes.step(level)
            nodes.project_lefts(level)
        if keep:
            ctx.pointers = leaves, levels
            ctx.save_for_backward(weight, *nodes.saved)
        return nodes.saved.h

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dnodes: Tensor) -> tuple[Tensor | None, ...]:
        weight, *saved = ctx.saved_tensors
        leaves, levels = ctx.pointers
        with torch.autocast(dnodes.device.type, enabled=False):
            nodes = ReduceBackward(
                fused_reduce.Saved(*saved), leaves, levels, weight, dnodes.clone()
            )
            for level in reversed(range(len(levels.sizes))):
                nodes.fetch_lefts(level)
                nodes.fetch(level)
                nodes.step(level)
            return None, None, None, None, *nodes.finish()


class _ByStep(torch.autograd.Function):
    """TreeLSTM and Tracker step by step: Bowman et al. 2016, sections 3.1 and 3.2."""

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
        weight, bias, track, *of_tracker, tracker_bias = parameters
        weight, track = weight.to(dtype), track.to(dtype)
        nodes = ReduceForward(h, c, leaves, schedule.steps, weight, bias)
        tracker = TrackerForward(h, leaves, schedule, Weights(*of_tracker), tracker_bias)
        sizes = totals(schedule.steps)
        reducing = cut(schedule.tracking.reduces, sizes)
        track_t = track.t().contiguous()
        for step, size in enumerate(sizes):
            tracker.step(step)
            if size:
                gates = nodes.gather(step)
                add_product(gates, tracker.saved.h.index_select(0, reducing[step]), track_t)
                nodes.step(step)
                tracker.add_tops(step, nodes.inner_h[step])
            left_group, rest = divmod(step, LEFT_INTERVAL)
            if not rest:
                tracker.add_seconds(left_group, nodes.project_lefts(left_group))
        if keep:
            ctx.pointers = leaves, schedule
            ctx.save_for_backward(weight, track, *of_tracker, *tracker.saved, *nodes.saved)
        ctx.set_materialize_grads(False)
        return nodes.saved.h, tracker.saved.h

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, dnodes: Tensor | None, dtracking: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        weight, track, *saved = ctx.saved_tensors
        leaves, schedule = ctx.pointers
        of_nodes = fused_reduce.Saved(*saved[7:])
        dh = torch.zeros_like(of_nodes.h) if dnodes is None else dnodes.clone()
        with torch.autocast(dh.device.type, enabled=False):
            nodes = ReduceBackward(of_nodes, leaves, schedule.steps, weight, dh)
            tracker = TrackerBackward(
                fused_tracker.Saved(*saved[3:7]), schedule, Weights(*saved[:3]), dtracking
            )
            gradients = _backward(nodes, tracker, leaves, schedule, track)
            return None, None, None, None, *gradients


def _backward(
    nodes: ReduceBackward,
    tracker: TrackerBackward,
    leaves: Leaves[Tensor],
    schedule: Schedule[Tensor],
    track: Tensor,
) -> tuple[Tensor, ...]:
    """Run the backward pass of all steps; return the gradients in the order of the inputs."""
    sizes = totals(schedule.steps)
    rows = cut(schedule.tracking.rows, sizes)
    for step in reversed(range(len(sizes))):
        left_group, rest = divmod(step, LEFT_INTERVAL)
        if not rest:
            nodes.fetch_lefts(left_group, tracker.second_gradients(left_group))
        if sizes[step]:
            nodes.fetch(step)
            tracker.add_top_gradients(step, nodes.dh_inner[step])
            nodes.step(step)
            add_product_at(tracker.dh, rows[step], nodes.dgates_of[step], track)
        tracker.step(step)
    dh, dc, dweight, dbias = nodes.finish()
    dh_tracker, dweights, dtracker_bias = tracker.finish(
        nodes.saved.leaves, nodes.saved.h, schedule.steps.lefts, leaves
    )
    context = tracker.saved.h.index_select(0, schedule.tracking.reduces)
    dtrack = weight_gradient(nodes.dgates[:-1], context).to(context.dtype)
    return dh.add_(dh_tracker), dc, dweight, dbias, dtrack, *dweights, dtracker_bias
