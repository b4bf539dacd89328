"""Tokenisation of plain text, and plurals in messages."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nltk.tokenize import TreebankWordTokenizer


@cache
def _tokenizer() -> TreebankWordTokenizer:
    from nltk.tokenize import TreebankWordTokenizer

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
