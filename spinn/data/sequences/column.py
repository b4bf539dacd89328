"""Columns of a CSV file as numbers, in the order of time."""

from __future__ import annotations

import csv
import difflib
import math
import re
import unicodedata
from array import array
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinn.data.sequences.bad_rows import BadRows
from spinn.data.sequences.times import Times, microseconds
from spinn.data.text.readers.rows import MAX_LINE_BYTES, raw_lines
from spinn.errors import InputError
from spinn.text import plural

MAX_VALUES = 2**24  # a longer series is probably the wrong file
DELIMITERS = ("\t", ";", ",", "|")
MISSING = {"", "na", "n/a", "nan", "null", "none"}  # texts that stand for no value, in lower case
GAP = 1.5  # a gap in time is longer than this many usual steps; months differ by less
_WITH_COMMA = re.compile(r"[+-]?\d*,\d+")
Missing = Literal["error", "interpolate", "drop"]
Moment = float | datetime


class Columns(NamedTuple):
    """Columns of a file.

    Attributes:
        values: (rows, columns).
        warnings: about missing values and gaps in time, a line each.
        times: of the rows; their numbers where there is no column of times.
    """

    values: NDArray[np.float64]
    warnings: tuple[str, ...]
    times: Times


def read_columns(
    path: Path,
    columns: Sequence[str],
    time: str | None,
    *,
    missing: Missing = "error",
    decimal: str = ".",
) -> Columns:
    """Read numeric columns of a file.

    Args:
        path: CSV with a header, UTF-8, plain or gzipped; see `find_delimiter`.
        columns: the names of the columns.
        time: the name of a column of ISO dates or numbers, which must rise; None for rows that are
            in order.
        missing: what to do about a row without a value: it is an error, the value is interpolated
            between those of the rows before and after, or the row is left out.
        decimal: the decimal point of the numbers, `.` or `,`.

    Raises: InputError: with file and line, for a file that cannot be read, a missing column, and
        for all rows with a missing or non-numeric value, or a time that is not later than the one
        before.
    """
    rows = read_fields(path)
    line, names = _header(path, rows)
    wanted = list(columns) if time is None else [*columns, time]
    options = ["data.column", *["data.covariates"] * (len(columns) - 1), "data.time"]
    indices = [
        index_of(f"{path}:{line}", name, names, option)
        for name, option in zip(wanted, options, strict=False)
    ]
    values, lines, bad = array("d"), array("q"), BadRows(path)
    clock, dropped = _Clock(decimal), array("q")
    for line, row in rows:
        place = f"{path}:{line}"
        if len(row) != len(names):
            fields = plural(len(row), "field")
            bad.add(f"{place}: {fields}; expected {len(names)}, as in the header")
            continue
        texts = [row[index].strip() for index in indices]
        found, wrong = [], []
        for name, text in zip(columns, texts, strict=False):
            if missing != "error" and text.lower() in MISSING:
                found.append(math.nan)
                continue
            try:
                found.append(parse_number(text, decimal))
            except ValueError as error:
                wrong.append(f"{name}: {error}{_advice(text)}")
        if missing == "drop" and any(map(math.isnan, found)) and not wrong:
            dropped.append(line)
            continue
        if time is not None:
            try:
                clock.tick(texts[-1], line)
            except ValueError as error:
                wrong.append(f"{time}: {error}")
        if wrong:
            bad.add(f"{place}: {'; '.join(wrong)}")
            continue
        values.extend(found)
        lines.append(line)
        if len(lines) > MAX_VALUES:
            raise InputError(f"{place}: more than {MAX_VALUES} values: is this the right file?")
    bad.check()
    if not lines:
        where = "with a value in every column" if dropped else "below the header"
        raise InputError(f"{path}: no rows {where}; expected a value in each row")
    table = np.frombuffer(values, dtype=np.float64).reshape(len(lines), -1).copy()
    warnings = [*_interpolate(path, columns, table, lines), *clock.gaps(path, time)]
    if dropped:
        rows_left = f"{plural(len(dropped), 'row')} with a missing value left out"
        warnings.insert(0, f"{path}:{dropped[0]}: {rows_left}, this one first")
    times = Times.rows(len(table)) if time is None else clock.times()
    return Columns(table, tuple(warnings), times)


