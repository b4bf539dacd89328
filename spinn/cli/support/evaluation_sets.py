"""Which examples a command looks at: a run's own dev and test sets, or a file."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from spinn.cli.support import tree_options
from spinn.data.dataset import Dataset, PairFiles
from spinn.data.text.parsers import CORENLP, DEFAULT_URL
from spinn.data.text.readers.logic import LogicReader
from spinn.data.text.readers.sick import SICKReader
from spinn.data.text.readers.snli import SNLIReader
from spinn.data.text.reading import ReadReport
from spinn.data.text.splits import DataSettings, split_reader, tree_source
from spinn.data.text.tree_source import PREDICTED
from spinn.errors import InputError
from spinn.training.loading import OWN, Run

READERS: dict[str, Any] = {
    "snli": SNLIReader,
    "multinli": SNLIReader,
    "sick": SICKReader,
    "logic": LogicReader,
}


def add_options(parser: argparse.ArgumentParser, *, trees: str = tree_options.FOLLOWED) -> None:
    """Add the options that say which sets, from where, with which trees.

    Args: trees: what `--trees` means to the command.
    """
    parser.add_argument("--file", type=Path, help="a file to evaluate on (plain or .gz)")
    parser.add_argument(
        "--format", choices=sorted(READERS), help="of --file (default: as in training)"
    )
    parser.add_argument("--root", help="where the run's own files lie, if no longer in data.root")
    tree_options.add_for_sets(parser, trees)
    parser.add_argument(
        "--on-error",
        choices=("raise", "skip"),
        default="raise",
        help="at a bad row: raise stops and names it, skip leaves it out and counts it (default: "
        "%(default)s)",
    )


def read_sets(
    dataset: Dataset, options: argparse.Namespace
) -> tuple[dict[str, Any], dict[str, ReadReport]]:
    """Read the file of the command line, or the run's own dev and test sets; none is empty.

    Returns: the examples of each set by name, and how reading them went.
    """
    return _one_file(dataset, options) if options.file else _own_sets(dataset)


def chosen_dataset(loaded: Run, options: argparse.Namespace, *, followed: bool = True) -> Dataset:
    """Return the run's own dataset, with what the command line changes.

    An encoder that parses for itself follows its own trees, unless others are asked for by name.

    Args:
        followed: whether trees that are asked for are those that the encoder is to follow.

    Raises: InputError: if it has no files, and files or trees are asked for; if a format is named
        and no file; if the encoder cannot follow such trees; or if the run, and not the command
        line, names a server to be asked.
    """
    if not isinstance(loaded.dataset, PairFiles):
        _check_nothing_changed(loaded, options)
        return loaded.dataset
    if options.format and not options.file:
        raise InputError(
            f"--format is for --file, and {loaded.folder.path} reads its own files as in training; "
            "name the file, or leave --format out"
        )
    settings = replace(
        loaded.dataset.settings,
        on_error=options.on_error,
        root=options.root or loaded.dataset.settings.root,
        trees=options.trees or loaded.dataset.settings.trees,
        parser_url=options.parser_url or loaded.dataset.settings.parser_url,
    )
    tree_options.check(settings.trees, options.parser_url)
    _check_server(loaded, settings, options.parser_url or DEFAULT_URL)
    if options.trees and followed:
        loaded.follow(options.trees)
    reader = loaded.dataset.reader
    if options.format:
        reader = READERS[options.format](labels=loaded.dataset.labels)
    return PairFiles(settings, reader)


def _check_nothing_changed(loaded: Run, options: argparse.Namespace) -> None:
    for name in ("file", "format", "root", "trees", "parser_url"):
        if getattr(options, name) is not None:
            option = name.replace("_", "-")
            raise InputError(
                f"--{option}: {loaded.folder.path} was trained on {loaded.dataset.describe()} "
                "that are made, and is evaluated on these; leave it out"
            )


def _check_server(loaded: Run, settings: DataSettings, asked: str) -> None:
    if settings.trees == CORENLP and settings.parser_url != asked:
        raise InputError(
            f"{loaded.folder.path} would have sentences sent to {settings.parser_url}; if they may "
            f"be, give --parser-url {settings.parser_url}"
        )


def facts(loaded: Run, dataset: Dataset) -> dict[str, Any]:
    """Return what figures are of: the dataset's facts, and which trees the encoder followed."""
    if not isinstance(dataset, PairFiles):
        return dataset.summary()
    return {**dataset.summary(), "followed": loaded.followed(dataset.settings.trees)}


def caption(loaded: Run, dataset: Dataset) -> str:
    """Say what figures are of: the examples, and which trees the encoder followed."""
    if not isinstance(dataset, PairFiles):
        return dataset.describe()
    given = dataset.settings.trees
    followed = loaded.followed(given)
    if followed is None:
        return "pairs, no trees read"
    if followed != OWN:
        return f"pairs, {followed} trees"
    compared = "" if given == PREDICTED else f" (moves compared with {given})"
    return f"pairs, the model's own trees{compared}"


def _one_file(
    dataset: Dataset, options: argparse.Namespace
) -> tuple[dict[str, Any], dict[str, ReadReport]]:
    assert isinstance(dataset, PairFiles)  # a run of another kind has been told so
    settings = dataset.settings
    trees = tree_source(settings)
    read = split_reader(settings)
    examples, report = read(dataset.reader, [options.file], trees, on_error=settings.on_error)
    name = options.file.name
    return {name: examples}, {name: report}


def _own_sets(dataset: Dataset) -> tuple[dict[str, Any], dict[str, ReadReport]]:
    try:
        splits = dataset.load()
    except InputError as error:
        if not isinstance(dataset, PairFiles) or Path(dataset.settings.root).expanduser().is_dir():
            raise
        told = str(error).rstrip(".")
        raise InputError(f"{told}; name where it lies now: --root FOLDER") from error
    sets = {"dev": splits.dev, "test": splits.test, **splits.tests}
    reports = {name: report for name, report in splits.reports.items() if name in sets}
    return {name: examples for name, examples in sets.items() if len(examples)}, reports
