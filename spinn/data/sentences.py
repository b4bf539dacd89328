"""Which tree a sentence gets: its own, or one of a fixed shape for comparison."""

from __future__ import annotations

import random
import sys
import zlib
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from spinn.errors import InputError
from spinn.trees import (
    Parse,
    balanced,
    left_branching,
    parse_brackets,
    random_tree,
    right_branching,
)

if TYPE_CHECKING:
    from nltk.tokenize import TreebankWordTokenizer

GOLD, RANDOM = "gold", "random"
SHAPES: dict[str, Callable[[int], bytes]] = {
    "left": cache(left_branching),
    "right": cache(right_branching),
    "balanced": cache(balanced),
}
TREE_NAMES = (GOLD, *SHAPES, RANDOM)


@cache
def _tokenizer() -> TreebankWordTokenizer:
    from nltk.tokenize import TreebankWordTokenizer

    return TreebankWordTokenizer()


class TreeSource:
    """The sentence and its tree, from brackets or from plain text.

    Args:
        name: `gold` keeps the tree of the brackets; `left`, `right`, `balanced` and `random`
            replace it, and so make data without parses readable.
        seed: of the random trees. The same seed and words always give the same tree, whatever
            was read before.
    """

    def __init__(self, name: str, seed: int = 0) -> None:
        if name not in TREE_NAMES:
            raise InputError(f"trees={name!r}, expected one of {', '.join(TREE_NAMES)}")
        self.name = name
        self.seed = seed
        # Neighbouring rows share sentences (an SNLI premise stands in three): parse and keep once.
        self._read = lru_cache(maxsize=256)(self._read_brackets)

    def from_brackets(self, text: str) -> Parse:
        """Take the words from a binary bracketing, and its tree where the source is `gold`."""
        return self._read(text)

    def from_text(self, text: str) -> Parse:
        """Split plain text into words as the Penn Treebank does; brackets become -LRB-, -RRB-.

        Raises: ValueError: if there is no word, or the source is `gold`.
        """
        if self.name == GOLD:
            others = "|".join(name for name in TREE_NAMES if name != GOLD)
            raise ValueError(f"the text has no parse: choose trees={others}")
        words = _tokenizer().tokenize(text, convert_parentheses=True)
        if not words:
            raise ValueError("empty sentence: no word found")
        return self._grow(tuple(map(sys.intern, words)))

    def _read_brackets(self, text: str) -> Parse:
        parse = parse_brackets(text)
        return parse if self.name == GOLD else self._grow(parse.words)

    def _grow(self, words: tuple[str, ...]) -> Parse:
        if self.name == RANDOM:
            text = " ".join(words).encode("utf-8", "surrogatepass")
            rng = random.Random(zlib.crc32(text, self.seed & 0xFFFFFFFF))
            return Parse(words, random_tree(len(words), rng))
        return Parse(words, SHAPES[self.name](len(words)))
