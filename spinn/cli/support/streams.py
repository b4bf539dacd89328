"""Standard input and output of `spinn predict`, and the file of `--out`."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from spinn.errors import InputError
from spinn.files import write_atomically


def write_out(path: Path, write: Callable[[TextIO], None]) -> None:
    """Write a complete file, or none."""

    def fill(draft: Path) -> None:
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            write(file)

    try:
        write_atomically(path.resolve(), fill)
    except InputError as error:
        raise InputError(f"{error} (nothing is written to {path})") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def accept_any_character(stream: TextIO, *, as_utf8: bool) -> None:
    """Let a stream take any character: as UTF-8, or as an escape if its encoding lacks it."""
    if isinstance(stream, io.TextIOWrapper):
        if as_utf8:
            stream.reconfigure(encoding="utf-8")
        else:
            stream.reconfigure(errors="backslashreplace")


def standard_input(expected: str) -> io.BufferedReader:
    """Return standard input; at a terminal, print what is expected.

    It is not `sys.stdin`: Python locks that at exit, while the thread may still read it.
    """
    if sys.stdin is None:
        raise InputError("there is no standard input; name a --file, or quote the input after RUN")
    if sys.stdin.isatty():
        print(f"reading from the terminal: {expected}; Ctrl-D ends", file=sys.stderr)
    try:
        return io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False))
    except io.UnsupportedOperation:  # not a file of the system
        return io.BufferedReader(sys.stdin.buffer)  # type: ignore[arg-type]
