"""Easy-first merging: of all pairs of neighbours the best one, again and again.

Choi, Yoo & Lee 2018, "Learning to Compose Task-Specific Tree Structures" (arXiv:1707.02786), under
"Gumbel Tree-LSTM". Sentences stand in rows, longest first, so that those which still merge at a
level are a prefix of all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from spinn.batch.schedule import WordSequence
from spinn.batch.sentences import Sentences
from spinn.layers.tree_lstm import TreeLSTM
from spinn.trees.transitions import REDUCE, SHIFT

# Scores this many roundings apart are equal: pairs of the same words get the same score up to
# rounding, which depends on the batch, and the tree must not.
ROUNDINGS = 64


@dataclass(frozen=True)
class Merges:
    """What was merged, level after level; R rows merge at a level.

    Attributes:
        nodes: (R, D) h of the node that each row composed.
        lasts: (R,) the last word below it, counted over the batch.
    """

    nodes: list[Tensor] = field(default_factory=list)
    lasts: list[Tensor] = field(default_factory=list)

    def add(self, nodes: Tensor, lasts: Tensor) -> None:
        """Append a level."""
        self.nodes.append(nodes)
        self.lasts.append(lasts)

    def ends(self) -> Tensor:
        """(I,) the last word below each node, level after level."""
        return torch.cat(self.lasts) if self.lasts else torch.empty(0, dtype=torch.long)


def sample(
    h: Tensor, c: Tensor, sentences: Sentences, reduce: TreeLSTM, query: Tensor, temperature: float
) -> Merges:
    """Draw what is merged, and let the gradient of each vector reach the scores that placed it.

    Every pair is composed anew at each level, as in the paper. Most values are those of the level
    before, but their gradients are not: a vector that stays is a mixture of its own level.

    Args:
        h, c: (N, D) each, of the words.
        query: (D,) what a good node looks like.
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

    Nodes lie place by place: the first of each row, then the second of each that has one. A pair
    lies as its right node does, and so does what stands in its place after the merge.

    Attributes:
        left: (P,) the left nodes.
        right: the right ones, which lie side by side.
        row: (P,) the row of each pair.
        place: (P,) its place in the row.
        first: (W,) the pair in each place of the first row, which is the longest.
        rows: R.
    """

    left: Tensor
    right: slice
    row: Tensor
    place: Tensor
    first: Tensor
    rows: int

    def in_rows(self, scores: Tensor) -> Tensor:
        """(P,) scores to (R, W), with -inf where there is no pair."""
        width = len(self.first)
        rows = scores.new_full((self.rows * width,), -torch.inf)
        return rows.index_copy(0, self.row * width + self.place, scores).view(-1, width)

    def packed(self, weights: Tensor) -> Tensor:
        """(R, W) weights to (P, 1)."""
        return weights[self.row, self.place, None]


def _levels(sequence: WordSequence[Tensor]) -> Iterator[_Pairs]:
    """The pairs of each level: every row has one fewer than at the level before."""
    live, device = torch.tensor(sequence.live), sequence.words.device
    starts = live.cumsum(0) - live  # (T,) where the nodes in each place begin, were all words left
    place = torch.arange(len(live)).repeat_interleave(live)  # (N,)
    row = torch.arange(len(place)) - starts[place]
    left = (starts[place - 1] + row).to(device)  # (N,) no meaning in place 0
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
    """Draw one place a row by a straight-through Gumbel-softmax (Jang et al. 2017, 1611.01144).

    Args: scores: (R, W), -inf in places that cannot be chosen, though not in all of a row.

    Returns: (R, W) ones and zeros, with the gradient of the softmax.
    """
    # An exponential number can be drawn as 0, whose logarithm would make all weights NaN.
    tiny = torch.finfo(scores.dtype).tiny
    gumbel = -torch.empty_like(scores).exponential_().clamp(min=tiny).log()
    soft = ((scores + gumbel) / temperature).softmax(1)
    hard = torch.zeros_like(soft).scatter(1, soft.argmax(1, keepdim=True), 1.0)
    return hard + (soft - soft.detach())  # in this order, as what is in brackets is exactly 0


def mix(here: Tensor, so_far: Tensor, left: Tensor, parent: Tensor, right: Tensor) -> Tensor:
    """What stands in each pair's place after a merge: the left node, the parent, or the right node.

    Args:
        here: (P, 1) weight of the merge at this pair.
        so_far: (P, 1) weight of it here or at a pair further left.
        left, parent, right: (P, D) each.
    """
    return (1 - so_far) * left + here * parent + (so_far - here) * right


def merge_best(
    h: Tensor, c: Tensor, sentences: Sentences, reduce: TreeLSTM, query: Tensor
) -> Merges:
    """Merge the best pair each time, composing those two alone that the last merge made new.

    A node keeps the place of its first word, and a pair that of its left node, so that nothing is
    moved. Place N is the neighbour that the outermost nodes lack.

    Args:
        h, c: (N, D) each, of the words.
        query: (D,) what a good node looks like.
    """
    sequence, merges, N = sentences.schedule.sequence, Merges(), len(h)
    nobody = h.new_zeros(1, h.shape[1])
    h, c = torch.cat([h, nobody]), torch.cat([c, nobody])  # each (N+1, D)
    before, after = _neighbours(sentences.lengths, h.device)  # each (N+1,)
    last = torch.arange(N + 1, device=h.device)  # (N+1,) the last word below each node
    parent_h, parent_c, scores = _compose_at(h, c, last.clone(), after.clone(), reduce, query)
    step = torch.arange(len(sequence.live), device=h.device)  # (T,)
    first = sequence.words[: len(sentences), None]  # (B, 1)
    places = (first + step).masked_fill(step >= _lengths(sentences), N)  # (B, T)
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
    """Compose nodes at some places of (N+1, D) into their parents' h, c and score.

    The score is -inf where one of the two is nobody, and no gradient goes through it.
    """
    h_parent, c_parent = reduce((h[lefts], c[lefts]), (h[rights], c[rights]))
    outside = (lefts == len(h) - 1) | (rights == len(h) - 1)
    scores = score(h_parent.detach(), query.detach())
    return h_parent, c_parent, scores.masked_fill(outside, -torch.inf)


def score(h: Tensor, query: Tensor) -> Tensor:
    """(...,) how good nodes of h (..., D) are: q . h, in full precision under autocast too."""
    return (h * query).sum(-1)


def roots(h: Tensor, merges: Merges, sequence: WordSequence[Tensor]) -> Tensor:
    """(B, D) the last node of each sentence; h: (N, D) of the words."""
    levels = [h.index_select(0, sequence.words[: len(sequence.rows)]), *merges.nodes]
    done = [nodes[live:] for nodes, live in zip(levels, [*sequence.live[1:], 0], strict=True)]
    rows = torch.cat(done[::-1])
    return torch.empty_like(rows).index_copy(0, sequence.rows, rows)


def transitions(ends: Tensor, words: int) -> Tensor:
    """(2N-B,) the moves that build the nodes: a word's SHIFT, then a REDUCE per node it ends.

    Args:
        ends: (I,) the last word below each node, on the CPU.
        words: N.
    """
    reduces = ends.bincount(minlength=words)  # (N,)
    shifts = torch.arange(words) + reduces.cumsum(0) - reduces
    return torch.full((words + len(ends),), REDUCE, dtype=torch.uint8).index_fill(0, shifts, SHIFT)


def _leftmost_best(scores: Tensor, query: Tensor) -> Tensor:
    """(R,) the first place whose score is the best of its row but for rounding; (R, T) scores."""
    rounding = ROUNDINGS * torch.finfo(scores.dtype).eps * query.abs().sum()
    best = scores.amax(1, keepdim=True) - rounding
    return (scores >= best).int().argmax(1)


def _lengths(sentences: Sentences) -> Tensor:
    """(B, 1) words in each row, on the device of the words."""
    rows = sentences.schedule.sequence.rows
    return sentences.lengths.to(rows.device).index_select(0, rows)[:, None]


def _neighbours(lengths: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
    """The word before and the word after each, (N+1,) both; N where the sentence has none."""
    ends = lengths.cumsum(0)
    N = int(ends[-1])
    before, after = torch.arange(-1, N), torch.arange(1, N + 2)
    before[ends - lengths] = after[ends - 1] = before[N] = after[N] = N
    return before.to(device), after.to(device)
