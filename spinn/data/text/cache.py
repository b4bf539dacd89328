"""Splits once read, kept on disk as columns that the next run maps into memory.

A cached split is one safetensors file: the columns of a `Corpus`, its words and the report of the
reading as JSON, and a checksum of all of it. It is named after what decides its content, and is
checked before it is used: whatever is wrong with it, the data is read again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import tempfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from spinn.data.text.corpus import Corpus
from spinn.data.text.reading import (
    Reader,
    ReadReport,
    Stamp,
    fingerprint,
    locate,
    read_split,
    stamp,
)
from spinn.data.text.tree_source import PREDICTED, RANDOM, TreeSource

log = logging.getLogger(__name__)

SMALLEST = 20_000  # examples; smaller splits are read faster than they are worth keeping
FORMAT = 1  # of an entry
# With the reader's own module, the code that decides what is read.
CODE = (
    "spinn.trees.transitions",
    "spinn.data.text.corpus",
    "spinn.data.text.tree_source",
    "spinn.text",
    "spinn.data.text.readers.rows",
)
COLUMNS = ("tokens", "transitions", "lengths", "targets", "scores")
ABOUT = "about"  # a further column: all that is no array, as JSON
COUNTS = ("examples", "unlabelled", "bad_rows", "messages")  # of a report
DTYPES = {"I32": np.int32, "U8": np.uint8, "F64": np.float64}


def cache_folder() -> Path:
    """Where splits are kept: `$SPINN_CACHE`, else `spinn` among the user's other caches.

    Raises: RuntimeError: if the user has no home folder.
    """
    if own := os.environ.get("SPINN_CACHE"):
        return Path(own)
    caches = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(caches) if Path(caches).is_absolute() else Path.home() / ".cache"
    return root / "spinn"


class Cache:
    """Reads splits as `read_split` does, but each only once, as long as nothing changes.

    Nothing that goes wrong with the cache stops the reading: it is told in a warning, once where
    the folder cannot be written.
    """

    def __init__(self) -> None:
        self._usable = True

    def read_split(
        self,
        reader: Reader,
        paths: Iterable[str | Path],
        trees: TreeSource,
        *,
        on_error: str = "raise",
        source: str = "",
    ) -> tuple[Corpus, ReadReport]:
        """Return what `spinn.data.text.reading.read_split` returns for the same arguments."""
        files = [locate(Path(path), source) for path in paths]
        try:
            before = list(map(stamp, files))
            entry = cache_folder() / entry_name(reader, files, trees, on_error)
        except (OSError, RuntimeError, TypeError) as error:
            self._give_up(str(error))
            return read_split(reader, files, trees, on_error=on_error, source=source)
        kept = _recall(entry, ReadReport(trees.name, on_error, files))
        if kept is not None:
            return kept
        corpus, report = read_split(reader, files, trees, on_error=on_error, source=source)
        if len(corpus) >= SMALLEST and self._usable:
            self._keep(entry, corpus, report, before)
        return corpus, report

    def _keep(self, entry: Path, corpus: Corpus, report: ReadReport, stamps: list[Stamp]) -> None:
        try:
            if stamps != list(map(stamp, report.files)):
                return  # written to meanwhile: no longer the files that the entry is named after
            entry.parent.mkdir(parents=True, exist_ok=True)
            _write(entry, _packed(entry.name, corpus, report))
            _forget_older(entry)
        except OSError as error:
            self._give_up(f"{entry.parent}: {error.strerror or error}")

    def _give_up(self, reason: str) -> None:
        if self._usable:
            log.warning("the data is not cached (%s); SPINN_CACHE=FOLDER names another", reason)
        self._usable = False


def entry_name(reader: Reader, files: Sequence[Path], trees: TreeSource, on_error: str) -> str:
    """Name an entry after its source, what its source and our code hold, and how it is read.

    Raises: OSError: if a file cannot be read. TypeError: if a setting of the reader is no plain
        value.
    """
    code = [
        str(getattr(sys.modules[name], "__file__", None))
        for name in (*CODE, type(reader).__module__)
    ]
    content = [FORMAT, fingerprint(files), fingerprint(code)]
    how = [
        f"{type(reader).__module__}.{type(reader).__qualname__}",
        vars(reader),
        trees.name,
        trees.seed if trees.name == RANDOM else None,
        on_error,
    ]
    parts = (list(map(str, files)), content, how)
    return ".".join(map(_short_hash, parts)) + ".safetensors"


def _short_hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def _packed(name: str, corpus: Corpus, report: ReadReport) -> bytes:
    about = {
        "words": corpus.words,
        "target_names": corpus.target_names,
        "report": {key: getattr(report, key) for key in COUNTS},
        "truncated": [report.files.index(path) for path in report.truncated],
    }
    columns = {column: np.ascontiguousarray(getattr(corpus, column)) for column in COLUMNS}
    columns[ABOUT] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    return save(columns, metadata={"checksum": _checksum(name, columns)})


def _checksum(name: str, columns: Mapping[str, NDArray[Any]]) -> str:
    total = zlib.crc32(name.encode())
    for column, values in sorted(columns.items()):
        total = zlib.crc32(f"{column} {values.dtype} {values.shape}".encode(), total)
        total = zlib.crc32(values.reshape(-1).view(np.uint8).data, total)
    return f"{total:08x}"


def _write(entry: Path, content: bytes) -> None:
    """Write a file that is whole or not there; of two processes that write it, the last wins."""
    number, draft = tempfile.mkstemp(prefix=f"{entry.name}.", suffix=".tmp", dir=entry.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
        Path(draft).replace(entry)
    finally:
        Path(draft).unlink(missing_ok=True)


def _forget_older(entry: Path) -> None:
    """Delete what was kept of the same files when they, or our code, held something else."""
    source, content, *_ = entry.name.split(".")
    for path in entry.parent.glob(f"{source}.*"):
        if path.name.split(".")[1] != content:
            path.unlink(missing_ok=True)


def _recall(entry: Path, report: ReadReport) -> tuple[Corpus, ReadReport] | None:
    """Return what an entry holds, the report completed; None where there is none to use."""
    try:
        columns = _mapped(entry)
        about = json.loads(columns.pop(ABOUT).tobytes())
        corpus = Corpus(
            words=tuple(about["words"]),
            target_names=tuple(about["target_names"]),
            tokens=columns["tokens"],
            transitions=columns["transitions"],
            lengths=columns["lengths"],
            targets=columns["targets"],
            scores=columns["scores"],
            parsed=report.trees != PREDICTED,
        )
        truncated = [report.files[number] for number in about["truncated"]]
        return corpus, replace(report, **about["report"], truncated=truncated)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as error:  # whatever damage leads to, the data itself is still there
        log.warning("%s: a damaged cache (%s); the data is read again", entry, error)
        return None


def _mapped(entry: Path) -> dict[str, NDArray[Any]]:
    """Map the columns of an entry into memory, read-only.

    Raises: FileNotFoundError: if there is none. ValueError, or what NumPy and the JSON module raise
        for a damaged file: if it is not what was written.
    """
    raw = np.asarray(np.memmap(entry, dtype=np.uint8, mode="r"))
    start = 8 + int.from_bytes(raw[:8].tobytes(), "little")
    header = json.loads(raw[8:start].tobytes())
    written = header.pop("__metadata__")["checksum"]
    columns = {}
    for name, facts in header.items():
        first, last = facts["data_offsets"]
        values = raw[start + first : start + last].view(DTYPES[facts["dtype"]])
        columns[name] = values.reshape(facts["shape"])
    if start + sum(values.nbytes for values in columns.values()) != len(raw):
        raise ValueError("its size is another than its header says")
    if _checksum(entry.name, columns) != written:
        raise ValueError("the checksum is another than when it was written")
    return columns
