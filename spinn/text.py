"""Tokenisation of plain text, the order of names with numbers, and text for a terminal."""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nltk.tokenize import TreebankWordTokenizer


# Optional libraries of nltk's classifiers and statistics: importing them takes four fifths of the
# time of importing nltk. The commands hide them from it (`quick_import`).
_OPTIONAL = ("scipy", "sklearn")
_hides_optional = False


def quick_import() -> None:
    """Import nltk without its optional libraries, in this process, when it is first needed.

    Its classifiers of scikit-learn then raise an error; the commands do not use them.
    """
    global _hides_optional
    _hides_optional = True


@cache
def _tokenizer() -> TreebankWordTokenizer:
    hides = _hides_optional and "nltk" not in sys.modules
    hidden = [name for name in _OPTIONAL if hides and name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: ImportError
    try:
        from nltk.tokenize import TreebankWordTokenizer
    finally:
        for name in hidden:
            del sys.modules[name]
    return TreebankWordTokenizer()


def split_words(text: str) -> tuple[str, ...]:
    """Split plain text into words, each interned; brackets become -LRB-, -RRB-.

    Raises: ValueError: if there is no word.
    """
    words = _tokenizer().tokenize(text, convert_parentheses=True)
    if not words:
        raise ValueError("empty sentence: no word found")
    return tuple(map(sys.intern, words))


def plural(number: int, noun: str) -> str:
    """Return a number and its noun: `1 thread`, `50,001 examples`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """Return a rounded time: `40 s`, `25 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def by_number(name: str) -> list[str | int]:
    """Return a key that sorts names by the numbers in them: `test2` before `test10`."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def printable(text: str) -> str:
    """Return a text with control characters as escapes, so that it cannot control a terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


LONGEST_LINE = 600  # characters of a line of a message
MOST_LINES = 60  # of a message


def shortened(text: str, most: int) -> str:
    """Return a text of at most `most` characters; a longer one has an ellipsis in the middle."""
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - 1 - end]}…{text[len(text) - end :]}"


def printable_lines(text: str) -> str:
    """Return a text with its lines, all other control characters as escapes.

    A carriage return does not end a line, since a terminal would write over the line.
    """
    return "\n".join(map(printable, text.split("\n")))


def message(text: str) -> str:
    """Return a message for a terminal: `printable_lines`, long lines and texts without a middle.

    A message may quote a file or an argument of any length and with any characters.
    """
    lines = [shortened(line, LONGEST_LINE) for line in printable_lines(text).split("\n")]
    if len(lines) > MOST_LINES:
        lines[MOST_LINES // 2 : -(MOST_LINES // 2) + 1] = ["…"]
    return "\n".join(lines)
