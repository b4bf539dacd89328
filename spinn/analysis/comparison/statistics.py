"""Intervals and paired tests of two models: over seeds, over examples, and over both.

A run is a model trained with one seed. The S runs of a model, scored on the same R examples, have
scores (S, R). Each function makes a statement about other data than those at hand:

- new seeds, on this test set: `mean_interval`, `difference_interval`;
- new examples, for these trained models: `mcnemar` for one pair of runs, `paired_bootstrap` and
  `permutation_test` for the means over runs;
- new seeds and new examples: `hierarchical_bootstrap`.

The runs of a model share their examples. So McNemar's counts are never pooled over runs: S
predictions for one example are not S independent examples. All p-values are two-sided.
docs/statistics.md has the formulas, and a simulation of every function.
"""

from collections.abc import Sequence
from math import lcm
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, ndtr, ndtri, stdtr, stdtrit  # scipy.stats imports slowly

from spinn.analysis.comparison.resampling import (
    Floats,
    draw_counts,
    exchanged_sums,
    resampled_mean,
)

LEVEL = 0.95
FEWEST_SEEDS = 5  # of each model, for `hierarchical_bootstrap`
SEED_RESAMPLES = 10_000
EXAMPLE_RESAMPLES = 2_000  # each meets several resamples of the seeds
SMALLEST_TAIL = 1e-12  # the rounding errors of the Fourier transform hide smaller ones


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


class Difference(NamedTuple):
    """The interval of the difference a - b, and the p-value of "the difference is zero"."""

    interval: Interval
    p: float


def mean_interval(values: ArrayLike, level: float = LEVEL) -> Interval | None:
    """Return Student's t interval of the mean score over seeds, on this test set.

    Args:
        values: (S,) one score per run.
        level: the share of such intervals that contain the mean over all seeds.

    Returns: None for one run, which shows no spread over seeds.

    Raises: ValueError: without values, or if one is not finite.
    """
    scores = _array(values, "values", dimensions=1)
    if len(scores) == 1:
        return None
    error = np.sqrt(_variance_of_mean(scores))
    return _t_interval(scores.mean(), error, len(scores) - 1, level)


def difference_interval(a: ArrayLike, b: ArrayLike, level: float = LEVEL) -> Difference | None:
    """Return Welch's t interval and test of the difference of the mean scores over seeds.

    The statement is about new seeds of both models, on this test set. The seeds of two models are
    not paired: one seed gives two models unrelated initial weights. If no score varies with the
    seed, the interval has width zero, and p has its limit: 1 for equal scores, else 0.

    Args:
        a: (S_a,) one score per run of the first model.
        b: (S_b,) of the second.
        level: the share of such intervals that contain the difference over all seeds.

    Returns: None if a model has one run.

    Raises: ValueError: without values, or if one is not finite.
    """
    first, second = _array(a, "a", dimensions=1), _array(b, "b", dimensions=1)
    if min(len(first), len(second)) == 1:
        return None
    parts = [_variance_of_mean(first), _variance_of_mean(second)]
    difference = first.mean() - second.mean()
    if not any(parts):
        return Difference(Interval(float(difference), float(difference)), float(difference == 0))
    error = np.sqrt(sum(parts))
    freedom = _freedom(parts, [len(first) - 1, len(second) - 1], sum(parts))
    p = 2 * stdtr(freedom, -abs(difference) / error)
    return Difference(_t_interval(difference, error, freedom, level), float(p))


def mcnemar(correct_a: ArrayLike, correct_b: ArrayLike) -> float:
    """Return the p-value of McNemar's exact test of one run against another.

    The statement is about these two trained models on new examples: their accuracies are equal.
    Then, of the n examples that only one of them has right, each has a binomial number (n, 1/2).
    Where models have several runs, choose the pair without the test set: the runs best on dev.

    Args:
        correct_a: (R,) whether the first run is correct, 0 or 1.
        correct_b: (R,) of the second run, on the same examples.

    Raises: ValueError: without examples, with different numbers of them, or other values.
    """
    first, second = _pair(correct_a, correct_b, ("correct_a", "correct_b"), dimensions=1)
    if not np.isin((first, second), (0, 1)).all():
        raise ValueError("correct_a and correct_b must hold 0 and 1 alone")
    only_a, only_b = int((first > second).sum()), int((second > first).sum())
    return float(min(1.0, 2 * bdtr(min(only_a, only_b), only_a + only_b, 0.5)))


