"""External parsers, one module each, and their contract."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from spinn.trees.transitions import Parse

CORENLP, LINK_GRAMMAR = "corenlp", "link-grammar"
PARSERS = (CORENLP, LINK_GRAMMAR)
DEFAULT_URL = "http://localhost:9000"  # of a CoreNLP server


class ExternalParser(ABC):
    """Parses sentences into binary trees.

    Both methods raise ValueError if there is no tree for the sentence, and ParserUnavailableError
    if the parser cannot be used at all.
    """

    @abstractmethod
    def parse_text(self, text: str) -> Parse:
        """Split plain text into words and parse them."""

    @abstractmethod
    def parse_words(self, words: Sequence[str]) -> Parse:
        """Parse a sentence of given words."""


def external_parser(name: str, url: str = DEFAULT_URL) -> ExternalParser:
    """Return a parser by its name; a server is not contacted before the first sentence.

    Raises: ParserUnavailableError: if it is not installed. InputError: if `url` is not an address.
    """
    # Imported here because importing NLTK's client takes a second, which other sources do not need.
    if name == CORENLP:
        from spinn.data.text.parsers.corenlp import CoreNLP

        return CoreNLP(url)
    from spinn.data.text.parsers.link_grammar import LinkGrammar

    return LinkGrammar()
