"""The figures of a comparison, each as wide as a column or a page of a paper.

A row has one colour, marker and line style in all figures. Error bars are 95 % t intervals over
seeds, the same as in the tables; a row with one seed has no error bars.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from spinn.analysis.comparison import statistics
from spinn.analysis.comparison.comparison import LEVEL, Comparison, formatter
from spinn.analysis.comparison.confusion import confusion
from spinn.analysis.comparison.drawing import (
    COLUMN,
    PAGE,
    STYLE,
    Drawing,
    Drawn,
    add_legend,
    drawn_rows,
    error_bars,
    listed,
    make_figure,
    not_drawn,
    score_axis,
    score_name,
    short,
    style_of,
)
from spinn.analysis.comparison.grouping import Row
from spinn.text import duration

MOST_SETS = 6  # one below the other; more stand side by side
MOST_ON_COLUMN, MOST_ON_PAGE = 44, 105  # characters of the labels of bins, side by side
LOG_RATIO = 10  # of the ends of an axis that is logarithmic
UNITS = ((7200.0, "hours", 3600.0), (120.0, "minutes", 60.0), (0.0, "seconds", 1.0))
Points = NDArray[np.float64]


def figures(
    comparison: Comparison, breakdowns: Sequence[Mapping[str, Any]], name: str
) -> list[Drawing]:
    """Return all figures of a comparison.

    Args:
        breakdowns: see `breakdown`; a figure each.
        name: of the set of the figures that show one set.
    """
    rows = drawn_rows(comparison)
    with mpl.rc_context(STYLE):
        return [
            _test_sets(comparison, rows),
            *_breakdowns(comparison, rows, breakdowns),
            *_learning_curves(comparison, rows),
            *_against(comparison, rows, name, "parameters"),
            *_against(comparison, rows, name, "train_seconds"),
            *confusion(comparison, rows, name),
        ]


def _breakdowns(
    comparison: Comparison, rows: Drawn, entries: Sequence[Mapping[str, Any]]
) -> Iterator[Drawing]:
    """Yield a figure for each breakdown; columns whose names differ in signs alone are numbered."""
    taken = Counter[str]()
    for entry in entries:
        if entry["rows"]:
            drawing = _by_bin(comparison, rows, entry)
            taken[drawing.name.lower()] += 1
            number = taken[drawing.name.lower()]
            yield drawing if number == 1 else replace(drawing, name=f"{drawing.name}_{number}")


def _learning_curves(comparison: Comparison, rows: Drawn) -> Iterator[Drawing]:
    metric = comparison.metric
    curves = {
        number: found for number, row in rows.items() if (found := curve(row, metric)) is not None
    }
    if not curves:
        return
    names = [rows[number].name for number in curves]
    figure, columns = make_figure(COLUMN, 2.3, names)
    handles = draw_curves(figure.subplots(), curves, metric)
    add_legend(figure, handles, names, columns)
    show = formatter(metric)
    ends = [
        f"{name} {show(found[1][-1])}" for name, found in zip(names, curves.values(), strict=True)
    ]
    text = (
        f"{score_name(metric)} on dev over the epochs of training, mean over seeds; the band is "
        f"one standard deviation to each side. Values at the end{listed(ends)}"
    )
    yield Drawing(
        "learning_curves", "Learning curves on dev", text + not_drawn(comparison, rows), figure
    )


def draw_curves(
    axes: Axes, curves: Mapping[int, tuple[Points, Points, Points]], metric: str
) -> list[Any]:
    """Draw the metric on dev over the epochs; the band is a standard deviation to each side.

    Args: curves: of a row, by its place in the comparison; see `curve`.

    Returns: the handles of the legend.
    """
    handles: list[Any] = []
    for number, (epochs, means, deviations) in curves.items():
        style = style_of(number)
        handles += axes.plot(epochs, means, **style, markevery=max(1, len(epochs) // 8))
        axes.fill_between(
            epochs, means - deviations, means + deviations,
            color=style["color"], alpha=0.16, linewidth=0,
        )  # fmt: skip
    axes.set(xlabel="epoch", ylabel=f"{score_name(metric)} on dev")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
    score_axis(axes.yaxis, metric)
    return handles


def curve(row: Row, metric: str) -> tuple[Points, Points, Points] | None:
    """Return epochs, and mean and standard deviation over seeds of a metric on dev.

    Seeds may be evaluated at other epochs: between two evaluations, a curve is a straight line.

    Returns: None if a run has no evaluation, or there is no epoch within the curves of all seeds.
    """
    found = []
    for run in row.runs:
        steps, epochs = run.results.get("steps"), run.results.get("epochs")
        points = [
            (line["step"] / steps * epochs if steps and epochs else line["epoch"], value)
            for line in run.curve
            if isinstance(value := line["dev"].get(metric), int | float)
        ]
        if not points:
            return None
        found.append(np.array(points, dtype=np.float64))
    start, end = max(points[0, 0] for points in found), min(points[-1, 0] for points in found)
    epochs = np.unique(np.concatenate([points[:, 0] for points in found]))
    epochs = epochs[(epochs >= start) & (epochs <= end)]
    if not len(epochs):
        return None
    values = np.stack([np.interp(epochs, points[:, 0], points[:, 1]) for points in found])
    deviations = values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(len(epochs))
    return epochs, values.mean(axis=0), deviations


def _test_sets(comparison: Comparison, rows: Drawn) -> Drawing:
    """Draw each row's score on each set: sets from top to bottom, or many from left to right."""
    sets = comparison.sets
    names = [row.name for row in rows.values()]
    down = len(sets) <= MOST_SETS
    if down:
        figure, columns = make_figure(COLUMN, 0.6 + len(sets) * (0.1 * len(rows) + 0.15), names)
    else:
        figure, columns = make_figure(PAGE, 3.0, names)
    handles = draw_sets(figure.subplots(), comparison, rows, down=down)
    add_legend(figure, handles, names, columns)
    text = (
        f"{score_name(comparison.metric)} on {', '.join(sets)}: mean over seeds with its 95 % t "
        f"interval. The results table has the numbers.{not_drawn(comparison, rows)}"
    )
    return Drawing("test_sets", "Score on each set", text, figure)


