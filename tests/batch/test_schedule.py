"""The planned pointers, against a stack machine in Python."""

import random
from dataclasses import fields

import numpy as np
import pytest

from spinn.batch.planning import LEFT, RIGHT, ROOT, _Forest, plan
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
    """A stack machine over names: ("word", index) and ("node", index of REDUCE)."""

    def __init__(self, trees: list[bytes]) -> None:
        self.children: list[tuple] = []
        self.seen: dict[tuple[int, int], tuple] = {}  # (sentence, step): buffer, second, top
        self.made: dict[int, tuple[int, int]] = {}  # REDUCE: (sentence, step)
        self.roots: list[tuple] = []
        word = 0
        for sentence, tree in enumerate(trees):
            end = word + (len(tree) + 1) // 2
            stack: list[tuple] = []
            for step, transition in enumerate(tree):
                second, top = [None, None, *stack][-2:]
                buffer = ("word", word) if word < end else None
                self.seen[sentence, step] = (buffer, second, top)
                if transition == REDUCE:
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
def test_left_children_are_projected_before_they_are_needed(trees: list[bytes]) -> None:
    schedule, M = schedule_of(trees), len(schedule_of(trees).tracking.words)
    levels, steps, tracking = schedule.levels, schedule.steps, schedule.tracking
    assert levels.left_groups == tuple(left for left, _, _ in levels.sizes)
    after = np.repeat(
        2 * np.arange(len(steps.left_groups)), steps.left_groups
    )  # the last step before the projection
    made = np.repeat(np.arange(len(steps.sizes)), [sum(sizes) for sizes in steps.sizes])
    step_of = np.append(np.repeat(np.arange(len(tracking.live)), tracking.live), M)
    assert (made[steps.lefts] <= after).all()
    assert (after < made[steps.parents[steps.lefts]]).all()
    after = np.repeat(2 * np.arange(len(steps.left_groups)), tracking.second_sizes)
    assert (after < step_of[tracking.seconds]).all()


@pytest.mark.parametrize("trees", BATCHES)
@pytest.mark.parametrize("kind", ["each", "distinct"])
def test_leaves_list_the_words_that_they_represent(trees: list[bytes], kind: str) -> None:
    leaves: Leaves[np.ndarray] = getattr(schedule_of(trees), kind)
    groups = np.split(leaves.order, leaves.starts[1:])
    assert len(groups) == len(leaves.words)
    for leaf, words in enumerate(groups):
        np.testing.assert_array_equal(np.flatnonzero(leaves.which == leaf), words)


@pytest.mark.parametrize("trees", BATCHES)
def test_tracking_points_at_the_stack_and_the_buffer(trees: list[bytes]) -> None:
    schedule, machine = schedule_of(trees), Machine(trees)
    tracking, steps = schedule.tracking, schedule.steps
    N, M = len(schedule.each.words), len(tracking.words)
    rows = schedule.sequence.rows.tolist()
    first = np.cumsum((0, *tracking.live))
    number = {
        (sentence, step): first[step] + rows.index(sentence) for sentence, step in machine.seen
    }
    assert sorted(number.values()) == list(range(M))

    found = np.full((M, 2), -1)  # the node that a transition finds second and on top
    first_left = np.cumsum((0, *steps.left_groups))
    position = 0
    for left_group, size in enumerate(tracking.second_sizes):
        for _ in range(size):
            node = steps.lefts[first_left[left_group] + tracking.second_nodes[position]]
            found[tracking.seconds[position], 0] = node
            position += 1
    assert position == len(tracking.seconds)
    inner = tracking.tops < M
    found[tracking.tops[inner], 1] = np.flatnonzero(inner)

    for (sentence, step), places in machine.seen.items():
        transition = number[sentence, step]
        assert tracking.previous[transition] == number.get((sentence, step - 1), M)
        for place, entry in enumerate(places):
            is_word = entry is not None and entry[0] == "word"
            assert tracking.words[transition, place] == (entry[1] if is_word else N)
            if place > 0:
                is_node = entry is not None and entry[0] == "node"
                assert found[transition, place - 1] == (steps.nodes[entry[1]] if is_node else -1)
    for reduce, where in machine.made.items():
        assert tracking.reduces[steps.nodes[reduce]] == number[where]


@pytest.mark.parametrize("trees", BATCHES)
def test_roots_are_the_last_entries(trees: list[bytes]) -> None:
    schedule, machine = schedule_of(trees), Machine(trees)
    N = len(schedule.each.words)
    expected = [index + N * (kind == "node") for kind, index in machine.roots]
    assert schedule.roots.tolist() == expected


@pytest.mark.parametrize("trees", BATCHES)
def test_leaves_represent_words_and_left_children_come_first(trees: list[bytes]) -> None:
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