def paired_bootstrap(scores_a: ArrayLike, scores_b: ArrayLike, level: float = LEVEL) -> Difference:
    """Return interval and p-value of the difference of the mean scores, over examples.

    The statement is about these trained models on new examples: the means over the runs of each
    model, with the runs fixed.

    Nothing is random: the distribution over all R^R resamples is computed. The percentiles are
    Hesterberg's (2015) expanded ones, and p is one minus the level at which the interval reaches
    zero. It is at least 2^(1-n) with n examples of different scores, the least of a sign test.

    Args:
        scores_a: (S_a, R) a score per run and example, such as 1 for correct and 0 for wrong.
        scores_b: (S_b, R) of the second model, on the same examples.
        level: the share of such intervals that contain the difference over all examples.

    Raises: ValueError: with fewer than two examples, or different numbers of them.
    """
    a, b = _pair(scores_a, scores_b, ("scores_a", "scores_b"), dimensions=2, fewest=2)
    differences = a.mean(axis=0) - b.mean(axis=0)
    R = len(differences)
    least = min(1.0, 2.0 ** (1 - np.count_nonzero(differences)))
    if np.ptp(differences) <= 1e-12 * np.abs(differences).max():  # equal, up to rounding
        return Difference(Interval(float(differences[0]), float(differences[0])), least)
    whole = all((scores == np.rint(scores)).all() for scores in (a, b))
    means, shares = resampled_mean(differences, 1 / lcm(len(a), len(b)) if whole else 0.0)
    widening = np.sqrt(R / (R - 1))
    tail = ndtr(widening * stdtrit(R - 1, (1 - level) / 2))
    low = means[np.searchsorted(np.cumsum(shares), tail)]
    high = means[-1 - np.searchsorted(np.cumsum(shares[::-1]), tail)]
    beyond = min(shares[means <= 0].sum(), shares[means >= 0].sum())
    p = 2 * stdtr(R - 1, ndtri(max(beyond, SMALLEST_TAIL)) / widening)
    return Difference(Interval(float(low), float(high)), float(min(1.0, max(p, least))))


def pearson_contributions(gold: ArrayLike, predicted: ArrayLike) -> Floats:
    """Return what each example contributes to Pearson's correlation; the mean is the correlation.

    With y the standardized targets, z the standardized predictions and r their correlation, an
    example contributes y z - r (y² + z²) / 2 + r. The terms after y z are zero on average. With
    them, a contribution is r plus the influence of the example on r, so `paired_bootstrap` and
    `hierarchical_bootstrap` of contributions hold for correlations.

    Args:
        gold: (R,) targets.
        predicted: (S, R) predictions of S runs.

    Returns: (S, R).

    Raises: ValueError: if the targets, or the predictions of a run, are all equal.
    """
    z, y = _predictions(predicted, gold, "predicted")
    if np.ptp(y) == 0 or (np.ptp(z, axis=1) == 0).any():
        raise ValueError("Pearson's correlation is undefined for numbers that are all equal")
    y = (y - y.mean()) / y.std()
    z = (z - z.mean(axis=1, keepdims=True)) / z.std(axis=1, keepdims=True)
    r = (y * z).mean(axis=1, keepdims=True)
    contributions: Floats = y * z - r * (y**2 + z**2) / 2 + r
    return contributions


