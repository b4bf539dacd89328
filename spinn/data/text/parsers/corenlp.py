"""Trees from a CoreNLP server (Manning et al. 2014), through NLTK's client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nltk.parse.corenlp import CoreNLPParser

from spinn.data.text.parsers import DEFAULT_URL, ExternalParser
from spinn.data.text.parsers.exchange import Exchange
from spinn.errors import ParserUnavailableError
from spinn.trees.transitions import REDUCE, Parse, binarise

# Keep the given words and treat them as one sentence.
AS_GIVEN = {"tokenize.whitespace": "true", "ssplit.eolonly": "true"}


class _Client(CoreNLPParser):  # type: ignore[misc]
    """NLTK's client with `Exchange` as its session, because NLTK's own needs `requests`."""

    def __init__(self, exchange: Exchange) -> None:
        self.url = exchange.url
        self.encoding = "utf-8"
        self.tagtype = None
        self.strict_json = True
        self.session = exchange


class CoreNLP(ExternalParser):
    """Parses with a CoreNLP server, one request per sentence.

    A node with more than two children is binarised as `( a ( b c ) )`, see
    `spinn.trees.transitions.binarise`.

    Args: url: the server's address.

    Raises: InputError: if it is not an http or https address.
    """

    def __init__(self, url: str = DEFAULT_URL) -> None:
        self._exchange = Exchange(url)
        self._client = _Client(self._exchange)

    def parse_text(self, text: str) -> Parse:
        """Parse plain text into CoreNLP's words and tree.

        If CoreNLP finds several sentences, their trees are joined: `( first ( second third ) )`.

        Raises:
            ValueError: if there is no word, or CoreNLP has no tree for them.
            ParserUnavailableError: if no CoreNLP server answers within the limits of `Exchange`.
        """
        if not text.strip():
            raise ValueError("empty sentence: no word found")
        return self._request(text, {})

    def parse_words(self, words: Sequence[str]) -> Parse:
        """Parse a sentence of given words.

        Raises: as in `parse_text`; ValueError also if the tree is over other words.
        """
        parse = self._request(" ".join(words), AS_GIVEN)
        if parse.words != tuple(words):
            pairs = zip((*words, None), (*parse.words, None), strict=False)
            ours, theirs = next((a, b) for a, b in pairs if a != b)
            raise ValueError(f"CoreNLP's tree is over other words: {theirs!r} in place of {ours!r}")
        return parse

    def _request(self, text: str, properties: Mapping[str, str]) -> Parse:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("half of a surrogate pair is not a character") from None
        trees = [self._parse(tree) for tree in self._trees(text, properties)]
        if not trees:
            raise ValueError("empty sentence: CoreNLP found no word")
        words = tuple(word for tree in trees for word in tree.words)
        transitions = b"".join(tree.transitions for tree in trees)
        return Parse(words, transitions + bytes([REDUCE]) * (len(trees) - 1))

    def _trees(self, text: str, properties: Mapping[str, str]) -> list[str]:
        """Return each sentence's tree as the server's text."""
        try:
            answer = self._client.api_call(text, properties=properties)
            trees = [sentence["parse"] for sentence in answer["sentences"]]
            if not all(isinstance(tree, str) for tree in trees):
                raise TypeError("a parse is not text")
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            if isinstance(error, ParserUnavailableError):
                raise
            reason = "its answer is not JSON with a parse of each sentence"
            raise self._exchange.failure(reason) from error
        return trees

    def _parse(self, tree: str) -> Parse:
        try:
            return binarise(self._client.make_tree({"parse": tree}))
        except ValueError as error:
            raise ValueError(f"CoreNLP has no tree for it, but {tree[:80]!r}") from error
