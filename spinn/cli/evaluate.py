"""`spinn evaluate RUN`: how good a trained model is, on its own test sets or on a file."""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from spinn.cli import tree_options
from spinn.cli.table import confusion_table, results_table
from spinn.data.dataset import ReadReport
from spinn.data.datasets import Dataset, PairFiles
from spinn.data.readers.logic import LogicReader
from spinn.data.readers.sick import SICKReader
from spinn.data.readers.snli import SNLIReader
from spinn.data.sentences import TREE_NAMES
from spinn.data.splits import split_reader, tree_source
from spinn.errors import InputError
from spinn.training.figures import figures
from spinn.training.restore import Run, load_run

READERS: dict[str, Any] = {
    "snli": SNLIReader,
    "multinli": SNLIReader,
    "sick": SICKReader,
    "logic": LogicReader,
}


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "evaluate",
        help="accuracy, loss and confusion matrix of a run",
        description="Evaluate a run on its own dev and test sets, or on a file of yours.",
    )
    parser.add_argument("folder", metavar="RUN", help="the folder that training left")
    parser.add_argument("--file", type=Path, help="a file to evaluate on (plain or .gz)")
    parser.add_argument(
        "--format", choices=sorted(READERS), help="the file's format (default: as in training)"
    )
    parser.add_argument("--root", help="where the run's own files lie, if no longer in data.root")
    tree_options.add_to(parser, TREE_NAMES, default=None, whose="every sentence, its own replaced")
    parser.add_argument(
        "--on-error", choices=("raise", "skip"), default="raise", help="what a bad row does"
    )
    parser.add_argument("--batch-size", type=int, default=256, help="pairs in a batch")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Evaluate, and print the figures."""
    if options.batch_size < 1:
        raise InputError(f"--batch-size is {options.batch_size}; expected 1 or more")
    loaded = load_run(options.folder)
    dataset = _dataset(loaded, options)
    sets, reports = _one_file(dataset, options) if options.file else _own_sets(dataset)
    told = {
        name: figures(
            loaded.task,
            dataset,
            examples,
            loaded.vocabulary,
            batch_size=options.batch_size,
            device=torch.device("cpu"),
        )
        for name, examples in sets.items()
    }
    if options.json:
        read = {name: asdict(report) for name, report in reports.items()}
        result = {"run": options.folder, **dataset.facts(), "sets": told, "read": read}
        print(json.dumps(result, default=str))
        return
    for name, report in reports.items():
        print(f"{name}: {report.summary()}")
    print(results_table(told))
    for name, values in told.items():
        if "confusion" in values:
            print(f"\n{name}: {dataset.describe()}\n{confusion_table(values)}")


def _dataset(loaded: Run, options: argparse.Namespace) -> Dataset:
    """Return the run's own dataset, with what the command line changes.

    Raises: InputError: if it has no files, and files or trees are asked for.
    """
    if not isinstance(loaded.dataset, PairFiles):
        for name in ("file", "format", "root", "trees", "parser_url"):
            if getattr(options, name) is not None:
                option = name.replace("_", "-")
                raise InputError(
                    f"--{option}: {options.folder} was trained on {loaded.dataset.describe()} that "
                    "are made, and is evaluated on these; leave it out"
                )
        return loaded.dataset
    settings = replace(
        loaded.dataset.settings,
        on_error=options.on_error,
        root=options.root or loaded.dataset.settings.root,
        trees=options.trees or loaded.dataset.settings.trees,
        parser_url=options.parser_url or loaded.dataset.settings.parser_url,
    )
    tree_options.check(settings.trees, options.parser_url)
    reader = loaded.dataset.reader
    if options.format:
        reader = READERS[options.format](labels=loaded.dataset.labels)
    return PairFiles(settings, reader)


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
    splits = dataset.load()
    sets = {"dev": splits.dev, "test": splits.test, **splits.tests}
    reports = {name: report for name, report in splits.reports.items() if name in sets}
    return {name: examples for name, examples in sets.items() if len(examples)}, reports
