"""Rows of runs, compared on every set: means over seeds, and tests against one of the rows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinn.analysis.comparison import statistics
from spinn.analysis.comparison.grouping import Row, group
from spinn.analysis.comparison.records import LeftOut, RunRecord
from spinn.analysis.comparison.statistics import Interval
from spinn.config import nearest
from spinn.errors import InputError
from spinn.text import by_number

# Metrics of a task in the order of preference: the first one that a run has is compared.
METRICS = ("exact", "accuracy", "pearson", "rmse", "loss")
PERCENT = (
    "exact",
    "accuracy",
    "macro_f1",
    "node_accuracy",
    "transition_accuracy",
    "tree_f1",
    "tree_f1_seeds",
)
LOWER_IS_BETTER = ("rmse", "mae", "mse", "loss")
LEVEL = 0.95


@dataclass(frozen=True)
class Cell:
    """A row on a set.

    Attributes:
        values: the metric of each run.
        interval: 95 % t interval of the mean over seeds; None with one seed.
    """

    values: list[float]
    interval: Interval | None

    @property
    def mean(self) -> float:
        """Over the runs."""
        return fmean(self.values)

    @property
    def deviation(self) -> float | None:
        """The standard deviation over the runs; None with one."""
        return stdev(self.values) if len(self.values) > 1 else None


@dataclass
class Test:
    """A row against the baseline on a set. P-values are two-sided; see docs/statistics.md.

    Attributes:
        difference: of the means over seeds.
        interval: Welch's t interval of the difference over seeds; None with one seed.
        examples_interval: of the difference over new examples, these runs fixed.
        both_interval: over new seeds and new examples; None with fewer than five seeds.
        p: `seeds` (Welch), `examples` (paired bootstrap or permutation), `mcnemar` (the runs of
            both rows that are best on dev); None for a test that does not apply.
        adjusted: the same after Holm's correction over the rows.
        unpaired: why the examples are not compared; None if they are.
    """

    __test__ = False  # for pytest

    difference: float
    interval: Interval | None
    examples_interval: Interval | None = None
    both_interval: Interval | None = None
    p: dict[str, float | None] = field(default_factory=dict)
    adjusted: dict[str, float | None] = field(default_factory=dict)
    unpaired: str | None = None


TESTS = ("seeds", "examples", "mcnemar")


@dataclass(frozen=True)
class Comparison:
    """What `spinn compare` shows.

    Attributes:
        rows: by their mean score on dev, the lowest first.
        baseline: one of the rows; None if there is one row.
        metric: which result of a set is compared.
        sets: the names of all sets, dev first.
        cells: of a row (its number) on a set that all its runs have.
        tests: of a row against the baseline, on a set that both have.
        left_out: folders that are not compared.
        notes: what a reader must know about the rows.
    """

    rows: list[Row]
    baseline: Row | None
    metric: str
    sets: list[str]
    cells: dict[tuple[int, str], Cell]
    tests: dict[tuple[int, str], Test]
    left_out: list[LeftOut]
    notes: list[str]


def compare(
    runs: Sequence[RunRecord],
    left_out: Iterable[LeftOut] = (),
    *,
    by: Sequence[str] = (),
    baseline: str | None = None,
    metric: str | None = None,
) -> Comparison:
    """Group runs into rows, and compare each row with the baseline on every set.

    Args:
        runs: finished runs.
        left_out: folders to list beside the rows.
        by: settings that define the rows; by default, those in which the runs differ.
        baseline: the name of a row; by default, the row that is best on dev among those that read
            no trees, or else the lowest row.
        metric: a result of every set; by default, the first of METRICS that the runs have.

    Raises: InputError: if there is no finished run, or the baseline or the metric is unknown.
    """
    if not runs:
        reasons = "; ".join(f"{path}: {reason}" for path, reason in left_out)
        raise InputError(f"no finished run to compare ({reasons})")
    metric = _metric(runs, metric)
    rows, repeated = group(runs, by)
    rows.sort(key=lambda row: fmean(run.results["dev_score"] for run in row.runs))
    names = dict.fromkeys(name for run in runs for name in run.sets)
    sets = sorted(names, key=lambda name: (name != "dev", name != "test", by_number(name)))
    cells = {}
    for number, row in enumerate(rows):
        for name in sets:
            values = [run.sets.get(name, {}).get(metric) for run in row.runs]
            found = [float(value) for value in values if value is not None]
            if len(found) == len(row.runs):
                cells[number, name] = Cell(found, statistics.mean_interval(found, LEVEL))
    against = _baseline(rows, baseline)
    tests = {}
    if against is not None:
        place = rows.index(against)
        for number, name in cells:
            if number != place and (place, name) in cells:
                tests[number, name] = _test(
                    rows[number], against, name, metric, cells[number, name], cells[place, name]
                )
        for name in sets:
            _adjust([test for (_, set_name), test in tests.items() if set_name == name])
    notes = [*_undefined(rows, sets, metric), *_notes(rows, tests)]
    return Comparison(rows, against, metric, sets, cells, tests, [*left_out, *repeated], notes)


def _undefined(rows: Sequence[Row], sets: Sequence[str], metric: str) -> list[str]:
    """Name the runs for which the metric is not defined: a correlation of constant predictions."""
    notes = []
    for row in rows:
        runs = [run for run in row.runs if any(_is_undefined(run, name, metric) for name in sets)]
        if runs:
            names = ", ".join(run.path.name for run in runs)
            notes.append(f"{row.name}: {metric} is not defined for {names}, so for the row")
    return notes


def _is_undefined(run: RunRecord, name: str, metric: str) -> bool:
    return name in run.sets and run.sets[name].get(metric, 0) is None


def _metric(runs: Sequence[RunRecord], wanted: str | None) -> str:
    # A number may be undefined (null) for a run: the correlation of a constant.
    numbers = [
        {
            k
            for k, value in run.sets["dev"].items()
            if value is None or isinstance(value, int | float)
        }
        for run in runs
    ]
    common = set.intersection(*numbers)
    if wanted is not None and wanted not in common:
        raise InputError(f"--metric {wanted}: {nearest(wanted, common)}")
    found = [name for name in METRICS if name in common]
    if wanted is None and not found:
        kinds = sorted({name for name in METRICS for n in numbers if name in n})
        raise InputError(
            f"the runs have no metric in common (found {', '.join(kinds)}); compare those of one "
            "task"
        )
    return wanted or found[0]


def _baseline(rows: Sequence[Row], wanted: str | None) -> Row | None:
    """Return the row that the others are tested against; rows are sorted by their score on dev."""
    if wanted is not None:
        by_name = {row.name: row for row in rows}
        if wanted not in by_name:
            raise InputError(f"--baseline {wanted}: {nearest(wanted, by_name)}")
        return by_name[wanted]
    if len(rows) < 2:
        return None
    without = [row for row in rows if tree_source(row.runs[0]) == "none"]
    return without[-1] if 0 < len(without) < len(rows) else rows[0]


def tree_source(run: RunRecord) -> str:
    """Return where the encoder's trees come from: `none`, `given` or `predicted`."""
    source = run.results.get("tree_source")
    if source is not None:
        return str(source)
    # Runs of earlier versions do not store it.
    target = str(run.settings.get("model._target_")).removeprefix("spinn.encoders.")
    if target.startswith(("recurrent.", "bow.")):
        return "none"
    return "given" if target.startswith("spinn_pi.") else "predicted"