def test_the_sequence_goes_step_by_step_with_the_longest_first() -> None:
    sequence = schedule_of([S + S + R, S + S + S + R + R, S]).sequence  # words 0 1, 2 3 4, 5
    assert sequence.rows.tolist() == [1, 0, 2]
    assert sequence.live == (3, 2, 1)
    assert sequence.words.tolist() == [2, 0, 5, 3, 1, 4]


@pytest.mark.parametrize(
    ("trees", "message"),
    [
        (
            [S, S + R + S],
            "sentence 1, transition 1 is REDUCE: REDUCE needs two entries on the stack",
        ),
        ([S + S + S], "sentence 0, transition 2 is SHIFT: the last must leave one entry"),
        ([S + S + R, S + S + b"\x07"], "sentence 1, transition 2 is 7: expected SHIFT"),
        ([S, S + S + R + R + S], "sentence 1, transition 3 is REDUCE: REDUCE needs two"),
    ],
)
def test_illegal_transitions_are_named(trees: list[bytes], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        schedule_of(trees)


def test_lengths_are_checked() -> None:
    transitions, none = np.zeros(1, dtype=np.uint8), np.zeros(0, dtype=np.int64)
    with pytest.raises(ValueError, match="no sentences"):
        plan(transitions[:0], none, none)
    with pytest.raises(ValueError, match="sentence 1 has 0 words; expected at least 1"):
        plan(transitions, np.array([1, 0]), np.array([3]))
    with pytest.raises(ValueError, match="1 for lengths that need 3"):
        plan(transitions, np.array([2]), np.array([3, 4]))


def test_the_worked_example_of_the_docstrings() -> None:
    """The arrays in schedule.py and planning.py: ( the ( old church ) ) and ( robins sing )."""
    trees = [S + S + S + R + R, S + S + R]
    schedule = schedule_of(trees)
    assert (
        as_lists(schedule.each)
        == as_lists(schedule.distinct)
        == {
            "lefts": 3,
            "words": [0, 1, 3, 2, 4],
            "which": [0, 1, 3, 2, 4],
            "order": [0, 1, 3, 2, 4],
            "starts": [0, 1, 2, 3, 4],
        }
    )
    assert as_lists(schedule.levels) == {
        "sizes": ((0, 0, 0), (0, 1, 1), (0, 0, 1)),
        "left_groups": (0, 0, 0),
        "lefts": [],
        "rights": [0],
        "parents": [2, 3, 3],
        "places": [5, 6, 6],
        "word_places": [4, 0, 1, 2, 3],
        "nodes": [0, 2, 1],
    }
    assert as_lists(schedule.steps) == {
        "sizes": ((0, 0, 0), (0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 0, 1)),
        "left_groups": (0, 0, 0),
        "lefts": [],
        "rights": [1],
        "parents": [3, 2, 3],
        "places": [6, 5, 6],
        "word_places": [4, 2, 3, 0, 1],
        "nodes": [1, 2, 0],
    }
    words = [[0, 5, 5], [3, 5, 5], [1, 5, 0], [4, 5, 3], [2, 0, 1], [5, 3, 4], [5, 1, 2], [5, 0, 5]]
    assert as_lists(schedule.tracking) == {
        "live": (2, 2, 2, 1, 1),
        "words": words,
        "previous": [8, 8, 0, 1, 2, 3, 4, 6],
        "packed": [0, 2, 4, 6, 7, 1, 3, 5],
        "reduces": [5, 6, 7],
        "rows": [1, 0, 0],
        "tops": [8, 7, 8],
        "seconds": [],
        "second_nodes": [],
        "second_sizes": (0, 0, 0),
    }
    assert as_lists(schedule.sequence) == {
        "live": (2, 2, 1),
        "words": [0, 3, 1, 4, 2],
        "rows": [0, 1],
    }
    assert schedule.roots.tolist() == [6, 7]
    assert schedule.composed.tolist() == [0, 1]
    assert schedule.alone.tolist() == []

    packed = np.frombuffer(b"".join(trees), dtype=np.uint8)
    forest = _Forest(packed, np.array([3, 2]))
    assert forest.sentence.tolist() == [0, 0, 0, 0, 0, 1, 1, 1]
    assert forest.step.tolist() == [0, 1, 2, 3, 4, 0, 1, 2]
    assert forest.number.tolist() == [0, 2, 4, 6, 7, 1, 3, 5]
    assert forest.top.tolist() == [8, 0, 1, 2, 3, 8, 5, 6]
    assert forest.second.tolist() == [8, 8, 0, 1, 0, 8, 8, 5]
    assert forest.side.tolist() == [LEFT, LEFT, RIGHT, RIGHT, ROOT, LEFT, RIGHT, ROOT]
    assert forest.parent.tolist() == [4, 3, 3, 4, 8, 7, 7, 8]
    assert forest.heights().tolist() == [0, 0, 0, 1, 2, 0, 0, 1]


def as_lists(part: object) -> dict[str, object]:
    return {
        field.name: value.tolist() if isinstance(value, np.ndarray) else value
        for field in fields(part)
        for value in [getattr(part, field.name)]
    }
