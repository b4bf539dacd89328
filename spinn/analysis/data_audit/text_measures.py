"""Sizes, targets, lengths, trees and words of the splits of sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from spinn.analysis.data_audit.repeated import Rows, corpus_rows, count_repeated
from spinn.data.text.corpus import NO_CLASS, Corpus
from spinn.data.text.report import ReadReport
from spinn.data.text.vocabulary import UNKNOWN, Vocabulary
from spinn.trees.agreement import Conventions, depth, f1, words_of
from spinn.trees.transitions import left_branching, right_branching

SKIPPED = ("unlabelled", "left_out", "bad_rows", "too_long")  # counts of a `ReadReport`


def measure_corpora(
    splits: Mapping[str, Corpus],
    reports: Mapping[str, ReadReport],
    *,
    names: Sequence[str],
    classes: Sequence[str],
    vocabulary: Vocabulary,
) -> dict[str, dict[str, Any]]:
    """Measure every split.

    Args:
        splits: by name, train first; none is empty.
        reports: of reading them.
        names: of the sentences of an example.
        classes: in the order of the labels.
        vocabulary: of train.

    Returns: for each split `examples`, `skipped` rows, `words`, `lengths` and, if there are any,
        `trees` of each sentence, `labels` of the examples and of the `nodes`, or `score`, and
        `repeated` inputs.
    """
    rows: dict[str, Rows] = {}
    measures: dict[str, dict[str, Any]] = {}
    for split, corpus in tqdm(splits.items(), desc="measuring", unit=" splits", disable=None):
        targets = class_numbers(corpus, corpus.targets, classes)
        has_classes, has_scores = (targets != NO_CLASS).any(), ~np.isnan(corpus.scores)
        found: dict[str, Any] = {
            "examples": len(corpus),
            "skipped": {name: vars(reports[split])[name] for name in SKIPPED},
            "words": count_words(corpus, vocabulary),
            "lengths": {name: lengths(corpus.lengths[:, i]) for i, name in enumerate(names)},
        }
        trees = _trees(corpus) if corpus.parsed else None
        if trees is not None:
            found["trees"] = {name: shapes(trees[i :: len(names)]) for i, name in enumerate(names)}
        if has_classes:
            found["labels"] = _counts(targets, classes)
        if corpus.has_nodes:
            nodes = class_numbers(corpus, corpus.node_targets, classes)
            found["nodes"] = _counts(nodes, classes)
        if has_scores.any():
            found["score"] = distribution(corpus.scores[has_scores])
        compared = targets if has_classes else corpus.scores
        current = corpus_rows(corpus, compared, trees, lowercase=vocabulary.lowercase)
        earlier = {name: rows[name] for name in rows if name in ("train", "dev")}
        found["repeated"] = count_repeated(current, earlier)
        rows[split], measures[split] = current, found
    return measures


def class_numbers(
    corpus: Corpus, targets: NDArray[np.int32], classes: Sequence[str]
) -> NDArray[np.int64]:
    """Return indices into `classes` for indices into the corpus's own names; NO_CLASS stays."""
    places = {name: place for place, name in enumerate(classes)}
    numbers = np.array([*map(places.__getitem__, corpus.target_names), NO_CLASS], dtype=np.int64)
    return numbers[targets]  # NO_CLASS is -1, the last place


def _counts(numbers: NDArray[np.int64], classes: Sequence[str]) -> dict[str, int]:
    counts = np.bincount(numbers[numbers != NO_CLASS], minlength=len(classes)).tolist()
    return dict(zip(classes, counts, strict=True))


def distribution(values: NDArray[Any]) -> dict[str, float]:
    """Return mean, standard deviation and range of numbers."""
    values = values.astype(np.float64)
    return {
        "mean": float(values.mean()),
        "deviation": float(values.std()),
        "lowest": float(values.min()),
        "highest": float(values.max()),
    }


def lengths(counts: NDArray[np.integer[Any]]) -> dict[str, float]:
    """Return the mean, the median, the 95th percentile (a number that occurs), and the maximum."""
    return {
        "mean": float(counts.mean()),
        "median": float(np.median(counts)),
        "p95": float(np.quantile(counts, 0.95, method="inverted_cdf")),
        "max": float(counts.max()),
    }


def count_words(corpus: Corpus, vocabulary: Vocabulary) -> dict[str, int]:
    """Count words (tokens) and distinct words (types), and those that train's vocabulary lacks."""
    counts: Counter[str] = Counter()
    for word, times in corpus.counts().items():
        counts[word.lower() if vocabulary.lowercase else word] += times
    ids = vocabulary.encode(counts)
    unknown = [
        times for times, number in zip(counts.values(), ids, strict=True) if number == UNKNOWN
    ]
    return {
        "tokens": counts.total(),
        "types": len(counts),
        "unknown_tokens": sum(unknown),
        "unknown_types": len(unknown),
    }


def _trees(corpus: Corpus) -> list[bytes]:
    """Return the transitions of each sentence."""
    transitions = corpus.transitions.tobytes()
    ends = np.cumsum(2 * corpus.lengths.reshape(-1).astype(np.int64) - 1).tolist()
    return [transitions[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def shapes(trees: Sequence[bytes]) -> dict[str, float]:
    """Return mean and maximal depth, and the F1 with right-branching and left-branching trees.

    The F1 has the conventions of ListOps, the defaults of `Conventions`.
    """
    counts = Counter(trees)  # short sentences have few different trees
    times = np.array(list(counts.values()))
    depths = np.array([depth(tree) for tree in counts])
    measures = {
        "depth_mean": float(np.average(depths, weights=times)),
        "depth_max": float(depths.max()),
    }
    for name, grow in (("right", right_branching), ("left", left_branching)):
        agreement = [f1([tree], [grow(words_of(tree))], Conventions()) for tree in counts]
        measures[f"f1_{name}"] = float(np.average(agreement, weights=times))
    return measures
