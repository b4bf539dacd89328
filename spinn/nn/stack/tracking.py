"""The Tracker over a batch, step after step, forward and backward by hand.

As in `composing`, what a node means to the Tracker is added to the gates of the moves that will
find it on the stack, when the node appears; words do so before the first step.
"""

from itertools import accumulate, pairwise
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from spinn.nn.stack import cell
from spinn.nn.stack.composing import Span, leaves_of
from spinn.schedule import Leaves, Tracking

BUFFER, SECOND, TOP = 0, 1, 2  # places, as in Tracking.words


class Step(NamedTuple):
    """The moves of one step, the first move of the step before, and a part of `seconds`."""

    start: int
    end: int
    before: int
    seconds: slice


def steps(tracking: Tracking[Tensor]) -> list[Step]:
    """Every step."""
    bounds = list(accumulate(tracking.live, initial=0))
    seconds = [slice(*s) for s in pairwise(accumulate(tracking.second_sizes, initial=0))]
    before = [0, *bounds]
    return [Step(*b) for b in zip(bounds[:-1], bounds[1:], before[:-2], seconds, strict=True)]


class Weights(NamedTuple):
    """Of the words at the front of the buffer, of the stack (second, top), of the own state."""

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


def word_places(tracking: Tracking[Tensor], leaves: Leaves[Tensor]) -> Tensor:
    """(M, 3) rows of a table of three blocks: each leaf in each place, and no leaf."""
    rows = leaves_of(tracking.words, leaves)
    return rows + torch.arange(3, device=rows.device) * (len(leaves.words) + 1)


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
        tracking: Tracking[Tensor],
        weights: Weights,
        bias: Tensor,
    ) -> None:
        moves, K = len(tracking.words), weights.state.shape[1]
        self.tracking = tracking
        self.state = weights.state.t().contiguous()
        buffer, self.second, self.top = (part.t().contiguous() for part in weights.places())
        parts = h.new_zeros(3, len(h) + 1, 4 * K)
        torch.mm(h, buffer, out=parts[BUFFER, :-1])
        torch.mm(h[: leaves.lefts], self.second, out=parts[SECOND, : leaves.lefts])
        torch.mm(h, self.top, out=parts[TOP, :-1])
        places = word_places(tracking, leaves)
        self.saved = Saved(
            gates=embedding_bag(places, parts.view(-1, 4 * K), mode="sum").add_(bias),
            tanh_c=h.new_empty(moves, K),
            h=h.new_zeros(moves + 1, K),
            c=h.new_zeros(moves + 1, K),
        )

    def step(self, step: Step) -> None:
        """Step the rows that move."""
        start, end, before, _ = step
        gates, tanh_c, h, c = self.saved
        if start:
            previous = slice(before, before + end - start)
            gates[start:end].addmm_(h[previous], self.state)
            cells = c[previous]
        else:
            cells = c[-1:].expand(end, -1)
        c[start:end] = cell.forward(gates[start:end], cells, tanh_c[start:end], h[start:end])

    def notice(self, h: Tensor, span: Span, step: Step) -> None:
        """Take in the nodes composed at this step, which later moves find on the stack."""
        gates, tracking = self.saved.gates, self.tracking
        start, rights, roots, _ = span
        if roots > start:
            gates.index_add_(0, tracking.tops[start:roots], h[start:roots] @ self.top)
        if rights > start:
            seen = (h[start:rights] @ self.second).index_select(
                0, tracking.second_nodes[step.seconds]
            )
            gates.index_add_(0, tracking.seconds[step.seconds], seen)


class WatchingBack:
    """The way back."""

    def __init__(self, saved: Saved, tracking: Tracking[Tensor], weights: Weights) -> None:
        gates, tanh_c, h, c = saved
        self.saved, self.tracking, self.weights = saved, tracking, weights
        self.slopes = cell.Slopes.of(gates, c.index_select(0, tracking.previous), tanh_c)
        self.dgates = gates.new_empty(len(gates) + 1, gates.shape[1])
        self.dgates[-1] = 0  # of no move
        rows = tracking.live[0]
        self.dh, self.dc = h.new_zeros(rows, h.shape[1]), h.new_zeros(rows, h.shape[1])
        _, self.second, self.top = weights.places()
        self.dseconds: list[Tensor] = []

    def notice(self, dh: Tensor, span: Span, step: Step) -> None:
        """Add to the dh of nodes composed at this step what later moves send."""
        start, rights, roots, _ = span
        if roots > start:
            dtop = self.dgates.index_select(0, self.tracking.tops[start:roots])
            dh[start:roots].addmm_(dtop, self.top)
        if rights > start:
            dseen = self.dgates.index_select(0, self.tracking.seconds[step.seconds])
            dsecond = dseen.new_zeros(rights - start, dseen.shape[1])
            dsecond.index_add_(0, self.tracking.second_nodes[step.seconds], dseen)
            dh[start:rights].addmm_(dsecond, self.second)
            self.dseconds.append(dsecond)

    def step(self, step: Step) -> None:
        """Step back the rows that move."""
        start, end, *_ = step
        live = slice(end - start)
        dgates = self.dgates[start:end]
        self.slopes[start:end].back(self.dh[live], self.dc[live], dgates, self.dc[live])
        torch.mm(dgates, self.weights.state, out=self.dh[live])

    def words(
        self, words: Tensor, nodes: Tensor, lefts: Tensor, leaves: Leaves[Tensor]
    ) -> tuple[Tensor, Weights, Tensor]:
        """Gradients of the leaves' h (U, D), of the weights and of the bias.

        Args:
            words: (U, D) hidden states of the leaves.
            nodes: (I, D) hidden states of the nodes.
            lefts: the nodes that are left children.
        """
        dgates = self.dgates[:-1]
        dparts = words.new_zeros(3, len(words) + 1, dgates.shape[1])
        for place, rows in enumerate(leaves_of(self.tracking.words, leaves).unbind(1)):
            dparts[place].index_add_(0, rows, dgates)
        dparts = dparts[:, :-1]
        dwords = sum(
            (dpart @ weight for dpart, weight in zip(dparts, self.weights.places(), strict=True)),
            start=torch.zeros_like(words),
        )
        dbuffer, dsecond, dtop = (dpart.t() @ words for dpart in dparts)
        dtop += self.dgates.index_select(0, self.tracking.tops).t() @ nodes
        if self.dseconds:
            dsecond += torch.cat(self.dseconds[::-1]).t() @ nodes.index_select(0, lefts)
        dstate = dgates.t() @ self.saved.h.index_select(0, self.tracking.previous)
        dweights = Weights(dbuffer, torch.cat([dsecond, dtop], dim=1), dstate)
        return dwords, dweights, dgates.sum(0)
