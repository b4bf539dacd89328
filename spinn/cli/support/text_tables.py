"""Results as a table on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from spinn.text import printable

# Printed in per cent.
PERCENT = (
    "accuracy",
    "macro_f1",
    "ece",
    "node_accuracy",
    "exact",
    "transition_accuracy",
)


def results_table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a line for each set of examples, and a column for each result that is one number.

    A line for each baseline follows that of its set.
    """
    names = list(
        dict.fromkeys(
            name
            for row in rows.values()
            for name, value in row.items()
            if value is None or isinstance(value, int | float)
        )
    )
    cells = {}
    for name, row in rows.items():
        cells[name] = [_cell(column, row.get(column)) for column in names]
        for other, baseline in row.get("baselines", {}).items():
            cells[f"{name}, {other}"] = [_cell(column, baseline.get(column)) for column in names]
    return aligned(names, cells)


def aligned(names: Sequence[str], cells: Mapping[str, Sequence[str]]) -> str:
    """Return a header of names, and below it a line for each label with its cells.

    Control characters are escapes.
    """
    every = [("", names), *cells.items()]
    lines = [(printable(name), [*map(printable, line)]) for name, line in every]
    widths = [max(map(len, column)) for column in zip(*(line for _, line in lines), strict=True)]
    label = max(len(name) for name, _ in lines)
    return "\n".join(
        f"{name:{label}}" + "".join(f"  {c:>{w}}" for c, w in zip(line, widths, strict=True))
        for name, line in lines
    )


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    if name in PERCENT:
        return f"{value:.2%}"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def confusion_table(results: Mapping[str, Any]) -> str:
    """Return the confusion matrix (rows gold, columns predicted) with precision and recall."""
    labels = results["confusion"]["labels"]
    counts = results["confusion"]["counts"]
    names = list(map(printable, labels))
    width = max(9, *map(len, names))
    head = " ".join(f"{name:>{width}}" for name in [*names, "precision", "recall"])
    lines = [f"{'gold / predicted':{width + 8}} {head}"]
    for label, name, row in zip(labels, names, counts, strict=True):
        scores = results["per_class"][label]
        cells = [f"{count:>{width},}" for count in row]
        cells += [_percent(scores[name], width) for name in ("precision", "recall")]
        lines.append(f"{name:{width + 8}} {' '.join(cells)}")
    return "\n".join(lines)


def _percent(value: float | None, width: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.1%}"
