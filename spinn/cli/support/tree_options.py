"""`--trees` and `--parser-url`: which trees a command reads, and which the encoder follows."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spinn.data.text.parsers import CORENLP, DEFAULT_URL, PARSERS, ExternalParser
from spinn.data.text.tree_source import (
    GOLD,
    PREDICTED,
    SHAPE_NAMES,
    TREE_NAMES,
    TreeSource,
    tree_kind,
)
from spinn.errors import InputError
from spinn.project import DEMO

if TYPE_CHECKING:
    from spinn.training.loading import Run

FOLLOWED = (
    "the trees that the model follows (default: as in training; a model with predicted trees "
    "follows them, and a model without trees does not accept the option). gold: those of the "
    "data or in brackets; left, right, balanced, random: a fixed shape, with a warning if the "
    "model was not trained on it; predicted: those that the model predicts"
)
COMPARED = (
    "the trees of the data (default: as in training). Predicted trees are compared with them; a "
    "model that follows given trees follows them. predicted: read the words alone"
)
ADVICE = (
    "write it in brackets, ( ( all dogs ) move ); or name a parser with --trees corenlp or --trees "
    "link-grammar; or train model=spinn, which parses by itself; or accept a lower accuracy with "
    "--trees right, since the model was not trained on right-branching trees"
)


def add_to(parser: argparse.ArgumentParser, meaning: str = FOLLOWED) -> None:
    """Add the options to a command.

    Args: meaning: of `--trees` for this command, `FOLLOWED` or `COMPARED`.
    """
    parser.add_argument(
        "--trees",
        type=_name_or_run,
        metavar="NAME|RUN",
        help=f"{meaning}; corenlp: those of a CoreNLP server; link-grammar: those of Debian's "
        "link-parser; the folder of a run that predicts trees: those of its model",
    )
    parser.add_argument(
        "--parser-url",
        metavar="URL",
        help=f"address of the CoreNLP server (default: {DEFAULT_URL})",
    )


def _name_or_run(text: str) -> str:
    """Return the value of --trees; raise ArgumentTypeError if it is neither a name nor a folder."""
    if text in (*TREE_NAMES, DEMO.name) or Path(text).is_dir():
        return text
    from spinn.config import nearest

    raise argparse.ArgumentTypeError(
        f"{text!r}: {nearest(text, TREE_NAMES)} Or the folder of a run that predicts trees"
    )


@dataclass(frozen=True)
class TreeChoice:
    """Which trees a command reads, and which the encoder follows.

    Attributes:
        read: the origin of the trees that sentences get when they are read.
        followed: the origin of the trees that the encoder follows, `read` or `predicted`; None for
            an encoder without trees.
        trained: the origin of the trees that the encoder was trained on.
        seed: of random trees.
        parser_url: of the CoreNLP server.
        optional: whether a sentence without a parse is read for its words.
        advice: what to do about a sentence that has no tree.
        replace: whether trees in brackets are replaced, because a shape was requested.
        parser: the model of another run, which predicts the trees that are read.
    """

    read: str
    followed: str | None
    trained: str
    seed: int
    parser_url: str
    optional: bool
    advice: str
    replace: bool = False
    parser: ExternalParser | None = None

    def source(self) -> TreeSource:
        """Return what reads the sentences.

        Raises: InputError: if a parser is not installed, with how to install it.
        """
        return TreeSource(
            self.read,
            self.seed,
            self.parser_url,
            optional=self.optional,
            advice=self.advice,
            replace=self.replace,
            parser=self.parser,
        )

    def warning(self, origin: str) -> str | None:
        """Return a warning if following a tree of this origin differs from training."""
        if self.followed in (None, PREDICTED) or origin == self.trained:
            return None
        # Gold trees and those of a parser count as one kind.
        parsed = {GOLD, *PARSERS} if self.parser is None else {GOLD, *PARSERS, self.read}
        if {origin, self.trained} <= parsed:
            return None
        return (
            f"the model follows {tree_kind(origin)} trees here and was trained on "
            f"{tree_kind(self.trained)} trees: expect a lower accuracy"
        )


def choose_trees(
    run: Run,
    requested: str | None,
    parser_url: str | None,
    *,
    own_data: bool = False,
    compared: bool = False,
) -> TreeChoice:
    """Decide by the encoder's `tree_source` which trees are read and followed.

    `none`: sentences are read for their words. `predicted`: the encoder predicts trees, and follows
    others only if they are requested. `given`: the encoder follows the trees that are requested,
    and without a request those of the kind that it was trained on.

    Args:
        run: a run on text; its encoder is set to follow what is chosen.
        requested: the value of --trees.
        parser_url: the value of --parser-url.
        own_data: whether the run's own files are read; then sentences are read as in training.
        compared: whether predicted trees are compared with the requested ones, instead of replaced
            by them.

    Raises: InputError: if the encoder cannot follow the requested trees, if a server is named but
        not needed, or if only the run names a server.
    """
    from spinn.data.dataset import TextDataset

    assert isinstance(run.dataset, TextDataset)  # other data have no trees
    settings = run.dataset.settings
    parser = None
    if requested is not None and requested not in TREE_NAMES:
        parser = _parser_of(requested, run)
    encoder, kind = run.task.encoder, run.model_name
    as_trained = settings.trees if own_data or settings.trees not in PARSERS else PREDICTED
    trained: str = settings.trees
    followed: str | None
    advice = ADVICE
    if encoder.tree_source == "none":
        if requested is not None:
            raise InputError(f"--trees {requested}: {kind} reads no trees; leave --trees out")
        read, followed = settings.trees if own_data else PREDICTED, None
    elif encoder.tree_source == "predicted":
        if requested not in (None, PREDICTED) and not (compared or encoder.can_follow_given):
            raise InputError(
                f"--trees {requested}: {kind} predicts its trees and cannot follow others; leave "
                "--trees out"
            )
        read, followed = requested or as_trained, PREDICTED if compared else requested or PREDICTED
        encoder.follow_given = followed != PREDICTED
        if not encoder.needs_gold_trees:
            trained = PREDICTED
        advice = f"write it in brackets, or leave --trees out: {kind} parses by itself"
    else:
        if requested == PREDICTED:
            raise InputError(
                f"--trees {PREDICTED}: {kind} follows given trees and predicts none; choose others "
                "or train model=spinn, rl_spinn or gumbel_treelstm"
            )
        read = followed = requested or settings.trees
    if parser_url is not None and read != CORENLP:
        raise InputError(f"--parser-url is for --trees {CORENLP}, and the trees are {read}")
    url = parser_url or DEFAULT_URL
    if read == CORENLP and parser_url is None and settings.parser_url != url:
        raise InputError(
            f"{run.folder.path} would send sentences to {settings.parser_url}; to allow it, give "
            f"--parser-url {settings.parser_url}"
        )
    optional = requested is None and followed != read
    replace = requested in SHAPE_NAMES
    return TreeChoice(
        read, followed, trained, settings.tree_seed, url, optional, advice, replace, parser
    )


def _parser_of(requested: str, run: Run) -> ExternalParser:
    """Return the model of another run as a parser.

    Raises: InputError: if it is no run, the run itself, or its encoder predicts no trees.
    """
    from spinn.cli.support.run_parser import RunParser

    parser = RunParser(requested)
    if parser.folder.path.resolve() == run.folder.path.resolve():
        raise InputError(f"--trees {requested} is the run itself; leave it out")
    return parser
