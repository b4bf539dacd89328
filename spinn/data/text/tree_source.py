"""Where the tree of a sentence comes from: the data, a fixed shape, or a parser."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable
from functools import cache, lru_cache

from spinn.data.text.parsers import DEFAULT_URL, PARSERS, outside_parser
from spinn.errors import InputError
from spinn.text import split_words
from spinn.trees.transitions import (
    Parse,
    balanced,
    left_branching,
    parse_brackets,
    random_tree,
    right_branching,
)

GOLD, RANDOM, PREDICTED = "gold", "random", "predicted"
SHAPES: dict[str, Callable[[int], bytes]] = {
    "left": cache(left_branching),
    "right": cache(right_branching),
    "balanced": cache(balanced),
}
PLACEHOLDER = SHAPES["right"]  # for an encoder that predicts its trees
TREE_NAMES = (GOLD, *SHAPES, RANDOM, PREDICTED, *PARSERS)
SHAPE_NAMES = (*SHAPES, RANDOM)  # trees that do not depend on the sentence's grammar
_ADVICE = f"choose trees={'|'.join(name for name in TREE_NAMES if name != GOLD)}"
_BREAKS = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]")  # what ends a line or a cell elsewhere


def tree_kind(origin: str) -> str:
    """Return the words for trees of an origin: "gold", "right-branching", "corenlp"."""
    return f"{origin}-branching" if origin in ("left", "right") else origin


class TreeSource:
    """The sentence and its tree, from brackets or from plain text.

    Args:
        name: `gold` keeps the tree of the brackets; `left`, `right`, `balanced` and `random`
            replace it, and so make data without parses readable; `predicted` takes the words
            alone, for encoders that find their own tree; `corenlp` and `link-grammar` ask a
            parser, sentence by sentence.
        seed: of the random trees. The same seed and words always give the same tree, whatever
            was read before.
        parser_url: of the CoreNLP server.
        optional: with `gold`, take the words of text that has no parse, instead of an error.
        advice: what to do about text that has no parse; the end of that error's message.

    Attributes:
        complete: whether every sentence so far had a tree; False after `optional` was used.

    Raises: InputError: if there is no such source, or its parser is not installed.
    """

    def __init__(
        self,
        name: str,
        seed: int = 0,
        parser_url: str = DEFAULT_URL,
        *,
        optional: bool = False,
        advice: str = _ADVICE,
    ) -> None:
        if name not in TREE_NAMES:
            raise InputError(f"trees={name!r}, expected one of {', '.join(TREE_NAMES)}")
        self.name = name
        self.seed = seed
        self.complete = name != PREDICTED
        self._optional = optional
        self._advice = advice
        self._parser = outside_parser(name, parser_url) if name in PARSERS else None
        # Neighbouring rows share sentences (an SNLI premise stands in three): parse and keep once.
        self._read = lru_cache(maxsize=256)(self._read_brackets)
        self._split = lru_cache(maxsize=256)(self._read_text)

    def read(self, text: str) -> tuple[Parse, str]:
        """Read what a user types: a tree in brackets, or plain text.

        Typed brackets keep their tree, except with `predicted`. Plain text of one or two words has
        one possible tree, so `gold` accepts it. A tree is meant where text ends with a bracket and starts with one that stands alone,
        "( ( all dogs ) move )", or that encloses all of it, "((all dogs) move)", which is an
        error; and where it starts so and brackets that stand alone do not balance, "( dogs move".
        So "(Yes) he left (early)" and "( AP ) Police left ." are plain text.

        Returns: the sentence, and the origin of its tree: `gold` for brackets, else the name.

        Raises: ValueError: if the brackets are no binary tree, or as in `from_text`.
        """
        stripped = _BREAKS.sub(" ", text).strip()
        if not _is_bracketed(stripped):
            if self.name == GOLD and len(words := split_words(text)) <= 2:
                return Parse(words, PLACEHOLDER(len(words))), GOLD
            return self.from_text(text), self.name
        try:
            if not stripped.startswith("( "):
                raise ValueError("brackets must stand alone between spaces")
            parse = parse_brackets(stripped)
        except ValueError as error:
            raise ValueError(
                f"{error}. Write a tree as ( ( all dogs ) move ), with spaces around each bracket; "
                "write plain text without brackets around all of it"
            ) from None
        return (self._grow(parse.words), self.name) if self.name == PREDICTED else (parse, GOLD)

    def from_brackets(self, text: str) -> Parse:
        """Take the words from a binary bracketing, and its tree where the source is `gold`."""
        return self._read(text)

    def from_text(self, text: str) -> Parse:
        """Split plain text into words as the Penn Treebank does; brackets become -LRB-, -RRB-.

        Where the source is `corenlp`, the words are those of CoreNLP.

        Raises:
            ValueError: if there is no word, a parser has no tree, or the source is `gold` and a
                parse is not optional.
            ParserUnavailableError: if the parser does not answer.
        """
        return self._split(text)

    def _read_brackets(self, text: str) -> Parse:
        parse = parse_brackets(text)
        return parse if self.name == GOLD else self._grow(parse.words)

    def _read_text(self, text: str) -> Parse:
        if self.name == GOLD:
            if not self._optional:
                raise ValueError(f"the text has no parse: {self._advice}")
            self.complete = False
        return self._parser.parse_text(text) if self._parser else self._grow(split_words(text))

    def _grow(self, words: tuple[str, ...]) -> Parse:
        if self._parser:
            return self._parser.parse_words(words)
        if self.name == RANDOM:
            text = " ".join(words).encode("utf-8", "surrogatepass")
            rng = random.Random(zlib.crc32(text, self.seed & 0xFFFFFFFF))
            return Parse(words, random_tree(len(words), rng))
        return Parse(words, SHAPES.get(self.name, PLACEHOLDER)(len(words)))


def _is_bracketed(text: str) -> bool:
    """Whether text is meant as a tree: its first bracket stands alone, or encloses all of it."""
    if text.startswith("( "):
        tokens = text.split(" ")
        return text.endswith(")") or tokens.count("(") != tokens.count(")")
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place == len(text) - 1
    return True
