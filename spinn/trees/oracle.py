"""Packed transitions of a batch: positions, legal transitions and the dynamic oracle."""

import numpy as np
import numpy.typing as npt

from spinn.trees.transitions import REDUCE, SHIFT, spans

Integers = npt.NDArray[np.int64]
Transitions = npt.NDArray[np.uint8]

NO_TARGET = 2  # where both transitions are equally good, or only one is legal


def positions(transitions: Transitions, lengths: Integers) -> tuple[Integers, Integers, Integers]:
    """For every packed transition: its sentence, its step, and the depth of the stack after it.

    Raises:
        ValueError: if the transitions of a sentence do not build one tree over its words.
    """
    if len(lengths) == 0:
        raise ValueError("lengths: no sentences; expected at least one")
    if (lengths < 1).any():
        bad = int(np.flatnonzero(lengths < 1)[0])
        raise ValueError(f"lengths: sentence {bad} has {lengths[bad]} words; expected at least 1")
    steps = 2 * lengths - 1
    if len(transitions) != steps.sum():
        raise ValueError(
            f"transitions: {len(transitions)} for lengths that need {steps.sum()} (2T-1 each)"
        )
    starts = np.cumsum(steps) - steps
    sentence = np.repeat(np.arange(len(lengths)), steps)
    step = np.arange(len(transitions)) - starts[sentence]

    total = np.cumsum(np.where(transitions == REDUCE, -1, 1))
    depth = total - np.append(0, total)[starts][sentence]
    unknown = (transitions != SHIFT) & (transitions != REDUCE)
    unfinished = (step == steps[sentence] - 1) & (depth != 1)
    for wrong, expected in (
        (unknown, f"expected SHIFT ({SHIFT}) or REDUCE ({REDUCE})"),
        (depth < 1, "REDUCE needs two entries on the stack"),
        (unfinished, "the last must leave one entry"),
    ):
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            name = {SHIFT: "SHIFT", REDUCE: "REDUCE"}.get(int(transitions[at]), transitions[at])
            raise ValueError(
                f"sentence {sentence[at]}, transition {step[at]} is {name}: {expected}"
            )
    return sentence, step, depth


def legal(transitions: Transitions, lengths: Integers) -> npt.NDArray[np.bool_]:
    """(M, 2) whether SHIFT and whether REDUCE is legal in the place of each transition."""
    sentence, step, depth = positions(transitions, lengths)
    before = depth + np.where(transitions == REDUCE, 1, -1)
    shifted = (step + before) // 2  # SHIFTs among the `step` transitions before
    return np.stack([shifted < lengths[sentence], before >= 2], axis=1)


def dynamic_oracle(made: Transitions, gold: Transitions, lengths: Integers) -> Transitions:
    """(M,) the best transition in the place of each that was made: SHIFT, REDUCE or NO_TARGET.

    The dynamic oracle of Cross and Huang 2016 (arXiv:1612.06475), section 4, for binary trees. The
    best transition keeps the largest number of gold spans reachable, also after wrong transitions.

    Args:
        made: (M,) transitions, sentence after sentence, that build one tree over each sentence.
        gold: (M,) the transitions of the gold trees.
        lengths: (B,) words in each sentence.
    """
    best = np.full(len(made), NO_TARGET, dtype=np.uint8)
    ends = np.cumsum(2 * lengths - 1)
    for end, length in zip(ends.tolist(), lengths.tolist(), strict=True):
        place = slice(end - 2 * length + 1, end)
        if np.array_equal(made[place], gold[place]):
            best[place] = gold[place]
        else:
            best[place] = _oracle_transitions(made[place].tobytes(), gold[place].tobytes(), length)
    best[~legal(made, lengths).all(axis=1)] = NO_TARGET
    return best


def _oracle_transitions(made: bytes, gold: bytes, length: int) -> list[int]:
    around = _spans_around_words(gold, length)
    starts: list[int] = []  # of the entries on the stack
    shifted = 0
    best = []
    for transition in made:
        best.append(_oracle_transition(starts, shifted, length, around))
        if transition == SHIFT:
            starts.append(shifted)
            shifted += 1
        else:
            starts.pop()
    return best


def _spans_around_words(gold: bytes, length: int) -> list[list[tuple[int, int]]]:
    """For each word the gold spans that contain it, the smallest first."""
    around: list[list[tuple[int, int]]] = [[] for _ in range(length)]
    for start, end in sorted(spans(gold), key=lambda span: span[1] - span[0]):
        for word in range(start, end):
            around[word].append((start, end))
    return around


def _oracle_transition(
    starts: list[int], shifted: int, length: int, around: list[list[tuple[int, int]]]
) -> int:
    """The transition towards the smallest gold span around the top that is still reachable.

    A span is reachable if an entry of the stack starts where it starts, and it ends at or after the
    last word shifted.
    """
    if len(starts) < 2 or shifted == length:
        return NO_TARGET
    top = starts[-1]
    for start, end in around[top]:
        if end >= shifted and (start, end) != (top, shifted) and start in starts:
            if start == top:
                return SHIFT
            return REDUCE if end == shifted else NO_TARGET
    return NO_TARGET
