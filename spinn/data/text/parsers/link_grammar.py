"""Trees from `link-parser`, the program of the link grammar (Sleator and Temperley 1991)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Timer

from spinn.data.text.parsers import ExternalParser
from spinn.data.text.parsers.constituents import read_tree, to_chunks
from spinn.errors import ParserUnavailableError
from spinn.text import split_words
from spinn.trees.transitions import Parse

PROGRAM = "link-parser"
SECONDS = 60.0  # time limit of the process
LONGEST = 2000  # bytes; the program rejects lines longer than 2046
MOST_BYTES = 1 << 20  # of its output
OPTIONS = (
    "-constituents=2", "-graphics=0", "-verbosity=0", "-walls=0", "-spell=0", "-limit=100",
    "-timeout=30",  # seconds; afterwards it returns a less accurate parse
)  # fmt: skip


class LinkGrammar(ExternalParser):
    """Parses with `link-parser`, one process per sentence, which costs a tenth of a second.

    Raises: ParserUnavailableError: if the program is not installed.
    """

    def __init__(self) -> None:
        found = shutil.which(PROGRAM)
        if found is None:
            raise ParserUnavailableError(
                f"{PROGRAM}: not found; install it with: apt install link-grammar"
            )
        self._program = found

    def parse_text(self, text: str) -> Parse:
        """Split plain text into Penn Treebank words, and parse them."""
        return self.parse_words(split_words(text))

    def parse_words(self, words: Sequence[str]) -> Parse:
        """Parse a sentence of given words; see `constituents.read_tree`.

        Raises:
            ValueError: if the sentence is too long, or the program returns no tree over its words
                within the time limit.
            ParserUnavailableError: if the program cannot be started.
        """
        # A leading space, because a line may not start with `!` (command) or `%` (comment).
        line = f" {' '.join(map(''.join, to_chunks(words)))}\n".encode()
        if len(line) > LONGEST:
            raise ValueError(
                f"{PROGRAM} takes sentences of up to {LONGEST:,} bytes, this has {len(line):,}"
            )
        lines = self._output(line).splitlines()
        tree = next((line for line in lines if line.startswith("[")), None)
        if tree is None:
            reason = next((line for line in lines if "rror" in line), "it gives no reason")
            raise ValueError(f"{PROGRAM} returns no tree ({reason})")
        try:
            return read_tree(tree, words)
        except ValueError as error:
            raise ValueError(f"{PROGRAM}: {error}") from error

    def _output(self, line: bytes) -> str:
        over = Event()
        with self._started(over) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            with suppress(BrokenPipeError):  # its output gives the reason
                process.stdin.write(line)
                process.stdin.close()
            output = process.stdout.read(MOST_BYTES + 1)
        if over.is_set():
            raise ValueError(f"{PROGRAM} returns no tree within {SECONDS:g} s")
        if len(output) > MOST_BYTES:
            raise ValueError(f"{PROGRAM} writes more than {MOST_BYTES:,} bytes")
        return output.decode("utf-8", "replace")

    @contextmanager
    def _started(self, over: Event) -> Iterator[subprocess.Popen[bytes]]:
        """Start the program; stop it and its children after the time limit and at the end."""
        try:
            process = subprocess.Popen(
                [self._program, "en", *OPTIONS],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
                start_new_session=True,
            )
        except OSError as error:
            raise ParserUnavailableError(f"{self._program}: {error.strerror}") from error

        def stop() -> None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)

        def give_up() -> None:
            over.set()
            stop()

        timer = Timer(SECONDS, give_up)
        timer.daemon = True
        timer.start()
        with process:
            try:
                yield process
            finally:
                timer.cancel()
                timer.join()
                stop()
