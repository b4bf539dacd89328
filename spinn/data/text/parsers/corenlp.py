"""Trees from a CoreNLP server (Manning et al. 2014), asked by NLTK's client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nltk.parse.corenlp import CoreNLPParser

from spinn.data.text.parsers import DEFAULT_URL, OutsideParser
from spinn.data.text.parsers.exchange import Exchange
from spinn.errors import ParserUnavailableError
from spinn.trees.transitions import REDUCE, Parse, binarise

# The words are given: they are neither split further, nor is the sentence.
AS_GIVEN = {"tokenize.whitespace": "true", "ssplit.eolonly": "true"}


class _Client(CoreNLPParser):  # type: ignore[misc]
    """NLTK's client over an exchange of our own; the one that NLTK makes needs `requests`."""

    def __init__(self, exchange: Exchange) -> None:
        self.url = exchange.url
        self.encoding = "utf-8"
        self.tagtype = None
        self.strict_json = True
        self.session = exchange


class CoreNLP(OutsideParser):
    """Asks a server for the tree of one sentence at a time, one request each.

    A node of several parts is cut as `( a ( b c ) )`, as in `spinn.trees.transitions.binarise`.

    Args: url: the server's address.

    Raises: InputError: if it is no address of http or https.
    """

    def __init__(self, url: str = DEFAULT_URL) -> None:
        self._exchange = Exchange(url)
        self._client = _Client(self._exchange)

    def parse_text(self, text: str) -> Parse:
        """Parse plain text; the words are those that CoreNLP finds.

        Text that CoreNLP takes for several sentences gets one tree, in which each sentence's tree
        is joined with that of all after it: `( first ( second third ) )`.

        Raises:
            ValueError: if there is no word, or CoreNLP has no tree for them.
            ParserUnavailableError: if no CoreNLP server answers, within the bounds of `Exchange`.
        """
        if not text.strip():
            raise ValueError("empty sentence: no word found")
        return self._ask(text, {})

    def parse_words(self, words: Sequence[str]) -> Parse:
        """Parse a sentence that is split already.

        Raises: as in `parse_text`; ValueError also if the tree is over other words.
        """
        parse = self._ask(" ".join(words), AS_GIVEN)
        if parse.words != tuple(words):
            pairs = zip((*words, None), (*parse.words, None), strict=False)
            ours, theirs = next((a, b) for a, b in pairs if a != b)
            raise ValueError(f"CoreNLP's tree is over other words: {theirs!r} in place of {ours!r}")
        return parse

    def _ask(self, text: str, properties: Mapping[str, str]) -> Parse:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("half of a surrogate pair is no character") from None
        trees = [self._parse(written) for written in self._trees(text, properties)]
        if not trees:
            raise ValueError("empty sentence: CoreNLP found no word")
        words = tuple(word for tree in trees for word in tree.words)
        moves = b"".join(tree.transitions for tree in trees)
        return Parse(words, moves + bytes([REDUCE]) * (len(trees) - 1))

    def _trees(self, text: str, properties: Mapping[str, str]) -> list[str]:
        """Return each sentence's tree as the server writes it."""
        try:
            answer = self._client.api_call(text, properties=properties)
            trees = [sentence["parse"] for sentence in answer["sentences"]]
            if not all(isinstance(tree, str) for tree in trees):
                raise TypeError("a parse is no text")
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            if isinstance(error, ParserUnavailableError):
                raise
            reason = "it sends something else than JSON with a parse of each sentence"
            raise self._exchange.failure(reason) from error
        return trees

    def _parse(self, written: str) -> Parse:
        try:
            return binarise(self._client.make_tree({"parse": written}))
        except ValueError as error:
            raise ValueError(f"CoreNLP has no tree for it, but {written[:80]!r}") from error