def permutation_test(
    gold: ArrayLike,
    predicted_a: ArrayLike,
    predicted_b: ArrayLike,
    statistic: Literal["pearson", "mse"] = "pearson",
    seed: int = 0,
) -> float:
    """Return the p-value of a paired permutation test for real targets.

    The statement is about these trained models on new examples: the means of the statistic over
    the runs of each model are equal. An exchange swaps what both models contribute to it, at some
    examples. For `mse` it swaps the squared errors, and so the predictions of all runs; the models
    may have different numbers of runs. For `pearson` it swaps `pearson_contributions`, which is
    the swap of standardized predictions to first order; raw ones may differ in scale.

    Up to 14 examples, all 2^R exchanges count. Beyond, a subgroup of 2^14 does (more where R is
    larger), which keeps the test exact (Koning and Hemerik 2024). It contains the exchange of
    nothing, and so needs no "+1" in p.

    Args:
        gold: (R,) targets.
        predicted_a: (S_a, R) predictions of the first model.
        predicted_b: (S_b, R) of the second.
        statistic: `pearson`, the correlation, or `mse`, the mean squared error.
        seed: of the choice of the subgroup.

    Raises: ValueError: without examples, with different numbers of them, or if a correlation is
        undefined.
    """
    if statistic == "pearson":
        a, b = pearson_contributions(gold, predicted_a), pearson_contributions(gold, predicted_b)
    else:
        a, b = (
            np.square(np.subtract(*_predictions(predicted, gold, name)))
            for predicted, name in ((predicted_a, "predicted_a"), (predicted_b, "predicted_b"))
        )
    differences = a.mean(axis=0) - b.mean(axis=0)
    sums = np.abs(exchanged_sums(differences, seed))
    rounding = 1e-9 * np.abs(differences).sum()
    return float((sums >= sums[0] - rounding).mean())


