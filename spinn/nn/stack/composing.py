"""Reduce over a batch of trees, group after group, forward and backward by hand.

What a child brings to its parent's gates is computed when the child is composed, and left where the
parent will look for it, as is its c; words do so before the first composition, all of them in one
product. A node has one parent, so on the way back it fetches its gradient from there, and the
gradient of each weight is a single product at the end.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from spinn.nn.stack.cell import Cells, CellsBack, cut
from spinn.nn.stack.products import add_product, product, set_product, weight_gradient
from spinn.schedule import Groups, Leaves


def leaves_of(words: Tensor, leaves: Leaves[Tensor]) -> Tensor:
    """The leaf that stands for each of the words; U for N, which is none."""
    none = leaves.which.new_full((1,), len(leaves.words))
    return torch.cat([leaves.which, none]).index_select(0, words.flatten()).view(words.shape)


def by_side(nodes: Tensor, groups: Groups[Tensor]) -> list[tuple[Tensor, ...]]:
    """Cut what belongs to all nodes (I, ...): for each group left children, right ones, roots."""
    parts = cut(nodes, [size for sizes in groups.sizes for size in sizes])
    return list(zip(parts[::3], parts[1::3], parts[2::3], strict=True))


def inner(nodes: Tensor, groups: Groups[Tensor]) -> tuple[Tensor, ...]:
    """Cut what belongs to all nodes (I, ...): for each group all that are no roots."""
    return cut(nodes, [n for a, b, root in groups.sizes for n in (a + b, root)])[::2]


def totals(groups: Groups[Tensor]) -> list[int]:
    """Nodes in each group."""
    return [sum(sizes) for sizes in groups.sizes]


class Saved(NamedTuple):
    """What the way back needs: the leaves' h, and by node gates, cells, tanh(c) and h."""

    leaves: Tensor  # (U, D)
    gates: Tensor  # (I, 5D)
    cells: Tensor  # (2I, D), those of the left and of the right child in turn
    tanh_c: Tensor  # (I, D)
    h: Tensor  # (I, D)