def _test(row: Row, base: Row, name: str, metric: str, cell: Cell, against: Cell) -> Test:
    welch = statistics.difference_interval(cell.values, against.values, LEVEL)
    test = Test(cell.mean - against.mean, None if welch is None else welch.interval)
    test.p = dict.fromkeys(TESTS)
    test.p["seeds"] = None if welch is None else welch.p
    test.unpaired = why_unpaired(row, base, name, metric)
    if test.unpaired is None:
        try:
            _test_examples(test, row, base, name, metric)
        except ValueError as error:  # too few examples, or a correlation that is undefined
            test.unpaired = str(error)
    return test


def _test_examples(test: Test, row: Row, base: Row, name: str, metric: str) -> None:
    """Fill in the tests on the same examples."""
    ours, theirs = ([columns_of(run, name) for run in each.runs] for each in (row, base))
    if metric == "pearson":
        a, b = (np.stack([found["predicted"] for found in each]) for each in (ours, theirs))
        test.p["examples"] = statistics.permutation_test(ours[0]["gold"], a, b)
        return
    a, b = (np.stack([example_scores(found) for found in each]) for each in (ours, theirs))
    bootstrap = statistics.paired_bootstrap(a, b, LEVEL)
    test.p["examples"] = bootstrap.p
    if metric == "rmse":  # the scores are squared errors: their interval has another unit
        return
    test.examples_interval = bootstrap.interval
    test.both_interval = statistics.hierarchical_bootstrap(a, b, LEVEL)
    test.p["mcnemar"] = statistics.mcnemar(a[best_on_dev(row)], b[best_on_dev(base)])


def best_on_dev(row: Row) -> int:
    """Return the number of the run that is best on dev; the first one of several."""
    scores = [run.results["dev_score"] for run in row.runs]
    return scores.index(max(scores))


