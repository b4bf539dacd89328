"""How the trees of compared runs agree with gold trees and with each other."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from statistics import fmean
from typing import Any

from spinn.analysis.comparison.comparison import Comparison, formatter
from spinn.analysis.comparison.records import RunRecord
from spinn.analysis.comparison.tables import Table
from spinn.data.dataset import Dataset, TextDataset
from spinn.data.text.corpus import Corpus
from spinn.errors import InputError
from spinn.training.evaluation import encoder_trees
from spinn.training.loading import load_run
from spinn.trees.agreement import Conventions, against_shapes, f1
from spinn.trees.transitions import Parse

CONVENTIONS = Conventions()


def add_tree_agreement(found: dict[str, Any], comparison: Comparison) -> None:
    """Add two results of test to each run of a comparison's summary.

    `tree_f1` is the unlabelled F1 of the run's trees with gold trees, `tree_f1_seeds` the mean F1
    with the trees of the row's other runs; each distinct sentence counts once.
    """
    for row, summarised in zip(comparison.rows, found["rows"], strict=True):
        trees, golds = zip(*(trees_of_test(run) for run in row.runs), strict=True)
        between = f1_between(trees)
        for number, run in enumerate(summarised["runs"]):
            run["results"]["test"]["tree_f1"] = f1(trees[number], golds[number], CONVENTIONS)
            if between:
                run["results"]["test"]["tree_f1_seeds"] = between[number]


def agreement_table(found: Mapping[str, Any]) -> Table:
    """Return the agreement of each row's trees, from a summary to which it was added."""
    percent = formatter("tree_f1")
    lines = []
    for row in found["rows"]:
        runs = [run["results"]["test"] for run in row["runs"]]
        cells = []
        for name in ("tree_f1", "tree_f1_seeds"):
            values = [run[name] for run in runs if name in run]
            cells.append(percent(fmean(values)) if values else "–")
        lines.append([row["name"], *cells])
    note = f"{CONVENTIONS.describe()}; each sentence of test once; mean over seeds, in per cent."
    return Table("Trees", ["", "F1 with gold", "F1 between seeds"], lines, 1, [note])


def f1_between(trees: Sequence[Sequence[bytes]]) -> list[float]:
    """Return the mean F1 of each run's trees with those of the other runs; empty for one run.

    Args: trees: of each run, of the same sentences.
    """
    shared: list[list[float]] = [[] for _ in trees]
    for a, b in combinations(range(len(trees)), 2):
        value = f1(trees[a], trees[b], CONVENTIONS)
        shared[a].append(value)
        shared[b].append(value)
    return [fmean(values) for values in shared if values]


def trees_of_test(record: RunRecord) -> tuple[list[bytes], list[bytes]]:
    """Return the encoder's trees of the distinct sentences of test, and the gold trees.

    Raises: InputError: if the dataset has no sentences, or its files are not those of training.
    """
    run = load_run(record.path)
    dataset = _of_text(run.dataset)
    splits = dataset.load()
    if splits.fingerprint != record.results.get("data_fingerprint"):
        raise InputError(
            f"{record.path} was trained on other files than those of {dataset.settings.root}"
        )
    with_gold = replace(dataset, settings=replace(dataset.settings, trees="gold"))
    given, gold = sentences_of(splits.test), sentences_of(with_gold.load().test)
    distinct = dict(zip(gold, given, strict=True))
    trees = encoder_trees(run.task.encoder, list(distinct.values()), run.vocabulary, batch_size=256)
    return trees, [tree for _, tree in distinct]


def sentences_of(corpus: Corpus) -> list[Parse]:
    """Return all sentences of a corpus."""
    return [parse for example in corpus for parse in example.sentences]


def shapes_of_test(dataset: Dataset) -> dict[str, Any]:
    """Return the F1 of simple shapes with the gold trees of test, in the form of a summary.

    Each example counts, as in Nangia and Bowman 2018. A row is a shape: left, right, balanced or
    random.

    Raises: InputError: if the dataset has no sentences.
    """
    golds = [parse.transitions for parse in sentences_of(_of_text(dataset).load().test)]
    scores = against_shapes(golds, CONVENTIONS, draws=1, seed=1)
    return {
        "rows": [
            {
                "settings": {"trees": shape},
                "runs": [{"experiment": None, "results": {"test": {"tree_f1": score}}}],
            }
            for shape, score in scores.items()
        ]
    }


def _of_text(dataset: Dataset) -> TextDataset:
    if not isinstance(dataset, TextDataset):
        raise InputError("a dataset of sequences has no trees")
    return dataset