def _advice(text: str) -> str:
    """Say what to do about text that stands for no number."""
    if text.lower() in MISSING:
        return "; or choose data.missing=interpolate or data.missing=drop"
    if _WITH_COMMA.fullmatch(text):
        return "; for decimal commas choose data.decimal=comma"
    return ""


def _interpolate(
    path: Path, columns: Sequence[str], table: NDArray[np.float64], lines: Sequence[int]
) -> Iterator[str]:
    """Fill the missing values of each column in place, and yield a line about them."""
    steps = np.arange(len(table))
    for name, values in zip(columns, table.T, strict=True):  # a view of the column
        absent = np.isnan(values)
        if not absent.any():
            continue
        for end, side in ((0, "before"), (-1, "after")):
            if absent[end]:
                raise InputError(
                    f"{path}:{lines[end]}: {name}: no value, and none {side} it to interpolate "
                    "from; fill it, or choose data.missing=drop"
                )
        values[absent] = np.interp(steps[absent], steps[~absent], values[~absent])
        first = lines[int(np.argmax(absent))]
        count = plural(int(absent.sum()), "missing value")
        yield f"{path}:{first}: {name}: {count} interpolated, this one first"


def column_names(path: Path) -> list[str]:
    """Read the header alone.

    Raises: InputError: for a file that cannot be read or is empty.
    """
    return _header(path, read_fields(path))[1]


def _header(path: Path, rows: Iterator[tuple[int, list[str]]]) -> tuple[int, list[str]]:
    """Return the line on which the first row ends, and the columns' names."""
    line, header = next(rows, (1, []))
    if not header:
        raise InputError(f"{path}: empty; expected a header and a value in each row below it")
    return line, [normal_name(name) for name in header]


def normal_name(name: str) -> str:
    """Return a column's name in Unicode's composed form, as two files may write é differently."""
    return unicodedata.normalize("NFC", name.strip())


def find_delimiter(header: str) -> str:
    """Return the mark that splits a header into most fields; the comma if none does.

    Among equals the first of tab, semicolon, comma and bar wins: `date;price (€, real)` has two
    fields by either mark.
    """
    found = max(DELIMITERS, key=lambda mark: len(next(csv.reader([header], delimiter=mark), [])))
    return found if found in header else ","


