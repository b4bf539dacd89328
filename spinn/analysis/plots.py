"""Runs in one picture: the curves of training, the results on every set, and their breakdowns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from textwrap import fill
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    PercentFormatter,
)
from numpy.typing import NDArray

from spinn.analysis.comparison.comparison import Comparison
from spinn.analysis.comparison.confusion import (
    draw_matrices,
    draw_matrix,
    matrices_size,
    matrix_of,
)
from spinn.analysis.comparison.drawing import (
    COLOURS,
    DATELESS,
    INK,
    PAGE,
    STYLE,
    Drawn,
    add_legend,
    drawn_rows,
    make_figure,
    short,
    style_of,
    write_figure,
)
from spinn.analysis.comparison.figures import (
    MOST_ON_PAGE,
    bin_characters,
    curve,
    draw_bins,
    draw_curves,
    draw_sets,
)
from spinn.text import printable

# A log axis whose limits have a ratio up to FEW labels each digit, up to MANY the digits 1, 2, 5.
FEW, MANY = 5, 1000
SECOND, OUTPUT, TARGET = COLOURS[0], COLOURS[1], "#555555"
# Results that are drawn as bars, proportions and correlations; a set has those of its task.
KINDS = {
    "accuracy": "accuracy",
    "exact": "exact match",
    "node_accuracy": "accuracy of all nodes",
    "pearson": "Pearson",
    "spearman": "Spearman",
}
CORRELATIONS = ("pearson", "spearman")
CHANCE = "majority class"
CHANCE_STYLE: dict[str, Any] = {"color": INK, "linestyle": (0, (2, 1)), "linewidth": 1.2}
UPRIGHT = 0.8  # inches of the names of classes below a matrix
MOST_ON_HALF = 38  # characters of the labels of bins in a panel of half the width
HEIGHT = 2.3  # inches of a row of panels
TITLE = 0.2  # inches of a line of the title
LETTERS = 92  # of a line of the title


@dataclass(frozen=True, kw_only=True)
class OutputPanel:
    """Target and output at each of T steps.

    Attributes:
        title: of the panel.
        target: (T,) the target at each step.
        output: (T,) the model's output at each step.
        seasonal: (T,) the seasonal-naive forecast; None where there are no seasons.
        name: of the quantity; empty where it has none.
        scaled: whether the loss is in other units than target and output.
    """

    title: str
    target: NDArray[Any]
    output: NDArray[Any]
    seasonal: NDArray[Any] | None = None
    name: str = ""
    scaled: bool = False


def draw_regression(
    lines: Sequence[Mapping[str, Any]],
    test: OutputPanel,
    path: Path,
    *,
    title: str = "",
    suffix: str = "png",
) -> None:
    """Draw the error in training, and the outputs of the model beside their targets.

    Args:
        lines: one evaluation each, as in `metrics.jsonl`.
        test: the second panel.
        path: of the picture.
        title: of the picture.
        suffix: its format, png, pdf or svg.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(PAGE, HEIGHT + 0.3), layout="constrained")
        axes, panel = figure.subplots(1, 2, width_ratios=(4, 6))
        _curve(axes, lines, f"mean squared error{' (scaled)' if test.scaled else ''}")
        steps = np.arange(1, len(test.target) + 1)
        panel.plot(steps, test.target, color=TARGET, lw=2.5, alpha=0.6, label="target")
        panel.plot(steps, test.output, color=OUTPUT, lw=1.2, label="model")
        if test.seasonal is not None:  # below the model's line
            panel.plot(
                steps, test.seasonal, color=SECOND, lw=0.7, zorder=1.9, label="seasonal naive"
            )
        panel.set_title(test.title, pad=18)  # the legend is between title and axes
        panel.set(xlabel="step", ylabel=short(test.name))
        _whole_numbers(panel)
        panel.legend(
            frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.1,
            handlelength=1.2, columnspacing=1,
        )  # fmt: skip
        _finish(figure, title, path, suffix)