def hierarchical_bootstrap(
    scores_a: ArrayLike, scores_b: ArrayLike, level: float = LEVEL, seed: int = 0
) -> Interval | None:
    """Return the interval of the expected difference over new seeds and new examples.

    Seeds and examples are crossed: all runs have the same examples. A resample draws runs of each
    model, and examples once for all runs (the pigeonhole bootstrap, Owen 2007).

    The variance V* of the resampled differences is not that of the difference: it counts the noise
    of single predictions three times, and shrinks the spread over S seeds by (S - 1) / S. So the
    interval ends at the percentiles Φ(±t sqrt(V / V*)), where V is the unbiased variance of
    crossed random effects, and t has the degrees of freedom of Satterthwaite (1946). For one
    sample of n values, V / V* = n / (n - 1): Hesterberg's (2015) expanded percentiles.

    Args:
        scores_a: (S_a, R) a score per run and example.
        scores_b: (S_b, R) of the second model, on the same examples.
        level: the share of such intervals that contain the expected difference.
        seed: of the resamples.

    Returns: None with fewer than FEWEST_SEEDS runs of a model.

    Raises: ValueError: with fewer than two examples, or different numbers of them.
    """
    a, b = _pair(scores_a, scores_b, ("scores_a", "scores_b"), dimensions=2, fewest=2)
    if min(len(a), len(b)) < FEWEST_SEEDS:
        return None
    variance, freedom = _crossed_variance(a, b)
    difference = float(a.mean() - b.mean())
    if variance == 0:
        return Interval(difference, difference)
    R = a.shape[1]
    shifted = np.vstack([a - a.mean(), b - b.mean()]).astype(np.float32)
    counts = draw_counts(R, EXAMPLE_RESAMPLES, seed, 0)
    parts = np.array_split(counts, 1 + counts.size // 2**21)  # 8 MB each in float32
    means = np.concatenate([part.astype(np.float32) @ shifted.T for part in parts]) / R
    runs = np.hstack(
        [
            draw_counts(len(a), SEED_RESAMPLES, seed, 1) / np.float32(len(a)),
            draw_counts(len(b), SEED_RESAMPLES, seed, 2) / np.float32(-len(b)),
        ]
    ).reshape(-1, *means.shape)
    changes = np.einsum("es,kes->ke", means, runs).astype(np.float64)  # of the difference
    tail = ndtr(stdtrit(freedom, (1 - level) / 2) * np.sqrt(variance / changes.var()))
    low, high = difference + np.quantile(changes, [tail, 1 - tail])
    return Interval(float(low), float(high))


def _crossed_variance(a: Floats, b: Floats) -> tuple[float, float]:
    """Return the variance of the mean difference over seeds and examples, and its freedom.

    The variance over the means of runs and the variance over the examples both include the noise of
    single predictions; it is subtracted once.
    """
    R = a.shape[1]
    parts, noise = [], 0.0
    for scores in (a, b):
        S = len(scores)
        parts.append(_variance_of_mean(scores.mean(axis=1)))
        rest = scores - scores.mean(axis=0) - scores.mean(axis=1, keepdims=True) + scores.mean()
        noise += (rest**2).sum() / ((S - 1) * (R - 1)) / (S * R)
    parts.append(_variance_of_mean(a.mean(axis=0) - b.mean(axis=0)))
    # The true variance is at least that over seeds, and at least that over examples.
    variance = max(sum(parts) - noise, parts[0] + parts[1], parts[2])
    if variance == 0:
        return 0.0, 1.0
    return variance, _freedom(parts, [len(a) - 1, len(b) - 1, R - 1], variance)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return the p-values of a table's rows, adjusted by Holm's step-down method (1979).

    Rejecting those of at most 0.05 rejects any true hypothesis in at most 5 % of tables. The k-th
    smallest of m is multiplied by m - k + 1, and is at least the one before it.

    Args:
        p_values: None for a row without a test, which stays None.
    """
    tested = sorted((p, row) for row, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, row) in enumerate(tested):
        largest = max(largest, min(1.0, (len(tested) - rank) * p))
        adjusted[row] = largest
    return adjusted


def _t_interval(centre: float, error: float, freedom: float, level: float) -> Interval:
    """Return centre ± t times the standard error."""
    half = stdtrit(freedom, (1 + level) / 2) * error
    return Interval(float(centre - half), float(centre + half))


def _variance_of_mean(values: Floats) -> float:
    """Return the estimated variance of the mean; equal values give exactly zero."""
    return 0.0 if np.ptp(values) == 0 else float(values.var(ddof=1)) / len(values)


def _freedom(parts: Sequence[float], freedoms: Sequence[int], total: float) -> float:
    """Return the degrees of freedom of a sum of variances (Satterthwaite 1946)."""
    squares = (part**2 / freedom for part, freedom in zip(parts, freedoms, strict=True))
    return total**2 / sum(squares)


def _predictions(predicted: ArrayLike, gold: ArrayLike, name: str) -> tuple[Floats, Floats]:
    """Return predictions (S, R) and targets (R,), checked."""
    return _same_examples(_array(predicted, name, 2), _array(gold, "gold", 1), (name, "gold"))


def _pair(
    a: ArrayLike, b: ArrayLike, names: tuple[str, str], dimensions: int, fewest: int = 1
) -> tuple[Floats, Floats]:
    """Return two arrays over the same examples, checked."""
    first, second = _array(a, names[0], dimensions), _array(b, names[1], dimensions)
    if first.shape[-1] < fewest:
        raise ValueError(f"{names[0]} has {first.shape[-1]} example; expected {fewest} or more")
    return _same_examples(first, second, names)


def _same_examples(a: Floats, b: Floats, names: tuple[str, str]) -> tuple[Floats, Floats]:
    """Return both arrays, whose last dimension is that of the examples."""
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(
            f"{names[0]} has {a.shape[-1]} examples, {names[1]} has {b.shape[-1]}; "
            "expected the same examples"
        )
    return a, b


def _array(values: ArrayLike, name: str, dimensions: int) -> Floats:
    """Return values as numbers, checked."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != dimensions:
        raise ValueError(f"{name} has shape {array.shape}; expected {dimensions} dimension(s)")
    if not array.size:
        raise ValueError(f"{name} is empty")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds a number that is not finite")
    return array
