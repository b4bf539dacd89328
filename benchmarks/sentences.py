"""Batches for benchmarks: with SNLI's statistics, or of one length."""

import random

from spinn.batch.sentences import Sentences
from spinn.data.generators.snli_like import HYPOTHESIS, PREMISE, leaning_tree
from spinn.trees.transitions import balanced

VOCABULARY = 20_000


def snli_like(pairs: int, rng: random.Random) -> Sentences:
    """Draw premises (14 ± 6 words) and hypotheses (8 ± 3) as one batch.

    Word frequencies follow Zipf's law; trees are mostly right-branching, as in English.
    """
    lengths = [max(1, round(rng.gauss(*PREMISE))) for _ in range(pairs)]
    lengths += [max(1, round(rng.gauss(*HYPOTHESIS))) for _ in range(pairs)]
    return _draw_batch([leaning_tree(length, rng) for length in lengths], rng)


def of_length(length: int, words: int, rng: random.Random) -> Sentences:
    """Draw sentences of one length with balanced trees, `words` words in total."""
    return _draw_batch([balanced(length)] * max(1, words // length), rng)


def _draw_batch(trees: list[bytes], rng: random.Random) -> Sentences:
    lengths = [(len(tree) + 1) // 2 for tree in trees]
    zipf = [1 / rank for rank in range(1, VOCABULARY - 1)]
    words = iter(rng.choices(range(2, VOCABULARY), weights=zipf, k=sum(lengths)))
    return Sentences.from_lists([[next(words) for _ in range(length)] for length in lengths], trees)