def draw_results(
    lines: Sequence[Mapping[str, Any]],
    sets: Mapping[str, Mapping[str, Any]],
    path: Path,
    *,
    title: str = "",
    bins: Sequence[Mapping[str, Any]] = (),
    suffix: str = "png",
) -> None:
    """Draw a run: the loss in training, the results on every set, and their breakdowns.

    The panels are the loss; accuracy or correlation on every set, with a line at the share of the
    most frequent class; the accuracy by step; the confusion matrix of the test set; the score by
    length and depth. Those without numbers are left out.

    Args:
        lines: one evaluation each, as in `metrics.jsonl`.
        sets: the results of each set; those of KINDS are drawn as bars, and `accuracy_by_step` as
            a line where a set's outputs have several steps.
        path: of the picture.
        title: of the picture.
        bins: breakdowns whose only row is the run; see `breakdown`.
        suffix: the format of the picture, png, pdf or svg.
    """
    by_step = {name: results.get("accuracy_by_step", []) for name, results in sets.items()}
    by_step = {name: values for name, values in by_step.items() if len(values) > 1}
    correlated = any(kind in results for results in sets.values() for kind in CORRELATIONS)
    loss = "loss" if correlated else "loss in nats"
    panels = [Panel(lambda axes: _curve(axes, lines, loss)), Panel(lambda axes: _bars(axes, sets))]
    if by_step:
        panels.append(Panel(lambda axes: _by_step(axes, by_step), wide=True))
    name = main_set(list(sets))
    if (confusion := sets[name].get("confusion")) is not None:
        height = HEIGHT + (UPRIGHT if len(confusion["labels"]) > 2 else 0.0)
        panels.append(Panel(lambda axes: _confusion(axes, confusion, name), height=height))
    panels += [_bin_panel(entry, {0: entry["rows"][0]["bins"]}) for entry in bins if entry["rows"]]
    with mpl.rc_context(STYLE):
        height = max(HEIGHT, 0.6 + 0.3 * len(sets))
        figure = Figure(layout="constrained")
        figure.set_size_inches(PAGE, _draw_panels(figure, panels, first=height))
        _finish(figure, title, path, suffix)


def draw_rows(
    comparison: Comparison,
    path: Path,
    *,
    title: str = "",
    bins: Sequence[Mapping[str, Any]] = (),
    suffix: str = "png",
) -> None:
    """Draw several runs over each other; runs that differ in the seed alone are one row.

    The panels are the score on dev over the epochs; the score on every set with its 95 % t interval
    over seeds, and a line at the share of the most frequent class; the score by length and depth;
    the confusion matrix of each row.

    Args:
        path: of the picture.
        title: of the picture.
        bins: see `breakdown`.
        suffix: the format of the picture, png, pdf or svg.
    """
    rows, metric = drawn_rows(comparison), comparison.metric
    curves = {n: found for n, row in rows.items() if (found := curve(row, metric)) is not None}
    numbers = {row.name: number for number, row in rows.items()}
    panels = [Panel(lambda axes: _dev_curves(axes, curves, metric))] if curves else []
    shares = _majority_shares(comparison, rows)
    panels.append(Panel(lambda axes: _row_sets(axes, comparison, rows, shares)))
    for entry in bins:
        cells = {numbers[r["name"]]: r["bins"] for r in entry["rows"] if r["name"] in numbers}
        if cells:
            panels.append(_bin_panel(entry, cells))
    name = main_set(comparison.sets)
    matrices = {n: m for n, row in rows.items() if (m := matrix_of(row, name)) is not None}
    if len({labels for labels, _ in matrices.values()}) != 1:
        matrices = {}
    names = [f"{row.name} ({_seeds(row.seeds)})" for row in rows.values()]
    names += [CHANCE] * bool(shares)
    with mpl.rc_context(STYLE):
        figure, columns = make_figure(PAGE, HEIGHT, names)
        legend = figure.get_size_inches()[1] - HEIGHT
        first = max(HEIGHT, 0.6 + len(comparison.sets) * (0.1 * len(rows) + 0.15))
        if matrices:
            height = _heights(panels, first)
            _, below, across = matrices_size(matrices)
            below += UPRIGHT
            parts = np.array(figure.subfigures(2, 1, height_ratios=(sum(height), below)))
            total = _draw_panels(parts[0], panels, first=first) + below
            draw_matrices(parts[1], matrices, rows, across)
            parts[1].suptitle(f"Confusion on {short(name)}", x=0.01, ha="left", fontsize=9)
        else:
            total = _draw_panels(figure, panels, first=first)
        figure.set_size_inches(PAGE, total + legend)
        handles: list[Any] = [Line2D([], [], **style_of(number)) for number in rows]
        if shares:
            handles.append(Line2D([], [], **CHANCE_STYLE))
        add_legend(figure, handles, names, columns)
        _finish(figure, title, path, suffix)


def main_set(names: Sequence[str]) -> str:
    """Return the set that stands for a run where one is shown: test, another test set, or dev."""
    others = [name for name in names if name != "dev"]
    return "test" if "test" in others else (others or list(names))[0]


@dataclass(frozen=True)
class Panel:
    """A part of a picture.

    Attributes:
        draw: draws it.
        wide: whether it is as wide as the picture, or half as wide.
        height: in inches.
    """

    draw: Callable[[Axes], None]
    wide: bool = False
    height: float = HEIGHT


