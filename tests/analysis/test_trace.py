import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from spinn.analysis.trace import LONGEST, OWN, Trace, marks
from spinn.batch.sentences import Sentences
from spinn.errors import InputError
from spinn.trees.transitions import Parse, left_branching, random_tree, right_branching, spans

P, H = "( ( all ( old dogs ) ) move )", "( some ( cats zebras ) )"


def test_move_number_s_makes_node_number_s(read: Callable[..., Trace]) -> None:
    premise, hypothesis = read(P, H).sides
    assert premise.moves == [0, 0, 0, 1, 1, 0, 1]
    assert [node.children for node in premise.nodes] == [(), (), (), (1, 2), (0, 3), (), (4, 5)]
    assert [node.span for node in premise.nodes] == [
        (0, 1), (1, 2), (2, 3), (1, 3), (0, 3), (3, 4), (0, 4),
    ]  # fmt: skip
    assert (premise.words, premise.unknown) == (["all", "old", "dogs", "move"], [False] * 4)
    assert hypothesis.unknown == [False, False, True]
    assert (premise.source, hypothesis.source) == ("given", "right")


def test_spans_are_those_of_the_tree(read: Callable[..., Trace]) -> None:
    rng = random.Random(0)
    for length in (1, 2, 3, 9, 60):
        tree = random_tree(length, rng)
        side = read(Parse(("dogs",) * length, tree), "cats").sides[0]
        assert [node.span for node in side.nodes if node.children] == spans(tree)
        for node in side.nodes:
            if node.children:
                left, right = (side.nodes[child].span for child in node.children)
                assert (left[0], right[1], left[1]) == (*node.span, right[0])


def alone(task: Any, bracketed: list[tuple[list[int], bytes]]) -> torch.Tensor:
    """The sentences' vectors, each encoded as a sentence of its own."""
    words, trees = zip(*bracketed, strict=True)
    vectors: torch.Tensor = task.encoder(Sentences.from_lists(words, trees)).sentence
    return vectors


@torch.no_grad()
def test_a_node_without_context_is_its_words_read_as_a_sentence(
    read: Callable[..., Trace], small: Callable[..., Any]
) -> None:
    task = small(tracker_size=None)  # a Tracker would have seen what came before
    told = read(P, H, task)
    old_dogs, cats, premise, hypothesis = alone(
        task,
        [
            ([4, 5], right_branching(2)),
            ([6], b"\x00"),
            ([2, 4, 5, 7], b"\x00\x00\x00\x01\x01\x00\x01"),
            ([3, 6, 1], right_branching(3)),
        ],
    )
    for first, second, found in (
        (old_dogs, hypothesis, told.sides[0].nodes[3].probabilities),
        (premise, cats, told.sides[1].nodes[1].probabilities),
        (premise, hypothesis, told.probabilities),
    ):
        expected = task.classify(torch.stack([first, second])).softmax(dim=1)[0]
        assert found == pytest.approx(expected.tolist(), abs=1e-4)
    cosine = torch.cosine_similarity(old_dogs, cats, dim=0).item()
    assert told.cosine[3][1] == pytest.approx(cosine, abs=1e-3)


@pytest.mark.parametrize("tracker_size", [4, None])
def test_the_roots_say_what_the_pair_says(
    tracker_size: int | None, read: Callable[..., Trace], small: Callable[..., Any]
) -> None:
    told = read(P, H, small(tracker_size=tracker_size))
    for side in told.sides:
        assert side.nodes[-1].probabilities == told.probabilities
    assert told.label == told.labels[int(np.argmax(told.probabilities))]


def test_a_sentence_is_as_near_as_can_be_to_itself(read: Callable[..., Trace]) -> None:
    cosine = np.array(read(P, P).cosine)
    np.testing.assert_allclose(np.diag(cosine), 1, atol=1e-3)
    np.testing.assert_allclose(cosine, cosine.T, atol=1e-3)
    assert np.abs(cosine).max() <= 1.001


def test_one_word_each(read: Callable[..., Trace]) -> None:
    told = read("dogs", "cats")
    assert [side.moves for side in told.sides] == [[0], [0]]
    assert np.array(told.cosine).shape == (1, 1)


def test_tracking_is_there_with_a_tracker_alone(
    read: Callable[..., Trace], small: Callable[..., Any]
) -> None:
    with_tracker = read(P, H).sides
    assert [np.array(side.tracking).shape for side in with_tracker] == [(7, 4), (5, 4)]
    for side in read(P, H, small(tracker_size=None)).sides:
        assert side.tracking is side.chances is None


def test_an_encoder_that_chooses_its_own_trees(
    read: Callable[..., Trace], small: Callable[..., Any], chooser: Any
) -> None:
    told = read(P, H, small(chooser))
    for side in told.sides:
        assert bytes(side.moves) == left_branching(len(side.words))
        assert side.chances == [0.75 if move else 0.25 for move in side.moves]
        assert side.source == OWN


@pytest.mark.parametrize("words", [LONGEST, LONGEST + 1])
def test_a_sentence_has_at_most_so_many_words(words: int, read: Callable[..., Trace]) -> None:
    long = Parse(("dogs",) * words, right_branching(words))
    if words == LONGEST:
        assert len(read("cats", long).sides[1].nodes) == 2 * LONGEST - 1
        return
    with pytest.raises(InputError, match=r"hypothesis: 401 words; inspect shows at most 400"):
        read("cats", long)


def test_models_that_cannot_be_looked_into(
    read: Callable[..., Trace], small: Callable[..., Any], no_tree: Any
) -> None:
    with pytest.raises(InputError, match=r"tiny model \(NoTree\) builds no tree, so there are no"):
        read(P, H, small(lambda _: no_tree()))
    with pytest.raises(InputError, match="tiny model looks at the hypothesis alone"):
        read(P, H, small(sentences="hypothesis"))


def test_marks_tell_labels_apart() -> None:
    assert marks(["entailment", "neutral", "contradiction"]) == ["E", "N", "C"]
    assert marks(["=", "<", "v", "#"]) == ["=", "<", "V", "#"]
    assert marks(["none", "never", "not"]) == ["Non", "Nev", "Not"]
    assert marks(["a", "A"]) == ["a", "A"]
