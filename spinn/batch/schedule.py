"""The stack machine's moves as integers: which node is composed when, and where it goes.

With the parse known, nothing about the stack needs to be decided while vectors are computed: which
node is composed when, which parent it feeds, which word waits at the front of the buffer are
integers. `spinn.batch.planning` finds them.

Sentences stand in rows, longest first, and moves are numbered step by step: first the first move of
every row, then the second, and so on. So the rows that still move at a step are a prefix of all
rows, and a step's moves lie side by side. Nodes are numbered in the order in which they are
composed: by height where nothing but the children matters, by step where a Tracker looks on.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Generic, TypeVar

Array = TypeVar("Array")

# A left child waits for its right sibling: nobody asks for it before the next move but one. So
# those of two steps are handed on together, after steps 0, 2, 4, ..., in larger products.
PACE = 2


@dataclass(frozen=True)
class Leaves(Generic[Array]):
    """Words whose vectors are computed, left children first: every one, or each distinct one once.

    A word that is a left child somewhere and a right child elsewhere counts as two, because the two
    feed their parents through different weights.

    Attributes:
        lefts: how many of them are left children.
        words: (U,) for each, the index of a word of the batch that it stands for.
        which: (N,) for each word of the batch, which of the U stands for it.
        order: (N,) the words of the batch, those that one of the U stands for side by side.
        starts: (U,) where in `order` the words of each begin.
    """

    lefts: int
    words: Array
    which: Array
    order: Array
    starts: Array


@dataclass(frozen=True)
class Groups(Generic[Array]):
    """Nodes composed together, group after group; in a group left children, right ones, roots.

    Attributes:
        sizes: how many left children, right children and roots each group has.
        turns: how many left children are handed on at a time: after each group, or where a Tracker
            looks on after every `PACE` steps.
        lefts: all nodes that are left children.
        rights: all nodes that are right children.
        parents: (I,) the node's parent; I for a root.
        places: (I,) twice the parent, plus 1 for a right child; 2I for a root.
        word_places: (N,) the same for words; 2I for a sentence's only word.
        nodes: (I,) the node of each REDUCE, sentence after sentence.
    """

    sizes: tuple[tuple[int, int, int], ...]
    turns: tuple[int, ...]
    lefts: Array
    rights: Array
    parents: Array
    places: Array
    word_places: Array
    nodes: Array


@dataclass(frozen=True)
class Tracking(Generic[Array]):
    """What a Tracker sees at each of the M moves; nodes are numbered by step.

    Attributes:
        live: how many rows move at each step.
        words: (M, 3) the words at the front of the buffer, second on the stack and on top of it; N
            where the place is empty or a node is.
        previous: (M,) the row's move before; M where there is none.
        packed: (M,) the number of each move of the batch, sentence after sentence.
        moves: (I,) the move that composes each node.
        rows: (I,) the row of that move.
        tops: (I,) the move that finds it on top of the stack; M for a root.
        seconds: (Q,) moves that find a node second on the stack, in the order of the nodes. Only
            left children are ever found there.
        second_nodes: (Q,) which node that is, counted among the left children of its turn.
        second_sizes: how many of the Q belong to the nodes of each turn.
    """

    live: tuple[int, ...]
    words: Array
    previous: Array
    packed: Array
    moves: Array
    rows: Array
    tops: Array
    seconds: Array
    second_nodes: Array
    second_sizes: tuple[int, ...]


@dataclass(frozen=True)
class Reading(Generic[Array]):
    """The order in which a reader without a tree takes the words: longest sentence first, by step.

    Attributes:
        live: how many rows have a word left at each step.
        words: (N,) the words in that order.
        rows: (B,) the sentence in each row.
    """

    live: tuple[int, ...]
    words: Array
    rows: Array


@dataclass(frozen=True)
class Schedule(Generic[Array]):
    """Integer pointers for B sentences, N words, M = 2N - B moves and I = N - B inner nodes.

    Attributes:
        each: every word on its own.
        distinct: equal words together.
        levels: inner nodes by height.
        steps: inner nodes by step.
        tracking: what a Tracker sees.
        reading: the words from left to right.
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
    reading: Reading[Array]
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