def draw_sets(axes: Axes, comparison: Comparison, rows: Drawn, *, down: bool) -> list[Any]:
    """Draw each row's score on each set, with its interval over seeds.

    Args: down: whether the sets are one below the other.

    Returns: the handles of the legend.
    """
    sets = comparison.sets
    handles = []
    for place, number in enumerate(rows):
        cells = {
            at: cell
            for at, name in enumerate(sets)
            if (cell := comparison.cells.get((number, name))) is not None
        }
        offset = 0.76 * ((place + 0.5) / len(rows) - 0.5)
        places = [at + offset for at in cells]
        means = [cell.mean for cell in cells.values()]
        intervals = [cell.interval for cell in cells.values()]
        bars = error_bars(means, intervals, comparison.metric)
        style = {**style_of(number), "linestyle": "none", "capsize": 1.5, "elinewidth": 1.0}
        if down:
            drawn = axes.errorbar(means, places, xerr=bars, **style)
        else:
            drawn = axes.errorbar(places, means, yerr=bars, **style)
        handles.append(drawn.lines[0])
    across, along = (axes.yaxis, axes.xaxis) if down else (axes.xaxis, axes.yaxis)
    _name_places(axes, across, [short(name) for name in sets])
    if down:
        axes.invert_yaxis()
        axes.set_xlabel(score_name(comparison.metric))
    else:
        axes.set_ylabel(score_name(comparison.metric))
        axes.tick_params("x", rotation=90 if max(map(len, sets)) > 6 else 0)
    score_axis(along, comparison.metric)
    return handles


def _name_places(axes: Axes, axis: Any, names: Sequence[str]) -> None:
    """Label the places 0, 1, 2 ... of an axis, with a line between two."""
    axis.set_ticks(range(len(names)), names)
    axis.grid(False)
    axis.set_tick_params(length=0)
    if axis is axes.yaxis:
        axes.set_ylim(-0.5, len(names) - 0.5)
        for at in range(1, len(names)):
            axes.axhline(at - 0.5, color=STYLE["grid.color"], linewidth=0.6, zorder=0)
    else:
        axes.set_xlim(-0.5, len(names) - 0.5)
        for at in range(1, len(names)):
            axes.axvline(at - 0.5, color=STYLE["grid.color"], linewidth=0.6, zorder=0)


def _by_bin(comparison: Comparison, rows: Drawn, entry: Mapping[str, Any]) -> Drawing:
    """Draw each row's score in each bin; ranges of numbers are joined by lines."""
    numbers = {row.name: number for number, row in rows.items()}
    found = {numbers[row["name"]]: row["bins"] for row in entry["rows"] if row["name"] in numbers}
    metric = entry["metric"]
    names = [rows[number].name for number in found]
    characters = bin_characters(entry)
    turned = characters > MOST_ON_PAGE
    width = PAGE if characters > MOST_ON_COLUMN else COLUMN
    figure, columns = make_figure(width, 2.9 if turned else 2.3, names)
    handles = draw_bins(figure.subplots(), found, entry, turned=turned)
    add_legend(figure, handles, names, columns)
    text = (
        f"{score_name(metric)} on {', '.join(entry['sets'])} by {entry['by']}: mean over seeds "
        f"with its 95 % t interval. The table has the numbers.{not_drawn(comparison, rows)}"
    )
    file = re.sub(r"\W+", "_", entry["by"], flags=re.ASCII).strip("_") or "column"
    return Drawing(f"by_{file}", f"By {entry['by']}", text, figure)


