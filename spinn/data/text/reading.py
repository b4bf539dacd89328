"""Reading the files of a split into a corpus, with a report."""

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

MAX_MESSAGES = 10
Stamp = tuple[int, int, int]


@dataclass
class ReadReport:
    """Counts of rows that were read, skipped without a label, or bad.

    With `on_error="raise"` the first bad row is an InputError. With `"skip"` bad rows are counted
    and the first MAX_MESSAGES messages are stored. `trees` is the name of the tree source; None if
    the trees are not used.
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
        """Number of rows so far, of any kind."""
        return self.examples + self.unlabelled + self.bad_rows

    def bad_row(self, message: str) -> None:
        """Count a bad row, or raise InputError."""
        if self.on_error == "raise":
            raise InputError(message)
        self.bad_rows += 1
        self._add_message(message)

    def broken_file(self, path: Path, message: str) -> None:
        """Record a truncated file, or raise InputError."""
        if self.on_error == "raise":
            raise InputError(message)
        self.truncated.append(path)
        self._add_message(message)

    def _add_message(self, message: str) -> None:
        if len(self.messages) < MAX_MESSAGES:
            self.messages.append(message)

    def summary(self) -> str:
        """Return one line about what was read, and further lines about what was skipped."""
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
    """Read one or several files as one split, in the given order.

    Args:
        reader: the format of the files.
        paths: the files; if only `FILE.gz` exists for `FILE`, it is read instead.
        trees: origin of the sentences' trees.
        on_error: `raise` at the first bad row, or `skip` and count bad rows.
        source: where to get the data, for the message about a missing file.

    Raises: InputError: if a file is missing or empty, if there is no example, or, without
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
            raise InputError(_sentences(f"{path}: the file holds no row", source))
    if not report.examples:
        raise InputError(f"no valid example: {report.summary()}")
    return replace(builder.build(), parsed=trees.complete), report


def locate(path: Path, source: str = "") -> Path:
    """Return the path of the file, or of its `.gz`.

    Args:
        path: of the file, without `.gz`.
        source: where to get the data, for the message.

    Raises: InputError: if neither exists; it lists the folder and where to get the data.
    """
    zipped = path.with_name(path.name + ".gz")
    for candidate in (path, zipped):
        if candidate.is_file():
            return candidate
    if path.is_dir():
        raise InputError(_sentences(f"{path}: is a folder, expected a file", source))
    root = path.parent
    if not root.is_dir():
        missing = f"{root}: the data folder does not exist (expected in it: {path.name})"
    else:
        names = sorted(entry.name for entry in root.iterdir())
        shown = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
        missing = f"{path}: no such file, nor .gz (the folder holds: {shown or 'nothing'})"
    raise InputError(_sentences(missing, source))


def _sentences(*parts: str) -> str:
    return ". ".join(part.rstrip(".") for part in parts if part)


def every_nth(examples: Corpus, n: int) -> tuple[Corpus, Corpus]:
    """Split off every n-th example, as dev data for a dataset without a dev file.

    Returns: the remaining examples, and the n-th, 2n-th, 3n-th ... example.
    """
    if n < 2:
        raise ValueError(f"every_nth needs n of at least 2, got {n}")
    rows = np.arange(len(examples))
    return examples.take(rows[rows % n != n - 1]), examples[n - 1 :: n]


def fingerprint(paths: Iterable[str | Path]) -> str:
    """Hash the content of files: the SHA-256 of the SHA-256 of each, in the given order."""
    whole = hashlib.sha256()
    for path in map(Path, paths):
        whole.update(_digest(path, stamp(path)))
    return whole.hexdigest()


def stamp(path: Path) -> Stamp:
    """Return inode, size and modification time of a file, to detect changes cheaply."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


@lru_cache(maxsize=64)
def _digest(path: Path, _: Stamp) -> bytes:
    """Hash a file, once per process while its stamp stays the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
