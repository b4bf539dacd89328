"""`spinn inspect RUN`: how a model reads a pair, move by move."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from spinn.analysis.page import page
from spinn.analysis.trace import SIDES, Trace, trace
from spinn.cli.support import sentence_arguments, tree_options
from spinn.cli.support.trace_text import told
from spinn.data.text.tree_source import TreeSource
from spinn.errors import InputError
from spinn.files import write_text
from spinn.tasks.pair_classification import PairClassification
from spinn.training.loading import Run, load_run


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "inspect",
        help="look inside: stack, buffer and moves, step by step",
        usage="%(prog)s [options] RUN PREMISE HYPOTHESIS",
        description="Show how a tree encoder reads a pair: each step with stack, buffer and move, "
        "the finished trees with the label that each node gives, and the answer. With --html, as "
        "one page to step through, which needs no network.",
    )
    parser.add_argument("folder", metavar="RUN", help="the folder that training left")
    sentence_arguments.add_to(parser)
    tree_options.add_for_text(parser)
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page instead")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Read the pair, and show how."""
    texts = sentence_arguments.given(options)
    if texts is None:
        raise InputError("no sentences: quote a premise and a hypothesis after RUN")
    loaded = load_run(options.folder)
    found = _trace(loaded, options, texts)
    if options.html is None:
        print(told(found, sys.stdout))
        return
    _write(options.html, page(found))
    print(f"written: {options.html}")


def _trace(loaded: Run, options: argparse.Namespace, texts: tuple[str, str]) -> Trace:
    task = loaded.task
    if not isinstance(task, PairClassification):
        raise InputError(
            f"{options.folder} holds a {type(task).__name__}, trained on "
            f"{loaded.dataset.describe()}; inspect is for pairs of sentences"
        )
    trees = tree_options.for_text(loaded, options)
    read = [_read(side, text, trees) for side, text in zip(SIDES, texts, strict=True)]
    sentences, sources = zip(*read, strict=True)
    name = (loaded.config.get("names") or {}).get("model") or type(task.encoder).__name__
    found = trace(task, loaded.vocabulary, sentences, sources, name)
    return replace(found, run=loaded.folder.path.resolve().name)  # not `latest`, but whose it is


def _read(side: str, text: str, trees: TreeSource) -> Any:
    try:
        return trees.read(text)
    except ValueError as error:
        raise InputError(f"{side} {text!r}: {error}") from error


def _write(path: Path, text: str) -> None:
    try:
        if not path.parent.is_dir():
            raise InputError(f"--html {path}: there is no folder {path.parent}")
        if path.is_dir():
            raise InputError(f"--html {path} is a folder; expected the name of a file")
        write_text(path, text)
    except OSError as error:
        raise InputError(f"--html {path}: cannot be written: {error.strerror}") from error
