"""Answers as a person or a program reads them: text, JSON lines, TSV."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from spinn.cli.support.predictor import SIDES

SHOWN = 20  # unknown words that are listed for a person
Tell = Callable[[dict[str, Any]], str]

# What would end a line or steer a terminal; JSON has escaped the first 32 already.
_CONTROLS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
_ESCAPES = {code: f"\\u{code:04x}" for code in _CONTROLS}


def harmless(text: str) -> str:
    """Return text as one line, its control characters written as escapes."""
    return text.translate(_ESCAPES)


def as_json(answer: dict[str, Any]) -> str:
    """Return an answer as one line of JSON."""
    return harmless(json.dumps(answer, ensure_ascii=False, allow_nan=False))


def as_text(answer: dict[str, Any], *, numbered: bool) -> str:
    """Return an answer for a person, in a few lines; numbered where there are several."""
    name = f" ({answer['id']})" if "id" in answer else ""
    start = f"{answer['line']}{name}  " if numbered else ""
    if "error" in answer:
        return harmless(f"{start}error: {answer['error']}")
    chances = "  ".join(f"{label} {p:.1%}" for label, p in answer["probabilities"].items())
    lines = [f"{start}{answer['label']}    ({chances})"]
    lines += [f"  {side:10} {answer[side]}   [{answer['trees'][side]} tree]" for side in SIDES]
    if unknown := answer["unknown_words"]:
        more = f" and {len(unknown) - SHOWN:,} more" if len(unknown) > SHOWN else ""
        lines.append(f"  words not seen in training: {', '.join(unknown[:SHOWN])}{more}")
    return "\n".join(map(harmless, lines))


def tsv_header(labels: Sequence[str]) -> str:
    """Return the names of the columns of `as_tsv`."""
    return "\t".join(["line", "id", "label", *labels, "error"])


def as_tsv(answer: dict[str, Any], labels: Sequence[str]) -> str:
    """Return an answer as one line: probabilities by label, and the error of a bad line."""
    chances = answer.get("probabilities", {})
    cells = [
        answer["line"], answer.get("id", ""), answer.get("label", ""),
        *(chances.get(label, "") for label in labels), answer.get("error", ""),
    ]  # fmt: skip
    return "\t".join(harmless(str(cell)) for cell in cells)
