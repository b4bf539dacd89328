"""The examples behind the predictions of a run, read again from the files of its data.

`predictions.npz` names the file and the row of every example. What the run did not store is read
from there: the sentences with their trees, and the other columns of the data.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spinn.analysis.comparison.records import RunRecord
from spinn.data.dataset import TextDataset
from spinn.data.predictions import Columns
from spinn.data.text.corpus import Example
from spinn.data.text.readers.reader import Reader
from spinn.data.text.readers.rows import locate
from spinn.data.text.reading import fingerprint
from spinn.data.text.report import ReadReport
from spinn.data.text.splits import split_files, tree_source
from spinn.errors import InputError
from spinn.training.build import build_dataset
from spinn.training.run_folder import RunFolder


class ExampleReader:
    """Reads examples of a run's sets again.

    Args: run: a run with predictions.

    Raises: InputError: if its data are no sentences, are missing, or have changed.
    """

    def __init__(self, run: RunRecord) -> None:
        self.run = run
        dataset = build_dataset(RunFolder(run.path).read_config())
        if not isinstance(dataset, TextDataset):
            raise InputError(
                f"{run.path} was trained on {dataset.describe()}; only sentences are read again"
            )
        self.dataset = dataset
        try:
            own, further = split_files(dataset.settings, dataset.reader)
            self._files = {
                name: (reader, [self._located(path) for path in paths])
                for name, (reader, paths) in {**own, **further}.items()
            }
        except InputError as error:
            raise InputError(f"the data of {run.path}: {error}") from error
        # Train, dev, test sets, as `load_splits` hashes them; a split of train has train's files.
        order = dict.fromkeys(("train", "dev", *self._files))
        paths = dict.fromkeys(path for name in order for path in self._of(name)[1])
        found = (fingerprint if self._reader.has_files else self._reader.fingerprint)(paths)
        stored = run.predictions.fingerprint if run.predictions else None
        if found != stored:
            shown = ", ".join(dict.fromkeys(str(path.parent) for path in paths))
            raise InputError(
                f"the data of {run.path} have changed since it was trained, so its examples "
                f"cannot be read again (in {shown}); restore the files, or train again"
            )

    @property
    def _reader(self) -> Reader:
        return self.dataset.reader

    def _located(self, path: Path) -> Path:
        return locate(path, self.dataset.settings.source) if self._reader.has_files else path

    def _of(self, name: str) -> tuple[Reader, list[Path]]:
        return self._files.get(name, self._files["train"])

    def columns(self, name: str) -> list[Mapping[str, str]]:
        """Return the other columns of a set: all but sentences and target.

        Raises: InputError: if a row cannot be read.
        """
        places = range(len(self._columns(name)["row"]))
        return [reader.columns_of(row) for reader, row in self._rows(name, places)]

    def examples(self, name: str, places: Sequence[int]) -> list[Example]:
        """Return the examples at these places of a set, with the trees of the data.

        Raises: InputError: if a row cannot be read, or a parser is needed and does not answer.
        """
        trees = tree_source(self.dataset.settings, optional=True)
        found = []
        for reader, row in self._rows(name, places):
            try:
                example = reader.example(row, trees)
            except ValueError as error:
                raise InputError(f"{name} of {self.run.path}: {error}") from error
            assert example is not None  # it was predicted
            found.append(example)
        return found

    def place(self, name: str, place: int) -> tuple[Path, int]:
        """Return the file of an example, and its row there."""
        columns = self._columns(name)
        return self._of(name)[1][int(columns["file"][place])], int(columns["row"][place])

    def _columns(self, name: str) -> Columns:
        assert self.run.predictions is not None
        return self.run.predictions.sets[name]

    def _rows(self, name: str, places: Sequence[int]) -> Iterator[tuple[Reader, Any]]:
        """Yield the rows of examples, in the order of `places`, and what reads them."""
        reader, paths = self._of(name)
        columns = self._columns(name)
        keys = list(zip(columns["file"].tolist(), columns["row"].tolist(), strict=True))
        wanted = {keys[place] for place in places}
        found: dict[tuple[int, int], Any] = {}
        for file in sorted({file for file, _ in wanted}):
            report = ReadReport(None, "skip")
            for number, row in reader.open(paths[file], report):
                if (file, number) in wanted:
                    found[file, number] = row
        for place in places:
            if keys[place] not in found:
                file, row = self.place(name, place)
                raise InputError(f"{file}:{row}: no such row; {self.run.path} has predicted it")
            yield reader, found[keys[place]]
