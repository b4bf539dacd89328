"""The moves of a batch: where each stands, which are legal, and which are right."""

import numpy as np
import numpy.typing as npt

from spinn.trees.transitions import REDUCE, SHIFT, spans

Integers = npt.NDArray[np.int64]
Transitions = npt.NDArray[np.uint8]

NO_TARGET = 2  # where both moves lead to equally good trees, or only one is legal


def positions(transitions: Transitions, lengths: Integers) -> tuple[Integers, Integers, Integers]:
    """For every packed move: its sentence, its step, and the depth of the stack after it.

    Raises:
        ValueError: if the moves of a sentence do not build one tree over its words.
    """
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

    total = np.cumsum(np.where(transitions == REDUCE, -1, 1))
    depth = total - np.append(0, total)[starts][sentence]
    unknown = (transitions != SHIFT) & (transitions != REDUCE)
    unfinished = (step == moves[sentence] - 1) & (depth != 1)
    for wrong, expected in (
        (unknown, f"expected SHIFT ({SHIFT}) or REDUCE ({REDUCE})"),
        (depth < 1, "REDUCE needs two entries on the stack"),
        (unfinished, "the last must leave one entry"),
    ):
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            move = {SHIFT: "SHIFT", REDUCE: "REDUCE"}.get(int(transitions[at]), transitions[at])
            raise ValueError(f"sentence {sentence[at]}, move {step[at]} is {move}: {expected}")
    return sentence, step, depth


def legal(transitions: Transitions, lengths: Integers) -> npt.NDArray[np.bool_]:
    """(M, 2) whether SHIFT and whether REDUCE could have been chosen in the place of each move."""
    sentence, step, depth = positions(transitions, lengths)
    before = depth + np.where(transitions == REDUCE, 1, -1)
    shifted = (step + before) // 2  # of `step` moves before this one, so many were SHIFTs
    return np.stack([shifted < lengths[sentence], before >= 2], axis=1)


def dynamic_oracle(made: Transitions, gold: Transitions, lengths: Integers) -> Transitions:
    """(M,) the move that is right in the place of each that was made: SHIFT, REDUCE or NO_TARGET.

    Right is what keeps as many of gold's spans within reach as any move does, also where earlier
    moves were wrong: the dynamic oracle of Cross and Huang 2016 (arXiv:1612.06475), section 4, for
    binary trees.

    Args:
        made: (M,) moves, sentence after sentence, that build one tree over each sentence.
        gold: (M,) the moves that were wanted.
        lengths: (B,) words in each sentence.
    """
    right = np.full(len(made), NO_TARGET, dtype=np.uint8)
    ends = np.cumsum(2 * lengths - 1)
    for end, length in zip(ends.tolist(), lengths.tolist(), strict=True):
        place = slice(end - 2 * length + 1, end)
        if np.array_equal(made[place], gold[place]):
            right[place] = gold[place]
        else:
            right[place] = _oracle_transitions(made[place].tobytes(), gold[place].tobytes(), length)
    right[~legal(made, lengths).all(axis=1)] = NO_TARGET
    return right


def _oracle_transitions(made: bytes, gold: bytes, length: int) -> list[int]:
    around = _spans_around_words(gold, length)
    starts: list[int] = []  # of the entries on the stack
    shifted = 0
    right = []
    for move in made:
        right.append(_oracle_transition(starts, shifted, length, around))
        if move == SHIFT:
            starts.append(shifted)
            shifted += 1
        else:
            starts.pop()
    return right


def _spans_around_words(gold: bytes, length: int) -> list[list[tuple[int, int]]]:
    """For each word the spans that hold it, the smallest first."""
    around: list[list[tuple[int, int]]] = [[] for _ in range(length)]
    for start, end in sorted(spans(gold), key=lambda span: span[1] - span[0]):
        for word in range(start, end):
            around[word].append((start, end))
    return around


def _oracle_transition(
    starts: list[int], shifted: int, length: int, around: list[list[tuple[int, int]]]
) -> int:
    """Towards the smallest of gold's spans around the top of the stack that can still be built."""
    if len(starts) < 2 or shifted == length:
        return NO_TARGET
    top = starts[-1]
    for start, end in around[top]:
        if end >= shifted and (start, end) != (top, shifted) and start in starts:
            if start == top:
                return SHIFT
            return REDUCE if end == shifted else NO_TARGET
    return NO_TARGET
