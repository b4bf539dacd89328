"""The tree of a sentence: gold, a fixed shape for comparison, random, predicted or a parser's."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable
from functools import cache, lru_cache

from spinn.data.text.parsers import CORENLP as CORENLP  # part of the vocabulary of origins
from spinn.data.text.parsers import DEFAULT_URL, PARSERS, ExternalParser, external_parser
from spinn.data.text.parsers import LINK_GRAMMAR as LINK_GRAMMAR
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

GOLD = "gold"  # the tree in the data, or in the brackets that a user typed
LEFT, RIGHT, BALANCED, RANDOM = "left", "right", "balanced", "random"  # shapes
PREDICTED = "predicted"  # by the encoder; the data gives the words alone
SHAPES: dict[str, Callable[[int], bytes]] = {
    LEFT: cache(left_branching),
    RIGHT: cache(right_branching),
    BALANCED: cache(balanced),
}
PLACEHOLDER = SHAPES[RIGHT]  # transitions of sentences whose tree the encoder predicts
TREE_NAMES = (GOLD, *SHAPES, RANDOM, PREDICTED, *PARSERS)
SHAPE_NAMES = (*SHAPES, RANDOM)  # trees that do not depend on the words
_ADVICE = (
    f"choose data.trees={'|'.join((*SHAPE_NAMES, *PARSERS))}; or parse the file once, `spinn data "
    "parse --file FILE --out OUT --trees corenlp|link-grammar|RUN`; or train an encoder that needs "
    "no tree, such as model=lstm"
)
_BREAKS = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]")  # line and cell separators


def tree_kind(origin: str) -> str:
    """Return the words for trees of an origin: "gold", "right-branching", "runs/spinn's"."""
    if origin in (LEFT, RIGHT):
        return f"{origin}-branching"
    return origin if origin in TREE_NAMES else f"{origin}'s"


class TreeSource:
    """Reads a sentence and its tree from brackets or from plain text.

    Args:
        name: origin of the tree. `gold` keeps the tree of the brackets. `left`, `right`, `balanced`
            and `random` replace it by that shape, and also read data without parses. `predicted`
            takes the words alone, for encoders that predict trees. `corenlp` and `link-grammar` run
            a parser on each sentence. Any name with `parser`.
        seed: of random trees. The same seed and words always give the same tree.
        parser_url: address of the CoreNLP server.
        optional: with `gold`, read text without a parse for its words instead of raising an error.
        advice: what to do about text without a parse; the end of that error's message.
        replace: whether `read` replaces the tree of brackets that a user typed, too.
        parser: parses each sentence, in place of the one of that name.

    Attributes:
        optional: as the argument.
        complete: whether all sentences so far had a tree of this origin.

    Raises: InputError: for an unknown name, or a parser that is not installed.
    """

    def __init__(
        self,
        name: str,
        seed: int = 0,
        parser_url: str = DEFAULT_URL,
        *,
        optional: bool = False,
        advice: str = _ADVICE,
        replace: bool = False,
        parser: ExternalParser | None = None,
    ) -> None:
        if parser is None and name not in TREE_NAMES:
            raise InputError(f"trees={name!r}, expected one of {', '.join(TREE_NAMES)}")
        self.name = name
        self.seed = seed
        self.complete = name != PREDICTED
        self.optional = optional
        self._advice = advice
        self._replace = replace or name == PREDICTED
        self._parser = parser
        if parser is None and name in PARSERS:
            self._parser = external_parser(name, parser_url)
        # Neighbouring rows share sentences: an SNLI premise occurs in three.
        self._cached_brackets = lru_cache(maxsize=256)(self._read_brackets)
        self._cached_text = lru_cache(maxsize=256)(self._read_text)

    def read(self, text: str) -> tuple[Parse, str]:
        """Read a user's text: a tree in brackets, or plain text.

        Brackets keep their tree, except with `predicted` or `replace`. Plain text of one or two
        words has only one tree, so that `gold` accepts it.

        Text is a tree if it ends with a bracket and starts with one that stands alone,
        "( ( all dogs ) move )". Text is a malformed tree, and an error, in two cases. One bracket
        without spaces encloses all of it, "((all dogs) move)". Or it starts with a bracket that
        stands alone, and such brackets do not balance, "( dogs move". So "(Yes) he left (early)"
        and "( AP ) Police left ." are plain text.

        Returns: the sentence and the origin of its tree: `gold` for brackets, else the name.

        Raises: ValueError: for brackets that are not a binary tree, or as in `from_text`.
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
        return (self._add_tree(parse.words), self.name) if self._replace else (parse, GOLD)

    def from_brackets(self, text: str) -> Parse:
        """Read the words of a binary bracketing, and its tree if the origin is `gold`."""
        return self._cached_brackets(text)

    def from_text(self, text: str) -> Parse:
        """Split plain text into Penn Treebank words; brackets become -LRB-, -RRB-.

        With `corenlp`, the words are those of CoreNLP.

        Raises:
            ValueError: if there is no word, a parser has no tree, or the origin is `gold` and a
                parse is not optional.
            ParserUnavailableError: if the parser does not answer.
        """
        return self._cached_text(text)

    def _read_brackets(self, text: str) -> Parse:
        parse = parse_brackets(text)
        return parse if self.name == GOLD else self._add_tree(parse.words)

    def _read_text(self, text: str) -> Parse:
        if self.name == GOLD:
            if not self.optional:
                raise ValueError(f"the text has no parse: {self._advice}")
            self.complete = False
        return self._parser.parse_text(text) if self._parser else self._add_tree(split_words(text))

    def _add_tree(self, words: tuple[str, ...]) -> Parse:
        if self._parser:
            return self._parser.parse_words(words)
        if self.name == RANDOM:
            text = " ".join(words).encode("utf-8", "surrogatepass")
            rng = random.Random(zlib.crc32(text, self.seed & 0xFFFFFFFF))
            return Parse(words, random_tree(len(words), rng))
        return Parse(words, SHAPES.get(self.name, PLACEHOLDER)(len(words)))


def _is_bracketed(text: str) -> bool:
    """Whether text is a tree: its first bracket stands alone, or encloses all of it."""
    if text.startswith("( "):
        tokens = text.split(" ")
        return text.endswith(")") or tokens.count("(") != tokens.count(")")
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position == len(text) - 1
    return True
