"""A batch's transitions as integers: which node is composed when, and which parent it feeds.

If the parse is known, integers describe every state of the stack before any vector is computed:
which node is composed when, which parent it feeds, which word is at the buffer's front.
`spinn.batch.planning` computes them.

Sentences are sorted into rows, longest first. Transitions are numbered step by step: the first
transition of every row, then the second, and so on. So the rows that still have a transition at a
step are a prefix of all rows, and the transitions of a step are neighbours. Nodes are numbered in
the order in which they are composed: by height without a Tracker, by step with one.

A worked example, tested by tests/batch/test_schedule.py: the batch `( the ( old church ) )`,
`( robins sing )`, as `S S S R R` and `S S R`. B = 2, N = 5 words, M = 8 transitions, I = 3 nodes:

    words             the 0, old 1, church 2, robins 3, sing 4
    REDUCEs           ( old church ) 0, ( the ( old church ) ) 1, ( robins sing ) 2
    transitions       step            0       1       2       3    4
                      row 0 (the ...) S 0     S 2     S 4     R 6  R 7
                      row 1 (robins)  S 1     S 3     R 5
    by height         node 0 ( old church ), a right child; node 1 ( robins sing ), a root;
                      node 2 ( the ( old church ) ), a root
    by step           node 0 ( robins sing ); node 1 ( old church ); node 2 ( the ( old church ) )
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Generic, TypeVar

Array = TypeVar("Array")

# The right sibling of a left child comes first, so no transition before the next but one needs the
# left child. The left children of two steps are therefore projected together, after steps 0, 2, 4,
# ..., in larger matrix products.
LEFT_INTERVAL = 2


@dataclass(frozen=True)
class Leaves(Generic[Array]):
    """Unique pairs of word and side (left or right child), left children first.

    Each is embedded and projected once. A word that is a left child in one place and a right child
    in another counts as two, because the two feed their parents through different weights.

    Example: `each` and `distinct`, since no word is repeated. The left children are "the", "old"
    and "robins", words 0, 1 and 3: lefts = 3, words = [0, 1, 3, 2, 4], which = [0, 1, 3, 2, 4],
    order = [0, 1, 3, 2, 4], starts = [0, 1, 2, 3, 4].

    Attributes:
        lefts: number of leaves that are left children.
        words: (U,) the index of a word of the batch that each leaf represents.
        which: (N,) the leaf that represents each word of the batch.
        order: (N,) the words of the batch, sorted by the leaf that represents them.
        starts: (U,) where in `order` the words of each leaf begin.
    """

    lefts: int
    words: Array
    which: Array
    order: Array
    starts: Array


@dataclass(frozen=True)
class Groups(Generic[Array]):
    """Nodes composed together, group after group: in a group left children, right ones, roots.

    Example: the groups `levels`, by height. Height 0 has no node. Height 1 has ( old church ), a
    right child, and ( robins sing ), a root. Height 2 has the other root. So
    sizes = ((0, 0, 0), (0, 1, 1), (0, 0, 1)), left_groups = (0, 0, 0), lefts = [], rights = [0],
    parents = [2, 3, 3], places = [5, 6, 6], word_places = [4, 0, 1, 2, 3], nodes = [0, 2, 1].
    "the" is the left child of node 2, hence its place 4 = 2 * 2; ( old church ) is the right child,
    hence 5 = 2 * 2 + 1; I = 3 and 2I = 6 mark roots.

    Example: the groups `steps`, by step. Only step 2 (a root), step 3 (a right child) and step 4
    (a root) compose. sizes = ((0, 0, 0), (0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 0, 1)),
    left_groups = (0, 0, 0), lefts = [], rights = [1], parents = [3, 2, 3], places = [6, 5, 6],
    word_places = [4, 2, 3, 0, 1], nodes = [1, 2, 0].

    Attributes:
        sizes: numbers of left children, right children and roots of each group.
        left_groups: number of left children that are projected together: those of each group, or
            with a Tracker those of `LEFT_INTERVAL` steps.
        lefts: all nodes that are left children.
        rights: all nodes that are right children.
        parents: (I,) the node's parent; I for a root.
        places: (I,) twice the parent, plus 1 for a right child; 2I for a root.
        word_places: (N,) the same for words; 2I for a sentence's only word.
        nodes: (I,) the node of each REDUCE, sentence after sentence.
    """

    sizes: tuple[tuple[int, int, int], ...]
    left_groups: tuple[int, ...]
    lefts: Array
    rights: Array
    parents: Array
    places: Array
    word_places: Array
    nodes: Array


@dataclass(frozen=True)
class Tracking(Generic[Array]):
    """The inputs of a Tracker before each of the M transitions; nodes are numbered by step.

    Example: live = (2, 2, 2, 1, 1). Before transition 5, the REDUCE of "robins sing", the buffer is
    empty, "robins" is second and "sing" on top: words[5] = [5, 3, 4], where N = 5 is an empty place
    or a node. words = [[0, 5, 5], [3, 5, 5], [1, 5, 0], [4, 5, 3], [2, 0, 1], [5, 3, 4],
    [5, 1, 2], [5, 0, 5]]. Before transition 7 node 1, ( old church ), is on top: tops[1] = 7 and
    tops = [8, 7, 8]. previous = [8, 8, 0, 1, 2, 3, 4, 6], packed = [0, 2, 4, 6, 7, 1, 3, 5],
    reduces = [5, 6, 7], rows = [1, 0, 0]. No node is ever second: seconds = [].

    Attributes:
        live: number of rows that have a transition at each step.
        words: (M, 3) the words at the front of the buffer, second on the stack and on top of it; N
            where the place is empty or holds a node.
        previous: (M,) the row's transition before; M where there is none.
        packed: (M,) the number of each transition of the batch, sentence after sentence.
        reduces: (I,) the transition that composes each node.
        rows: (I,) the row of that transition.
        tops: (I,) the transition that finds the node on top of the stack; M for a root.
        seconds: (Q,) transitions that find a node second on the stack, in the order of the nodes.
            Only left children are ever second.
        second_nodes: (Q,) which node that is, counted among the left children of its left group.
        second_sizes: number of the Q that belong to the nodes of each left group.
    """

    live: tuple[int, ...]
    words: Array
    previous: Array
    packed: Array
    reduces: Array
    rows: Array
    tops: Array
    seconds: Array
    second_nodes: Array
    second_sizes: tuple[int, ...]


@dataclass(frozen=True)
class WordSequence(Generic[Array]):
    """The words step by step, longest sentence first, as a recurrent network takes them.

    Example: live = (2, 2, 1), words = [0, 3, 1, 4, 2], rows = [0, 1].

    Attributes:
        live: number of rows that have a word left at each step.
        words: (N,) the words in that order.
        rows: (B,) the sentence in each row.
    """

    live: tuple[int, ...]
    words: Array
    rows: Array


@dataclass(frozen=True)
class Schedule(Generic[Array]):
    """Integer pointers for B sentences, N words, M = 2N - B transitions and I = N - B nodes.

    Example: roots = [6, 7], REDUCEs 1 and 2 after N = 5 words; composed = [0, 1]; alone = [].

    Attributes:
        each: every word on its own.
        distinct: equal words together.
        levels: nodes by height.
        steps: nodes by step.
        tracking: the inputs of a Tracker.
        sequence: the words from left to right.
        roots: (B,) the REDUCE that makes each sentence's root, counted over the batch, plus N; a
            sentence of one word has that word's index.
        composed: the sentences of more than one word.
        alone: the sentences of one word.
    """

    each: Leaves[Array]
    distinct: Leaves[Array]
    levels: Groups[Array]
    steps: Groups[Array]
    tracking: Tracking[Array]
    sequence: WordSequence[Array]
    roots: Array
    composed: Array
    alone: Array

    def map(self, function: Callable[[Array], Any]) -> "Schedule[Any]":
        """The same schedule with `function` applied to every array."""
        mapped: Schedule[Any] = _map(self, function)
        return mapped


def _map(value: Any, function: Callable[[Any], Any]) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
        return type(value)(**{name: _map(part, function) for name, part in parts.items()})
    return value if isinstance(value, int | tuple) else function(value)
