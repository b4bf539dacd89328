"""Plan a batch: from transitions to a schedule, for all sentences at once, with NumPy alone."""

import numpy as np

from spinn.batch.schedule import PACE, Groups, Leaves, Reading, Schedule, Tracking
from spinn.trees.oracle import Integers, Transitions, positions
from spinn.trees.transitions import REDUCE

LEFT, RIGHT, ROOT = 0, 1, 2  # what a node is to its parent; roots have none


def plan(transitions: Transitions, lengths: Integers, words: Integers) -> Schedule[Integers]:
    """Plan the moves of a batch.

    Args:
        transitions: (M,) SHIFT and REDUCE, sentence after sentence, 2T-1 moves for T words.
        lengths: (B,) words in each sentence.
        words: (N,) word ids, sentence after sentence.

    Raises:
        ValueError: if the moves of a sentence do not build one tree over its words.
    """
    forest = _Forest(transitions, lengths)
    steps, order = forest.groups(forest.step, pace=PACE)
    levels, _ = forest.groups(forest.heights(), pace=1)
    return Schedule(
        each=_leaves(forest, np.arange(len(words))),
        distinct=_leaves(forest, words),
        levels=levels,
        steps=steps,
        tracking=_tracking(forest, order, steps),
        reading=_reading(forest),
        roots=forest.roots(),
        composed=np.flatnonzero(lengths > 1),
        alone=np.flatnonzero(lengths == 1),
    )


class _Forest:
    """The trees of a batch, node by node in the order of the packed moves that push them."""

    def __init__(self, transitions: Transitions, lengths: Integers) -> None:
        self.lengths = lengths
        self.sentence, self.step, depth = positions(transitions, lengths)
        self.inner = transitions == REDUCE
        self.size = len(transitions)
        self.word = np.where(self.inner, lengths.sum(), np.cumsum(~self.inner) - 1)
        self.sorting = np.argsort(-lengths, kind="stable")
        self.row = np.argsort(self.sorting)[self.sentence]
        self.live = _live(2 * lengths - 1)
        self.move = (np.cumsum(self.live) - self.live)[self.step] + self.row

        # What lies on the stack before each move; `size` stands for an empty place.
        self.top = np.where(self.step > 0, np.arange(self.size) - 1, self.size)
        self.second = self._second(depth)
        self.side = np.full(self.size, ROOT)
        self.parent = np.full(self.size, self.size)
        reduces = np.flatnonzero(self.inner)
        for side, child in ((LEFT, self.second[reduces]), (RIGHT, self.top[reduces])):
            self.side[child] = side
            self.parent[child] = reduces

    def _second(self, depth: Integers) -> Integers:
        """The entry below the top lies at depth - 1, and is the latest that was pushed there."""
        before = depth + np.where(self.inner, 1, -1)
        place = self.sentence * (depth.max() + 1)
        pushed = (place + depth) * len(self.live) + self.step
        wanted = (place + before - 1) * len(self.live) + self.step
        order = np.argsort(pushed)
        found = order[np.searchsorted(pushed, wanted, sorter=order) - 1]
        return np.where(before >= 2, found, self.size)

    def heights(self) -> Integers:
        """Height of every node; words have height 0."""
        height = np.zeros(self.size, dtype=np.int64)
        reduces = np.argsort(self.move)[np.sort(self.move[self.inner])]
        ends = np.cumsum(np.bincount(self.step[reduces], minlength=1))
        for made in np.split(reduces, ends[:-1]):
            height[made] = 1 + np.maximum(height[self.second[made]], height[self.top[made]])
        return height

    def groups(self, key: Integers, pace: int) -> tuple[Groups[Integers], Integers]:
        """Group inner nodes by `key`, and left children at `pace` groups a turn.

        Returns: the groups, and their nodes in order.
        """
        reduces = np.flatnonzero(self.inner)
        side, group = self.side[reduces], key[reduces]
        order = reduces[np.lexsort((self.row[reduces], side, group))]
        number = np.full(self.size + 1, len(order))
        number[order] = np.arange(len(order))
        parents = number[self.parent[order]]
        sizes = np.bincount(3 * group + side, minlength=3 * (key.max() + 1)).reshape(-1, 3)
        turns = np.bincount(_turns(np.arange(len(sizes)), pace), weights=sizes[:, LEFT])
        groups = Groups(
            sizes=tuple((left, right, root) for left, right, root in sizes.tolist()),
            turns=tuple(turns.astype(int).tolist()),
            lefts=np.flatnonzero(self.side[order] == LEFT),
            rights=np.flatnonzero(self.side[order] == RIGHT),
            parents=parents,
            places=2 * parents + (self.side[order] == RIGHT),
            word_places=(2 * number[self.parent] + (self.side == RIGHT))[~self.inner],
            nodes=number[reduces],
        )
        return groups, order

    def roots(self) -> Integers:
        """The last node of each sentence: a word, or N and the number of a REDUCE."""
        last = np.cumsum(2 * self.lengths - 1) - 1
        reduces = self.lengths.sum() + np.cumsum(self.inner) - 1
        return np.where(self.inner, reduces, self.word)[last]


