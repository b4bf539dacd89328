"""Batches that every encoder and machine is tested on."""

import random
from collections.abc import Callable

import pytest
import torch

from spinn.batch.sentences import Sentences
from spinn.trees.transitions import every_tree, random_tree

VOCABULARY = 12


@pytest.fixture(autouse=True)
def double_precision() -> object:
    """Comparisons are exact to rounding only in float64."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def pack(trees: list[bytes], seed: int = 0) -> Sentences:
    """Put random words under the trees; few different ones, so that words repeat."""
    rng = random.Random(seed)
    words = [[rng.randrange(1, VOCABULARY) for _ in range((len(t) + 1) // 2)] for t in trees]
    return Sentences.from_lists(words, trees)


def split(sentences: Sentences) -> list[Sentences]:
    """Each sentence of a batch alone."""
    lengths = sentences.lengths
    words = sentences.words.split(lengths.tolist())
    transitions = sentences.transitions.split((2 * lengths - 1).tolist())
    return [
        Sentences.from_lists([w.tolist()], [bytes(m.tolist())])
        for w, m in zip(words, transitions, strict=True)
    ]


def shapes() -> list[bytes]:
    """Every tree of up to six leaves, in no order of length."""
    trees = [tree for length in range(1, 7) for tree in every_tree(length)]
    random.Random(0).shuffle(trees)
    return trees


def ragged() -> list[bytes]:
    rng = random.Random(1)
    return [random_tree(length, rng) for length in (3, 1, 14, 2, 9, 1, 7, 7, 20, 1)]


BATCHES: dict[str, Callable[[], list[bytes]]] = {
    "shapes": shapes,
    "ragged": ragged,
    "one word": lambda: [b"\x00"],
    "only words": lambda: [b"\x00"] * 3,
    "two words": lambda: [b"\x00\x00\x01"],
}


@pytest.fixture(params=BATCHES)
def batch(request: pytest.FixtureRequest) -> Sentences:
    """Run the test on every kind of batch."""
    return pack(BATCHES[request.param]())


@pytest.fixture
def ragged_batch() -> Sentences:
    """Ten sentences of very different lengths, some of one word."""
    return pack(ragged())


@pytest.fixture
def alone() -> Callable[[Sentences], list[Sentences]]:
    """Split a batch into its sentences."""
    return split
