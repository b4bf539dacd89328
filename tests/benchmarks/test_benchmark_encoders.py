"""The encoders of the benchmark agree with each other."""

import random
from collections.abc import Iterator

import pytest
import torch

from benchmarks.encoders import ENCODERS, TWINS, build, check_agreement
from benchmarks.sentences import of_length, snli_like
from spinn.batch.sentences import Sentences
from spinn.trees.transitions import balanced


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def sentences() -> Sentences:
    """A batch with sentences of different lengths."""
    rng = random.Random(3)
    batch = snli_like(12, rng)
    assert int(batch.lengths.min()) < int(batch.lengths.max())
    return batch


def test_equivalent_encoders_agree_in_vectors_and_gradients(sentences: Sentences) -> None:
    check_agreement(build(tuple(ENCODERS), 6, 5), sentences, tolerance=1e-9)


@pytest.mark.parametrize("trees", [[b"\x00"], [b"\x00"] * 3, [b"\x00", b"\x00\x00\x01"]])
def test_equivalent_encoders_agree_on_single_words(trees: list[bytes]) -> None:
    words = [list(range(2, 2 + (len(tree) + 1) // 2)) for tree in trees]
    names = tuple(name for pair in TWINS.items() for name in (pair[0], *pair[1]))
    encoders = build(names, 6, 5)
    for encoder in encoders.values():  # nothing is composed, so some weights have no gradient
        encoder.requires_grad_(False)
    for name, twins in TWINS.items():
        batch = Sentences.from_lists(words, trees)
        for twin in twins:
            torch.testing.assert_close(
                encoders[twin](batch).sentence, encoders[name](batch).sentence
            )


def test_an_encoder_that_differs_is_an_error_with_its_name(sentences: Sentences) -> None:
    encoders = build(tuple(ENCODERS), 6, 5)
    with torch.no_grad():
        encoders["lstm padded"].get_parameter("network.weight_hh_l0").add_(1e-3)
    with pytest.raises(AssertionError, match="lstm padded differs from lstm packed"):
        check_agreement(encoders, sentences, tolerance=1e-6)


def test_the_bound_composes_every_node_once(sentences: Sentences) -> None:
    bound = build(("bound",), 6, 5)["bound"]
    assert bound(sentences).sentence.shape == (len(sentences.words) - len(sentences), 6)


def test_a_batch_of_one_length_has_the_given_number_of_words() -> None:
    batch = of_length(30, 200, random.Random(0))
    assert batch.lengths.tolist() == [30] * 6
    assert bytes(batch.transitions[:59].tolist()) == balanced(30)
    assert of_length(1000, 10, random.Random(0)).lengths.tolist() == [1000]
