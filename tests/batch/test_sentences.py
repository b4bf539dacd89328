import numpy as np
import pytest
import torch

from spinn.batch.schedule import Schedule
from spinn.batch.sentences import Sentences
from spinn.trees.transitions import right_branching

S, R = b"\x00", b"\x01"


def test_from_lists_packs_sentences() -> None:
    sentences = Sentences.from_lists([[7, 8, 9], [5], [6, 7]], [S + S + R + S + R, S, S + S + R])
    assert sentences.words.tolist() == [7, 8, 9, 5, 6, 7]
    assert sentences.lengths.tolist() == [3, 1, 2]
    assert bytes(sentences.transitions.tolist()) == S + S + R + S + R + S + S + S + R
    assert sentences.words.dtype == sentences.lengths.dtype == torch.int64
    assert sentences.transitions.dtype == torch.uint8
    assert len(sentences) == 3


def test_from_lists_takes_any_sequence_of_ids() -> None:
    first = Sentences.from_lists([(2, 3)], [S + S + R])
    second = Sentences.from_lists([torch.tensor([2, 3]).tolist()], [S + S + R])
    assert torch.equal(first.words, second.words)


def test_to_moves_words_and_pointers_and_leaves_the_rest() -> None:
    sentences = Sentences.from_lists([[2, 3], [4]], [S + S + R, S])
    moved = sentences.to("meta")
    assert moved.words.device.type == "meta"
    assert moved.lengths.device.type == moved.transitions.device.type == "cpu"
    devices: list[str] = []
    assert isinstance(moved.schedule, Schedule)
    moved.schedule.map(lambda pointers: devices.append(pointers.device.type))
    assert set(devices) == {"meta"}
    assert moved.schedule.steps.sizes == sentences.schedule.steps.sizes


@pytest.mark.parametrize(
    ("words", "transitions", "message"),
    [
        ([[2, 3]], [], "transitions: 0 parses for 1 sentences; expected one each"),
        ([[2], [2, 3]], [S, S], r"sentence 1: 1 transitions for 2 words; expected 2T-1"),
        ([[2], []], [S, b""], "sentence 1 has 0 words; expected at least 1"),
        ([], [], "no sentences; expected at least one"),
        ([[2, 3]], [S + R + S], "sentence 0, transition 1 is REDUCE"),
    ],
)
def test_wrong_lists_are_named(
    words: list[list[int]], transitions: list[bytes], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Sentences.from_lists(words, transitions)


def test_vectors_take_the_place_of_words() -> None:
    vectors = np.array([[1, 2], [1, 2], [3, 4], [1, 2]], dtype=np.float32)
    sentences = Sentences.from_vectors(vectors, np.array([3, 1]))
    assert torch.equal(sentences.words, torch.from_numpy(vectors))
    assert sentences.lengths.tolist() == [3, 1]
    assert bytes(sentences.transitions.tolist()) == right_branching(3) + S
    assert len(sentences) == 2
    assert sorted(sentences.schedule.distinct.words.tolist()) == [0, 1, 2, 3]
    assert sentences.to("meta").words.device.type == "meta"


def test_a_tensor_of_vectors_gets_its_gradient() -> None:
    vectors = torch.randn(4, 2, requires_grad=True)
    sentences = Sentences.from_vectors(vectors, np.array([3, 1]))
    (gradient,) = torch.autograd.grad(sentences.words.sum(), vectors)
    assert torch.equal(gradient, torch.ones(4, 2))
    with pytest.raises(ValueError, match=r"vectors: torch.int64 of shape \(4, 2\); expected"):
        Sentences.from_vectors(vectors.detach().long(), np.array([3, 1]))


def test_vectors_may_have_any_tree() -> None:
    vectors = np.zeros((4, 2))
    transitions = S + S + R + S + R + S
    sentences = Sentences.from_vectors(
        vectors, np.array([3, 1]), np.frombuffer(transitions, np.uint8).copy()
    )
    words = Sentences.from_lists([[2, 3, 4], [5]], [transitions[:5], transitions[5:]])
    assert torch.equal(sentences.transitions, words.transitions)
    assert torch.equal(sentences.schedule.levels.nodes, words.schedule.levels.nodes)
    assert torch.equal(sentences.schedule.each.words, words.schedule.each.words)


@pytest.mark.parametrize(
    ("vectors", "lengths", "message"),
    [
        (np.zeros(3), [3], r"vectors: float64 of shape \(3,\); expected floating point numbers of"),
        (np.zeros((3, 2), np.int64), [3], r"vectors: int64 of shape \(3, 2\); expected floating"),
        (np.zeros((3, 2)), [2], r"vectors: 3 rows; lengths add up to 2"),
        (np.zeros((3, 2)), [3, 0], "lengths: sentence 1 has 0 words; expected at least 1"),
        (np.zeros((0, 2)), [], "no sentences; expected at least one"),
    ],
)
def test_wrong_vectors_are_named(vectors: np.ndarray, lengths: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sentences.from_vectors(vectors, np.array(lengths, dtype=np.int64))
