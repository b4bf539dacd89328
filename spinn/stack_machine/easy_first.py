"""Easy-first merging: compose the best pair of neighbours, until one node is left.

Choi, Yoo & Lee 2018, "Learning to Compose Task-Specific Tree Structures" (arXiv:1707.02786),
section "Gumbel Tree-LSTM". Sentences are sorted into rows, longest first, so that those which still
merge at a level are a prefix.

A worked example, tested by tests/stack_machine/test_easy_first.py, has the sentences "the old
church" and "robins sing". At first their nodes are the words 0 to 4, at level 1 in the order

    node        0 the   1 robins   2 old   3 sing   4 church
    place       0       0          1       1        2

place by place. The pairs of level 1 are ( the old ), ( robins sing ) and ( old church ):

    left [0, 1, 2]   right = nodes 2 to 4   row [0, 1, 0]   place [0, 0, 1]   first [0, 2]

If ( old church ) and ( robins sing ) are merged, the nodes after level 1 are "the",
( robins sing ), ( old church ). Level 2 has one pair, left [0], right = node 2, row [0], place [0],
first [0]. The last words of the three merges, by their index in the batch (the old church robins
sing), are [2, 4, 2], which gives the transitions
S S S R R for `( the ( old church ) )` and S S R for `( robins sing )`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from spinn.batch.schedule import WordSequence
from spinn.batch.sentences import Sentences
from spinn.layers.tree_lstm import TreeLSTM
from spinn.trees.transitions import REDUCE, SHIFT

# Scores that differ by less than this many roundings are equal. Pairs of the same words have the
# same score up to rounding; rounding depends on the batch, and the tree must not.
ROUNDINGS = 64


@dataclass(frozen=True)
class Merges:
    """The merges, level after level; R rows merge at a level.

    Attributes:
        nodes: for each level (R, D), h of the node that each row composed.
        lasts: for each level (R,), the last word below that node, counted over the batch.
    """

    nodes: list[Tensor] = field(default_factory=list)
    lasts: list[Tensor] = field(default_factory=list)

    def add(self, nodes: Tensor, lasts: Tensor) -> None:
        """Append a level."""
        self.nodes.append(nodes)
        self.lasts.append(lasts)

    def ends(self) -> Tensor:
        """(I,) the last word below each composed node, level after level."""
        return torch.cat(self.lasts) if self.lasts else torch.empty(0, dtype=torch.long)


def sample(
    h: Tensor, c: Tensor, sentences: Sentences, reduce: TreeLSTM, query: Tensor, temperature: float
) -> Merges:
    """Sample merges, with a straight-through gradient to the scores.

    Every pair is composed again at each level, as in the paper. Most values are those of the level
    before, but their gradients differ, since every vector is a mixture (`mix`) of its level.

    Args:
        h, c: (N, D) each, of the words.
        query: (D,) scores a node by its product with h.
        temperature: of the softmax.
    """
    sequence, merges = sentences.schedule.sequence, Merges()
    h, c = h.index_select(0, sequence.words), c.index_select(0, sequence.words)  # each (Q, D)
    last = sequence.words  # (Q,) the last word below each node
    for pairs in _levels(sequence):
        left = h.index_select(0, pairs.left), c.index_select(0, pairs.left)  # each (P, D)
        right = h[pairs.right], c[pairs.right]
        parent_h, parent_c = reduce(left, right)  # each (P, D)
        scores = pairs.in_rows(score(parent_h, query))  # (R, W)
        weights = straight_through(scores, temperature)  # (R, W)
        here, so_far = pairs.packed(weights), pairs.packed(weights.cumsum(1))  # each (P, 1)
        h = mix(here, so_far, left[0], parent_h, right[0])  # (P, D)
        c = mix(here, so_far, left[1], parent_c, right[1])
        chosen = weights.argmax(1)  # (R,)
        last = last[pairs.left].where(pairs.place < chosen[pairs.row], last[pairs.right])
        merged = pairs.first[chosen] + torch.arange(len(chosen), device=h.device)
        merges.add(h.index_select(0, merged), last[merged])
    return merges


@dataclass(frozen=True)
class _Pairs:
    """The P pairs of neighbours at a level, in R rows of at most W.

    Nodes are sorted by place: the first of each row, then the second of each that has one. Pairs
    have the order of their right nodes, and so have the nodes after the merge.

    Attributes:
        left: (P,) the left nodes.
        right: the right nodes, a slice.
        row: (P,) the row of each pair.
        place: (P,) its place in the row.
        first: (W,) the pair at each place of the first row, the longest.
        rows: R.
    """

    left: Tensor
    right: slice
    row: Tensor
    place: Tensor
    first: Tensor
    rows: int

    def in_rows(self, scores: Tensor) -> Tensor:
        """(P,) scores to padded (R, W), with -inf in padding."""
        width = len(self.first)
        rows = scores.new_full((self.rows * width,), -torch.inf)
        return rows.index_copy(0, self.row * width + self.place, scores).view(-1, width)

    def packed(self, weights: Tensor) -> Tensor:
        """(R, W) weights to (P, 1)."""
        return weights[self.row, self.place, None]


def _levels(sequence: WordSequence[Tensor]) -> Iterator[_Pairs]:
    """The pairs of each level: one fewer in every row than at the level before."""
    live, device = torch.tensor(sequence.live), sequence.words.device
    starts = live.cumsum(0) - live  # (T,) the first node of each place, with all words left
    place = torch.arange(len(live)).repeat_interleave(live)  # (N,)
    row = torch.arange(len(place)) - starts[place]
    left = (starts[place - 1] + row).to(device)  # (N,) undefined at place 0
    place, row, first = place.to(device), row.to(device), starts.to(device)
    for level in range(1, len(live)):
        begin = int(starts[level])
        yield _Pairs(
            left=left[begin:] - int(starts[level - 1]),
            right=slice(sequence.live[level - 1], None),
            row=row[begin:],
            place=place[begin:] - level,
            first=first[level:] - begin,
            rows=sequence.live[level],
        )


def straight_through(scores: Tensor, temperature: float) -> Tensor:
    """Sample one place per row by a straight-through Gumbel-softmax.

    Jang et al. 2017 (arXiv:1611.01144), section 2.2.

    Args: scores: (R, W), -inf at places that cannot be chosen, though not at all of a row.

    Returns: (R, W) one-hot rows with the gradient of the softmax.
    """
    # An exponential sample can be 0, whose logarithm would make all weights NaN.
    tiny = torch.finfo(scores.dtype).tiny
    gumbel = -torch.empty_like(scores).exponential_().clamp(min=tiny).log()
    soft = ((scores + gumbel) / temperature).softmax(1)
    hard = torch.zeros_like(soft).scatter(1, soft.argmax(1, keepdim=True), 1.0)
    return hard + (soft - soft.detach())  # in this order, since the difference is exactly 0


def mix(here: Tensor, so_far: Tensor, left: Tensor, parent: Tensor, right: Tensor) -> Tensor:
    """The node at each pair's place after a merge: the left node, the parent or the right node.

    Choi et al. 2018, the h and c of the next layer, with weights that are one-hot in forward.

    Args:
        here: (P, 1) weight of the merge at this pair.
        so_far: (P, 1) weight of it here or at a pair further left.
        left, parent, right: (P, D) each.
    """
    return (1 - so_far) * left + here * parent + (so_far - here) * right


def merge_best(
    h: Tensor, c: Tensor, sentences: Sentences, reduce: TreeLSTM, query: Tensor
) -> Merges:
    """Merge the best pair each time; only the two pairs next to a merge are composed again.

    A node is stored at the index of its first word, a pair at that of its left node. Index N stands
    for the missing neighbour of the outermost nodes.

    Example: for "the old church" and "robins sing", before = [5, 0, 1, 5, 3, 5] and
    after = [1, 2, 5, 4, 5, 5]. Merging "old" and "church" stores the node at 1: then after[1] = 5.

    Args:
        h, c: (N, D) each, of the words.
        query: (D,) scores a node by its product with h.
    """
    sequence, merges, N = sentences.schedule.sequence, Merges(), len(h)
    nothing = h.new_zeros(1, h.shape[1])
    h, c = torch.cat([h, nothing]), torch.cat([c, nothing])  # each (N+1, D)
    before, after = _neighbours(sentences.lengths, h.device)  # each (N+1,)
    last = torch.arange(N + 1, device=h.device)  # (N+1,) the last word below each node
    parent_h, parent_c, scores = _compose_at(h, c, last.clone(), after.clone(), reduce, query)
    step = torch.arange(len(sequence.live), device=h.device)  # (T,)
    first = sequence.words[: len(sentences), None]  # (B, 1)
    lengths = sentences.lengths.to(h.device).index_select(0, sequence.rows)[:, None]  # (B, 1)
    places = (first + step).masked_fill(step >= lengths, N)  # (B, T)
    for live in sequence.live[1:]:
        left = first[:live, 0] + _leftmost_best(scores[places[:live]], query)  # (R,)
        right = after[left]
        earlier, later = before[left], after[right]
        h[left], c[left], last[left] = parent_h[left], parent_c[left], last[right]
        after[left], before[later], scores[right] = later, left, -torch.inf
        merges.add(h[left], last[left])

        lefts, rights = torch.cat([earlier, left]), torch.cat([left, later])  # each (2R,)
        parent_h[lefts], parent_c[lefts], scores[lefts] = _compose_at(
            h, c, lefts, rights, reduce, query
        )
    return merges


def _compose_at(
    h: Tensor, c: Tensor, lefts: Tensor, rights: Tensor, reduce: TreeLSTM, query: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Compose pairs of nodes, given by indices into (N+1, D), into the parents' h, c and score.

    The score has no gradient, and is -inf where one of the two is missing.
    """
    h_parent, c_parent = reduce((h[lefts], c[lefts]), (h[rights], c[rights]))
    outside = (lefts == len(h) - 1) | (rights == len(h) - 1)
    scores = score(h_parent.detach(), query.detach())
    return h_parent, c_parent, scores.masked_fill(outside, -torch.inf)


