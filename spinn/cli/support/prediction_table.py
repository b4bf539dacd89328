"""The prediction for every example of a set, as rows of a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinn.errors import InputError

if TYPE_CHECKING:
    from spinn.data.predictions import Columns

SUFFIXES = (".csv", ".tsv", ".jsonl")
DIGITS = 6  # of a number


def check_out(path: Path) -> None:
    """Raise InputError unless a table can be written to a path."""
    if path.suffix not in SUFFIXES:
        raise InputError(f"--out {path}: expected a name that ends with {', '.join(SUFFIXES)}")
    if not path.resolve().parent.is_dir():
        raise InputError(f"--out {path}: there is no folder {path.resolve().parent}")
    if path.exists() and not path.is_file():
        raise InputError(f"--out {path} is not a regular file; name another one")


def example_rows(
    name: str, columns: Columns, labels: Sequence[str], files: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield a row for each example of a set.

    Args:
        name: of the set.
        columns: as in `spinn.data.predictions`.
        labels: the class names; empty for numbers and sequences.
        files: of the set, by their number in the column `file`; empty where there are none.
    """
    kept = {key: values for key, values in columns.items() if files or key != "file"}
    is_class = bool(labels) and columns["gold"].dtype.kind != "f" if "gold" in columns else False
    for place in range(len(columns["words"])):
        row: dict[str, Any] = {"set": name}
        for key, values in kept.items():
            value = values[place]
            if key == "file":
                row[key] = files[int(value)]
            elif key == "probabilities":
                probabilities = zip(labels, value.tolist(), strict=True)
                row |= {f"probability of {label}": round(p, DIGITS) for label, p in probabilities}
            elif key in ("gold", "predicted") and is_class:
                row[key] = labels[int(value)] if value >= 0 else None
            else:
                found = value.item()
                row[key] = round(found, DIGITS) if isinstance(found, float) else found
        yield row


def table_text(rows: Iterable[Mapping[str, Any]], suffix: str) -> str:
    """Return rows as CSV, TSV or JSON lines; a column that a row lacks is empty."""
    rows = list(rows)
    if suffix == ".jsonl":
        return "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)
    header = dict.fromkeys(key for row in rows for key in row)
    text = io.StringIO()
    delimiter = "\t" if suffix == ".tsv" else ","
    writer = csv.DictWriter(text, header, lineterminator="\n", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
