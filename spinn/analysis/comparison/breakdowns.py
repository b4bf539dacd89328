"""The metric by a property of the examples: length, depth, operators, label, a column of the data.

A bin holds examples with similar values; all rows have the same bins. In each bin, each run of a
row has a value of the metric. Mean and 95 % t interval over seeds are computed from these values.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinn.analysis.comparison import statistics
from spinn.analysis.comparison.comparison import (
    LEVEL,
    Cell,
    Comparison,
    columns_of,
    example_scores,
    why_unpaired,
)
from spinn.analysis.comparison.examples import ExampleReader
from spinn.analysis.comparison.grouping import Row
from spinn.analysis.comparison.records import RunRecord
from spinn.config import nearest
from spinn.data.predictions import Columns
from spinn.errors import InputError
from spinn.text import by_number

FEWEST = 20  # examples of a bin; a smaller one is merged with a neighbour, or marked
MOST_VALUES = 10  # of numbers that are a bin each; more are binned by quantiles
QUANTILES = 8  # bins
MOST_TEXTS = 20  # bins of texts; the rarer ones are one bin
OTHER, NO_VALUE = "other", "(none)"
# Breakdowns without the data: their column in `predictions.npz`, and their title.
STORED = {
    "length": ("words", "Length in words or steps"),
    "depth": ("depth", "Depth of the deepest tree"),
    "operators": ("operators", "Number of operators"),
    "label": ("gold", "Gold label"),
}
Values = Sequence[Any] | NDArray[Any]


@dataclass(frozen=True)
class Bin:
    """Examples with similar values.

    Attributes:
        label: the value, or the range of values.
        members: (P,) which examples are in it.
    """

    label: str
    members: NDArray[np.bool_]

    @property
    def examples(self) -> int:
        """How many there are."""
        return int(self.members.sum())


def default_breakdowns(comparison: Comparison, sets: Sequence[str]) -> list[str]:
    """Return the breakdowns that need no data, as far as the predictions have their columns."""
    base = _reference(comparison)
    if base is None:
        return []
    found = []
    for by, (column, _) in STORED.items():
        present = [column in columns_of(base.runs[0], name) for name in sets]
        if any(present):
            found.append(by)
    return found


def breakdown(comparison: Comparison, by: str, sets: Sequence[str]) -> dict[str, Any]:
    """Return the metric of each row in each bin, as plain values.

    The examples of all `sets` are taken together, without those that have no class. Classes are
    compared by accuracy, numbers by the root mean squared error: a correlation within a bin depends
    on the range of its targets. Sequences are compared as in the comparison.

    Args:
        by: one of STORED, or a column of the data.
        sets: names of sets; those without the column of STORED are left out.

    Raises: InputError: if no row has predictions, the column is unknown, or the data is missing.
    """
    base = _reference(comparison)
    if base is None:
        raise InputError(
            f"--breakdown {by}: no row has predictions.npz (runs of an earlier version); train "
            "again"
        )
    run = base.runs[0]
    sets = [name for name in sets if columns_of(run, name)]
    if by in STORED:
        column, title = STORED[by]
        sets = [name for name in sets if column in columns_of(run, name)]
        if not sets:
            raise InputError(f"--breakdown {by}: the predictions of {run.path} have no {column}")
        values = np.concatenate([columns_of(run, name)[column] for name in sets])
    else:
        title, values = by, np.array(_data_column(run, by, sets), dtype=str)
    kept = np.concatenate([_has_target(columns_of(run, name)) for name in sets])
    values = values[kept]
    if by == "label" and run.predictions is not None and values.dtype.kind != "f":
        bins, ordered = _label_bins(values, run.predictions.labels), False
    else:
        bins, ordered = make_bins(values)
        title = "Gold number" if by == "label" else title
    metric = _metric(columns_of(run, sets[0]))
    rows, left_out = [], []
    for row in comparison.rows:
        reasons = [why_unpaired(row, base, name, metric) for name in sets]
        reason = next(filter(None, reasons), None)
        if reason is not None:
            left_out.append({"name": row.name, "reason": reason})
        else:
            rows.append({"name": row.name, "bins": _cells(row, sets, bins, metric)})
    return {
        "by": by,
        "title": title,
        "metric": metric,
        "sets": sets,
        "ordered": ordered,
        "fewest": FEWEST,
        "bins": [
            {"label": found.label, "examples": found.examples, "few": found.examples < FEWEST}
            for found in bins
        ],
        "rows": rows,
        "left_out": left_out,
    }


def _reference(comparison: Comparison) -> Row | None:
    """Return the row whose examples the others must have: the baseline, or the first that can."""
    first = [] if comparison.baseline is None else [comparison.baseline]
    for row in (*first, *comparison.rows):
        if all(run.predictions is not None for run in row.runs):
            return row
    return None


def _data_column(run: RunRecord, by: str, sets: Sequence[str]) -> list[str]:
    try:
        reader = ExampleReader(run)
    except InputError as error:
        raise InputError(f"--breakdown {by}: {error}") from error
    rows = [row for name in sets for row in reader.columns(name)]
    known = dict.fromkeys(column for row in rows for column in row)
    if by not in known:
        raise InputError(f"--breakdown {by}: {nearest(by, [*STORED, *known])}")
    return [row.get(by, "") for row in rows]


def _has_target(columns: Columns) -> NDArray[np.bool_]:
    """(P,) whether an example has a target, as in `example_scores`."""
    gold = columns.get("gold")
    if gold is None or gold.dtype.kind == "f":
        return np.ones(len(columns["words"]), dtype=bool)
    kept: NDArray[np.bool_] = gold >= 0
    return kept


def _metric(columns: Columns) -> str:
    if "exact" in columns:
        return "exact"
    return "accuracy" if "gold" in columns and columns["gold"].dtype.kind != "f" else "rmse"


def _cells(row: Row, sets: Sequence[str], bins: Sequence[Bin], metric: str) -> list[dict[str, Any]]:
    scores = [
        np.concatenate([example_scores(columns_of(run, name)) for name in sets]) for run in row.runs
    ]
    cells = []
    for found in bins:
        means = [float(score[found.members].mean()) for score in scores]
        values = [math.sqrt(mean) for mean in means] if metric == "rmse" else means
        cell = Cell(values, statistics.mean_interval(values, LEVEL))
        cells.append({"values": values, "mean": cell.mean, "interval": cell.interval})
    return cells


def make_bins(values: Values) -> tuple[list[Bin], bool]:
    """Return the bins of values, and whether they are ranges of numbers.

    Values are numbers, texts of numbers, or texts. Empty texts are a bin of their own, or belong
    to the bin of rare texts.
    """
    texts = np.array([str(value) for value in values], dtype=object)
    given = texts != ""
    if not _are_numbers(texts[given]):
        return _text_bins(np.where(given, texts, NO_VALUE)), False
    numbers = np.full(len(texts), np.nan)
    numbers[given] = texts[given].astype(np.float64)
    bins = _number_bins(numbers)
    return (bins if given.all() else [*bins, Bin(NO_VALUE, ~given)]), True


def _are_numbers(values: Values) -> bool:
    try:
        return bool(len(values)) and bool(np.isfinite(np.asarray(values, dtype=np.float64)).all())
    except ValueError:
        return False


def _number_bins(values: NDArray[np.float64]) -> list[Bin]:
    """Return ranges with about as many examples each; equal values are in one bin.

    Of the values 1 1 1 2 3 3, the middle places are 1.5, 3.5 and 5: with two quantiles, the bins
    are 1 and 2 to 3. NaN is in no bin.
    """
    distinct, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    middles = (np.cumsum(counts) - counts / 2) / counts.sum()
    few = len(distinct) <= MOST_VALUES
    quantile = np.arange(len(distinct)) if few else np.floor(QUANTILES * middles)
    groups = [distinct[quantile == number] for number in np.unique(quantile)]
    sizes = [int(counts[quantile == number].sum()) for number in np.unique(quantile)]
    while len(groups) > 1 and min(sizes) < FEWEST:
        small = sizes.index(min(sizes))
        beside = [place for place in (small - 1, small + 1) if 0 <= place < len(groups)]
        first = min(small, min(beside, key=sizes.__getitem__))
        groups[first : first + 2] = [np.concatenate(groups[first : first + 2])]
        sizes[first : first + 2] = [sum(sizes[first : first + 2])]
    return [Bin(_range(found), (values >= found[0]) & (values <= found[-1])) for found in groups]


def _range(values: NDArray[np.float64]) -> str:
    low, high = f"{values[0]:.4g}", f"{values[-1]:.4g}"
    whole = float(values[0]).is_integer() and float(values[-1]).is_integer() and values[0] >= 0
    if whole:
        low, high = f"{values[0]:.0f}", f"{values[-1]:.0f}"
    return low if low == high else f"{low}–{high}" if whole else f"{low} to {high}"


def _text_bins(values: Values) -> list[Bin]:
    """Return a bin for each frequent value, `a2` before `a10`; the last bin holds all others."""
    counts = Counter(map(str, values))
    most = MOST_TEXTS if len(counts) <= MOST_TEXTS else MOST_TEXTS - 1
    names = [name for name, count in counts.most_common(most) if count >= FEWEST]
    rest = len(counts) - len(names)
    if rest == 1:  # a bin of its own, marked, rather than under another name
        names = list(counts)
    every = np.array(values, dtype=str)
    bins = [Bin(name, every == name) for name in sorted(names, key=by_number)]
    if rest > 1:
        others = ~np.isin(every, names) if names else np.ones(len(every), dtype=bool)
        bins.append(Bin(f"{OTHER} ({rest} values)", others))
    return bins


def _label_bins(gold: NDArray[Any], labels: Sequence[str]) -> list[Bin]:
    """Return a bin for each class that occurs; many classes are binned as texts."""
    present = np.unique(gold)
    if len(present) > MOST_TEXTS:
        return _text_bins([labels[number] for number in gold])
    return [Bin(labels[number], gold == number) for number in present]
