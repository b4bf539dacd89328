"""From the files of a split to its examples, and an account of what was read."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from spinn.data.text.corpus import Corpus, CorpusBuilder, Example
from spinn.data.text.tree_source import PREDICTED, TreeSource, tree_kind
from spinn.errors import InputError
from spinn.text import plural
from spinn.trees.transitions import Parse

MESSAGES_KEPT = 10
Stamp = tuple[int, int, int]


@dataclass
class ReadReport:
    """What became of every row: read, left out for want of a label, or bad.

    With `on_error="raise"` the first bad row ends the reading; with `"skip"` bad rows are counted
    and the first few messages kept. `trees` is the name of the tree source; None if no tree counts.
    """

    trees: str | None
    on_error: str = "raise"
    files: list[Path] = field(default_factory=list)
    examples: int = 0
    unlabelled: int = 0
    bad_rows: int = 0
    messages: list[str] = field(default_factory=list)
    truncated: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.on_error not in ("raise", "skip"):
            raise InputError(f"data.on_error={self.on_error!r}, expected 'raise' or 'skip'")

    @property
    def rows(self) -> int:
        """Every row met so far, whatever became of it."""
        return self.examples + self.unlabelled + self.bad_rows

    def bad_row(self, message: str) -> None:
        """Count a bad row, or end the reading there."""
        if self.on_error == "raise":
            raise InputError(message)
        self.bad_rows += 1
        self._keep(message)

    def broken_file(self, path: Path, message: str) -> None:
        """Note that a file ends before its data does, or end the reading there."""
        if self.on_error == "raise":
            raise InputError(message)
        self.truncated.append(path)
        self._keep(message)

    def _keep(self, message: str) -> None:
        if len(self.messages) < MESSAGES_KEPT:
            self.messages.append(message)

    def summary(self) -> str:
        """Say in one line what was read, and below it what was skipped and why."""
        examples = plural(self.examples, "example")
        no_trees = self.trees in (None, PREDICTED)
        trees = "words alone" if no_trees else f"{tree_kind(str(self.trees))} trees"
        counts = [
            f"{examples} from {len(self.files)} file(s), {trees}",
            f"{self.unlabelled:,} without a label" if self.unlabelled else "",
            f"{plural(self.bad_rows, 'bad row')} skipped" if self.bad_rows else "",
            f"{len(self.truncated)} file(s) cut short" if self.truncated else "",
        ]
        lines = ["; ".join(filter(None, counts)), *self.messages]
        unseen = self.bad_rows + len(self.truncated) - len(self.messages)
        if unseen > 0:
            lines.append(f"... and {unseen} more")
        return "\n  ".join(lines)


class Reader(ABC):
    """A file format: yields the examples of a file and counts every row in the report.

    Its attributes are its settings, all plain values, because they are part of the cache key.

    Args: labels: the class names; any other label is an error.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)

    @abstractmethod
    def read(self, path: Path, trees: TreeSource, report: ReadReport) -> Iterator[Example]:
        """Yield the examples of one file as they are read.

        Raises: InputError: with file:line, for a bad row, unless the report skips bad rows.
        """

    @abstractmethod
    def sentence_parser(self, trees: TreeSource) -> Callable[[str], tuple[Parse, ...] | None]:
        """Return a function that parses line after line of a file, whatever the labels.

        It returns the sentences, or None for a header, and raises ValueError for a bad line.
        """


def read_split(
    reader: Reader,
    paths: Iterable[str | Path],
    trees: TreeSource,
    *,
    on_error: str = "raise",
    source: str = "",
) -> tuple[Corpus, ReadReport]:
    """Read one or several files as one split, in the order given.

    Args:
        reader: the format of the files.
        paths: the files; where only `FILE.gz` is there for `FILE`, it is read instead.
        trees: the tree each sentence gets.
        on_error: `raise` at the first bad row, or `skip` and count them.
        source: where to get the data, for the message when it is not there.

    Raises: InputError: if a file is missing, empty or holds no example, or, without
        `on_error="skip"`, if a row is bad.
    """
    report = ReadReport(trees.name, on_error)
    report.files = [locate(Path(path), source) for path in paths]
    builder = CorpusBuilder()
    for path in report.files:
        rows_before = report.rows
        for example in reader.read(path, trees, report):
            builder.add(example)
        if report.rows == rows_before and path not in report.truncated:
            raise InputError(_joined(f"{path}: the file holds no row", source))
    if not report.examples:
        raise InputError(f"no example to keep: {report.summary()}")
    return replace(builder.build(), parsed=trees.complete), report


def locate(path: Path, source: str = "") -> Path:
    """Find the file, or its `.gz`.

    Args:
        path: of the file, without `.gz`.
        source: where to get the data, for the message.

    Raises: InputError: if neither is there, saying what is there and where to get the data.
    """
    zipped = path.with_name(path.name + ".gz")
    for candidate in (path, zipped):
        if candidate.is_file():
            return candidate
    if path.is_dir():
        raise InputError(_joined(f"{path}: is a folder, expected a file", source))
    raise InputError(_joined(_missing(path), source))


def _missing(path: Path) -> str:
    root = path.parent
    if not root.is_dir():
        return f"{root}: the data folder does not exist (wanted there: {path.name})"
    names = sorted(entry.name for entry in root.iterdir())
    shown = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
    return f"{path}: no such file, nor .gz (the folder holds: {shown or 'nothing'})"


def _joined(*parts: str) -> str:
    return ". ".join(part.rstrip(".") for part in parts if part)


def every_nth(examples: Corpus, n: int) -> tuple[Corpus, Corpus]:
    """Set every n-th example aside, as development data for a dataset that has none.

    Returns: the examples that stay, and those set aside: the n-th, 2n-th, 3n-th ...
    """
    if n < 2:
        raise ValueError(f"every_nth needs n of at least 2, got {n}")
    rows = np.arange(len(examples))
    return examples.take(rows[rows % n != n - 1]), examples[n - 1 :: n]


def fingerprint(paths: Iterable[str | Path]) -> str:
    """Identify files by content: the SHA-256 of the SHA-256 of each, in the order given."""
    whole = hashlib.sha256()
    for path in map(Path, paths):
        whole.update(_digest(path, stamp(path)))
    return whole.hexdigest()


def stamp(path: Path) -> Stamp:
    """Tell cheaply whether a file has changed: which it is, its size, when it was last written."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


@lru_cache(maxsize=64)
def _digest(path: Path, _: Stamp) -> bytes:
    """Hash a file, once in a process while it does not change: the cache asks, then the run."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
