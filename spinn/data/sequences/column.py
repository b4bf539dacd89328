"""One column of a CSV file as numbers, in the order of time."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinn.data.text.readers.rows import MAX_LINE_BYTES, raw_lines
from spinn.errors import InputError
from spinn.text import plural

MAX_VALUES = 2**24  # a longer series is probably the wrong file
Moment = float | datetime


def read_column(path: Path, column: str, time: str | None) -> NDArray[np.float64]:
    """Read a numeric column, (rows,).

    Args:
        path: CSV with a header, UTF-8, separated by commas, plain or gzipped.
        column: the name of the column.
        time: the name of a column of ISO dates or numbers, which must rise; None for rows that are
            in order.

    Raises: InputError: with file and line, for a file that cannot be read, a missing column, a
        missing or non-numeric value, or a time that is not later than the one before.
    """
    rows = _rows(path)
    line, names = _header(path, rows)
    wanted = [column] if time is None else [column, time]
    indices = [_index_of(f"{path}:{line}", name, names) for name in wanted]
    values, clock = array("d"), _Clock()
    for line, row in rows:
        place = f"{path}:{line}"
        if len(row) != len(names):
            fields = plural(len(row), "field")
            raise InputError(f"{place}: {fields}; expected {len(names)}, as in the header")
        value, *moment = (row[index].strip() for index in indices)
        values.append(_parse_field(place, column, value, _number))
        if time is not None:
            _parse_field(place, time, moment[0], clock.tick)
        if len(values) > MAX_VALUES:
            raise InputError(f"{place}: more than {MAX_VALUES} values: is this the right file?")
    if not values:
        raise InputError(f"{path}: no rows below the header; expected a value in each row")
    return np.frombuffer(values, dtype=np.float64)


def column_names(path: Path) -> list[str]:
    """Read the header alone.

    Raises: InputError: for a file that cannot be read or is empty.
    """
    return _header(path, _rows(path))[1]


def _header(path: Path, rows: Iterator[tuple[int, list[str]]]) -> tuple[int, list[str]]:
    """Return the line on which the first row ends, and the columns' names."""
    line, header = next(rows, (1, []))
    if not header:
        raise InputError(f"{path}: empty; expected a header and a value in each row below it")
    return line, [name.strip() for name in header]


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (last line, fields) of every row; blank lines are allowed at the end only."""
    reader = csv.reader(_text(path), strict=True)
    blank = 0
    try:
        for row in reader:
            if row and blank:
                raise InputError(f"{path}:{blank}: an empty line; expected a row")
            if row:
                yield reader.line_num, row
            else:
                blank = blank or reader.line_num
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: malformed CSV: {error}") from error


def _text(path: Path) -> Iterator[str]:
    for number, line in raw_lines(path):
        if len(line) > MAX_LINE_BYTES:
            wrong = f"line longer than {MAX_LINE_BYTES} bytes: is this the right file?"
            raise InputError(f"{path}:{number}: {wrong}")
        try:
            yield line.decode("utf-8") + "\n"  # a quoted field may span lines
        except UnicodeDecodeError as error:
            wrong = f"byte 0x{line[error.start]:02x} at column {error.start + 1}"
            raise InputError(
                f"{path}:{number}: invalid UTF-8: {wrong}; save the file as UTF-8"
            ) from None


def _index_of(place: str, name: str, names: list[str]) -> int:
    """Return a column's index, or raise InputError."""
    if (count := names.count(name)) != 1:
        found = f"{count} columns" if count else "no column"
        other_separator = len(names) == 1 and any(mark in names[0] for mark in ";\t|")
        hint = "; fields are separated by commas" if other_separator else ""
        raise InputError(f"{place}: {found} {name!r}; columns: {', '.join(map(repr, names))}{hint}")
    return names.index(name)


def _parse_field(place: str, name: str, text: str, parse: Callable[[str], float | None]) -> float:
    """Parse a field; add its place to the message of a ValueError."""
    try:
        if not text:
            raise ValueError("no value; fill it or leave the row out")
        return parse(text) or 0.0
    except ValueError as error:
        raise InputError(f"{place}: {name}: {error}") from None


def _number(text: str) -> float:
    """Parse a finite number; reject underscores, as in 1_000, which Python accepts."""
    try:
        value = float(text.replace("_", "x"))
    except ValueError:
        raise ValueError(f"{text[:40]!r}, expected a number") from None
    if not math.isfinite(value):
        raise ValueError(f"{text!r}, expected a finite number")
    return value


class _Clock:
    """Checks that times rise, and are all numbers or all dates of one kind."""

    def __init__(self) -> None:
        self._last: tuple[str, Moment, str] | None = None

    def tick(self, text: str) -> None:
        """Parse the next time.

        Raises: ValueError: if it is not a time, or not later than the one before.
        """
        kind, moment = _moment(text)
        if self._last is not None:
            last_kind, last, last_text = self._last
            if kind != last_kind:
                raise ValueError(f"{text!r} is {kind}, but the time before is {last_kind}")
            if moment == last:
                raise ValueError(f"{text!r} occurs twice; expected each time once")
            if moment < last:  # type: ignore[operator]  # both are of one kind
                raise ValueError(f"{text!r} comes after {last_text!r}; sort the rows by time")
        self._last = kind, moment, text


def _moment(text: str) -> tuple[str, Moment]:
    try:
        return "a number", _number(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r}, expected an ISO date or a number") from None
    return ("a date without a zone" if moment.tzinfo is None else "a date with a zone"), moment
