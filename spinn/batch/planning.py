"""Plan a batch: from transitions to a schedule, for all sentences at once, with NumPy alone.

The comments use the example of `spinn.batch.schedule`: `( the ( old church ) )` and
`( robins sing )`. The transitions, S S S R R and S S R, are packed one sentence after the other.
"""

import numpy as np

from spinn.batch.schedule import (
    LEFT_INTERVAL,
    Groups,
    Leaves,
    Schedule,
    Tracking,
    WordSequence,
)
from spinn.trees.oracle import Integers, Transitions, positions
from spinn.trees.transitions import REDUCE

LEFT, RIGHT, ROOT = 0, 1, 2  # which child of its parent a node is; a root is none


def plan(transitions: Transitions, lengths: Integers, words: Integers) -> Schedule[Integers]:
    """Plan the transitions of a batch.

    Args:
        transitions: (M,) SHIFT and REDUCE, sentence after sentence, 2T-1 for T words.
        lengths: (B,) words in each sentence.
        words: (N,) word ids, sentence after sentence.

    Raises:
        ValueError: if the transitions of a sentence do not build one tree over its words.
    """
    forest = _Forest(transitions, lengths)
    steps, order = forest.groups(forest.step, interval=LEFT_INTERVAL)
    levels, _ = forest.groups(forest.heights(), interval=1)
    return Schedule(
        each=_leaves(forest, np.arange(len(words))),
        distinct=_leaves(forest, words),
        levels=levels,
        steps=steps,
        tracking=_tracking(forest, order, steps),
        sequence=_sequence(forest),
        roots=forest.roots(),
        composed=np.flatnonzero(lengths > 1),
        alone=np.flatnonzero(lengths == 1),
    )


class _Forest:
    """The trees of a batch. An entry is what one packed transition pushes: a word or a node.

    Example, with the entries in columns and M = 8 for "none":

        entry      0    1    2      3    4    5       6     7
        pushes     the  old  church R    R    robins  sing  R
        sentence   0    0    0      0    0    1       1     1
        step       0    1    2      3    4    0       1     2
        number     0    2    4      6    7    1       3     5    number by step, as in the schedule
        top        8    0    1      2    3    8       5     6    entry on top before the transition
        second     8    8    0      1    0    8       8     5    entry below it
        side       L    L    R      R    -    L       R     -
        parent     4    3    3      4    8    7       7     8
        height     0    0    0      1    2    0       0     1
    """

    def __init__(self, transitions: Transitions, lengths: Integers) -> None:
        self.lengths = lengths
        self.sentence, self.step, depth = positions(transitions, lengths)
        self.inner = transitions == REDUCE
        self.size = len(transitions)
        self.word = np.where(self.inner, lengths.sum(), np.cumsum(~self.inner) - 1)
        self.sorting = np.argsort(-lengths, kind="stable")  # longest sentence first
        self.row = np.argsort(self.sorting)[self.sentence]
        self.live = _live(2 * lengths - 1)
        self.number = (np.cumsum(self.live) - self.live)[self.step] + self.row

        # The two top entries of the stack before each transition; `size` is an empty place. The
        # top is the entry that the previous transition pushed.
        self.top = np.where(self.step > 0, np.arange(self.size) - 1, self.size)
        self.second = self._second(depth)
        self.side = np.full(self.size, ROOT)
        self.parent = np.full(self.size, self.size)
        reduces = np.flatnonzero(self.inner)
        for side, child in ((LEFT, self.second[reduces]), (RIGHT, self.top[reduces])):
            self.side[child] = side
            self.parent[child] = reduces

    def _second(self, depth: Integers) -> Integers:
        """The entry below the top: the latest push to one less than the depth before.

        Pushes are sorted by (sentence, depth, step). The wanted one is the last before
        (sentence, depth before the transition - 1, step). In the example the REDUCE of step 3 has
        depth 3 before it, so it looks for the latest push to depth 2: "old", at step 1.
        """
        before = depth + np.where(self.inner, 1, -1)
        place = self.sentence * (depth.max() + 1)
        pushed = (place + depth) * len(self.live) + self.step
        wanted = (place + before - 1) * len(self.live) + self.step
        order = np.argsort(pushed)
        found = order[np.searchsorted(pushed, wanted, sorter=order) - 1]
        return np.where(before >= 2, found, self.size)

    def heights(self) -> Integers:
        """Height of every entry; words have height 0."""
        height = np.zeros(self.size, dtype=np.int64)
        reduces = np.argsort(self.number)[np.sort(self.number[self.inner])]
        ends = np.cumsum(np.bincount(self.step[reduces], minlength=1))
        for composed in np.split(reduces, ends[:-1]):
            children = self.second[composed], self.top[composed]
            height[composed] = 1 + np.maximum(height[children[0]], height[children[1]])
        return height

    def groups(self, key: Integers, interval: int) -> tuple[Groups[Integers], Integers]:
        """Group nodes by `key`, and left children by `interval` groups.

        Returns: the groups, and the entries of their nodes in order.
        """
        reduces = np.flatnonzero(self.inner)
        side, group = self.side[reduces], key[reduces]
        order = reduces[np.lexsort((self.row[reduces], side, group))]
        number = np.full(self.size + 1, len(order))
        number[order] = np.arange(len(order))
        parents = number[self.parent[order]]
        sizes = np.bincount(3 * group + side, minlength=3 * (key.max() + 1)).reshape(-1, 3)
        left_group = _left_group(np.arange(len(sizes)), interval)
        left_groups = np.bincount(left_group, weights=sizes[:, LEFT])
        groups = Groups(
            sizes=tuple((left, right, root) for left, right, root in sizes.tolist()),
            left_groups=tuple(left_groups.astype(int).tolist()),
            lefts=np.flatnonzero(self.side[order] == LEFT),
            rights=np.flatnonzero(self.side[order] == RIGHT),
            parents=parents,
            places=2 * parents + (self.side[order] == RIGHT),
            word_places=(2 * number[self.parent] + (self.side == RIGHT))[~self.inner],
            nodes=number[reduces],
        )
        return groups, order

    def roots(self) -> Integers:
        """The last entry of each sentence: a word, or N and the number of a REDUCE."""
        last = np.cumsum(2 * self.lengths - 1) - 1
        reduces = self.lengths.sum() + np.cumsum(self.inner) - 1
        return np.where(self.inner, reduces, self.word)[last]


