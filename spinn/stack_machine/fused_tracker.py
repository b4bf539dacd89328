"""The `Tracker` over a batch, step after step, with a backward pass written by hand.

It implements the equation of `Tracker.forward`, Bowman et al. 2016 (arXiv:1603.06021), section 3.3.
As in `fused_reduce`, a node is multiplied by the Tracker's weights as soon as it is composed. The
product is added to the gates of the transitions that read the node on the stack. The words'
products come before the first step.

Example, the batch of `spinn.batch.schedule`: transition 6 composes ( old church ), which is on top
of the stack at transition 7. So its product is added to row 7 of the gates (`Tracking.tops`).
"""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from spinn.batch.schedule import Groups, Leaves, Schedule, Tracking
from spinn.stack_machine import fused_cell
from spinn.stack_machine.fused_cell import CellBackward, cut, cut_all
from spinn.stack_machine.fused_reduce import inner
from spinn.stack_machine.products import add_product_at

BUFFER, SECOND, TOP = 0, 1, 2  # places, as in Tracking.words


class Weights(NamedTuple):
    """Weights of the Tracker for the buffer's front, the stack (second, top), and its own h."""

    buffer: Tensor  # (4K, D)
    stack: Tensor  # (4K, 2D)
    state: Tensor  # (4K, K)

    def places(self) -> tuple[Tensor, Tensor, Tensor]:
        """For the three places a word can be in, each (4K, D)."""
        second, top = torch.split(self.stack, self.buffer.shape[1], dim=1)
        return self.buffer, second, top


def leaves_of(words: Tensor, leaves: Leaves[Tensor]) -> Tensor:
    """The leaf that represents each of the words; U for an empty place, N."""
    none = leaves.which.new_full((1,), len(leaves.words))
    return torch.cat([leaves.which, none]).index_select(0, words.flatten()).view(words.shape)


class Saved(NamedTuple):
    """Activations for the backward pass, one row per transition."""

    gates: Tensor  # (M, 4K)
    tanh_c: Tensor  # (M, K)
    h: Tensor  # (M + 1, K); zeros last, the state before the first transition
    c: Tensor  # (M + 1, K)


class Stack:
    """The later transitions that read the nodes of each step on the stack, by step."""

    def __init__(self, tracking: Tracking[Tensor], steps: Groups[Tensor]) -> None:
        self.tops = inner(tracking.tops, steps)
        self.seconds = cut(tracking.seconds, tracking.second_sizes)
        self.second_nodes = cut(tracking.second_nodes, tracking.second_sizes)


class TrackerForward:
    """The forward pass.

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
        M, K = len(tracking.words), weights.state.shape[1]
        self.state = weights.state.t().contiguous()
        buffer, self.second, self.top = (part.t().contiguous() for part in weights.places())
        parts = h.new_zeros(3, len(h) + 1, 4 * K)
        torch.mm(h, buffer, out=parts[BUFFER, :-1])
        torch.mm(h[: leaves.lefts], self.second, out=parts[SECOND, : leaves.lefts])
        torch.mm(h, self.top, out=parts[TOP, :-1])
        places = leaves_of(tracking.words, leaves)
        places = places + torch.arange(3, device=h.device) * (len(h) + 1)  # rows of `parts`
        gates = embedding_bag(places, parts.view(-1, 4 * K), mode="sum").add_(bias)
        states = h.new_zeros(2, M + 1, K)
        self.saved = Saved(gates, h.new_empty(M, K), *states.unbind())
        h_new, c_new = states[:, :-1]
        live = tracking.live
        self.gates = cut(gates, live)
        self.new = cut_all(live, h_new, c_new, self.saved.tanh_c)
        # At each step, the rows that have another transition are a prefix.
        remaining = [n for now, then in pairwise(live) for n in (then, now - then)] + [live[-1]]
        start = h.new_zeros(live[0], K)
        self.before = [(start, start), *cut_all(remaining, h_new, c_new)[::2]]
        self.stack = Stack(tracking, schedule.steps)

    def step(self, step: int) -> None:
        """Step the rows that have a transition."""
        gates, (h, c) = self.gates[step], self.before[step]
        if step:
            gates.addmm_(h, self.state)
        fused_cell.step(gates, [c], *self.new[step])

    def add_tops(self, step: int, nodes: Tensor) -> None:
        """Add the nodes composed at this step to the gates of the transition after it."""
        add_product_at(self.saved.gates, self.stack.tops[step], nodes, self.top)

    def add_seconds(self, left_group: int, lefts: Tensor) -> None:
        """Add a left group to the gates of all transitions that find it second on the stack."""
        if len(lefts):
            seen = (lefts @ self.second).index_select(0, self.stack.second_nodes[left_group])
            self.saved.gates.index_add_(0, self.stack.seconds[left_group], seen)


class TrackerBackward:
    """The backward pass.

    Args:
        dh: (M + 1, K) gradient of the Tracker's h from outside the machine; None without one.
    """

    def __init__(
        self, saved: Saved, schedule: Schedule[Tensor], weights: Weights, dh: Tensor | None
    ) -> None:
        gates, tanh_c, h, c = saved
        tracking, K = schedule.tracking, h.shape[1]
        left_groups = schedule.steps.left_groups
        self.saved, self.tracking, self.weights = saved, tracking, weights
        self.dgates = gates.new_empty(len(gates) + 1, 4 * K)
        self.dgates[-1] = 0  # for M, "no transition"
        cells, live = c.index_select(0, tracking.previous), tracking.live
        self.machine = CellBackward(gates, cells, tanh_c, self.dgates[:-1], live)
        self.dgates_of = cut(self.dgates[:-1], live)
        self.dh, self.dc = h.new_zeros(2, live[0], K).unbind()
        self.dh_outside = None if dh is None else cut(dh[:-1], live)
        self.stack = Stack(tracking, schedule.steps)
        _, self.second, self.top = weights.places()
        self.dlefts = gates.new_zeros(sum(left_groups), 4 * K)  # gradient as second on the stack
        self.dlefts_of = cut(self.dlefts, left_groups)

    def add_top_gradients(self, step: int, dnodes: Tensor) -> None:
        """Add the gradient from the next transition to dh of the nodes composed at this step."""
        dnodes.addmm_(self.dgates.index_select(0, self.stack.tops[step]), self.top)

    def second_gradients(self, left_group: int) -> Tensor:
        """(L, D) the gradient of a left group from all transitions that find it second."""
        dseen = self.dgates.index_select(0, self.stack.seconds[left_group])
        which = self.stack.second_nodes[left_group]
        dlefts = self.dlefts_of[left_group].index_add_(0, which, dseen)
        return dlefts @ self.second

    def step(self, step: int) -> None:
        """Compute the gradients of the rows that have a transition."""
        live = self.tracking.live[step]
        dh, dc = self.dh[:live], self.dc[:live]
        if self.dh_outside is not None:
            dh += self.dh_outside[step]
        self.machine.step(step, dh, dc, dc[:, None])
        torch.mm(self.dgates_of[step], self.weights.state, out=dh)

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
            dh.addmm_(dpart, weight)
        dbuffer, dsecond, dtop = (dpart.t() @ h for dpart in dparts)
        dtop.addmm_(self.dgates.index_select(0, self.tracking.tops).t(), nodes)
        dsecond.addmm_(self.dlefts.t(), nodes.index_select(0, lefts))
        dstate = dgates.t() @ self.saved.h.index_select(0, self.tracking.previous)
        dweights = Weights(dbuffer, torch.cat([dsecond, dtop], dim=1), dstate)
        return dh, dweights, dgates.sum(0)
