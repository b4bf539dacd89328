"""`--trees` and `--parser-url`: the same options for every command that gives sentences a tree."""

import argparse
from collections.abc import Sequence

from spinn.data.text.parsers import CORENLP, DEFAULT_URL
from spinn.data.text.tree_source import GOLD, PREDICTED, TREE_NAMES, TreeSource
from spinn.errors import InputError
from spinn.training.loading import Run

FOR_TEXT = tuple(name for name in TREE_NAMES if name != GOLD)  # plain text has no tree of its own
FOLLOWED = (  # what the option means to a command whose model follows these trees
    "the tree of every sentence, its own replaced (default: as in training, and a model that "
    "parses follows its own). predicted: the model's own"
)
COMPARED = (  # and to one that looks at a model's own trees beside the data's
    "the data's trees (default: as in training). A model that parses keeps its own, which are "
    "compared with gold alone: any other name leaves that out. A model that follows trees follows "
    "these. predicted: the words alone"
)


def add_for_sets(parser: argparse.ArgumentParser, which: str) -> None:
    """Add the options to a command that reads data sets.

    Args: which: what `--trees` means to it, `FOLLOWED` or `COMPARED`.
    """
    _add(parser, TREE_NAMES, which, default_url="as in training")


def add_for_text(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command that reads sentences."""
    _add(
        parser,
        FOR_TEXT,
        "the tree of plain text (default: right, or the model's own if it parses). predicted: "
        "the model's own",
        default_url=DEFAULT_URL,
    )


def _add(
    parser: argparse.ArgumentParser, names: Sequence[str], which: str, default_url: str
) -> None:
    parser.add_argument(
        "--trees",
        choices=names,
        help=f"{which}; corenlp: of a CoreNLP server; link-grammar: of Debian's link-parser",
    )
    parser.add_argument(
        "--parser-url",
        metavar="URL",
        help=f"the CoreNLP server's address (default: {default_url})",
    )


def for_text(loaded: Run, options: argparse.Namespace) -> TreeSource:
    """Return the source of plain text's trees, and have the encoder follow it.

    Raises: InputError: if it is not there, saying how to get it, or options do not fit.
    """
    parses = loaded.task.encoder.tree_source == "predicted"
    name = options.trees or (PREDICTED if parses else "right")
    check(name, options.parser_url)
    loaded.follow(name)
    if name == PREDICTED and not parses:
        kind = type(loaded.task.encoder).__name__
        raise InputError(f"--trees {PREDICTED}: {kind} finds no trees itself; choose others")
    return TreeSource(name, parser_url=options.parser_url or DEFAULT_URL)


def check(trees: str, parser_url: str | None) -> None:
    """Raise InputError if a server is named that would not be asked."""
    if parser_url is not None and trees != CORENLP:
        raise InputError(f"--parser-url is for --trees {CORENLP}, and the trees are {trees}")