def _turns(groups: Integers, pace: int) -> Integers:
    """The turn in which the left children of each group are handed on."""
    return (groups + pace - 1) // pace


def _leaves(forest: _Forest, words: Integers) -> Leaves[Integers]:
    """Group words that are equal and feed their parents from the same side."""
    right = forest.side[~forest.inner] != LEFT
    keys = words + right * (words.max() + 1)
    distinct, first, which, counts = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True
    )
    return Leaves(
        lefts=int((distinct <= words.max()).sum()),
        words=first,
        which=which,
        order=np.argsort(which, kind="stable"),
        starts=np.cumsum(counts) - counts,
    )


def _tracking(forest: _Forest, order: Integers, steps: Groups[Integers]) -> Tracking[Integers]:
    """What each move finds; `order` are the inner nodes by step."""
    N, M = forest.lengths.sum(), forest.size
    in_order = np.argsort(forest.move)
    buffer = np.cumsum(~forest.inner) - ~forest.inner
    buffer = np.where(buffer < np.cumsum(forest.lengths)[forest.sentence], buffer, N)
    word, move = np.append(forest.word, N), np.append(forest.move, M)
    seen = np.stack([buffer, word[forest.second], word[forest.top]], axis=1)

    lefts = order[forest.side[order] == LEFT]
    number = np.full(M + 1, -1)
    number[lefts] = np.arange(len(lefts))
    found = number[forest.second]
    seconds = np.flatnonzero(found >= 0)
    seconds = seconds[np.argsort(found[seconds], kind="stable")]
    found = found[seconds]
    turn = _turns(forest.step[lefts], pace=PACE)
    first = np.cumsum(steps.turns) - steps.turns  # left child of each turn
    return Tracking(
        live=tuple(forest.live.tolist()),
        words=seen[in_order],
        previous=move[forest.top][in_order],
        packed=forest.move,
        moves=forest.move[order],
        rows=forest.row[order],
        tops=np.where(forest.side[order] == ROOT, M, move[order + 1]),
        seconds=forest.move[seconds],
        second_nodes=found - first[turn[found]],
        second_sizes=tuple(np.bincount(turn[found], minlength=len(first)).tolist()),
    )


def _reading(forest: _Forest) -> Reading[Integers]:
    lengths = forest.lengths
    step = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    words = np.lexsort((forest.row[~forest.inner], step))
    return Reading(live=tuple(_live(lengths).tolist()), words=words, rows=forest.sorting)


def _live(durations: Integers) -> Integers:
    """How many rows last longer than 0, 1, 2, ... steps."""
    return len(durations) - np.cumsum(np.bincount(durations))[:-1]
