"""What a reviewer asks about a dataset: sizes, balance, lengths, overlaps, shallow baselines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spinn.analysis.data_audit.findings import findings
from spinn.analysis.data_audit.series_measures import measure_series
from spinn.analysis.data_audit.shallow_baselines import (
    class_baselines,
    is_available,
    score_baselines,
)
from spinn.analysis.data_audit.text_measures import measure_corpora
from spinn.data.dataset import Dataset, TextDataset
from spinn.data.text.splits import Splits

MISSING = 'baselines need scikit-learn, which is missing: pip install "spinn[audit]"'


def audit_dataset(dataset: Dataset, splits: Any, classes: Sequence[str] | None) -> dict[str, Any]:
    """Measure the splits of a dataset, and train baselines on its training split.

    Args:
        dataset: its settings.
        splits: as its `load` returns them.
        classes: names of the classes or output symbols; None where targets are numbers.

    Returns: values for JSON: `contents`, `splits` (see `measure_corpora` and `measure_series`),
        `baselines` of sentences (see `class_baselines` and `score_baselines`), and `findings`.
    """
    sets = {"train": splits.train, "dev": splits.dev, "test": splits.test, **splits.tests}
    sets = {name: examples for name, examples in sets.items() if len(examples)}
    audit: dict[str, Any] = {"contents": dataset.describe(trees=False)}
    if isinstance(dataset, TextDataset):
        audit |= _audit_sentences(dataset, splits, sets, classes or ())
    else:
        audit["splits"] = measure_series(sets, dataset, classes)
    audit["findings"] = findings(audit)
    return {**audit, "fingerprint": splits.fingerprint}


def _audit_sentences(
    dataset: TextDataset, splits: Splits, sets: dict[str, Any], classes: Sequence[str]
) -> dict[str, Any]:
    names, lowercase = dataset.sentence_names, dataset.settings.lowercase
    measures = measure_corpora(
        sets,
        splits.reports,
        names=names,
        classes=classes,
        vocabulary=dataset.vocabulary(splits),
    )
    baselines: dict[str, Any] = {}
    if not is_available():
        baselines["missing"] = {"skipped": MISSING}
    else:
        if "labels" in measures["train"]:
            baselines["class"] = class_baselines(
                sets, names=names, classes=classes, lowercase=lowercase
            )
        if "score" in measures["train"]:
            baselines["score"] = score_baselines(sets, names=names, lowercase=lowercase)
    trees = dataset.settings.trees if "trees" in measures["train"] else None
    return {"sentences": list(names), "trees": trees, "splits": measures, "baselines": baselines}
