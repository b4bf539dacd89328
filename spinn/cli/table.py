"""Results as a table on the terminal."""

from collections.abc import Mapping
from typing import Any


def results_table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Return accuracy, loss and size of each set of examples, a line each."""
    width = max(map(len, rows))
    lines = [f"{'':{width}}  accuracy    loss  examples"]
    lines += [
        f"{name:{width}}  {row['accuracy']:8.2%}  {row['loss']:6.4f}  {row['examples']:8,}"
        for name, row in rows.items()
    ]
    return "\n".join(lines)


def confusion_table(figures: Mapping[str, Any]) -> str:
    """Return the confusion matrix (rows gold, columns predicted) with precision and recall."""
    labels = figures["confusion"]["labels"]
    counts = figures["confusion"]["counts"]
    width = max(9, *map(len, labels))
    head = " ".join(f"{label:>{width}}" for label in [*labels, "precision", "recall"])
    lines = [f"{'gold / predicted':{width + 8}} {head}"]
    for label, row in zip(labels, counts, strict=True):
        scores = figures["per_class"][label]
        cells = [f"{count:>{width},}" for count in row]
        cells += [_percent(scores[name], width) for name in ("precision", "recall")]
        lines.append(f"{label:{width + 8}} {' '.join(cells)}")
    return "\n".join(lines)


def _percent(value: float | None, width: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.1%}"
