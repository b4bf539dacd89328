"""What a model predicted for every example of its sets: `predictions.npz` of a run folder.

The file holds arrays alone, and is read without pickle. An array's name is `SET/COLUMN`; `about`
is JSON: the format, the class names and the fingerprint of the data. The columns of a set have one
row for each of its P examples:

    gold, predicted   (P,) classes as indices into the class names (-1 without one), or numbers
    probabilities     (P, C) of each class
    exact             (P,) whether the whole output sequence is correct
    squared_error     (P,) of an output sequence
    words             (P,) words of all sentences of the example, or steps of the sequence
    depth             (P,) of its deepest gold tree, in REDUCEs from the root to a word
    operators         (P,) operators of a formal language in all sentences
    file, row         (P,) which of the set's files the example is in, and its row there
"""

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinn.data.dataset import Dataset, TextDataset
from spinn.data.text.corpus import Corpus, Integers
from spinn.data.text.tree_source import GOLD
from spinn.errors import InputError
from spinn.files import write_atomically
from spinn.trees.transitions import depth

FORMAT = 1
LARGEST = 2**31  # bytes of all arrays of a file
ABOUT = "about"
Columns = dict[str, NDArray[Any]]
DAMAGED = (
    OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, MemoryError,
    RuntimeError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


@dataclass(frozen=True)
class Predictions:
    """The predictions of a run.

    Attributes:
        labels: the class names; empty where targets are numbers or sequences.
        fingerprint: of the data, as in `results.json`.
        sets: the columns of each set.
    """

    labels: tuple[str, ...]
    fingerprint: str
    sets: Mapping[str, Columns]

    def save(self, path: Path) -> None:
        """Write the file atomically, compressed, each column in the smallest type that holds it."""
        about = {"format": FORMAT, "labels": self.labels, "fingerprint": self.fingerprint}
        arrays = {
            f"{name}/{column}": _smallest(values)
            for name, columns in self.sets.items()
            for column, values in columns.items()
        }
        arrays[ABOUT] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)

        def write(draft: Path) -> None:
            with draft.open("wb") as file:
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

        write_atomically(path, write)

    @classmethod
    def load(cls, path: Path) -> "Predictions":
        """Read the file.

        Raises: InputError: if it is missing, damaged, or of another format.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                if sum(member.file_size for member in arrays.zip.infolist()) > LARGEST:
                    raise InputError(f"{path}: more than {LARGEST:,} bytes")
                about = json.loads(arrays[ABOUT].tobytes())
                if about["format"] != FORMAT:
                    raise InputError(
                        f"{path}: format {about['format']!r}; this version reads {FORMAT}"
                    )
                sets: dict[str, Columns] = {}
                for name in arrays.files:
                    if name != ABOUT:
                        place, _, column = name.rpartition("/")
                        sets.setdefault(place, {})[column] = arrays[name]
            return cls(tuple(about["labels"]), about["fingerprint"], sets)
        except FileNotFoundError as error:
            raise InputError(f"{path}: no such file") from error
        except InputError:  # a ValueError
            raise
        except DAMAGED as error:
            raise InputError(f"{path}: damaged ({error})") from error


def describe_examples(dataset: Dataset, split: Any) -> Columns:
    """Return the columns of a split that do not depend on the model."""
    if not isinstance(split, Corpus) or not isinstance(dataset, TextDataset):
        return {"words": split.lengths}
    columns: Columns = {
        "words": split.lengths.sum(axis=1),
        "file": split.files,
        "row": split.rows,
    }
    if split.parsed and dataset.settings.trees == GOLD:
        columns["depth"] = _depths(split)
    if dataset.reader.operators:
        is_operator = np.array([word in dataset.reader.operators for word in split.words])
        starts = split.starts[:: split.lengths.shape[1]]  # of the first sentence of each example
        columns["operators"] = np.add.reduceat(is_operator[split.tokens].astype(np.int64), starts)
    return columns


def _depths(split: Corpus) -> Integers:
    """(P,) the depth of the deepest tree of each example."""
    lengths = split.lengths.reshape(-1)
    ends = np.cumsum(2 * lengths - 1, dtype=np.int64)
    steps = split.transitions.tobytes()
    found = [
        depth(steps[end - 2 * n + 1 : end])
        for end, n in zip(ends.tolist(), lengths.tolist(), strict=True)
    ]
    deepest: Integers = np.array(found).reshape(split.lengths.shape).max(axis=1)
    return deepest


def _smallest(values: NDArray[Any]) -> NDArray[Any]:
    """Store numbers in the smallest type: probabilities and errors lose digits after the third."""
    if values.ndim == 2:
        return values.astype(np.float16)
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    if values.dtype.kind in "iu" and values.size:
        for kind in (np.int8, np.int16, np.int32):
            if np.iinfo(kind).min <= values.min() and values.max() <= np.iinfo(kind).max:
                return values.astype(kind)
    return values
