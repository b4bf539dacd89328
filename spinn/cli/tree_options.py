"""`--trees` and `--parser-url`: the same options for every command that gives sentences a tree."""

import argparse
from collections.abc import Sequence

from spinn.data.parsers import CORENLP, DEFAULT_URL
from spinn.data.sentences import GOLD, TREE_NAMES, TreeSource
from spinn.errors import InputError

FOR_TEXT = tuple(name for name in TREE_NAMES if name != GOLD)  # plain text has no tree of its own


def add_to(
    parser: argparse.ArgumentParser,
    names: Sequence[str] = FOR_TEXT,
    *,
    default: str | None = "right",
    whose: str = "plain text",
) -> None:
    """Add the options to a command.

    Args:
        parser: the command's.
        names: the sources to choose from.
        default: the source where none is chosen; None leaves that to the run.
        whose: says in the help which sentences get the tree.
    """
    otherwise = default or "as in training"
    parser.add_argument(
        "--trees",
        choices=names,
        default=default,
        help=f"the tree of {whose} (default: {otherwise}). predicted: the encoder's own; corenlp: "
        "of a CoreNLP server; link-grammar: of Debian's link-parser",
    )
    parser.add_argument(
        "--parser-url",
        metavar="URL",
        help=f"the CoreNLP server's address (default: {(default and DEFAULT_URL) or otherwise})",
    )


def tree_source(options: argparse.Namespace) -> TreeSource:
    """Return the source that the options choose, for a command whose default is a source.

    Raises: InputError: if it is not there, saying how to get it, or options do not fit.
    """
    check(options.trees, options.parser_url)
    return TreeSource(options.trees, parser_url=options.parser_url or DEFAULT_URL)


def check(trees: str, parser_url: str | None) -> None:
    """Raise InputError if a server is named that would not be asked."""
    if parser_url is not None and trees != CORENLP:
        raise InputError(f"--parser-url is for --trees {CORENLP}, and the trees are {trees}")
