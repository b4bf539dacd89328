"""The sets that a command evaluates: the dev and test sets of the run, or a file."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinn.cli.support import tree_options
from spinn.cli.support.file_formats import READER_FORMATS, reader_of
from spinn.cli.support.tree_options import TreeChoice, choose_trees
from spinn.data.text.tree_source import PREDICTED, tree_kind
from spinn.errors import InputError

MOST_FILES = 5  # in a message
LEAK = "its training may hold examples of the new test sets"

if TYPE_CHECKING:
    from spinn.data.dataset import Dataset, TextDataset
    from spinn.data.text.report import ReadReport
    from spinn.data.text.splits import Splits
    from spinn.training.loading import Run


def add_options(parser: argparse.ArgumentParser, *, trees: str = tree_options.FOLLOWED) -> None:
    """Add the options that choose the sets, their place and their trees.

    Args: trees: the meaning of `--trees` for the command.
    """
    parser.add_argument("--file", type=Path, help="a file to evaluate on (plain or .gz)")
    parser.add_argument(
        "--format", choices=READER_FORMATS, help="format of --file (default: as in training)"
    )
    parser.add_argument("--root", help="folder of the run's own files, if they have moved")
    parser.add_argument(
        "--data-changed",
        action="store_true",
        help="evaluate although the files differ from those of the run's training, which may hold "
        "sentences of the new test set",
    )
    parser.set_defaults(overrides=[])
    tree_options.add_to(parser, trees)
    parser.add_argument(
        "--on-error",
        choices=("raise", "skip"),
        default="raise",
        help="at a bad row: raise stops and names it, skip leaves it out and counts it (default: "
        "%(default)s)",
    )


@dataclass(frozen=True)
class EvaluationData:
    """The sets that a command evaluates.

    Attributes:
        dataset: the run's, with the changes of the command line.
        sets: the examples of each set by name; none is empty.
        reports: of reading the sets, for sets in files.
        trees: which trees are read and followed; None for sequences.
        changed: how the run's own files differ from those of its training; None if they do not.
    """

    dataset: Dataset
    sets: dict[str, Any]
    reports: dict[str, ReadReport]
    trees: TreeChoice | None = None
    changed: str | None = None

    @property
    def read(self) -> str | None:
        """The origin of the trees that were read; None where there are none."""
        if self.trees is None or self.trees.followed is None:
            return None
        complete = all(examples.parsed for examples in self.sets.values())
        return self.trees.read if complete else PREDICTED

    @property
    def warnings(self) -> list[str]:
        """Warnings about the trees that the encoder follows, and about files that have changed."""
        trees = None if self.trees is None else self.trees.warning(self.trees.read)
        return [warning for warning in (trees, self.changed) if warning]

    def summary(self) -> dict[str, Any]:
        """Return the settings of the dataset, and the trees that were read and followed."""
        summary = self.dataset.summary()
        if self.trees is not None:
            summary |= {"trees": self.read, "followed": self.trees.followed}
        return {**summary, "warnings": self.warnings}

    def caption(self) -> str:
        """Describe the examples and the trees that the encoder followed, for a table."""
        if self.trees is None:
            return self.dataset.describe()
        examples = self.dataset.describe(trees=False)
        if self.trees.followed is None:
            return f"{examples}, no trees read"
        compared = self.trees.followed != self.read
        read = f" (transitions compared with {self.read})" if compared else ""
        return f"{examples}, {tree_kind(self.trees.followed)} trees{read}"


def load_evaluation_data(
    run: Run, options: argparse.Namespace, *, compared: bool = False
) -> EvaluationData:
    """Read the file of the command line, other data, or the run's own dev and test sets.

    Args:
        run: its encoder is set to follow the trees that `choose_trees` returns.
        options: those of `add_options`, and overrides of the data.
        compared: whether predicted trees are compared with those that `--trees` names, instead of
            replaced by them.

    Raises: InputError: if a row is bad, if the options do not fit the run, or if the run's own
        files are not those of its training.
    """
    from spinn.cli.support.data_overrides import OtherData, other_data
    from spinn.data.dataset import TextDataset

    if not isinstance(run.dataset, TextDataset):
        _check_nothing_changed(run, options)
        splits = run.dataset.load()
        changed = None
        if has_changed(run, splits.fingerprint):
            changed = f"{run.folder.path} was trained on other content of its files: {LEAK}"
        if changed and not options.data_changed:
            raise InputError(f"{changed}. Evaluate on these with --data-changed")
        return EvaluationData(run.dataset, *_sets(splits), changed=changed)
    if options.format and not options.file:
        raise InputError(
            f"--format is for --file, and {run.folder.path} reads its own files as in training; "
            "name the file, or leave --format out"
        )
    other = OtherData(run.dataset, False, None)
    if options.overrides:
        other = other_data(run, options.overrides, options.file)
    choice = choose_trees(
        run,
        options.trees or other.trees,
        options.parser_url,
        own_data=options.file is None and not other.chosen,
        compared=compared,
    )
    if choice.parser is not None and options.file is None:
        raise InputError(
            f"--trees {choice.read}: a run parses a --file; parse the data once with `spinn data "
            f"parse --trees {choice.read}`, and evaluate on the new file"
        )
    own = run.dataset.settings
    settings = replace(
        other.dataset.settings,
        on_error=options.on_error,
        root=options.root or other.dataset.settings.root,
        trees=own.trees if choice.parser else choice.read,  # type: ignore[arg-type]  # one of TREE_NAMES
        parser_url=choice.parser_url,
    )
    files = ("train", "dev", "test", "tests")
    same = all(vars(settings)[name] == vars(own)[name] for name in files)
    root = settings.root if options.root or settings.root != own.root else None
    if root is not None and same and not other.chosen:
        moved: dict[str, Any] = {name: _in_folder(root, vars(own)[name]) for name in files}
        settings = replace(settings, **moved)
    reader = reader_of(options.format) if options.format else other.dataset.reader
    dataset = replace(other.dataset, settings=settings, reader=reader)
    changed = None
    if options.file:
        sets, reports = _read_file(dataset, options.file, choice)
    else:
        splits = _load(dataset)
        sets, reports = _sets(splits)
        if same and not other.chosen:
            changed = _difference(run, dataset, splits)
        if changed and not options.data_changed:
            raise InputError(
                f"{changed}. Name the folder of the files of training with --root FOLDER, or "
                "evaluate on these with --data-changed"
            )
    if choice.followed is None:
        reports = {name: replace(report, trees=None) for name, report in reports.items()}
    return EvaluationData(dataset, sets, reports, choice, changed)


def _in_folder(root: str, files: list[str]) -> list[str]:
    """Return the names of files, or patterns; an absolute one is its last part if root has that."""
    folder = Path(root).expanduser()

    def name_of(file: str) -> str:
        name = Path(file).name
        if not name or not Path(file).expanduser().is_absolute():
            return file
        exact = (folder / name, folder / f"{name}.gz")
        return name if any(path.is_file() for path in exact) or any(folder.glob(name)) else file

    return [name_of(file) for file in files]


def _check_nothing_changed(run: Run, options: argparse.Namespace) -> None:
    values = vars(options)
    if options.overrides:
        raise InputError(
            f"{' '.join(options.overrides)}: {run.folder.path} was trained on "
            f"{run.dataset.describe()}, and is evaluated on these; leave it out"
        )
    for name in ("file", "format", "root", "trees", "parser_url"):
        if values[name] is not None:
            option = name.replace("_", "-")
            raise InputError(
                f"--{option}: {run.folder.path} was trained on {run.dataset.describe()}, and is "
                "evaluated on the dev and test sets of its own data; leave it out"
            )


def _read_file(
    dataset: TextDataset, path: Path, choice: TreeChoice
) -> tuple[dict[str, Any], dict[str, ReadReport]]:
    from spinn.data.text.readers.rows import locate
    from spinn.data.text.readers.table import TableReader
    from spinn.data.text.reading import read_split
    from spinn.data.text.splits import split_reader

    # The cache does not know whether a parse was missing.
    read = read_split if choice.optional else split_reader(dataset.settings)
    reader, on_error = dataset.reader, dataset.settings.on_error
    if isinstance(reader, TableReader):
        reader = reader.of_file(locate(path) if reader.has_files else path)
    examples, report = read(
        reader, [path], choice.source(), dataset.settings.labels, on_error=on_error
    )
    return {path.name: examples}, {path.name: report}


def _load(dataset: TextDataset) -> Splits:
    try:
        return dataset.load()
    except InputError as error:
        if not dataset.reader.has_files or Path(dataset.settings.root).expanduser().is_dir():
            raise
        message = str(error).rstrip(".")
        raise InputError(f"{message}; give the new folder: --root FOLDER") from error


def _sets(splits: Any) -> tuple[dict[str, Any], dict[str, ReadReport]]:
    """Return the dev and test sets that have examples, and the reports of reading them."""
    sets = {"dev": splits.dev, "test": splits.test, **splits.tests}
    reports = {name: report for name, report in splits.reports.items() if name in sets}
    return {name: examples for name, examples in sets.items() if len(examples)}, reports


def _divides_as(dataset: TextDataset, trained: Dataset) -> bool:
    """Whether the same rows of the files are dev and test as in training."""
    from spinn.data.dataset import TextDataset
    from spinn.data.text.parsers import PARSERS

    assert isinstance(trained, TextDataset)
    now, own = dataset.settings, trained.settings
    places = (now.dev_every, now.split, dataset.reader.split_column)
    if places != (own.dev_every, own.split, trained.reader.split_column):
        return False
    fractions = own.split.dev or own.split.test
    if (own.dev_every or fractions) and now.labels.left_out != own.labels.left_out:
        return False  # every later row has another number
    # Fractions are drawn from each class by the words of the sentences: other classes, and the
    # words of another tokeniser, draw other rows.
    words_differ = now.lowercase != own.lowercase or (
        now.trees != own.trees and {now.trees, own.trees} & {*PARSERS}
    )
    return not fractions or (now.labels.merges_as(own.labels) and not words_differ)


def _difference(run: Run, dataset: TextDataset, splits: Splits) -> str | None:
    """Return how the run's own sets differ from those of its training; None if they are the same.

    Args: dataset: the run's, with the settings that the splits were read with.
    """
    if not _divides_as(dataset, run.dataset):
        return f"{run.folder.path} was trained on other rows of its files: {LEAK}"
    results = _results_of_others(run, splits.fingerprint)
    if results is None:
        return None
    before = {file for report in results["data_report"].values() for file in report["files"]}
    paths = [*dict.fromkeys(path for report in splits.reports.values() for path in report.files)]
    now = {path.name for path in paths}
    names = f" (not in both: {', '.join(sorted(before ^ now))})" if before != now else ""
    shown = ", ".join(map(str, paths[:MOST_FILES])) + (", …" if paths[MOST_FILES:] else "")
    return f"{run.folder.path} was trained on other files than {shown}{names}: {LEAK}"


def has_changed(run: Run, fingerprint: str) -> bool:
    """Return whether the files of a run over sequences have other content than in its training.

    Args: fingerprint: of the splits as they are read now.
    """
    return run.dataset.has_files and _results_of_others(run, fingerprint) is not None


def _results_of_others(run: Run, fingerprint: str) -> dict[str, Any] | None:
    """Return the results of a run if they are of other data; an unfinished run has none."""
    results = run.folder.read_results() if run.folder.results.is_file() else {}
    stored = results.get("data_fingerprint")
    return results if stored and stored != fingerprint else None
