"""Batches to measure on: like SNLI's, or of one given length."""

import random

from spinn.batch.sentences import Sentences
from spinn.data.generators.snli_like import HYPOTHESIS, PREMISE, leaning_tree
from spinn.trees.transitions import balanced

VOCABULARY = 20_000


def snli_like(pairs: int, rng: random.Random) -> Sentences:
    """Premises (14 ± 6 words) and hypotheses (8 ± 3), packed together.

    Word frequencies follow Zipf's law, and trees lean to the right as those of English do.
    """
    lengths = [max(1, round(rng.gauss(*PREMISE))) for _ in range(pairs)]
    lengths += [max(1, round(rng.gauss(*HYPOTHESIS))) for _ in range(pairs)]
    return _pack([leaning_tree(length, rng) for length in lengths], rng)


def of_length(length: int, words: int, rng: random.Random) -> Sentences:
    """As many sentences of one length, with balanced trees, as have `words` words in all."""
    return _pack([balanced(length)] * max(1, words // length), rng)


def _pack(trees: list[bytes], rng: random.Random) -> Sentences:
    lengths = [(len(tree) + 1) // 2 for tree in trees]
    zipf = [1 / rank for rank in range(1, VOCABULARY - 1)]
    words = iter(rng.choices(range(2, VOCABULARY), weights=zipf, k=sum(lengths)))
    return Sentences.from_lists([[next(words) for _ in range(length)] for length in lengths], trees)