class Composing:
    """The way forward.

    Args:
        h: (U, D) hidden states of the leaves.
        c: (U, D) cell states of the leaves.
        weight: (5D, 2D) Reduce's weight, for the left child beside the right; its dtype is that of
            the products, however exact the rest.
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
        D, count, lefts = h.shape[1], len(groups.nodes), leaves.lefts
        left, right = (part.t().contiguous() for part in torch.split(weight, D, dim=1))
        self.weights, self.biases, self.sizes = (left, right), (bias, None), groups.sizes
        # What each leaf, then each node, adds to its parent's gates; a left child brings the bias.
        self.parts = h.new_empty(len(h) + count, 5 * D)
        set_product(self.parts[:lefts], h[:lefts], left, bias)
        set_product(self.parts[lefts : len(h)], h[lefts:], right)
        children = leaves_of(groups.words, leaves)  # (I, 2)
        self.saved = Saved(
            leaves=h,
            gates=h.new_empty(count, 5 * D),
            cells=torch.cat([c, c.new_zeros(1, D)]).index_select(0, children.flatten()),
            tanh_c=h.new_empty(count, D),
            h=h.new_empty(count, D),
        )
        sizes, new_c = totals(groups), h.new_empty(count, D)
        _, gates, cells, tanh_c, new_h = self.saved
        self.machine = Cells(gates, tanh_c, new_h, new_c, sizes)
        self.gates, self.cells = cut(gates, sizes), cut(cells.view(count, 2, D), sizes)
        self.h, self.inner_h = by_side(new_h, groups), inner(new_h, groups)
        self.inner_c, self.places = inner(new_c, groups), inner(groups.places, groups)
        self.parts_of = by_side(self.parts[len(h) :], groups)
        self.children = [
            pair.unbind(1) for pair in cut(_rows_of_parts(children, groups, len(h)), sizes)
        ]

    def gather(self, group: int) -> None:
        """Add up what the children of a group, all composed, bring to its gates."""
        (left, right), gates = self.children[group], self.gates[group]
        torch.index_select(self.parts, 0, left, out=gates)
        gates.add_(self.parts.index_select(0, right))

    def step(self, group: int) -> None:
        """Compose a group whose gates are complete, and leave its parts to its parents."""
        self.machine.step(group, self.cells[group].unbind(1))
        # Roots have no parents, and come last: zip leaves them out.
        sides = zip(
            self.sizes[group],
            self.parts_of[group],
            self.h[group],
            self.weights,
            self.biases,
            strict=False,
        )
        for size, part, h, weight, bias in sides:
            if size:
                set_product(part, h, weight, bias)
        self.saved.cells.index_copy_(0, self.places[group], self.inner_c[group])


def _rows_of_parts(children: Tensor, groups: Groups[Tensor], leaves: int) -> Tensor:
    """(I, 2) where a node's left and right child leave their parts: leaves first, then nodes."""
    rows = torch.cat([children.flatten(), children.new_empty(1)])  # roots, which are no child, last
    nodes = torch.arange(leaves, leaves + len(children), device=rows.device)
    return rows.index_copy_(0, groups.places, nodes)[:-1].view(-1, 2)


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
        sizes = totals(groups)
        self.saved, self.leaves, self.groups = saved, leaves, groups
        self.weights = torch.split(weight, D, dim=1)
        self.dgates = torch.empty_like(saved.gates)
        self.dcells = dh.new_empty(2 * count + 1, D)
        self.dcells[-1] = 0  # nobody reads the c of a root
        cells = saved.cells.view(count, 2 * D)
        self.machine = CellsBack(saved.gates, cells, saved.tanh_c, self.dgates, sizes)
        self.dh, self.dh_by_side = cut(dh, sizes), by_side(dh, groups)
        self.dh_inner = inner(dh, groups)
        self.dgates_of = cut(self.dgates, sizes)
        self.dcells_of = cut(self.dcells[:-1].view(count, 2, D), sizes)
        self.parents = by_side(groups.parents, groups)
        self.places = cut(groups.places, sizes)

    def fetch(self, group: int) -> None:
        """Add to a group's dh what its parents send."""
        sides = zip(
            self.groups.sizes[group],
            self.dh_by_side[group],
            self.parents[group],
            self.weights,
            strict=False,
        )
        for size, dh, parents, weight in sides:
            if size:
                add_product(dh, self.dgates.index_select(0, parents), weight)

    def step(self, group: int) -> None:
        """Take a group's gradient, now complete, back to its gates and its children's c."""
        dc = self.dcells.index_select(0, self.places[group])
        self.machine.step(group, self.dh[group], dc, self.dcells_of[group])

    def finish(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Gradients of the leaves' h and c, each (U, D), of the weight and of the bias."""
        h, lefts, groups = self.saved.leaves, self.leaves.lefts, self.groups
        children = leaves_of(groups.words, self.leaves)
        dparts = h.new_zeros(len(h) + 1, self.dgates.shape[1])
        for side in (0, 1):
            dparts.index_add_(0, children[:, side], self.dgates)
        dc = h.new_zeros(len(h) + 1, h.shape[1])
        dc.index_add_(0, children.flatten(), self.dcells[:-1])
        sides = (
            (self.weights[0], dparts[:lefts], h[:lefts], groups.lefts),
            (self.weights[1], dparts[lefts:-1], h[lefts:], groups.rights),
        )
        dh = torch.cat([product(dpart, weight) for weight, dpart, *_ in sides])
        dweights = [
            self._of(part, dpart) + self._of_nodes(nodes) for _, dpart, part, nodes in sides
        ]
        return dh, dc[:-1], torch.cat(dweights, dim=1), self.dgates.sum(0)

    def _of(self, rows: Tensor, dgates: Tensor) -> Tensor:
        return weight_gradient(dgates, rows, self.weights[0].dtype)

    def _of_nodes(self, children: Tensor) -> Tensor:
        """What inner nodes on one side contribute to the gradient of that side's weight."""
        parents = self.groups.parents.index_select(0, children)
        rows = self.saved.h.index_select(0, children)
        return self._of(rows, self.dgates.index_select(0, parents))
