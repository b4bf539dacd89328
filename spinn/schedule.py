"""The stack machine's moves, planned before it runs.

With the parse known, nothing about the stack needs to be decided while vectors are computed: which
node lies on top, which below it, which word waits at the front of the buffer are integers. This
module finds them for a whole batch at once, with NumPy alone.

A node of a tree is named by the move that pushes it, and moves are numbered step by step: first the
first move of every sentence, then the second, and so on. Sentences stand in rows, longest first, so
the rows still moving at a step are a prefix of all rows, and the top of a stack is always the node
that its row pushed one step earlier.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from spinn.trees import REDUCE, SHIFT

Integers = npt.NDArray[np.int64]
Array = TypeVar("Array")
Other = TypeVar("Other")


@dataclass(frozen=True)
class Schedule(Generic[Array]):
    """Integer pointers for a batch of B sentences, N words, M = 2N - B moves, I = N - B REDUCEs.

    The number M stands for an empty place on the stack, N for an empty buffer.

    Attributes:
        live: how many rows still move, for each step.
        reducing: how many rows reduce, for each step.
        heights: how many nodes have height 1, 2, ... in the batch.
        reading: how many rows still have a word to read, for each step of a reader without a tree.
        stack: (M, 2) the two topmost nodes of the stack before each move, the top one last: for
            a REDUCE its left and right child.
        buffer: (M,) the word at the front of the buffer before each move, an index into the words.
        shifts: (N,) the node of each word.
        reduces: (I,) the nodes that REDUCE pushes, in the order of the moves.
        rows: (I,) the row of each of `reduces`.
        by_height: (I,) the same nodes from the lowest to the highest.
        nodes: (M,) the node of each word, then of each REDUCE, sentence after sentence.
        roots: (B,) the last node of each sentence.
        words: (N,) words in the order in which a reader without a tree takes them, longest
            sentence first, step by step.
        sorting: (B,) the sentence in each row.
    """

    live: tuple[int, ...]
    reducing: tuple[int, ...]
    heights: tuple[int, ...]
    reading: tuple[int, ...]
    stack: Array
    buffer: Array
    shifts: Array
    reduces: Array
    rows: Array
    by_height: Array
    nodes: Array
    roots: Array
    words: Array
    sorting: Array

    def map(self, function: Callable[[Array], Other]) -> "Schedule[Other]":
        """The same schedule with `function` applied to every array."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, value in values.items():
            if not isinstance(value, tuple):
                values[name] = function(value)
        return Schedule(**values)


def plan(transitions: npt.NDArray[np.uint8], lengths: Integers) -> Schedule[Integers]:
    """Plan the moves of a batch.

    Args:
        transitions: SHIFT and REDUCE, sentence after sentence, 2T-1 moves for T words.
        lengths: (B,) words in each sentence.

    Raises:
        ValueError: if the moves of a sentence do not build one tree over its words.
    """
    sentence, step, depth = _positions(transitions, lengths)
    is_reduce = transitions == REDUCE

    sorting = np.argsort(-lengths, kind="stable")
    row = np.empty_like(sorting)
    row[sorting] = np.arange(len(sorting))
    live = _still_running(2 * lengths - 1)
    first = np.cumsum(live) - live  # of the moves at each step
    move = first[step] + row[sentence]  # packed position -> number of the move

    empty = len(transitions)
    top = np.where(step > 0, np.roll(move, 1), empty)
    second = np.append(move, empty)[_second(sentence, step, depth, is_reduce)]
    buffer = _buffer(sentence, is_reduce, lengths)

    in_order = np.empty_like(move)
    in_order[move] = np.arange(empty)
    stack = np.stack([second, top], axis=1)[in_order]
    reduces = np.flatnonzero(is_reduce[in_order])
    reducing = np.bincount(step[is_reduce], minlength=len(live))
    height = _heights(stack, reduces, reducing)

    reading = _still_running(lengths)
    word_step = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    word_row = row[np.repeat(np.arange(len(lengths)), lengths)]
    return Schedule(
        live=tuple(live.tolist()),
        reducing=tuple(reducing.tolist()),
        heights=tuple(np.bincount(height)[1:].tolist()),
        reading=tuple(reading.tolist()),
        stack=stack,
        buffer=buffer[in_order],
        shifts=move[~is_reduce],
        reduces=reduces,
        rows=reduces - np.repeat(first, reducing),
        by_height=reduces[np.argsort(height[reduces], kind="stable")],
        nodes=np.concatenate([move[~is_reduce], move[is_reduce]]),
        roots=move[np.cumsum(2 * lengths - 1) - 1],
        words=np.lexsort((word_row, word_step)),
        sorting=sorting,
    )


