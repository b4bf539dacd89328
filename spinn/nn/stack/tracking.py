"""The Tracker over a batch, step after step, forward and backward by hand.

As in `composing`, what a node means to the Tracker is added to the gates of the moves that will
find it on the stack, when the node appears; words do so before the first step.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from spinn.nn.stack.cell import Cells, CellsBack, cut
from spinn.nn.stack.composing import inner, leaves_of
from spinn.nn.stack.products import (
    add_product,
    add_product_at,
    product,
    set_product,
    weight_gradient,
)
from spinn.schedule import Groups, Leaves, Schedule, Tracking

BUFFER, SECOND, TOP = 0, 1, 2  # places, as in Tracking.words


class Weights(NamedTuple):
    """Of the word at the front of the buffer, of the stack (second, top), of the own state."""

    buffer: Tensor  # (4K, D)
    stack: Tensor  # (4K, 2D)
    state: Tensor  # (4K, K)

    def places(self) -> tuple[Tensor, Tensor, Tensor]:
        """For the three places a word can be in, each (4K, D)."""
        second, top = torch.split(self.stack, self.buffer.shape[1], dim=1)
        return self.buffer, second, top


class Saved(NamedTuple):
    """What the way back needs, by move."""

    gates: Tensor  # (M, 4K)
    tanh_c: Tensor  # (M, K)
    h: Tensor  # (M + 1, K); zeros last, for the move before the first
    c: Tensor  # (M + 1, K)


class Stack:
    """Where nodes composed at each step are found later, cut by step."""

    def __init__(self, tracking: Tracking[Tensor], steps: Groups[Tensor]) -> None:
        self.lefts = [left for left, *_ in steps.sizes]
        self.tops = inner(tracking.tops, steps)
        self.seconds = cut(tracking.seconds, tracking.second_sizes)
        self.second_nodes = cut(tracking.second_nodes, tracking.second_sizes)


class Watching:
    """The way forward.

    Args:
        h: (U, D) hidden states of the leaves.
        bias: (4K,)
    """

    def __init__(
        self,
        h: Tensor,
        leaves: Leaves[Tensor],
        schedule: Schedule[Tensor],
        weights: Weights,
        bias: Tensor,
    ) -> None:
        tracking = schedule.tracking
        moves, K = len(tracking.words), weights.state.shape[1]
        self.state = weights.state.t().contiguous()
        buffer, self.second, self.top = (part.t().contiguous() for part in weights.places())
        parts = h.new_zeros(3, len(h) + 1, 4 * K)
        set_product(parts[BUFFER, :-1], h, buffer)
        set_product(parts[SECOND, : leaves.lefts], h[: leaves.lefts], self.second)
        set_product(parts[TOP, :-1], h, self.top)
        places = leaves_of(tracking.words, leaves)
        places = places + torch.arange(3, device=h.device) * (len(h) + 1)  # rows of `parts`
        gates = embedding_bag(places, parts.view(-1, 4 * K), mode="sum").add_(bias)
        states = h.new_zeros(2, moves + 1, K)
        self.saved = Saved(gates, h.new_empty(moves, K), *states.unbind())
        tanh_c, (h_new, c_new) = self.saved.tanh_c, states[:, :-1]
        self.machine = Cells(gates, tanh_c, h_new, c_new, tracking.live)
        self.live, self.gates = tracking.live, cut(gates, tracking.live)
        self.h, self.c = cut(h_new, tracking.live), cut(c_new, tracking.live)
        self.stack = Stack(tracking, schedule.steps)

    def step(self, step: int) -> None:
        """Step the rows that move."""
        gates, live = self.gates[step], self.live[step]
        before = self.saved.c[-1:].expand(live, -1)
        if step:
            add_product(gates, self.h[step - 1][:live], self.state)
            before = self.c[step - 1][:live]
        self.machine.step(step, [before])

    def notice(self, step: int, nodes: Tensor, lefts: Tensor) -> None:
        """Take in the nodes composed at this step that have a parent, and the left ones of them."""
        gates, stack = self.saved.gates, self.stack
        add_product_at(gates, stack.tops[step], nodes, self.top)
        if stack.lefts[step]:
            seen = product(lefts, self.second).index_select(0, stack.second_nodes[step])
            gates.index_add_(0, stack.seconds[step], seen)


class WatchingBack:
    """The way back."""

    def __init__(self, saved: Saved, schedule: Schedule[Tensor], weights: Weights) -> None:
        gates, tanh_c, h, c = saved
        tracking, K = schedule.tracking, h.shape[1]
        self.saved, self.tracking, self.weights = saved, tracking, weights
        self.dgates = gates.new_empty(len(gates) + 1, 4 * K)
        self.dgates[-1] = 0  # of no move
        cells, live = c.index_select(0, tracking.previous), tracking.live
        self.machine = CellsBack(gates, cells, tanh_c, self.dgates[:-1], live)
        self.dgates_of = cut(self.dgates[:-1], live)
        self.dh, self.dc = h.new_zeros(2, live[0], K).unbind()
        self.stack = Stack(tracking, schedule.steps)
        _, self.second, self.top = weights.places()
        self.dseconds: list[Tensor] = []

    def notice(self, step: int, dnodes: Tensor, dlefts: Tensor) -> None:
        """Add to the dh of nodes composed at this step what later moves send."""
        add_product(dnodes, self.dgates.index_select(0, self.stack.tops[step]), self.top)
        if self.stack.lefts[step]:
            dseen = self.dgates.index_select(0, self.stack.seconds[step])
            dsecond = dseen.new_zeros(len(dlefts), dseen.shape[1])
            dsecond.index_add_(0, self.stack.second_nodes[step], dseen)
            add_product(dlefts, dsecond, self.second)
            self.dseconds.append(dsecond)

    def step(self, step: int) -> None:
        """Step back the rows that move."""
        dgates, live = self.dgates_of[step], self.tracking.live[step]
        dh, dc = self.dh[:live], self.dc[:live]
        self.machine.step(step, dh, dc, dc[:, None])
        set_product(dh, dgates, self.weights.state)

    def finish(
        self, h: Tensor, nodes: Tensor, lefts: Tensor, leaves: Leaves[Tensor]
    ) -> tuple[Tensor, Weights, Tensor]:
        """Gradients of the leaves' h (U, D), of the weights and of the bias.

        Args:
            h: (U, D) hidden states of the leaves.
            nodes: (I, D) hidden states of the nodes.
            lefts: the nodes that are left children.
        """
        dgates = self.dgates[:-1]
        dparts = h.new_zeros(3, len(h) + 1, dgates.shape[1])
        for dpart, rows in zip(dparts, leaves_of(self.tracking.words, leaves).t(), strict=True):
            dpart.index_add_(0, rows, dgates)
        dparts = dparts[:, :-1]
        dh = torch.zeros_like(h)
        for dpart, weight in zip(dparts, self.weights.places(), strict=True):
            add_product(dh, dpart, weight)
        dbuffer, dsecond, dtop = (self._of(h, dpart) for dpart in dparts)
        dtop += self._of(nodes, self.dgates.index_select(0, self.tracking.tops))
        if self.dseconds:
            dsecond += self._of(nodes.index_select(0, lefts), torch.cat(self.dseconds[::-1]))
        dstate = self._of(self.saved.h.index_select(0, self.tracking.previous), dgates)
        dweights = Weights(dbuffer, torch.cat([dsecond, dtop], dim=1), dstate)
        return dh, dweights, dgates.sum(0)

    def _of(self, rows: Tensor, dgates: Tensor) -> Tensor:
        return weight_gradient(dgates, rows, self.weights.state.dtype)
