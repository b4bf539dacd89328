"""Predictions as text, JSON lines or TSV."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from spinn.data.text.tree_source import tree_kind

SHOWN = 20  # unknown words that the text lists
WIDEST = 100  # characters of a node's line in the text
DEEPEST = 30  # level of a node that is indented further than its parent
NODES = "nodes"  # of a prediction: the label of each node
UNKNOWN_SHARE = "unknown_share"  # of a prediction: the share of words that train lacks
PLACE = ("line", "id")  # the first columns of TSV
LAST = (UNKNOWN_SHARE, "error", "warnings")  # its last ones
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


def format_text(
    prediction: dict[str, Any], outputs: Sequence[str], names: Sequence[str], *, numbered: bool
) -> str:
    """Return a prediction as a few lines of text.

    Args:
        prediction: from a `Predictor`, or the error of a bad line.
        outputs: the keys of what the task predicts.
        names: the keys of the sentences.
        numbered: whether the line number is printed.
    """
    name = f" ({prediction['id']})" if "id" in prediction else ""
    start = f"{prediction['line']}{name}  " if numbered else ""
    if "error" in prediction:
        return escape_controls(f"{start}error: {prediction['error']}")
    parts = [_part(key, prediction[key]) for key in outputs]
    if prediction[UNKNOWN_SHARE]:
        parts.append(f"{prediction[UNKNOWN_SHARE]:.0%} of the words unknown")
    lines = [start + "    ".join(parts)]
    width = max(10, *map(len, names))
    for role in names:
        trees = prediction["trees"]
        origin = f"   [{tree_kind(trees[role])} tree]" if trees else ""
        lines.append(f"  {role:{width}} {prediction[role]}{origin}")
    lines += _node_lines(prediction) if NODES in prediction else ()
    if unknown := prediction["unknown_words"]:
        more = f" and {len(unknown) - SHOWN:,} more" if len(unknown) > SHOWN else ""
        lines.append(f"  words not seen in training: {', '.join(unknown[:SHOWN])}{more}")
    lines += [f"  warning: {warning}" for warning in prediction["warnings"]]
    return "\n".join(map(escape_controls, lines))


def _part(key: str, value: Any) -> str:
    """Format one output of a task: a label, a probability for each label, or a number."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return f"({'  '.join(f'{label} {p:.1%}' for label, p in value.items())})"
    return f"{key} {value:.4f}"


def _node_lines(prediction: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each node, parents before children, indented by its depth."""
    ends: list[int] = []  # of the nodes around the current one
    for node in sorted(prediction[NODES], key=lambda n: (n["span"][0], -n["span"][1])):
        start, end = node["span"]
        while ends and ends[-1] <= start:
            ends.pop()
        indent = "  " * min(len(ends), DEEPEST)
        ends.append(end)
        share = node["probabilities"][node["label"]]
        text = f"{node['label']} {share:.0%}  {' '.join(prediction['words'][start:end])}"
        yield f"    {indent}{text if len(text) <= WIDEST else text[: WIDEST - 1] + '…'}"


def tsv_columns(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs of a task as cells by their columns; each label has one.

    A label that is named like another column has the column `probability of LABEL`.
    """
    cells: dict[str, Any] = {}
    taken = {*PLACE, *LAST, *outputs}
    for key, value in outputs.items():
        if isinstance(value, Mapping):
            cells |= {f"probability of {k}" if k in taken else k: v for k, v in value.items()}
        else:
            cells[key] = value
    return cells


def tsv_header(columns: Sequence[str]) -> str:
    """Return the names of the columns of `format_tsv`."""
    return "\t".join(map(escape_controls, (*PLACE, *columns, *LAST)))


def format_tsv(prediction: dict[str, Any], outputs: Sequence[str], columns: Sequence[str]) -> str:
    """Return a prediction, or the error of a bad line, as one line of tab-separated cells.

    Args:
        outputs: the keys of what the task predicts.
        columns: of `tsv_columns`.
    """
    found = tsv_columns({key: prediction[key] for key in outputs if key in prediction})
    cells = [
        prediction["line"], prediction.get("id", ""),
        *(found.get(column, "") for column in columns),
        prediction.get(UNKNOWN_SHARE, ""),
        prediction.get("error", ""), "; ".join(prediction.get("warnings", ())),
    ]  # fmt: skip
    return "\t".join(escape_controls(str(cell)) for cell in cells)
