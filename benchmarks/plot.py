"""A picture of the results: sentences per second by batch size, and the growth of cost."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from spinn.files import write_atomically

STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
}
# The encoders of the growth panels have the same colour everywhere; the others are grey.
COLOURS = {"spinn_pi": "#0072b2", "treelstm": "#009e73", "lstm packed": "#d55e00"}
GREY = "#9a9a9a"
LABELS = {"length": "words in each sentence (balanced trees)", "width": "width d of words and h"}


def draw(results: Mapping[str, Any], path: Path) -> None:
    """Draw the results of `python -m benchmarks` as PNG."""
    groups = len(results["pairs"])
    with mpl.rc_context(STYLE):
        bars = sum(len(point["rows"]) for point in results["pairs"].values())
        height = max(6.0, 1.5 + 0.19 * bars + 0.1 * groups)
        figure = Figure(figsize=(12, height), layout="constrained")
        grid = figure.add_gridspec(2, 2, width_ratios=(3, 2))
        _speed(figure.add_subplot(grid[:, 0]), results["pairs"])
        words, pairs = results["settings"]["words"], results["settings"]["width_pairs"]
        panels = {
            "length": f"Training cost by length, {words:,} words a batch",
            "width": f"Training cost by width, {pairs} pairs a batch",
        }
        axes = {kind: figure.add_subplot(grid[row, 1]) for row, kind in enumerate(panels)}
        for kind, title in panels.items():
            _growth(axes[kind], results[kind], title, LABELS[kind])
        figure.suptitle(_where(results), x=0.01, ha="left", fontsize=8, color="#555555")
        figure.draw_without_rendering()  # fixes the positions of the ends of curves
        for kind in panels:
            _name_ends(axes[kind], results[kind], 72 / figure.dpi)
        write_atomically(path, lambda draft: figure.savefig(draft, format="png", dpi=150))


def _speed(axes: Axes, points: Mapping[str, Any]) -> None:
    """A group of bars for each encoder, a bar for each batch size, the slowest on top."""
    rows = {pairs: point["rows"] for pairs, point in points.items()}
    largest = rows[list(rows)[-1]]
    names = sorted(largest, key=lambda name: float(largest[name]["training"]["median"]))
    step, ticks = len(rows) + 1, []
    for group, name in enumerate(names):
        places = [group * step + index for index in range(len(rows))]
        _bars(axes, name, places, [row[name]["training"] for row in rows.values()])
        axes.annotate(
            name,
            (0, (places[0] + places[-1]) / 2),
            xytext=(-30, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="center",
            color=COLOURS.get(name, "#333333"),
            fontweight="bold" if name in COLOURS else "normal",
        )
        ticks += places
    axes.set_yticks(ticks, list(rows) * len(names), fontsize=7)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(step * len(names) - 1, -1)
    axes.margins(x=0.1)  # for the numbers behind the bars
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("sentences per second")
    axes.set_title("Training speed by encoder and batch size")


def _bars(axes: Axes, name: str, places: list[int], rows: list[dict[str, float]]) -> None:
    """One encoder's bars, darker for larger batches, each followed by its number."""
    for index, (y, row) in enumerate(zip(places, rows, strict=True)):
        axes.barh(
            y,
            row["median"],
            height=0.85,
            color=COLOURS.get(name, GREY),
            alpha=0.4 + 0.6 * (index + 1) / len(rows),
            xerr=row["spread"],
            error_kw={"elinewidth": 1, "ecolor": "#333333"},
        )
        axes.annotate(
            f"{row['median']:,.0f}",
            (row["median"] + row["spread"], y),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
        )


def _growth(axes: Axes, points: Mapping[str, Any], title: str, label: str) -> None:
    """A curve for each encoder."""
    values = [int(value) for value in points]
    for name, colour in COLOURS.items():
        rows = [point["rows"][name]["training"] for point in points.values()]
        medians = [row["median"] for row in rows]
        spreads = [row["spread"] for row in rows]
        axes.errorbar(values, medians, yerr=spreads, color=colour, marker="o", markersize=4)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(values, [f"{value:,}" for value in values])
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.minorticks_off()
    axes.set_ylabel("µs per word")
    axes.set_xlabel(label)
    axes.set_title(title)
    axes.grid(axis="y", color="#e5e5e5")


def _name_ends(axes: Axes, points: Mapping[str, Any], to_points: float) -> None:
    """Label the ends of curves; labels that would overlap are moved apart.

    Args:
        to_points: size of a pixel in points.
    """
    least, below = 11.0, -float("inf")  # points between two lines of text
    last = list(points)[-1]
    x, rows = int(last), points[last]["rows"]
    ends = {name: float(rows[name]["training"]["median"]) for name in COLOURS}
    for name, y in sorted(ends.items(), key=lambda end: end[1]):
        at = axes.transData.transform((x, y))[1] * to_points
        moved = max(at, below + least)
        axes.annotate(
            name,
            (x, y),
            xytext=(8, moved - at),
            textcoords="offset points",
            va="center",
            color=COLOURS[name],
            fontweight="bold",
        )
        below = moved


def _where(results: Mapping[str, Any]) -> str:
    machine, settings = results["machine"], results["settings"]
    return (
        f"{machine.get('gpu') or machine['cpu']}, {settings['threads']} of {machine['cores']} "
        f"cores, torch {machine['torch']}, d = {settings['size']}, {results['date'][:10]}; "
        "median ± half the interquartile range"
    )
