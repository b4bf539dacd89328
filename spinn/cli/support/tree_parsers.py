"""The parsers of `spinn data parse`: an external one, or a run whose encoder predicts trees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any

from spinn.data.text.parsers import CORENLP
from spinn.data.text.tree_source import PREDICTED, TreeSource
from spinn.errors import ParserUnavailableError
from spinn.trees.transitions import Parse, to_brackets

# A sentence, and its tree in brackets or why it has none.
Outcome = tuple[str, str | Exception]
Outcomes = Generator[Outcome, None, None]
WINDOW = 32  # batches of a run between two writes to the journal


class TreeParser(ABC):
    """Parses sentences.

    Attributes: identity: parser and settings, as values of JSON; the same give the same trees.
    """

    identity: dict[str, Any]

    @abstractmethod
    def parse(self, sentences: Sequence[str], *, bracketed: bool) -> Outcomes:
        """Yield each sentence with its tree, in any order.

        Args: bracketed: whether the sentences are trees in brackets, whose words are parsed.

        Raises: ParserUnavailableError: if no further sentence gets a tree.
        """


class ExternalTreeParser(TreeParser):
    """Parses with an external parser, several sentences at once.

    Args:
        name: one of PARSERS.
        url: address of the CoreNLP server.
        workers: sentences that are parsed at the same time. Each is a process of its own, or a
            request to the server, so that threads suffice.

    Raises: InputError: if the parser is not installed, or `url` is not an address.
    """

    def __init__(self, name: str, url: str, workers: int) -> None:
        self.identity = {"--trees": name}
        if name == CORENLP:
            self.identity["--parser-url"] = url
        self._source = TreeSource(name, parser_url=url)
        self._workers = workers

    def parse(self, sentences: Sequence[str], *, bracketed: bool) -> Outcomes:
        """Yield the sentences in the order in which they are done."""
        read = self._source.from_brackets if bracketed else self._source.from_text

        def parse(text: str) -> Outcome:
            found = _checked(read, text)
            return text, found if isinstance(found, Exception) else _brackets(found)

        return _in_threads(parse, sentences, self._workers)


class RunTreeParser(TreeParser):
    """Parses with the encoder of a run.

    Args:
        folder: of the run.
        batch_size: sentences in a batch.

    Raises: InputError: if it is not the folder of a run, or its encoder predicts no trees.
    """

    def __init__(self, folder: str, batch_size: int) -> None:
        from spinn.cli.support.run_parser import RunParser
        from spinn.data.text.reading import fingerprint

        self._parser = RunParser(folder)
        run = self._parser.folder
        files = (run.config, run.vocabulary, run.weights)
        self.identity = {"--trees": "a run", "files of the run": fingerprint(files)[:16]}
        self._batch_size = batch_size
        self._source = TreeSource(PREDICTED)

    def parse(self, sentences: Sequence[str], *, bracketed: bool) -> Outcomes:
        """Yield the sentences of some batches after the other."""
        read = self._source.from_brackets if bracketed else self._source.from_text
        size = WINDOW * self._batch_size
        for start in range(0, len(sentences), size):
            parses: dict[str, Parse] = {}
            for text in sentences[start : start + size]:
                found = _checked(read, text)
                if isinstance(found, Exception):
                    yield text, found
                else:
                    parses[text] = found
            trees = self._parser.trees([*parses.values()], batch_size=self._batch_size)
            for (text, words), tree in zip(parses.items(), trees, strict=True):
                yield text, _brackets(words._replace(transitions=tree))


def _checked(read: Callable[[str], Parse], text: str) -> Parse | Exception:
    """Read a sentence; return why it has no tree, unless that is true for every sentence."""
    from spinn.cli.support.input_examples import MOST_WORDS

    try:
        parse = read(text)
    except ParserUnavailableError:
        raise
    except (ValueError, TimeoutError) as error:  # the tokenizer gives up after some seconds
        return error
    if len(parse.words) > MOST_WORDS:
        return ValueError(f"{len(parse.words):,} words, expected at most {MOST_WORDS:,}")
    return parse


def _brackets(parse: Parse) -> str | Exception:
    try:
        return to_brackets(parse)
    except ValueError as error:  # a word of the parser that brackets cannot hold
        return error


def _in_threads(function: Callable[[str], Outcome], items: Iterable[str], workers: int) -> Outcomes:
    """Yield the function's values as they are done, with bounded memory.

    If the caller stops, the calls that run are waited for, and no further one starts.
    """
    rest = iter(items)
    executor = ThreadPoolExecutor(workers)
    try:
        running: set[Future[Outcome]] = {
            executor.submit(function, item) for item in islice(rest, 2 * workers)
        }
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {executor.submit(function, item) for item in islice(rest, len(done))}
            for future in done:
                yield future.result()
    finally:
        executor.shutdown(cancel_futures=True)