def _left_group(groups: Integers, interval: int) -> Integers:
    """The left group of each group: with an interval of 2, steps 0 | 1 2 | 3 4 | ..."""
    return (groups + interval - 1) // interval


def _leaves(forest: _Forest, words: Integers) -> Leaves[Integers]:
    """Group equal words that are left children, and equal words that are not."""
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
    """The inputs of the Tracker at each transition; `order`: entries of the nodes by step."""
    N, M = forest.lengths.sum(), forest.size
    by_number = np.argsort(forest.number)
    buffer = np.cumsum(~forest.inner) - ~forest.inner
    buffer = np.where(buffer < np.cumsum(forest.lengths)[forest.sentence], buffer, N)
    word, number = np.append(forest.word, N), np.append(forest.number, M)
    seen = np.stack([buffer, word[forest.second], word[forest.top]], axis=1)

    # Transitions with a node second on the stack, and which left child that node is.
    lefts = order[forest.side[order] == LEFT]
    left_number = np.full(M + 1, -1)
    left_number[lefts] = np.arange(len(lefts))
    found = left_number[forest.second]
    seconds = np.flatnonzero(found >= 0)
    seconds = seconds[np.argsort(found[seconds], kind="stable")]
    found = found[seconds]
    left_group = _left_group(forest.step[lefts], LEFT_INTERVAL)
    first = np.cumsum(steps.left_groups) - steps.left_groups  # left child of each left group
    return Tracking(
        live=tuple(forest.live.tolist()),
        words=seen[by_number],
        previous=number[forest.top][by_number],
        packed=forest.number,
        reduces=forest.number[order],
        rows=forest.row[order],
        tops=np.where(forest.side[order] == ROOT, M, number[order + 1]),
        seconds=forest.number[seconds],
        second_nodes=found - first[left_group[found]],
        second_sizes=tuple(np.bincount(left_group[found], minlength=len(first)).tolist()),
    )


def _sequence(forest: _Forest) -> WordSequence[Integers]:
    lengths = forest.lengths
    step = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    words = np.lexsort((forest.row[~forest.inner], step))
    return WordSequence(live=tuple(_live(lengths).tolist()), words=words, rows=forest.sorting)


def _live(durations: Integers) -> Integers:
    """The number of rows that last longer than 0, 1, 2, ... steps."""
    return len(durations) - np.cumsum(np.bincount(durations))[:-1]
