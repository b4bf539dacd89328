"""The planned pointers, against a stack machine that is run."""

import random

import numpy as np
import pytest

from spinn.batch.planning import plan
from spinn.batch.schedule import Groups, Leaves, Schedule
from spinn.trees.transitions import REDUCE, every_tree, random_tree

S, R = b"\x00", b"\x01"


def schedule_of(trees: list[bytes], words: list[int] | None = None) -> Schedule[np.ndarray]:
    lengths = np.array([(len(tree) + 1) // 2 for tree in trees])
    ids = np.arange(lengths.sum()) if words is None else np.array(words)
    return plan(np.frombuffer(b"".join(trees), dtype=np.uint8), lengths, ids)


def ragged(seed: int) -> list[bytes]:
    rng = random.Random(seed)
    return [random_tree(rng.randint(1, 9), rng) for _ in range(12)]


BATCHES = [
    [tree for length in range(1, 7) for tree in every_tree(length)],
    ragged(1),
    ragged(2),
    [S],
    [S, S, S],
    [S + S + R],
]


class Machine:
    """A stack machine over names: words are ("word", index), nodes ("node", index of REDUCE)."""

    def __init__(self, trees: list[bytes]) -> None:
        self.children: list[tuple] = []
        self.seen: dict[tuple[int, int], tuple] = {}  # (sentence, step): buffer, second, top
        self.made: dict[int, tuple[int, int]] = {}  # REDUCE: (sentence, step)
        self.roots: list[tuple] = []
        word = 0
        for sentence, tree in enumerate(trees):
            end = word + (len(tree) + 1) // 2
            stack: list[tuple] = []
            for step, move in enumerate(tree):
                second, top = [None, None, *stack][-2:]
                buffer = ("word", word) if word < end else None
                self.seen[sentence, step] = (buffer, second, top)
                if move == REDUCE:
                    self.made[len(self.children)] = (sentence, step)
                    stack[-2:] = [("node", len(self.children))]
                    self.children.append((second, top))
                else:
                    stack.append(("word", word))
                    word += 1
            self.roots += stack


@pytest.mark.parametrize("trees", BATCHES)
@pytest.mark.parametrize("kind", ["levels", "steps"])
def test_groups_compose_every_node_once_after_its_children(trees: list[bytes], kind: str) -> None:
    schedule, machine = schedule_of(trees), Machine(trees)
    groups: Groups[np.ndarray] = getattr(schedule, kind)
    inner = len(machine.children)
    assert sorted(groups.nodes) == list(range(inner))
    assert sum(map(sum, groups.sizes)) == inner
    group = np.repeat(np.arange(len(groups.sizes)), [sum(sizes) for sizes in groups.sizes])
    N = sum((len(tree) + 1) // 2 for tree in trees)
    parents = np.full(inner, inner)
    places = np.full(inner, 2 * inner)
    word_places = np.full(N, 2 * inner)
    for reduce, children in enumerate(machine.children):
        node = groups.nodes[reduce]
        for side, (child, index) in enumerate(children):
            if child == "word":
                word_places[index] = 2 * node + side
            else:
                parents[groups.nodes[index]] = node
                places[groups.nodes[index]] = 2 * node + side
                assert group[groups.nodes[index]] < group[node]
    np.testing.assert_array_equal(groups.parents, parents)
    np.testing.assert_array_equal(groups.places, places)
    np.testing.assert_array_equal(groups.word_places, word_places)
    side = np.where(places == 2 * inner, 2, places % 2)
    np.testing.assert_array_equal(groups.lefts, np.flatnonzero(side == 0))
    np.testing.assert_array_equal(groups.rights, np.flatnonzero(side == 1))
    expected = np.repeat(np.tile([0, 1, 2], len(groups.sizes)), np.array(groups.sizes).ravel())
    np.testing.assert_array_equal(side, expected)


@pytest.mark.parametrize("trees", BATCHES)
def test_left_children_are_handed_on_before_anyone_asks_for_them(trees: list[bytes]) -> None:
    schedule, M = schedule_of(trees), len(schedule_of(trees).tracking.words)
    levels, steps, tracking = schedule.levels, schedule.steps, schedule.tracking
    assert levels.turns == tuple(left for left, _, _ in levels.sizes)
    after = np.repeat(2 * np.arange(len(steps.turns)), steps.turns)  # the step before the hand-on
    made = np.repeat(np.arange(len(steps.sizes)), [sum(sizes) for sizes in steps.sizes])
    step_of_move = np.append(np.repeat(np.arange(len(tracking.live)), tracking.live), M)
    assert (made[steps.lefts] <= after).all()
    assert (after < made[steps.parents[steps.lefts]]).all()
    turns = np.repeat(2 * np.arange(len(steps.turns)), tracking.second_sizes)
    assert (turns < step_of_move[tracking.seconds]).all()


@pytest.mark.parametrize("trees", BATCHES)
@pytest.mark.parametrize("kind", ["each", "distinct"])
def test_leaves_know_the_words_that_they_stand_for(trees: list[bytes], kind: str) -> None:
    leaves: Leaves[np.ndarray] = getattr(schedule_of(trees), kind)
    groups = np.split(leaves.order, leaves.starts[1:])
    assert len(groups) == len(leaves.words)
    for leaf, words in enumerate(groups):
        np.testing.assert_array_equal(np.flatnonzero(leaves.which == leaf), words)


@pytest.mark.parametrize("trees", BATCHES)
def test_tracking_sees_what_the_machine_has_on_the_stack(trees: list[bytes]) -> None:
    schedule, machine = schedule_of(trees), Machine(trees)
    tracking, steps = schedule.tracking, schedule.steps
    N, M = len(schedule.each.words), len(tracking.words)
    rows = schedule.reading.rows.tolist()
    first = np.cumsum((0, *tracking.live))
    number = {
        (sentence, step): first[step] + rows.index(sentence) for sentence, step in machine.seen
    }
    assert sorted(number.values()) == list(range(M))

    found = np.full((M, 2), -1)  # the node that a move finds second and on top
    left_of_turn = np.cumsum((0, *steps.turns))
    position = 0
    for turn, size in enumerate(tracking.second_sizes):
        for _ in range(size):
            node = steps.lefts[left_of_turn[turn] + tracking.second_nodes[position]]
            found[tracking.seconds[position], 0] = node
            position += 1
    assert position == len(tracking.seconds)
    inner = tracking.tops < M
    found[tracking.tops[inner], 1] = np.flatnonzero(inner)

    for (sentence, step), places in machine.seen.items():
        move = number[sentence, step]
        assert tracking.previous[move] == number.get((sentence, step - 1), M)
        for place, entry in enumerate(places):
            is_word = entry is not None and entry[0] == "word"
            assert tracking.words[move, place] == (entry[1] if is_word else N)
            if place > 0:
                is_node = entry is not None and entry[0] == "node"
                assert found[move, place - 1] == (steps.nodes[entry[1]] if is_node else -1)
    for reduce, where in machine.made.items():
        assert tracking.moves[steps.nodes[reduce]] == number[where]


@pytest.mark.parametrize("trees", BATCHES)
def test_roots_are_what_the_machine_leaves(trees: list[bytes]) -> None:
    schedule, machine = schedule_of(trees), Machine(trees)
    N = len(schedule.each.words)
    expected = [index + N * (kind == "node") for kind, index in machine.roots]
    assert schedule.roots.tolist() == expected


@pytest.mark.parametrize("trees", BATCHES)
def test_leaves_stand_for_words_and_left_children_come_first(trees: list[bytes]) -> None:
    machine = Machine(trees)
    count = sum((len(tree) + 1) // 2 for tree in trees)
    rng = random.Random(len(trees))
    words = np.array([rng.randrange(7) for _ in range(count)])
    schedule = schedule_of(trees, words.tolist())
    lefts = {left[1] for left, _ in machine.children if left[0] == "word"}
    for leaves in (schedule.each, schedule.distinct):
        np.testing.assert_array_equal(words[leaves.words[leaves.which]], words)
        for word in range(count):
            assert (leaves.which[word] < leaves.lefts) == (word in lefts)
    assert len(schedule.each.words) == count
    kinds = {(words[word], word in lefts) for word in range(count)}
    assert len(schedule.distinct.words) == len(kinds)


def test_levels_are_heights() -> None:
    balanced = S + S + R + S + S + R + R
    chain = S + S + S + S + R + R + R
    assert [sum(sizes) for sizes in schedule_of([balanced]).levels.sizes] == [0, 2, 1]
    assert [sum(sizes) for sizes in schedule_of([chain]).levels.sizes] == [0, 1, 1, 1]


def test_reading_goes_step_by_step_with_the_longest_first() -> None:
    reading = schedule_of([S + S + R, S + S + S + R + R, S]).reading  # words 0 1, 2 3 4, 5
    assert reading.rows.tolist() == [1, 0, 2]
    assert reading.live == (3, 2, 1)
    assert reading.words.tolist() == [2, 0, 5, 3, 1, 4]


@pytest.mark.parametrize(
    ("trees", "message"),
    [
        ([S, S + R + S], "sentence 1, move 1 is REDUCE: REDUCE needs two entries on the stack"),
        ([S + S + S], "sentence 0, move 2 is SHIFT: the last must leave one entry"),
        ([S + S + R, S + S + b"\x07"], "sentence 1, move 2 is 7: expected SHIFT"),
        ([S, S + S + R + R + S], "sentence 1, move 3 is REDUCE: REDUCE needs two"),
    ],
)
def test_illegal_moves_are_named(trees: list[bytes], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        schedule_of(trees)


def test_lengths_are_checked() -> None:
    moves, none = np.zeros(1, dtype=np.uint8), np.zeros(0, dtype=np.int64)
    with pytest.raises(ValueError, match="no sentences"):
        plan(moves[:0], none, none)
    with pytest.raises(ValueError, match="sentence 1 has 0 words; expected at least 1"):
        plan(moves, np.array([1, 0]), np.array([3]))
    with pytest.raises(ValueError, match="1 moves for lengths that need 3"):
        plan(moves, np.array([2]), np.array([3, 4]))