def _in_lines(panels: Sequence[Panel]) -> list[list[Panel]]:
    """Return the panels of each line: up to two; wide ones alone, below the others."""
    lines: list[list[Panel]] = []
    for panel in sorted(panels, key=lambda panel: panel.wide):
        last = lines[-1] if lines else []
        if len(last) == 1 and not panel.wide and not last[0].wide:
            last.append(panel)
        else:
            lines.append([panel])
    return lines


def _heights(panels: Sequence[Panel], first: float) -> list[float]:
    """Return the height of each line, in inches."""
    found = [max(panel.height for panel in line) for line in _in_lines(panels)]
    return [max(first, found[0]), *found[1:]]


def _draw_panels(figure: Figure | SubFigure, panels: Sequence[Panel], *, first: float) -> float:
    """Draw panels, two in a line; return the height of all in inches.

    Args: first: the least height of the first line.
    """
    lines = _in_lines(panels)
    heights = _heights(panels, first)
    grid = figure.add_gridspec(len(lines), 2, height_ratios=heights)
    for number, line in enumerate(lines):
        places = [grid[number, :]] if line[0].wide else [grid[number, at] for at in range(2)]
        for panel, place in zip(line, places, strict=False):
            panel.draw(figure.add_subplot(place))
    return sum(heights)


def _finish(figure: Figure, title: str, path: Path, suffix: str) -> None:
    """Add the title, and write the picture."""
    if title:
        text = "\n".join(fill(printable(line), LETTERS) for line in title.split("\n"))
        width, height = figure.get_size_inches()
        figure.set_size_inches(width, height + TITLE * (text.count("\n") + 1))
        figure.suptitle(text, x=0.01, ha="left", fontsize=9, fontweight="bold")
    write_figure(figure, path, format=suffix, metadata=DATELESS[suffix])


def _seeds(seeds: Sequence[int]) -> str:
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"{len(seeds)} seeds"


def chance(results: Mapping[str, Any]) -> float | None:
    """Return the share of the most frequent class of a set; None for a task without classes.

    Args: results: of the set; the sums of the rows of its confusion matrix are the gold classes.
    """
    if "accuracy" not in results or "confusion" not in results:
        return None
    counts = np.array(results["confusion"]["counts"]).sum(axis=1)
    return float(counts.max() / counts.sum()) if counts.sum() else None


def _confusion(axes: Axes, confusion: Mapping[str, Any], name: str) -> None:
    classes = [printable(str(label)) for label in confusion["labels"]]
    draw_matrix(axes, np.array(confusion["counts"]), classes)
    axes.set(title=f"Confusion on {short(name)}", xlabel="predicted", ylabel="gold")


def _bin_panel(entry: Mapping[str, Any], cells: Mapping[int, Any]) -> Panel:
    """Return the panel of a breakdown.

    Args: cells: of a row, by its place in the comparison.
    """
    characters = bin_characters(entry)

    def draw(axes: Axes) -> None:
        draw_bins(axes, cells, entry, turned=characters > MOST_ON_PAGE)
        sets = entry["sets"]
        where = short(sets[0]) if len(sets) == 1 else "all test sets"
        axes.set_title(f"By {short(entry['by'])}, {where}")

    wide = characters > MOST_ON_HALF
    return Panel(draw, wide, HEIGHT + (0.6 if characters > MOST_ON_PAGE else 0.0))


def _dev_curves(axes: Axes, curves: Mapping[int, Any], metric: str) -> None:
    draw_curves(axes, curves, metric)
    axes.set_title("Training")


def _majority_shares(comparison: Comparison, rows: Drawn) -> list[tuple[float, float, float]]:
    """Return share of the most frequent class, place and height of each line.

    Rows with the same examples have one line across the set; otherwise, each row has its own, the
    mean over its runs.
    """
    if comparison.metric != "accuracy":
        return []
    found = []
    for at, name in enumerate(comparison.sets):
        shares = {}
        for place, row in enumerate(rows.values()):
            each = [chance(run.sets[name]) for run in row.runs if name in run.sets]
            known = [share for share in each if share is not None]
            if known:
                shares[place] = fmean(known)
        if len(set(shares.values())) == 1:
            found.append((next(iter(shares.values())), float(at), 0.8))
        else:
            width = 0.76 / len(rows)
            found += [(one, at - 0.38 + (n + 0.5) * width, width) for n, one in shares.items()]
    return found


def _row_sets(
    axes: Axes, comparison: Comparison, rows: Drawn, lines: Sequence[tuple[float, float, float]]
) -> None:
    draw_sets(axes, comparison, rows, down=True)
    axes.set_title("Each set")
    _draw_chance(axes, lines)


