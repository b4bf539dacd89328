"""Baselines without trees, trained on train: one sentence alone, overlaps, bags of n-grams.

They need scikit-learn and SciPy, of the extra `audit`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from spinn.analysis.comparison.statistics import holm
from spinn.analysis.data_audit.text_measures import class_numbers
from spinn.data.text import bags
from spinn.data.text.corpus import NO_CLASS, Corpus, Integers

MOST_EXAMPLES = 50_000  # of train
MOST_CLASSES = 50
MOST_WEIGHTS = 2_000_000  # of a linear model; its optimizer needs some 200 bytes for each
CHUNK = 10_000  # examples that are predicted at once
SEED = 1  # of the examples of train
LEVEL = 0.05  # of significance
Numbers = NDArray[Any]


@dataclass(frozen=True)
class Baseline:
    """What a baseline reads.

    Attributes:
        name: of what it reads.
        features: (examples, features) of a corpus.
        counts: whether the features are a few counts, for boosted trees; if not, many n-grams, for
            a linear model.
        leak: whether it reads too little to find the target, unless the data leaks it.
    """

    name: str
    features: Callable[[Corpus], Any]
    counts: bool = False
    leak: bool = False


def is_available() -> bool:
    """Whether the libraries are installed."""
    return all(find_spec(module) is not None for module in ("sklearn", "scipy"))


def class_baselines(
    splits: Mapping[str, Corpus],
    *,
    names: Sequence[str],
    classes: Sequence[str],
    lowercase: bool,
) -> dict[str, Any]:
    """Return the accuracies of the majority of train and of classifiers, with 95 % intervals.

    A classifier beats the majority on a split if McNemar's exact test is significant, one-sided,
    with Holm's correction over all classifiers and splits.

    Args:
        splits: by name, train first.
        names: of the sentences of an example.
        classes: in the order of the labels.
        lowercase: whether words that differ only in case are one word.

    Returns: `examples` of train that were used, the class `majority` and `models`; `skipped` with
        the reason where there are none.
    """
    gold = {name: class_numbers(c, c.targets, classes) for name, c in splits.items()}
    labelled = {name: np.flatnonzero(numbers != NO_CLASS) for name, numbers in gold.items()}
    counts = np.bincount(gold["train"][labelled["train"]], minlength=len(classes))
    if (counts > 0).sum() > MOST_CLASSES:
        found = int((counts > 0).sum())
        return {"skipped": f"train has {found:,} classes; baselines need at most {MOST_CLASSES}"}
    rows = {name: found for name, found in labelled.items() if len(found)}
    rows["train"] = _sample(rows["train"])
    # A model cannot learn a class from one example, and scikit-learn refuses it.
    learnable = np.bincount(gold["train"][rows["train"]], minlength=len(classes)) > 1
    if learnable.sum() < 2:
        return {"skipped": "train has fewer than two classes with two examples or more"}
    rows["train"] = rows["train"][learnable[gold["train"][rows["train"]]]]
    targets = {name: gold[name][chosen] for name, chosen in rows.items()}
    majority = int(counts.argmax())
    common = {name: target == majority for name, target in targets.items() if name != "train"}
    models: dict[str, Any] = {
        "majority": {"sets": {name: _accuracy(right) for name, right in common.items()}}
    }
    fitted = _fit(
        {name: splits[name].take(chosen) for name, chosen in rows.items()},
        targets["train"],
        names=names,
        most=MOST_WEIGHTS // (int(learnable.sum()) * bags.blocks(len(names))),
        lowercase=lowercase,
        makers=(bags.linear, bags.boosted),
    )
    for baseline, outputs in fitted:
        sets = {}
        for name, predicted in outputs.items():
            right = predicted == targets[name]
            sets[name] = {**_accuracy(right), "p": _mcnemar(right, common[name])}
            sets[name]["points"] = 100 * float(right.mean() - common[name].mean())
        models[baseline.name] = {"leak": baseline.leak, "sets": sets}
    _mark_significant(models)
    return {"examples": len(rows["train"]), "majority": classes[majority], "models": models}


def score_baselines(
    splits: Mapping[str, Corpus], *, names: Sequence[str], lowercase: bool
) -> dict[str, Any]:
    """Return the errors of train's mean, and Pearson and errors of regressions.

    A regression beats the mean on a split if its Pearson is above 0, tested as in
    `class_baselines`. Pearson is None for constant predictions or scores.

    Args and Returns: as `class_baselines`; `mean` in place of `majority`.
    """
    scored = {name: np.flatnonzero(~np.isnan(corpus.scores)) for name, corpus in splits.items()}
    rows = {name: found for name, found in scored.items() if len(found)}
    rows["train"] = _sample(rows["train"])
    targets = {name: splits[name].scores[chosen] for name, chosen in rows.items()}
    if targets["train"].min() == targets["train"].max():
        return {"skipped": f"every score of train is {targets['train'][0]:g}"}
    mean = float(targets["train"].mean())
    sets = {
        name: {"mse": float(np.square(target - mean).mean())}
        for name, target in targets.items()
        if name != "train"
    }
    models: dict[str, Any] = {"mean": {"sets": sets}}
    fitted = _fit(
        {name: splits[name].take(chosen) for name, chosen in rows.items()},
        targets["train"],
        names=names,
        most=MOST_WEIGHTS // bags.blocks(len(names)),
        lowercase=lowercase,
        makers=(bags.linear_regression, bags.boosted_regression),
    )
    for baseline, outputs in fitted:
        models[baseline.name] = {
            "leak": baseline.leak,
            "sets": {
                name: _pearson(predicted, targets[name]) for name, predicted in outputs.items()
            },
        }
    _mark_significant(models)
    return {"examples": len(rows["train"]), "mean": mean, "models": models}


def _sample(rows: Integers) -> Integers:
    """Return at most MOST_EXAMPLES of the rows, in their order."""
    if len(rows) <= MOST_EXAMPLES:
        return rows
    return np.sort(np.random.default_rng(SEED).choice(rows, MOST_EXAMPLES, replace=False))


def _baselines(
    train: Corpus, names: Sequence[str], most: int, *, lowercase: bool
) -> list[Baseline]:
    def sentence(number: int) -> Callable[[Corpus], Any]:
        return lambda corpus: bigrams(corpus)[number]

    words, bigrams = (
        bags.Bags(train, bigrams=pairs, most=most, lowercase=lowercase) for pairs in (False, True)
    )
    alone = [Baseline(f"{name} alone", sentence(i), leak=True) for i, name in enumerate(names)]
    return [
        *(alone if len(names) > 1 else []),
        Baseline(
            "lengths and overlap" if len(names) > 1 else "length",
            lambda corpus: bags.overlaps(corpus, lowercase=lowercase),
            counts=True,
            leak=True,
        ),
        Baseline("bag of words", lambda corpus: bags.combined(words(corpus))),
        Baseline("bag of bigrams", lambda corpus: bags.combined(bigrams(corpus))),
    ]


def _fit(
    splits: Mapping[str, Corpus],
    targets: Numbers,
    *,
    names: Sequence[str],
    most: int,
    lowercase: bool,
    makers: tuple[Callable[[], Any], Callable[[], Any]],
) -> Iterator[tuple[Baseline, dict[str, Numbers]]]:
    """Yield each baseline, fitted on train, and its predictions on the other splits.

    Args:
        most: n-grams.
        makers: of a linear model, and of boosted trees.
    """
    from sklearn.exceptions import ConvergenceWarning

    train = splits["train"]
    baselines = _baselines(train, names, most, lowercase=lowercase)
    bar = tqdm(baselines, desc="baselines", unit=" baselines", disable=None)
    for baseline in bar:
        bar.set_postfix_str(baseline.name)
        model = makers[baseline.counts]()
        with warnings.catch_warnings():  # the last iterations change an accuracy little
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(baseline.features(train), targets)
        yield (
            baseline,
            {
                name: np.concatenate(
                    [
                        model.predict(baseline.features(corpus[start : start + CHUNK]))
                        for start in range(0, len(corpus), CHUNK)
                    ]
                )
                for name, corpus in splits.items()
                if name != "train"
            },
        )


def _accuracy(right: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the share of right predictions and Wilson's 95 % interval."""
    from scipy.stats import binomtest

    interval = binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
    return {"accuracy": float(right.mean()), "low": interval.low, "high": interval.high}


