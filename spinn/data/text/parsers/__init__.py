"""Parsers outside of this program: a file each, and what they have in common."""

from collections.abc import Sequence
from typing import Protocol

from spinn.trees.transitions import Parse

CORENLP, LINK_GRAMMAR = "corenlp", "link-grammar"
PARSERS = (CORENLP, LINK_GRAMMAR)
DEFAULT_URL = "http://localhost:9000"  # where a CoreNLP server listens unless told otherwise


class OutsideParser(Protocol):
    """Gives sentences their trees.

    Both methods raise ValueError if the parser has no tree for the sentence, and
    ParserUnavailableError if it will have none for others either.
    """

    def parse_text(self, text: str) -> Parse:
        """Split plain text into words, and give them a tree."""
        ...

    def parse_words(self, words: Sequence[str]) -> Parse:
        """Give these words a tree."""
        ...


def outside_parser(name: str, url: str = DEFAULT_URL) -> OutsideParser:
    """Return a parser by its name; a server is first asked when a sentence comes.

    Raises: ParserUnavailableError: if it is not installed. InputError: if `url` is no address.
    """
    # Imported here, because NLTK's client takes a second that other sources need not wait for.
    if name == CORENLP:
        from spinn.data.text.parsers.corenlp import CoreNLP

        return CoreNLP(url)
    from spinn.data.text.parsers.link_grammar import LinkGrammar

    return LinkGrammar()