def read_fields(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (last line, fields) of every row; blank lines are allowed at the end only.

    Raises: InputError: for a file that cannot be read, or is malformed.
    """
    lines = _text(path)
    first = next(lines, "")
    try:
        delimiter = find_delimiter(first)
    except csv.Error as error:
        raise InputError(f"{path}:1: malformed CSV: {error}") from error
    reader = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
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


def check_exists(path: Path) -> None:
    """Raise InputError if there is no such file; it lists the nearest names in the folder."""
    folder = path.parent
    try:
        if path.exists():
            return
        names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else None
    except OSError:  # the error of opening the file says more
        return
    if names is None:
        hint = f"the folder {folder} does not exist"
    elif close := difflib.get_close_matches(path.name, names, n=3, cutoff=0.5):
        hint = f"did you mean {' or '.join(map(repr, close))}?"
    else:
        shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        hint = f"the folder holds: {shown or 'nothing'}"
    raise InputError(f"{path}: cannot be read: No such file or directory; {hint}")


def _text(path: Path) -> Iterator[str]:
    check_exists(path)
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


def index_of(place: str, name: str, names: Sequence[str], option: str = "data.column") -> int:
    """Return a column's index.

    Args: option: of the command line that names the column.

    Raises: InputError: unless the name occurs once among the names.
    """
    name = normal_name(name)
    if (count := names.count(name)) != 1:
        found = f"{count} columns" if count else "no column"
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"; did you mean {close[0]!r}?" if close and not count else f"; choose {option}=…"
        raise InputError(f"{place}: {found} {name!r}; columns: {', '.join(map(repr, names))}{hint}")
    return names.index(name)


def parse_number(text: str, decimal: str = ".") -> float:
    """Parse a finite number; reject underscores, as in 1_000, which Python accepts."""
    if not text:
        raise ValueError("no value; fill it or leave the row out")
    kind, plain = "a number", text.replace("_", "x")
    if decimal == ",":  # a point would be that of thousands
        kind = "a number with a decimal comma"
        plain = plain.translate({ord("."): "x", ord(","): "."})
    try:
        value = float(plain)
    except ValueError:
        raise ValueError(f"{text[:40]!r}, expected {kind}") from None
    if not math.isfinite(value):
        raise ValueError(f"{text!r}, expected a finite number")
    return value


class _Clock:
    """Checks that times rise, and are all numbers or all dates of one kind.

    Args: decimal: the decimal point of times that are numbers.
    """

    def __init__(self, decimal: str) -> None:
        self._decimal = decimal
        self._last: tuple[str, Moment, str] | None = None
        self._steps = array("d")  # from the time before, in seconds for dates
        self._lines = array("q")
        self._numbers = array("d")  # the times, if they are numbers
        self._dates = array("q")  # the times in microseconds, if they are dates

    def tick(self, text: str, line: int) -> None:
        """Parse the next time.

        Raises: ValueError: if it is not a time, or not later than the one before.
        """
        kind, moment = _moment(text, self._decimal)
        if self._last is not None:
            last_kind, last, last_text = self._last
            if kind != last_kind:
                raise ValueError(f"{text!r} is {kind}, but the time before is {last_kind}")
            if moment == last:
                raise ValueError(f"{text!r} occurs twice; expected each time once")
            if moment < last:  # type: ignore[operator]  # both are of one kind
                raise ValueError(f"{text!r} comes after {last_text!r}; sort the rows by time")
            step = moment - last  # type: ignore[operator]
            self._steps.append(step.total_seconds() if isinstance(step, timedelta) else step)
            self._lines.append(line)
        self._last = kind, moment, text
        if isinstance(moment, datetime):
            self._dates.append(microseconds(moment))
        else:
            self._numbers.append(moment)

    def times(self) -> Times:
        """Return the times of all rows, of which there is at least one."""
        assert self._last is not None
        _, last, text = self._last
        if isinstance(last, datetime):
            dates = np.array(self._dates, dtype=np.int64).astype("datetime64[us]")
            return Times(dates, text, last.tzinfo)
        return Times(np.array(self._numbers, dtype=np.float64), text)

    def gaps(self, path: Path, name: str | None) -> Iterator[str]:
        """Yield a line about the steps in time that are longer than the usual one, if any."""
        if self._last is None or not self._steps:
            return
        steps = np.frombuffer(self._steps)
        usual = float(np.median(steps))
        longer = np.flatnonzero(steps > GAP * usual)
        if not len(longer):
            return
        first = int(longer[0])
        if isinstance(self._last[1], datetime):
            step, normal = (str(timedelta(seconds=s)) for s in (float(steps[first]), usual))
        else:
            step, normal = f"{steps[first]:g}", f"{usual:g}"
        yield (
            f"{path}:{self._lines[first]}: {name}: {plural(len(longer), 'gap')} in time; here the "
            f"step is {step}, usually it is {normal}; every row counts as one step, so add the "
            "missing rows (without values: data.missing=interpolate)"
        )


def _moment(text: str, decimal: str) -> tuple[str, Moment]:
    if not text:
        raise ValueError("no value; fill it or leave the row out")
    try:
        return "a number", parse_number(text, decimal)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r}, expected an ISO date or a number") from None
    return ("a date without a zone" if moment.tzinfo is None else "a date with a zone"), moment
