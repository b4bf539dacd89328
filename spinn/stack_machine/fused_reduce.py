"""`TreeLSTM` over a batch of trees, group after group, with a backward pass written by hand.

It implements the equation of `TreeLSTM.forward`: Tai et al. 2015, eqs. 9-14 with N = 2, and with a
Tracker section 3.2 of Bowman et al. 2016. A child's product with the weight, U_left h or U_right h,
is computed once, when the child is composed. It is stored, with its c, where the parent reads it.
The leaves come first, all in one product. A node has one parent, and reads its gradient there in
the backward pass. The gradient of each weight is a single product at the end.

Example, the batch of `spinn.batch.schedule` by height. Rows 0 to 4 of the parts are the leaves
"the", "old", "robins", "church", "sing". Row 5 is node 0, ( old church ), a right child. The rows
(left, right) of the nodes' children are [1, 3] for ( old church ), [2, 4] for ( robins sing ) and
[0, 5] for the root of the first sentence.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from spinn.batch.schedule import Groups, Leaves
from spinn.stack_machine import fused_cell
from spinn.stack_machine.fused_cell import CellBackward, cut, cut_all
from spinn.stack_machine.products import add_product, product, set_product, weight_gradient


def inner(nodes: Tensor, groups: Groups[Tensor]) -> tuple[Tensor, ...]:
    """Split rows of all nodes (I, ...): for each group all nodes except roots."""
    return cut(nodes, [n for a, b, root in groups.sizes for n in (a + b, root)])[::2]


def rights(nodes: Tensor, groups: Groups[Tensor]) -> tuple[Tensor, ...]:
    """Split rows of all nodes (I, ...): for each group the right children."""
    return cut(nodes, [n for sizes in groups.sizes for n in sizes])[1::3]


def totals(groups: Groups[Tensor]) -> list[int]:
    """Nodes in each group."""
    return [sum(sizes) for sizes in groups.sizes]


class Saved(NamedTuple):
    """Activations for the backward pass: h of the leaves; h, cells, tanh(c) and gates by node."""

    leaves: Tensor  # (U, D)
    h: Tensor  # (I, D)
    cells: Tensor  # (2I + 1, D), c of left and right child in turn; last, the slot of roots
    tanh_c: Tensor  # (I, D)
    gates: Tensor  # (I, 5D)


class ReduceForward:
    """The forward pass.

    Args:
        h: (U, D) hidden states of the leaves.
        c: (U, D) cell states of the leaves.
        weight: (5D, 2D) weight of `TreeLSTM.compose`, [U_left, U_right]; the products are computed
            in its dtype.
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
        D, count, sizes = h.shape[1], len(groups.nodes), totals(groups)
        left, right = (part.t().contiguous() for part in torch.split(weight, D, dim=1))
        self.left, self.right, self.bias = left, right, bias.to(weight.dtype)
        # The product of every leaf, every left child and every right child with its weight.
        counts = [len(h), len(groups.lefts), len(groups.rights)]
        self.parts = weight.new_empty(sum(counts), 5 * D)
        of_leaves, of_lefts, of_rights = cut(self.parts, counts)
        set_product(of_leaves[: leaves.lefts], h[: leaves.lefts], left, self.bias)
        set_product(of_leaves[leaves.lefts :], h[leaves.lefts :], right)
        cells = h.new_empty(2 * count + 1, D)
        cells.index_copy_(0, groups.word_places, c.index_select(0, leaves.which))
        h_new, c_new, tanh_c = h.new_empty(3, count, D).unbind()
        self.saved = Saved(h, h_new, cells, tanh_c, h.new_empty(count, 5 * D))

        self.gates = cut(self.saved.gates, sizes)
        self.children = cut(_children(leaves, groups), [2 * size for size in sizes])
        self.starts = torch.arange(0, 2 * count, 2, device=h.device)
        self.cells = cut_all(sizes, *cells[:-1].view(count, 2, D).unbind(1))
        self.new = cut_all(sizes, h_new, c_new, tanh_c)
        self.lefts = cut_all(groups.left_groups, groups.lefts, of_lefts)
        parts = cut(of_rights, [right for _, right, _ in groups.sizes])
        self.rights = list(zip(rights(h_new, groups), parts, strict=True))
        self.inner_h, self.inner_c = inner(h_new, groups), inner(c_new, groups)
        self.places = inner(groups.places, groups)

    def gather(self, group: int) -> Tensor:
        """(R, 5D) U_left h_left + U_right h_right + b of a group whose children are composed."""
        children = self.children[group]
        starts = self.starts[: len(children) // 2]
        gates = embedding_bag(children, self.parts, starts, mode="sum")
        return self.gates[group].copy_(gates)

    def step(self, group: int) -> None:
        """Compose a group whose gates are complete, and project its right children."""
        fused_cell.step(self.gates[group], self.cells[group], *self.new[group])
        self.saved.cells.index_copy_(0, self.places[group], self.inner_c[group])
        h, part = self.rights[group]
        if len(h):
            set_product(part, h, self.right)

    def project_lefts(self, left_group: int) -> Tensor:
        """Project the left children of a left group, bias included; return their h (L, D)."""
        lefts, part = self.lefts[left_group]
        h = self.saved.h.index_select(0, lefts)
        if len(h):
            set_product(part, h, self.left, self.bias)
        return h


def _children(leaves: Leaves[Tensor], groups: Groups[Tensor]) -> Tensor:
    """(2I,) the row of `parts` of each node's left and right child: leaves first, then nodes."""
    rows = leaves.which.new_empty(
        2 * len(groups.nodes) + 1
    )  # roots and single words go to the last
    rows.index_copy_(0, groups.word_places, leaves.which)
    nodes = torch.cat([groups.lefts, groups.rights])
    number = torch.arange(len(leaves.words), len(leaves.words) + len(nodes), device=nodes.device)
    return rows.index_copy_(0, groups.places.index_select(0, nodes), number)[:-1]


class ReduceBackward:
    """The backward pass.

    Args:
        saved: activations of the forward pass.
        weight: (5D, 2D) as in the forward pass.
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
        (count, D), sizes = dh.shape, totals(groups)
        self.saved, self.leaves, self.groups = saved, leaves, groups
        self.weights = torch.split(weight, D, dim=1)
        self.dgates = weight.new_empty(count + 1, 5 * D)
        self.dcells = dh.new_empty(2 * count + 1, D)
        self.dgates[-1] = self.dcells[-1] = 0  # a root has no parent
        # The gradient that reaches every left and every right child through its parent's gates.
        sides = (groups.lefts, groups.rights)
        self.dparts = [weight.new_empty(len(side), 5 * D) for side in sides]
        parents = groups.parents.index_select(0, groups.lefts)
        self.lefts = cut_all(groups.left_groups, groups.lefts, parents, self.dparts[0])
        of_rights = cut(self.dparts[1], [right for _, right, _ in groups.sizes])
        nodes = rights(dh, groups), rights(groups.parents, groups)
        self.rights = list(zip(*nodes, of_rights, strict=True))
        self.places = cut(groups.places, sizes)
        self.dh_all, self.dh, self.dh_inner = dh, cut(dh, sizes), inner(dh, groups)
        self.dgates_of = cut(self.dgates[:-1], sizes)
        self.dcells_of = cut(self.dcells[:-1].view(count, 2, D), sizes)
        cells = saved.cells[:-1].view(count, 2 * D)
        self.machine = CellBackward(saved.gates, cells, saved.tanh_c, self.dgates[:-1], sizes)

    def fetch_lefts(self, left_group: int, seen: Tensor | None = None) -> None:
        """Complete dh of a left group: add the gradient from the parents, and `seen` (L, D)."""
        lefts, parents, dparts = self.lefts[left_group]
        if len(lefts):
            torch.index_select(self.dgates, 0, parents, out=dparts)
            dh = self.dh_all.index_select(0, lefts)
            add_product(dh if seen is None else dh.add_(seen), dparts, self.weights[0])
            self.dh_all.index_copy_(0, lefts, dh)

    def fetch(self, group: int) -> None:
        """Add the gradient from the parents to dh of a group's right children."""
        dh, parents, dparts = self.rights[group]
        if len(dh):
            torch.index_select(self.dgates, 0, parents, out=dparts)
            add_product(dh, dparts, self.weights[1])

    def step(self, group: int) -> None:
        """Compute the gradient of a group's gates and of its children's c; its dh is complete."""
        dc = self.dcells.index_select(0, self.places[group])
        self.machine.step(group, self.dh[group], dc, self.dcells_of[group])

    def finish(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Gradients of the leaves' h and c, each (U, D), of the weight and of the bias."""
        leaves, groups, (h, nodes, *_) = self.leaves, self.groups, self.saved
        places = groups.word_places.index_select(0, leaves.order)
        dc = embedding_bag(places, self.dcells, leaves.starts, mode="sum")
        parents = places.div(2, rounding_mode="floor")
        dleaves = embedding_bag(parents, self.dgates, leaves.starts, mode="sum")
        sides = zip(
            dleaves.tensor_split([leaves.lefts]),
            h.tensor_split([leaves.lefts]),
            self.dparts,
            (groups.lefts, groups.rights),
            self.weights,
            strict=True,
        )
        dh, dweights = [], []
        for dleaf, leaf, dpart, children, weight in sides:
            dh.append(product(dleaf, weight))
            of_leaves = weight_gradient(dleaf, leaf)
            dweights.append(of_leaves + weight_gradient(dpart, nodes.index_select(0, children)))
        exact = self.dh_all.dtype
        dbias = self.dgates.sum(0, dtype=exact)
        return torch.cat(dh).to(exact), dc, torch.cat(dweights, dim=1).to(exact), dbias