def _positions(
    transitions: npt.NDArray[np.uint8], lengths: Integers
) -> tuple[Integers, Integers, Integers]:
    """For every packed move: its sentence, its step, and the depth of the stack after it."""
    if len(lengths) == 0:
        raise ValueError("lengths: no sentences; expected at least one")
    if (lengths < 1).any():
        bad = int(np.flatnonzero(lengths < 1)[0])
        raise ValueError(f"lengths: sentence {bad} has {lengths[bad]} words; expected at least 1")
    moves = 2 * lengths - 1
    if len(transitions) != moves.sum():
        raise ValueError(
            f"transitions: {len(transitions)} moves for lengths that need {moves.sum()} (2T-1 each)"
        )
    starts = np.cumsum(moves) - moves
    sentence = np.repeat(np.arange(len(lengths)), moves)
    step = np.arange(len(transitions)) - starts[sentence]

    known = (transitions == SHIFT) | (transitions == REDUCE)
    total = np.cumsum(np.where(transitions == REDUCE, -1, 1))
    depth = total - np.append(0, total)[starts][sentence]
    _refuse(~known, sentence, step, transitions, f"expected SHIFT ({SHIFT}) or REDUCE ({REDUCE})")
    _refuse(depth < 1, sentence, step, transitions, "REDUCE needs two entries on the stack")
    unfinished = (step == moves[sentence] - 1) & (depth != 1)
    _refuse(unfinished, sentence, step, transitions, "the last move must leave one entry")
    return sentence, step, depth


def _refuse(
    wrong: npt.NDArray[np.bool_],
    sentence: Integers,
    step: Integers,
    transitions: npt.NDArray[np.uint8],
    expected: str,
) -> None:
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        name = {SHIFT: "SHIFT", REDUCE: "REDUCE"}.get(int(transitions[at]), str(transitions[at]))
        raise ValueError(f"sentence {sentence[at]}, move {step[at]} is {name}: {expected}")


def _still_running(durations: Integers) -> Integers:
    """How many rows last longer than 0, 1, 2, ... steps."""
    return len(durations) - np.cumsum(np.bincount(durations))[:-1]


def _second(
    sentence: Integers, step: Integers, depth: Integers, is_reduce: npt.NDArray[np.bool_]
) -> Integers:
    """Packed position of the move that pushed the entry below the top, or M where there is none.

    That entry lies at depth - 1, and it is the latest that was pushed there.
    """
    before = depth + np.where(is_reduce, 1, -1)
    place = sentence * (depth.max() + 1)
    pushed = (place + depth) * (step.max() + 1) + step
    wanted = (place + before - 1) * (step.max() + 1) + step
    order = np.argsort(pushed)
    found = order[np.searchsorted(pushed, wanted, sorter=order) - 1]
    return np.where(before >= 2, found, len(step))


def _buffer(sentence: Integers, is_reduce: npt.NDArray[np.bool_], lengths: Integers) -> Integers:
    """The word at the front of the buffer before each packed move, or N where none is left."""
    shift = (~is_reduce).astype(np.int64)
    taken = np.cumsum(shift) - shift
    return np.where(taken < np.cumsum(lengths)[sentence], taken, int(lengths.sum()))


def _heights(stack: Integers, reduces: Integers, reducing: Integers) -> Integers:
    """Height of every node; words have height 0."""
    height = np.zeros(len(stack), dtype=np.int64)
    for nodes in np.split(reduces, np.cumsum(reducing)[:-1]):
        height[nodes] = 1 + height[stack[nodes]].max(axis=1)
    return height