def _mcnemar(right: NDArray[np.bool_], common: NDArray[np.bool_]) -> float:
    """Return the one-sided p of McNemar's exact test, a sign test over the differences."""
    from scipy.stats import binomtest

    better, worse = int((right & ~common).sum()), int((common & ~right).sum())
    if not better + worse:
        return 1.0
    return float(binomtest(better, better + worse, alternative="greater").pvalue)


def _pearson(predicted: Numbers, target: Numbers) -> dict[str, Any]:
    """Return the mean squared error, and Pearson with its 95 % interval and one-sided p."""
    from scipy.stats import pearsonr

    found: dict[str, Any] = {"mse": float(np.square(predicted - target).mean())}
    if len(target) < 3 or any(np.allclose(values, values[0]) for values in (predicted, target)):
        return {**found, "pearson": None, "low": None, "high": None, "p": 1.0}
    interval = pearsonr(predicted, target).confidence_interval()
    result = pearsonr(predicted, target, alternative="greater")
    return {
        **found,
        "pearson": float(result.statistic),
        "low": float(interval.low),
        "high": float(interval.high),
        "p": float(result.pvalue),
    }


def _mark_significant(models: Mapping[str, Any]) -> None:
    """Set `better` in each significant result, with Holm's correction over all results."""
    results = [
        result for model in models.values() for result in model["sets"].values() if "p" in result
    ]
    adjusted = holm([result["p"] for result in results])
    for result, p in zip(results, adjusted, strict=True):
        result["better"] = p is not None and p < LEVEL
