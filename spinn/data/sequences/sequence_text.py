"""Sequences as text: what a user writes and reads of inputs and outputs."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinn.data.sequences.sequence_rows import numbers_of, steps_of
from spinn.text import plural

FEW = 20  # symbols that a message lists
UNKNOWN = "?"  # an input symbol that train lacks


def parse_symbols(text: str, symbols: Sequence[str]) -> list[int]:
    """Return the indices of the symbols in a text, which are separated by spaces.

    Symbols of one character each need no spaces: `abba` is `a b b a`.

    Raises: ValueError: for an empty text, or the first step that is no symbol.
    """
    steps = steps_of(text, empty=False)
    if are_characters(symbols):
        steps = [character for step in steps for character in step]
    return indices_of(steps, symbols)


def indices_of(steps: Sequence[str], symbols: Sequence[str]) -> list[int]:
    """Return the index of each symbol.

    Raises: ValueError: for the first step that is no symbol.
    """
    indices = {symbol: index for index, symbol in enumerate(symbols)}
    for number, step in enumerate(steps, 1):
        if step not in indices:
            shown = ", ".join(symbols[:FEW]) + (", …" if len(symbols) > FEW else "")
            close = difflib.get_close_matches(step[:40], symbols, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"expected {shown}"
            raise ValueError(f"step {number}: {step[:40]!r} is no symbol of the run; {hint}")
    return [indices[step] for step in steps]


def parse_numbers(text: str, size: int, decimal: str = ".") -> list[tuple[float, ...]]:
    """Return the steps of a text: separated by spaces, the numbers of a step by commas.

    Args:
        size: numbers in a step.
        decimal: see `numbers_of`.

    Raises: ValueError: for an empty text, text that is no number, and a step of another size.
    """
    return check_numbers(steps_of(text, empty=False), size, decimal)


def check_numbers(steps: Sequence[Any], size: int, decimal: str = ".") -> list[tuple[float, ...]]:
    """Return the numbers of each step.

    Raises: ValueError: for the first step that has other numbers than `size`.
    """
    found = []
    for number, step in enumerate(steps, 1):
        try:
            values = numbers_of(step, decimal)
        except ValueError as error:
            raise ValueError(f"step {number}: {error}") from None
        if len(values) != size:
            mark = ";" if decimal == "," else ","
            example = mark.join(["0", "1", "2", "3"][:size]) if size <= 4 else f"0{mark}1{mark}…"
            raise ValueError(
                f"step {number}: {plural(len(values), 'number')}; expected {size}, such as "
                f"{example}, and spaces between steps"
            )
        found.append(values)
    return found


def format_symbols(steps: NDArray[Any], symbols: Sequence[str]) -> str:
    """Join symbols by spaces, or by nothing if each is one character.

    Args: steps: (T,) indices; one past the last symbol is an unknown one.
    """
    names = [symbols[step] if step < len(symbols) else UNKNOWN for step in steps.tolist()]
    return ("" if are_characters(symbols) else " ").join(names)


def format_numbers(steps: NDArray[Any]) -> str:
    """Join steps by spaces, and the numbers of a step by commas.

    Args: steps: (T, I).
    """
    rows = np.asarray(steps, dtype=np.float64).tolist()
    return " ".join(",".join(f"{value:.6g}" for value in row) for row in rows)


def are_characters(symbols: Sequence[str]) -> bool:
    """Return whether each symbol is one character, and none of them is blank."""
    return all(len(symbol) == 1 and not symbol.isspace() for symbol in symbols)
