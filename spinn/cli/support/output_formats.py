"""Predictions as text, JSON lines or TSV."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from spinn.data.text.tree_source import tree_kind

ROLES = ("premise", "hypothesis")
SHOWN = 20  # unknown words that the text lists
Formatter = Callable[[dict[str, Any]], str]

# Characters that would end a line or control a terminal; JSON has escaped the first 32 already.
_CONTROLS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
_ESCAPES = {code: f"\\u{code:04x}" for code in _CONTROLS}


def escape_controls(text: str) -> str:
    """Return text as one line, its control characters written as escapes."""
    return text.translate(_ESCAPES)


def format_json(prediction: dict[str, Any]) -> str:
    """Return a prediction as one line of JSON."""
    return escape_controls(json.dumps(prediction, ensure_ascii=False, allow_nan=False))


def format_text(prediction: dict[str, Any], *, numbered: bool) -> str:
    """Return a prediction as a few lines of text; with its line number where there are several."""
    name = f" ({prediction['id']})" if "id" in prediction else ""
    start = f"{prediction['line']}{name}  " if numbered else ""
    if "error" in prediction:
        return escape_controls(f"{start}error: {prediction['error']}")
    probabilities = "  ".join(
        f"{label} {p:.1%}" for label, p in prediction["probabilities"].items()
    )
    lines = [f"{start}{prediction['label']}    ({probabilities})"]
    for role in ROLES:
        trees = prediction["trees"]
        origin = f"   [{tree_kind(trees[role])} tree]" if trees else ""
        lines.append(f"  {role:10} {prediction[role]}{origin}")
    if unknown := prediction["unknown_words"]:
        more = f" and {len(unknown) - SHOWN:,} more" if len(unknown) > SHOWN else ""
        lines.append(f"  words not seen in training: {', '.join(unknown[:SHOWN])}{more}")
    lines += [f"  warning: {warning}" for warning in prediction["warnings"]]
    return "\n".join(map(escape_controls, lines))


def tsv_header(labels: Sequence[str]) -> str:
    """Return the names of the columns of `format_tsv`."""
    return "\t".join(["line", "id", "label", *labels, "error", "warnings"])


def format_tsv(prediction: dict[str, Any], labels: Sequence[str]) -> str:
    """Return a prediction, or the error of a bad line, as one line of tab-separated cells."""
    probabilities = prediction.get("probabilities", {})
    cells = [
        prediction["line"], prediction.get("id", ""), prediction.get("label", ""),
        *(probabilities.get(label, "") for label in labels),
        prediction.get("error", ""), "; ".join(prediction.get("warnings", ())),
    ]  # fmt: skip
    return "\t".join(escape_controls(str(cell)) for cell in cells)
