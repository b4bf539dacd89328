"""Confusion matrices of all rows side by side."""

import math
from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from spinn.analysis.comparison.comparison import Comparison
from spinn.analysis.comparison.drawing import (
    COLOURS,
    COLUMN,
    INK,
    PAGE,
    Drawing,
    Drawn,
    listed,
    not_drawn,
    short,
)
from spinn.analysis.comparison.grouping import Row
from spinn.text import printable

MOST_LABELLED = 12  # classes whose names are written
MOST_WITH_NUMBERS = 7  # classes whose cells have numbers
DARK = 0.85  # share from which a cell's text is white
LONGEST = 16  # characters of a class
# Of a row, by its place in the comparison: the classes, and (C, C) counts.
Matrices = Mapping[int, tuple[tuple[str, ...], NDArray[Any]]]


def confusion(comparison: Comparison, rows: Drawn, name: str) -> Iterator[Drawing]:
    """Yield the matrices of one set; nothing for a task without classes.

    Args: name: of the set.
    """
    found = {
        number: matrix
        for number, row in rows.items()
        if (matrix := matrix_of(row, name)) is not None
    }
    if len({labels for labels, _ in found.values()}) != 1:  # none, or rows with other classes
        return
    classes = next(iter(found.values()))[0]
    width, height, columns = matrices_size(found)
    figure = Figure(figsize=(width, height), layout="compressed")
    draw_matrices(figure, found, rows, columns)
    correct = []
    for number, (_, counts) in found.items():
        shares = zip(classes[:MOST_LABELLED], _shares(counts).diagonal(), strict=False)
        each = " ".join(f"{label} {share:.0%}" for label, share in shares)
        correct.append(f"{rows[number].name} {each}")
    text = (
        f"Confusion matrices on {name}, counts summed over seeds. Each cell is the share of the "
        f"examples of its gold class. Correct{listed(correct)}{not_drawn(comparison, rows)}"
    )
    yield Drawing("confusion", f"Confusion on {name}", text, figure)


def matrices_size(found: Matrices) -> tuple[float, float, int]:
    """Return width and height of the matrices in inches, and how many stand side by side."""
    size = _side(len(next(iter(found.values()))[0]))
    columns = max(1, min(len(found), int((PAGE - 0.9) / size)))
    lines = math.ceil(len(found) / columns)
    width = max(COLUMN, min(PAGE, 0.9 + columns * (size + 0.12)))
    return width, 0.75 + lines * (size + 0.3), columns


def draw_matrices(figure: Figure | SubFigure, found: Matrices, rows: Drawn, columns: int) -> None:
    """Draw matrices with the same classes, each below the name of its row.

    Args: columns: matrices side by side.
    """
    classes = next(iter(found.values()))[0]
    size, lines = _side(len(classes)), math.ceil(len(found) / columns)
    panels = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True)
    for place, axes in enumerate(panels.flat):
        if place >= len(found):
            axes.axis("off")
            continue
        number = [*found][place]
        draw_matrix(axes, found[number][1], classes)
        axes.set_title(fill(short(rows[number].name), int(14 * size)), fontsize=8)
        below = place + columns >= len(found)  # no panel is under it
        axes.tick_params(labelbottom=below, labelleft=place % columns == 0)
    figure.supxlabel("predicted", fontsize=8)
    figure.supylabel("gold", fontsize=8)


def matrix_of(row: Row, name: str) -> tuple[tuple[str, ...], NDArray[Any]] | None:
    """Return the classes, and the counts of all runs together: (C, C), rows are gold."""
    labels: set[tuple[str, ...]] = set()
    counts = []
    for run in row.runs:
        found = run.sets.get(name, {}).get("confusion")
        if not isinstance(found, Mapping):
            return None
        labels.add(tuple(printable(str(label)) for label in found["labels"]))
        counts.append(np.array(found["counts"]))
    return (labels.pop(), sum(counts[1:], counts[0])) if len(labels) == 1 else None


def _side(classes: int) -> float:
    """Return the width of a matrix in inches; cells with numbers are wider."""
    return max(1.3, 0.5 * classes) if classes <= MOST_WITH_NUMBERS else 2.0


def _shares(counts: NDArray[Any]) -> NDArray[Any]:
    """(C, C) counts to shares of each gold class; zero for a class that does not occur."""
    shares: NDArray[Any] = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def draw_matrix(axes: Axes, counts: NDArray[Any], classes: Sequence[str]) -> None:
    """Draw a matrix as squares whose opacity is the share; they suit light and dark pages."""
    shares = _shares(counts)
    number = len(classes)
    for row, column in np.ndindex(shares.shape):
        share = float(shares[row, column])
        axes.add_patch(
            Rectangle((column - 0.5, row - 0.5), 1, 1, color=COLOURS[0], alpha=share, linewidth=0)
        )
        if number <= MOST_WITH_NUMBERS:
            axes.text(
                column, row, f"{share:.0%}\n{counts[row, column]:,}", ha="center", va="center",
                color="#ffffff" if share > DARK else INK, fontsize=8, linespacing=1.1,
            )  # fmt: skip
    axes.set(xlim=(-0.5, number - 0.5), ylim=(number - 0.5, -0.5), aspect="equal")
    axes.grid(False)
    names = [
        name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in map(short, classes)
    ]
    every = math.ceil(number / MOST_LABELLED)
    axes.set_xticks(range(0, number, every), names[::every], rotation=90)
    axes.set_yticks(range(0, number, every), names[::every])
    axes.tick_params(length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)
