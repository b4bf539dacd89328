"""Reduce over a batch of trees, group after group, forward and backward by hand.

No children are gathered before a composition. Instead a new node adds its part to its parent's
gates at once, and leaves its c where the parent will read it; words do so before the first
composition, all of them in one product. A node has one parent, so on the way back it fetches its
gradient from there, and the gradient of each weight is a single product at the end.
"""

from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from spinn.nn.stack import cell
from spinn.schedule import Groups, Leaves


class Span(NamedTuple):
    """Where a group's left children begin, its right children, its roots, and where it ends."""

    lefts: int
    rights: int
    roots: int
    end: int


def spans(groups: Groups[Tensor]) -> list[Span]:
    """The span of every group."""
    bounds = list(accumulate((size for sizes in groups.sizes for size in sizes), initial=0))
    return [Span(*bounds[3 * k : 3 * k + 4]) for k in range(len(groups.sizes))]


def leaves_of(words: Tensor, leaves: Leaves[Tensor]) -> Tensor:
    """The leaf that stands for each of the words; U for N, which is none."""
    none = leaves.which.new_full((1,), len(leaves.words))
    return torch.cat([leaves.which, none]).index_select(0, words.flatten()).view(words.shape)


class Saved(NamedTuple):
    """What the way back needs: words' h (U, D), then by node gates, cells, tanh(c) and h."""

    words: Tensor
    gates: Tensor  # (I, 5D)
    cells: Tensor  # (2I, D), those of the left and the right child in turn
    tanh_c: Tensor  # (I, D)
    h: Tensor  # (I, D)


class Composing:
    """The way forward.

    Args:
        h: (U, D) hidden states of the leaves.
        c: (U, D) cell states of the leaves.
        weight: (5D, 2D) Reduce's weight, for the left child beside the right.
        bias: (5D,)
    """

    def __init__(
        self,
        h: Tensor,
        c: Tensor,
        leaves: Leaves[Tensor],
        groups: Groups[Tensor],
        weight: Tensor,
        bias: Tensor,
    ) -> None:
        D, count = h.shape[1], len(groups.nodes)
        self.groups = groups
        self.left, self.right = (part.t().contiguous() for part in torch.split(weight, D, dim=1))
        children = leaves_of(groups.words, leaves)  # (I, 2)
        parts = h.new_zeros(len(h) + 1, 5 * D)  # of the parent's gates; nothing from no word
        torch.mm(h[: leaves.lefts], self.left, out=parts[: leaves.lefts])
        torch.mm(h[leaves.lefts :], self.right, out=parts[leaves.lefts : -1])
        self.saved = Saved(
            words=h,
            gates=embedding_bag(children, parts, mode="sum").add_(bias),
            cells=torch.cat([c, c.new_zeros(1, D)]).index_select(0, children.flatten()),
            tanh_c=h.new_empty(count, D),
            h=h.new_empty(count, D),
        )

    def step(self, span: Span) -> None:
        """Compose a group, whose children are all composed, and hand it on to its parents."""
        start, rights, roots, end = span
        _, gates, cells, tanh_c, h = self.saved
        c = cell.forward(
            gates[start:end],
            cells[2 * start : 2 * end].view(end - start, 2 * self.left.shape[0]),
            tanh_c[start:end],
            h[start:end],
        )
        parents, places = self.groups.parents, self.groups.places
        if rights > start:
            gates.index_add_(0, parents[start:rights], h[start:rights] @ self.left)
        if roots > rights:
            gates.index_add_(0, parents[rights:roots], h[rights:roots] @ self.right)
        if roots > start:
            cells.index_copy_(0, places[start:roots], c[: roots - start])


class ComposingBack:
    """The way back.

    Args:
        saved: what the way forward left.
        weight: (5D, 2D) as the way forward took it.
        dh: (I, D) gradient of every node's h from outside the trees; overwritten.
    """

    def __init__(
        self,
        saved: Saved,
        leaves: Leaves[Tensor],
        groups: Groups[Tensor],
        weight: Tensor,
        dh: Tensor,
    ) -> None:
        count, D = dh.shape
        self.saved, self.leaves, self.groups, self.dh = saved, leaves, groups, dh
        self.left, self.right = torch.split(weight, D, dim=1)
        self.slopes = cell.Slopes.of(saved.gates, saved.cells.view(count, 2 * D), saved.tanh_c)
        self.dgates = torch.empty_like(saved.gates)
        self.dcells = dh.new_empty(2 * count + 1, D)
        self.dcells[-1] = 0  # nobody reads the c of a root

    def fetch(self, span: Span) -> None:
        """Add to a group's dh what its parents send."""
        start, rights, roots, _ = span
        for side, first, last in ((self.left, start, rights), (self.right, rights, roots)):
            if last > first:
                dgates = self.dgates.index_select(0, self.groups.parents[first:last])
                self.dh[first:last].addmm_(dgates, side)

    def step(self, span: Span) -> None:
        """Take a group's gradient, now complete, back to its gates and its children's c."""
        start, *_, end = span
        self.slopes[start:end].back(
            self.dh[start:end],
            self.dcells.index_select(0, self.groups.places[start:end]),
            self.dgates[start:end],
            self.dcells[2 * start : 2 * end],
        )

    def words(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Gradients of the leaves' h and c, each (U, D), of the weight and of the bias."""
        h, lefts = self.saved.words, self.leaves.lefts
        children = leaves_of(self.groups.words, self.leaves)
        dparts = h.new_zeros(len(h) + 1, self.dgates.shape[1])
        for side in (0, 1):
            dparts.index_add_(0, children[:, side], self.dgates)
        dleft, dright = dparts[:lefts], dparts[lefts:-1]
        dh = torch.cat([dleft @ self.left, dright @ self.right])
        dc = h.new_zeros(len(h) + 1, h.shape[1])
        dc.index_add_(0, children.flatten(), self.dcells[:-1])
        dweight = torch.cat(
            [
                dleft.t() @ h[:lefts] + self._from_nodes(self.groups.lefts),
                dright.t() @ h[lefts:] + self._from_nodes(self.groups.rights),
            ],
            dim=1,
        )
        return dh, dc[:-1], dweight, self.dgates.sum(0)

    def _from_nodes(self, children: Tensor) -> Tensor:
        """What inner nodes on one side contribute to the gradient of that side's weight."""
        parents = self.groups.parents.index_select(0, children)
        dgates = self.dgates.index_select(0, parents)
        return dgates.t() @ self.saved.h.index_select(0, children)
