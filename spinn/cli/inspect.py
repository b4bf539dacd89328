"""`spinn inspect RUN`: how a model reads an example, transition by transition."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinn.cli.support import compute_options, exit_codes, sentence_arguments, tree_options
from spinn.data.text.vocabulary import MANY_UNKNOWN, UNKNOWN_WARNING
from spinn.errors import InputError
from spinn.files import write_text
from spinn.text import printable_lines

if TYPE_CHECKING:
    from spinn.analysis.trace import Trace
    from spinn.training.loading import Run


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "inspect",
        help="show stack, buffer and transitions, step by step",
        usage="%(prog)s [options] RUN SENTENCE ...",
        description="Show how a tree encoder reads a sentence, or the sentences of a pair: stack, "
        "buffer and transition of each step, the finished trees with a label or a score at each "
        "node, and the prediction. With --html, as a web page to step through, which needs no "
        "network.",
    )
    parser.add_argument("folder", metavar="RUN", help="the folder of a training run")
    sentence_arguments.add_to(parser)
    tree_options.add_to(parser)
    compute_options.add_to(parser)
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a web page instead")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Read the sentences, and print or write the trace."""
    if not sentence_arguments.are_given(options):
        raise InputError("no sentence: quote each sentence of an example after RUN")
    from spinn.analysis.page import render_page
    from spinn.cli.support.trace_text import format_trace
    from spinn.training.loading import load_run

    trace = trace_example(load_run(options.folder), options)
    for warning in trace.warnings:
        exit_codes.warn(warning)
    if options.html is None:
        print(format_trace(trace, sys.stdout))
        return
    _write(options.html, render_page(trace))
    print(printable_lines(f"written: {options.html}"))


def trace_example(loaded: Run, options: argparse.Namespace) -> Trace:
    """Return the trace of the sentences of the command line.

    Raises: InputError: if the model reads no sentences or builds no trees, or if a sentence is bad.
    """
    from spinn.analysis.trace import trace
    from spinn.tasks.text_task import TextTask

    task = loaded.task
    if not isinstance(task, TextTask):
        raise InputError(
            f"{options.folder} holds a {type(task).__name__}, trained on "
            f"{loaded.dataset.describe()}; inspect is for sentences"
        )
    texts = sentence_arguments.sentences_of(options, loaded)
    choice = tree_options.choose_trees(loaded, options.trees, options.parser_url)
    source = choice.source()
    sentences, origins = [], []
    for name, text in texts.items():
        try:
            parse, origin = source.read(text)
        except ValueError as error:
            raise InputError(f"{name} {text!r}: {error}") from error
        sentences.append(parse)
        origins.append(origin)
    device = compute_options.use(options, loaded)
    found = trace(task, loaded.vocabulary, sentences, origins, loaded.model_name, device=device)
    warnings = dict.fromkeys(filter(None, (choice.warning(s.origin) for s in found.sentences)))
    unknown = [flag for sentence in found.sentences for flag in sentence.unknown]
    if sum(unknown) > MANY_UNKNOWN * len(unknown):
        warnings[UNKNOWN_WARNING] = None
    # The name of the folder, not of the link `latest`.
    return replace(found, run=loaded.folder.path.resolve().name, warnings=list(warnings))


def _write(path: Path, text: str) -> None:
    try:
        if not path.parent.is_dir():
            raise InputError(f"--html {path}: there is no folder {path.parent}")
        if path.is_dir():
            raise InputError(f"--html {path} is a folder; expected the name of a file")
        write_text(path, text)
    except OSError as error:
        raise InputError(f"--html {path}: cannot be written: {error.strerror}") from error