def why_unpaired(row: Row, base: Row, name: str, metric: str) -> str | None:
    """Return why the examples of two rows cannot be compared one by one; None if they can."""
    runs = [*base.runs, *row.runs]
    if metric not in ("exact", "accuracy", "pearson", "rmse"):
        return f"{metric} is not compared example by example"
    fingerprints = {run.results.get("data_fingerprint") for run in runs}
    if len(fingerprints) > 1:
        return "trained or tested on other files (the data fingerprints differ)"
    missing = next((run.no_predictions for run in runs if run.no_predictions), None)
    if missing is not None:
        return missing
    first = columns_of(runs[0], name)
    for run in runs:
        columns = columns_of(run, name)
        if "predicted" not in columns and "exact" not in columns and "squared_error" not in columns:
            return "the task stores no prediction of an example"
        if metric == "accuracy" and "exact" in columns:
            return "the task stores whether a sequence is correct, not each of its steps"
        for column in ("gold", "words"):
            if column in first and not np.array_equal(columns[column], first[column]):
                return f"other examples in {name} (data settings differ)"
    return None


def columns_of(run: RunRecord, name: str) -> dict[str, NDArray[Any]]:
    """Return the columns of `predictions.npz` for a set; empty without predictions."""
    return {} if run.predictions is None else run.predictions.sets.get(name, {})


def example_scores(columns: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """(P,) whether each example is correct, or its squared error; without those without a class."""
    if "exact" in columns:
        scores = columns["exact"]
    elif "squared_error" in columns:
        scores = columns["squared_error"]
    elif columns["gold"].dtype.kind == "f":
        scores = (columns["gold"].astype(np.float64) - columns["predicted"]) ** 2
    else:
        gold = columns["gold"]
        scores = (gold == columns["predicted"])[gold >= 0]
    return np.asarray(scores, dtype=np.float64)


def _adjust(tests: Sequence[Test]) -> None:
    """Set the p-values after Holm's correction over the rows on one set."""
    for name in TESTS:
        for test, p in zip(tests, statistics.holm([t.p[name] for t in tests]), strict=True):
            test.adjusted[name] = p


def _notes(rows: Sequence[Row], tests: dict[tuple[int, str], Test]) -> list[str]:
    notes = []
    single = [row.name for row in rows if len(row.runs) == 1]
    if single:
        names = "every row" if len(single) == len(rows) else ", ".join(single)
        notes.append(f"one seed only ({names}): no standard deviation, interval or test over seeds")
    for row in rows:
        if row.mixed:
            keys = ", ".join(row.mixed)
            notes.append(f"{row.name} mixes runs that differ in {keys}")
    counts = {len(row.runs) for row in rows}
    if len(counts) > 1:
        shown = ", ".join(f"{row.name} {len(row.runs)}" for row in rows)
        notes.append(f"rows have different numbers of runs: {shown}")
    reasons: dict[str, dict[str, None]] = {}
    for (number, _), test in tests.items():
        if test.unpaired is not None:
            reasons.setdefault(test.unpaired, {})[rows[number].name] = None
    for reason, unpaired in reasons.items():
        shown = "every row" if len(unpaired) == len(rows) - 1 else ", ".join(unpaired)
        notes.append(f"no test on the same examples ({shown}): {reason}")
    return notes


def summary(comparison: Comparison) -> dict[str, Any]:
    """Return all of a comparison as plain values, ready for JSON.

    All tables are made from such a summary; `docs/results/` stores those of the documents.
    """
    rows = []
    for place, row in enumerate(comparison.rows):
        sets = {}
        for name in comparison.sets:
            cell, test = comparison.cells.get((place, name)), comparison.tests.get((place, name))
            if cell is None:
                continue
            sets[name] = {
                "values": cell.values,
                "mean": cell.mean,
                "deviation": cell.deviation,
                "interval": cell.interval,
                "test": None if test is None else asdict(test),
            }
        runs = [_run(run) for run in row.runs]
        rows.append({"name": row.name, "settings": dict(row.values), "runs": runs, "sets": sets})
    return {
        "metric": comparison.metric,
        "level": LEVEL,
        "baseline": None if comparison.baseline is None else comparison.baseline.name,
        "sets": comparison.sets,
        "rows": rows,
        "left_out": [{"path": str(path), "reason": why} for path, why in comparison.left_out],
        "notes": comparison.notes,
    }


def _run(run: RunRecord) -> dict[str, Any]:
    """Return a run: its folder's name, seed, size and speed, and all numbers on each set."""
    kept = ("dev_score", "parameters", "train_seconds", "sentences_per_second")
    optional = ("command", "git_commit", "data_fingerprint", "experiment", "trees")
    numbers = {
        name: {key: value for key, value in results.items() if isinstance(value, int | float)}
        for name, results in run.sets.items()
    }
    return {
        "folder": run.path.name,
        "seed": run.seed,
        "model": run.settings.get("names.model"),
        **{name: run.results.get(name, 0) for name in kept},
        **{name: run.results.get(name) for name in optional},
        "tree_source": tree_source(run),
        "results": numbers,
    }


ShowNumber = Callable[[float], str]


def formatter(metric: str) -> ShowNumber:
    """Return how a metric is printed: a percentage with one digit, or three digits."""
    if metric in PERCENT:
        return lambda value: f"{100 * value:.1f}"
    return lambda value: f"{value:.3f}"
