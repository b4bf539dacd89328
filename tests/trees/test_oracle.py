"""Legal transitions and the dynamic oracle, against enumeration."""

from functools import cache

import numpy as np
import pytest

from spinn.trees.oracle import NO_TARGET, dynamic_oracle, legal
from spinn.trees.transitions import REDUCE, SHIFT, every_tree, spans

Stack = tuple[int, ...]  # where each entry starts; it ends where the next one starts


def pack(*trees: bytes) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.array([(len(tree) + 1) // 2 for tree in trees], dtype=np.int64)
    return np.frombuffer(b"".join(trees), dtype=np.uint8), lengths


def successors(stack: Stack, shifted: int, length: int) -> dict[int, tuple[Stack, int]]:
    """The stack and the words shifted after each legal transition."""
    found = {}
    if shifted < length:
        found[SHIFT] = ((*stack, shifted), shifted + 1)
    if len(stack) > 1:
        found[REDUCE] = (stack[:-1], shifted)
    return found


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 6])
def test_legal_transitions_are_those_that_lead_to_a_tree(length: int) -> None:
    trees = list(every_tree(length))
    for tree in trees:
        found = legal(*pack(tree))
        for step in range(len(tree)):
            for transition in (SHIFT, REDUCE):
                begun = tree[:step] + bytes([transition])
                leads = any(other.startswith(begun) for other in trees)
                assert found[step, transition] == leads, (tree, step, transition)


@pytest.mark.parametrize("length", [2, 3, 4, 5, 6])
def test_oracle_transitions_keep_as_many_gold_spans_as_possible(length: int) -> None:
    trees = list(every_tree(length))
    for gold in trees:
        wanted = set(spans(gold))

        @cache
        def best(stack: Stack, shifted: int, wanted: frozenset = frozenset(wanted)) -> int:
            """The most spans of gold that a tree still to be built from here can have."""
            ahead = successors(stack, shifted, length)
            gains = []
            for transition, (after, taken) in ahead.items():
                hit = transition == REDUCE and (after[-1], shifted) in wanted
                gains.append(hit + best(after, taken, wanted))
            return max(gains, default=0)

        for made in trees:
            right = dynamic_oracle(*pack(made)[:1], *pack(gold))
            stack: Stack = ()
            shifted = 0
            for step, transition in enumerate(made):
                ahead = successors(stack, shifted, length)
                values = {
                    m: (m == REDUCE and (after[-1], shifted) in wanted) + best(after, taken)
                    for m, (after, taken) in ahead.items()
                }
                if len(set(values.values())) == 1:  # one is legal, or both are equally good
                    assert right[step] == NO_TARGET, (gold, made, step)
                else:
                    assert right[step] == max(values, key=values.__getitem__), (gold, made, step)
                stack, shifted = ahead[transition]


def test_along_gold_the_oracle_transitions_are_gold() -> None:
    for gold in every_tree(6):
        made, lengths = pack(gold)
        right = dynamic_oracle(made, made, lengths)
        free = legal(made, lengths).all(axis=1)
        assert (right[free] == made[free]).all()
        assert (right[~free] == NO_TARGET).all()


def test_a_batch_is_its_sentences() -> None:
    trees = [tree for length in (3, 1, 5, 2, 4) for tree in every_tree(length)]
    made, gold = trees, trees[::-1]
    gold = [next(t for t in gold if len(t) == len(m) and t != m) if len(m) > 3 else m for m in made]
    together = dynamic_oracle(pack(*made)[0], *pack(*gold))
    apart = [dynamic_oracle(pack(m)[0], *pack(g)) for m, g in zip(made, gold, strict=True)]
    assert np.array_equal(together, np.concatenate(apart))