def score(h: Tensor, query: Tensor) -> Tensor:
    """(...,) the score q . h of nodes with h (..., D), in full precision under autocast too."""
    return (h * query).sum(-1)


def roots(h: Tensor, merges: Merges, sequence: WordSequence[Tensor]) -> Tensor:
    """(B, D) the last node of each sentence; h: (N, D) of the words."""
    levels = [h.index_select(0, sequence.words[: len(sequence.rows)]), *merges.nodes]
    done = [nodes[live:] for nodes, live in zip(levels, [*sequence.live[1:], 0], strict=True)]
    rows = torch.cat(done[::-1])
    return torch.empty_like(rows).index_copy(0, sequence.rows, rows)


def transitions(ends: Tensor, words: int) -> Tensor:
    """(2N-B,) the transitions: the SHIFT of each word, then a REDUCE per node that ends with it.

    Args:
        ends: (I,) the last word below each node, on the CPU.
        words: N.
    """
    reduces = ends.bincount(minlength=words)  # (N,)
    shifts = torch.arange(words) + reduces.cumsum(0) - reduces
    return torch.full((words + len(ends),), REDUCE, dtype=torch.uint8).index_fill(0, shifts, SHIFT)


def _leftmost_best(scores: Tensor, query: Tensor) -> Tensor:
    """(R,) the leftmost place of (R, T) scores that is best in its row, up to rounding."""
    rounding = ROUNDINGS * torch.finfo(scores.dtype).eps * query.abs().sum()
    best = scores.amax(1, keepdim=True) - rounding
    return (scores >= best).int().argmax(1)


def _neighbours(lengths: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
    """The word before and the word after each, (N+1,) both; N where there is none."""
    ends = lengths.cumsum(0)
    N = int(ends[-1])
    before, after = torch.arange(-1, N), torch.arange(1, N + 2)
    before[ends - lengths] = after[ends - 1] = before[N] = after[N] = N
    return before.to(device), after.to(device)
