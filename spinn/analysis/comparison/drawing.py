"""The common parts of all figures: sizes, colours, names, legends, error bars."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from spinn.analysis.comparison.comparison import PERCENT, Comparison
from spinn.analysis.comparison.grouping import Row
from spinn.text import plural, printable

COLUMN, PAGE = 3.4, 7.0  # widths in inches: a column of a paper, a page
INK, FAINT = "#1b1f27", "#d3d8e0"
# Okabe and Ito (2008); grey in place of the yellow, which is invisible on white.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", INK, "#8c8c8c")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "d")
LINES = ("-", "--", "-.", (0, (1, 1.2)), (0, (5, 1, 1, 1, 1, 1)))
MOST_ROWS = 12  # of a figure
MOST_LISTED = 8  # rows whose numbers are in the text of a figure
LONGEST_NAME = 28  # characters
STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.linewidth": 0.6,
    "grid.color": FAINT,
    "figure.constrained_layout.h_pad": 0.07,
    "figure.constrained_layout.w_pad": 0.07,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.5,
    **dict.fromkeys(("axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize"), 8),
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK
    ),
    "text.parse_math": False,  # a name with $ is drawn as it is
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "spinn",
}
# Metadata without the time, so that equal figures are equal files.
DATELESS: dict[str, Any] = {"png": {}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}
Drawn = Mapping[int, Row]  # the rows of a figure, by their place in the comparison


@dataclass(frozen=True)
class Drawing:
    """A figure.

    Attributes:
        name: of its files, without suffix.
        title: one line.
        text: what it shows, in words and numbers.
        figure: on a transparent background.
    """

    name: str
    title: str
    text: str
    figure: Figure

    def save(self, folder: Path) -> list[Path]:
        """Write PDF and PNG, on white; return their paths."""
        pdf, png = folder / f"{self.name}.pdf", folder / f"{self.name}.png"
        self.write(pdf, metadata={"CreationDate": None})
        self.write(png)
        return [pdf, png]

    def write(self, file: Any, **options: Any) -> None:
        """Write the figure to a file."""
        write_figure(self.figure, file, **options)


def write_figure(figure: Figure, file: Any, **options: Any) -> None:
    """Write a figure to a file, without warnings of letters that the font lacks."""
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        if figure.get_layout_engine() is not None:  # laid out once, for all formats
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        figure.savefig(file, dpi=200, **options)


def drawn_rows(comparison: Comparison) -> Drawn:
    """Return the rows that are drawn: those that are best on dev, and the baseline."""
    numbered = dict(enumerate(comparison.rows))
    kept = [*numbered][-MOST_ROWS:]  # sorted by the score on dev
    base = next((n for n, row in numbered.items() if row is comparison.baseline), None)
    if base is not None and base not in kept:
        kept[0] = base
    return {number: numbered[number] for number in kept}


def not_drawn(comparison: Comparison, rows: Drawn) -> str:
    """Return a sentence about the rows that are not drawn; empty if all are."""
    missing = len(comparison.rows) - len(rows)
    return f" {plural(missing, 'row')} with lower scores on dev: not drawn." if missing else ""


def colour_of(number: int) -> str:
    """Return the colour of a row.

    Args: number: its place in the comparison.
    """
    return COLOURS[number % len(COLOURS)]


def listed(rows: Sequence[str]) -> str:
    """Return the numbers of rows as the end of a text; if there are many, refer to the tables."""
    return f": {', '.join(rows)}." if len(rows) <= MOST_LISTED else ". The tables have the numbers."


def style_of(number: int) -> dict[str, Any]:
    """Return colour, marker and line of a row, the same in all figures.

    Args: number: its place in the comparison.
    """
    return {
        "color": colour_of(number),
        "marker": MARKERS[number % len(MARKERS)],
        "linestyle": LINES[number % len(LINES)],
    }


def short(name: str) -> str:
    """Return a name in one line; a long one is cut in the middle."""
    name = printable(name)
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[: half - 1]}…{name[-half:]}"


def make_figure(width: float, height: float, names: Sequence[str]) -> tuple[Figure, int]:
    """Return a figure with room for a legend of these names, and the legend's columns."""
    longest = max((len(short(name)) for name in names), default=0)
    most = max(1, int(width * 14 / (longest + 6)))
    lines = math.ceil(len(names) / most)
    columns = math.ceil(len(names) / lines)
    figure = Figure(figsize=(width, height + 0.17 * lines), layout="constrained")
    return figure, columns


def add_legend(figure: Figure, handles: Sequence[Any], names: Sequence[str], columns: int) -> None:
    """Draw the legend below the axes."""
    legend = figure.legend(
        handles, [str(number) for number, _ in enumerate(names)], loc="outside lower center",
        ncols=columns, frameon=False, handlelength=2.6, columnspacing=1.2,
    )  # fmt: skip
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(short(name))  # as a label, a name that starts with _ would be left out


def score_axis(axis: Any, metric: str) -> None:
    """Label an axis with values of a metric."""
    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    if metric in PERCENT:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.4g}"))


def score_name(metric: str) -> str:
    """Return the name of a metric with its unit."""
    name = {"rmse": "RMSE", "pearson": "Pearson"}.get(metric, metric.replace("_", " "))
    return printable(f"{name} (%)" if metric in PERCENT else name)


def error_bars(
    means: Sequence[float], intervals: Sequence[Sequence[float] | None], metric: str = ""
) -> NDArray[Any] | None:
    """(2, n) lengths of the bars below and above; None where no interval is known.

    Bars of proportions end at 0 and 1.
    """
    if not any(intervals):
        return None
    ends = [found or (mean, mean) for mean, found in zip(means, intervals, strict=True)]
    found = np.array([(low, high) for low, high in ends], dtype=np.float64)
    if metric in PERCENT:
        found = found.clip(0, 1)
    middle = np.array(means, dtype=np.float64)
    return np.maximum([middle - found[:, 0], found[:, 1] - middle], 0.0)