def bin_characters(entry: Mapping[str, Any]) -> int:
    """Return the characters of the labels of all bins side by side.

    Args: entry: see `breakdown`.
    """
    widest = max(max(map(len, label.split("\n"))) for label in _bin_labels(entry))
    return len(entry["bins"]) * (widest + 1)


def _bin_labels(entry: Mapping[str, Any]) -> list[str]:
    return [f"{short(one['label'])}\nn={one['examples']:,}" for one in entry["bins"]]


def draw_bins(
    axes: Axes,
    found: Mapping[int, Sequence[Mapping[str, Any]]],
    entry: Mapping[str, Any],
    *,
    turned: bool,
) -> list[Any]:
    """Draw the score of rows in each bin; ranges of numbers are joined by lines.

    Args:
        found: the cells of a row, by its place in the comparison.
        entry: see `breakdown`.
        turned: whether the labels of the bins stand upright.

    Returns: the handles of the legend.
    """
    metric, bins, labels = entry["metric"], entry["bins"], _bin_labels(entry)
    handles = []
    for place, (number, cells) in enumerate(found.items()):
        means = [cell["mean"] for cell in cells]
        bars = error_bars(means, [cell["interval"] for cell in cells], metric)
        places = np.arange(len(bins)) + 0.6 * ((place + 0.5) / len(found) - 0.5)
        style = style_of(number)
        if not entry["ordered"]:
            style["linestyle"] = "none"
        drawn = axes.errorbar(places, means, yerr=bars, **style, capsize=1.5, elinewidth=1.0)
        handles.append(drawn.lines[0])
    if turned:
        labels = [label.replace("\n", ", ") for label in labels]
    _name_places(axes, axes.xaxis, labels)
    axes.tick_params("x", rotation=90 if turned else 0)
    axes.set(xlabel=short(entry["title"]), ylabel=score_name(metric))
    score_axis(axes.yaxis, metric)
    return handles


def _against(comparison: Comparison, rows: Drawn, name: str, quantity: str) -> Iterator[Drawing]:
    """Draw each row's score against its size or its training time."""
    found = {
        number: cell
        for number in rows
        if (cell := comparison.cells.get((number, name))) is not None
    }
    values = {n: [float(run.results.get(quantity) or 0) for run in rows[n].runs] for n in found}
    if not found or min(map(min, values.values())) <= 0:
        return  # an earlier version did not store it
    unit, divisor = "parameters", 1.0
    if quantity == "train_seconds":
        longest = max(map(fmean, values.values()))
        unit, divisor = next((name, by) for least, name, by in UNITS if longest >= least)
    names = [rows[number].name for number in found]
    figure, columns = make_figure(COLUMN, 2.3, names)
    axes = figure.subplots()
    handles, ends = [], []
    for number, cell in found.items():
        scaled = [value / divisor for value in values[number]]
        mean = fmean(scaled)
        across = error_bars([mean], [statistics.mean_interval(scaled, LEVEL)])
        if across is not None and not across.any():  # the same size for each seed
            across = None
        if across is not None:
            across = np.minimum(across, [[0.9 * mean], [np.inf]])  # a logarithm needs it positive
        upward = error_bars([cell.mean], [cell.interval], comparison.metric)
        style = {**style_of(number), "linestyle": "none", "capsize": 1.5, "elinewidth": 1.0}
        drawn = axes.errorbar([mean], [cell.mean], xerr=across, yerr=upward, **style)
        handles.append(drawn.lines[0])
        shown = f"{mean:,.0f}" if unit == "parameters" else duration(mean * divisor)
        ends.append(f"{rows[number].name} {formatter(comparison.metric)(cell.mean)} at {shown}")
    axes.margins(x=0.12)
    means = [fmean(each) for each in values.values()]
    if max(means) > LOG_RATIO * min(means):
        axes.set_xscale("log")
    else:
        axes.set_xlim(0, 1.06 * axes.get_xlim()[1])
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(_quantity))
    axes.xaxis.set_minor_formatter(NullFormatter())
    what = unit if unit == "parameters" else f"training time ({unit})"
    axes.set(xlabel=what, ylabel=f"{score_name(comparison.metric)} on {short(name)}")
    score_axis(axes.yaxis, comparison.metric)
    add_legend(figure, handles, names, columns)
    file, title = (
        ("parameters", "Score against parameters")
        if unit == "parameters"
        else ("time", "Score against training time")
    )
    text = (
        f"{score_name(comparison.metric)} on {name} against {what}, each a mean over seeds with "
        f"its 95 % t interval{listed(ends)}{not_drawn(comparison, rows)}"
    )
    yield Drawing(f"against_{file}", title, text, figure)


def _quantity(value: float, _: int | None) -> str:
    """Write a number of an axis: 0.5, 20, 300k, 1.5M."""
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g}{letter}"
    return f"{value:g}"