def _draw_chance(axes: Axes, lines: Sequence[tuple[float, float, float]]) -> None:
    """Draw a line across each set at its share of the most frequent class.

    Args: lines: share, place and height of each line.
    """
    if not lines:
        return
    shares, places, heights = np.array(lines).T
    axes.vlines(
        shares, places - heights / 2, places + heights / 2, **CHANCE_STYLE, label=CHANCE, zorder=3
    )


def _bars(axes: Axes, sets: Mapping[str, Mapping[str, Any]]) -> None:
    """Draw a bar for each set and each of its accuracies or correlations."""
    names = list(sets)
    labels = {kind: label for kind, label in KINDS.items() if kind in sets[names[0]]}
    if "node_accuracy" in labels:
        labels["accuracy"] = "root accuracy"
    labels = labels or {"loss": "loss"}  # of a task with other metrics
    height = 0.8 / len(labels)
    lowest = 0.0
    for index, (kind, colour) in enumerate(zip(labels, (SECOND, OUTPUT), strict=False)):
        places = np.arange(len(names)) + (index - (len(labels) - 1) / 2) * height
        found = [sets[name][kind] for name in names]
        values = [value or 0.0 for value in found]
        lowest = min(lowest, *values)
        bars = axes.barh(places, values, height * 0.9, color=colour, label=labels[kind])
        form = "{:.3f}" if kind in (*CORRELATIONS, "loss") else "{:.1%}"
        # The correlation with a constant is undefined.
        texts = ["undefined" if value is None else form.format(value) for value in found]
        axes.bar_label(bars, texts, padding=3, fontsize=8)
    shares = [] if "accuracy" not in labels else [chance(sets[name]) for name in names]
    place = ([*labels].index("accuracy") - (len(labels) - 1) / 2) * height if shares else 0.0
    drawn = [(one, at + place, height) for at, one in enumerate(shares) if one is not None]
    _draw_chance(axes, drawn)
    axes.set_yticks(range(len(names)), [short(name) for name in names])
    axes.grid(False, axis="y")
    axes.invert_yaxis()
    if "loss" not in labels:
        axes.set_xlim(1.2 * lowest, 1.2)
    if not {*CORRELATIONS, "loss"} & labels.keys():
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xticks(np.linspace(0, 1, 6))
    axes.set(title="Each set", xlabel=" / ".join(labels.values()))
    if len(labels) > 1 or drawn:
        axes.legend(
            frameon=False, loc="upper center", bbox_to_anchor=(0.4, -0.22), ncols=3,
            handlelength=1.2, columnspacing=1,
        )  # fmt: skip


def _by_step(axes: Axes, sets: Mapping[str, Sequence[float]]) -> None:
    """Draw the accuracy at each step, one line per set."""
    handles = []
    for index, (name, values) in enumerate(sets.items()):
        steps = np.arange(1, len(values) + 1)
        (line,) = axes.plot(steps, values, color=COLOURS[index % len(COLOURS)], label=name)
        handles.append(line)
        # Each line is wider than the one on top of it, so that equal lines are all visible.
        line.set(linewidth=1 + 0.8 * index, zorder=2 - index / 100)
    axes.set(title="Accuracy by step", xlabel="step", ylim=(-0.02, 1.02))
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    _whole_numbers(axes)
    legend = axes.legend(handles, list(map(str, range(len(handles)))), frameon=False)
    for text, name in zip(legend.get_texts(), sets, strict=True):
        text.set_text(short(name))  # as a label, a name that starts with _ would be left out


def _curve(axes: Axes, lines: Sequence[Mapping[str, Any]], name: str) -> None:
    """Draw the loss at every evaluation, in training and on dev."""
    epochs = [line["epoch"] for line in lines]
    marker = "o" if len(lines) == 1 else ""  # a line of one point is invisible
    for colour, label, losses in (
        (OUTPUT, "train", [line["train_loss"] for line in lines]),
        (TARGET, "dev", [line["dev"]["loss"] for line in lines]),
    ):
        axes.plot(epochs, losses, color=colour, marker=marker, label=label)
    axes.set(title="Training", xlabel="epoch", ylabel=name, yscale="log")
    _whole_numbers(axes)
    _few_decades(axes)
    axes.legend(frameon=False)


def _whole_numbers(axes: Axes) -> None:
    """Label the x axis with whole numbers."""
    locator = MaxNLocator("auto", integer=True, min_n_ticks=1, steps=[1, 2, 5, 10])
    axes.xaxis.set_major_locator(locator)


def _few_decades(axes: Axes) -> None:
    """Label a log axis, between its decades if it spans few of them, without math."""
    low, high = axes.get_ylim()
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    if high / low > MANY:
        return
    subs = (1, 2, 5) if high / low > FEW else range(1, 10)
    axes.yaxis.set_major_locator(LogLocator(subs=subs))
