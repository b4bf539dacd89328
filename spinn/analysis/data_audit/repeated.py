"""Inputs that occur several times, within a split and across splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinn.data.text.corpus import Corpus
from spinn.data.text.partition import Keys, sentence_hashes


class Rows(NamedTuple):
    """The examples of a split as numbers that can be compared across splits.

    Attributes:
        inputs: (examples,) equal for equal inputs.
        targets: (examples,) equal for equal targets.
        sentences: (examples, n) equal for equal sentences; None for an input of one part.
        parses: (examples,) equal for equal inputs with equal trees; None without trees.
    """

    inputs: Keys
    targets: NDArray[Any]
    sentences: Keys | None = None
    parses: Keys | None = None


def corpus_rows(
    corpus: Corpus, targets: NDArray[Any], trees: Sequence[bytes] | None, *, lowercase: bool
) -> Rows:
    """Return the rows of a corpus; an input is the words of its sentences in their order.

    Args: trees: transitions of each sentence; None without trees.
    """
    sentences = sentence_hashes(corpus, lowercase=lowercase)
    several, parses = sentences if sentences.shape[1] > 1 else None, None
    if trees is not None:
        parses = _in_order(np.concatenate([sentences, hashes(trees).reshape(sentences.shape)], 1))
    return Rows(_in_order(sentences), targets, several, parses)


def hashes(contents: Sequence[bytes]) -> Keys:
    """Return a number for each content, equal for equal contents."""
    digests = (blake2b(content, digest_size=8).digest() for content in contents)
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def count_repeated(split: Rows, earlier: Mapping[str, Rows]) -> dict[str, int]:
    """Count the examples of a split whose input occurs several times, or in an earlier split.

    Args: earlier: train, and dev for a test set; empty for train.

    Returns:
        repeated: examples whose input an earlier example has.
        contradictory: examples whose input occurs in the split with another target, too.
        contradictory_parses: those with equal trees and another target; only with trees.
        in_train, in_dev: examples whose input occurs there.
        other_target: examples whose input occurs in train with another target.
        exchanged, every_sentence, some_sentence: of inputs of several sentences, those whose
            sentences are an input of train in another order alone; those of which every or some
            sentence occurs in train, in any example and role.
    """
    own = _Targets(split.inputs, split.targets)
    least, most, _ = own.of(split.inputs)
    found = {
        "repeated": len(split.inputs) - len(own.inputs),
        "contradictory": int((least != most).sum()),
    }
    if split.parses is not None:
        least, most, _ = _Targets(split.parses, split.targets).of(split.parses)
        found["contradictory_parses"] = int((least != most).sum())
    for name, rows in earlier.items():
        least, most, known = _Targets(rows.inputs, rows.targets).of(split.inputs)
        found[f"in_{name}"] = int(known.sum())
        if name != "train":
            continue
        others = (least != split.targets) | (most != split.targets)
        found["other_target"] = int((known & others).sum())
        if split.sentences is None or rows.sentences is None:
            continue
        sets, train = (_in_order(np.sort(s, axis=1)) for s in (split.sentences, rows.sentences))
        seen = np.isin(split.sentences, rows.sentences)
        found["exchanged"] = int((np.isin(sets, train) & ~known).sum())
        found["every_sentence"] = int(seen.all(axis=1).sum())
        found["some_sentence"] = int(seen.any(axis=1).sum())
    return found


def _in_order(sentences: Keys) -> Keys:
    """(examples,) a number for the sentences of each example; it depends on their order."""
    factors = 2 * np.arange(sentences.shape[1], dtype=np.uint64) + np.uint64(1)
    numbers: Keys = (sentences * factors).sum(axis=1, dtype=np.uint64)
    return numbers


class _Targets:
    """The least and the greatest target of each distinct input of a split."""

    def __init__(self, inputs: Keys, targets: NDArray[Any]) -> None:
        order = np.argsort(inputs, kind="stable")
        inputs, targets = inputs[order], targets[order]
        starts = np.flatnonzero(np.append(True, inputs[1:] != inputs[:-1]))
        self.inputs = inputs[starts]
        self._least = np.minimum.reduceat(targets, starts)
        self._most = np.maximum.reduceat(targets, starts)

    def of(self, inputs: Keys) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_]]:
        """Return the least and the greatest target of inputs, and whether an input occurs.

        For an input that does not occur, the targets returned are those of another input.
        """
        places = np.minimum(np.searchsorted(self.inputs, inputs), len(self.inputs) - 1)
        return self._least[places], self._most[places], self.inputs[places] == inputs
