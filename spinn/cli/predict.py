"""`spinn predict RUN`: the label of one's own sentences."""

import argparse
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from tqdm import tqdm

from spinn.cli.support import sentence_arguments, tree_options
from spinn.cli.support.input_examples import (
    AUTO,
    FORMATS,
    LONGEST_LINE,
    BadLine,
    Question,
    Row,
    question,
    questions,
    size,
)
from spinn.cli.support.input_stream import Arriving
from spinn.cli.support.output_formats import Tell, as_json, as_text, as_tsv, harmless, tsv_header
from spinn.cli.support.predictor import Answerer, refusal
from spinn.data.text.readers.rows import lines_of, raw_lines
from spinn.data.text.tree_source import TreeSource
from spinn.errors import InputError
from spinn.files import write_atomically
from spinn.tasks.pair_classification import PairClassification
from spinn.training.loading import load_run

STDIN = "<stdin>"
WINDOW = 8  # batches that are sorted by length together, if so much has come
ROOM = 100_000  # words of questions that wait for an answer
EXPECTED = 'a line {"premise": "…", "hypothesis": "…"}, or a premise, a tab and a hypothesis'


class Questions(NamedTuple):
    """What is asked, and its place in messages; None for the command line."""

    items: Iterable[Question | BadLine]
    place: str | None


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "predict",
        help="label and probabilities for your own sentences",
        usage="%(prog)s [options] RUN [PREMISE HYPOTHESIS]",
        description="Say whether a premise entails a hypothesis. Without sentences, read --file or "
        f"standard input: {EXPECTED}. sentence1 and sentence2 are names too, also in a TSV's "
        "header line; an id is handed through. Each line gets one answer, in order, as soon as it "
        'comes. A sentence in brackets, "( ( all dogs ) move )", keeps its tree; plain text gets '
        "the tree of --trees. With --trees predicted the model's own tree is followed for all "
        "sentences, and brackets are read for their words.",
    )
    parser.add_argument("folder", metavar="RUN", help="the folder that training left")
    _add_questions(parser)
    tree_options.add_for_text(parser)
    parser.add_argument("--batch-size", type=int, default=64, help="pairs in a batch")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print JSON lines")
    forms.add_argument("--tsv", action="store_true", help="print tab-separated columns")
    parser.add_argument(
        "--out", type=Path, help="write to this file, which appears when all is answered"
    )
    parser.set_defaults(run=run)


def _add_questions(parser: argparse.ArgumentParser) -> None:
    sentence_arguments.add_to(parser)
    parser.add_argument("--file", type=Path, help="a file of pairs, one a line (plain or .gz)")
    parser.add_argument(
        "--format", choices=FORMATS, default=AUTO, help="default: as the first line looks"
    )
    parser.add_argument(
        "--on-error",
        choices=("raise", "skip"),
        default="raise",
        help="what a bad line does: end with exit code 2 after the answers to those before it, or "
        "get its error as an answer",
    )


def run(options: argparse.Namespace) -> None:
    """Answer each question in the order it came."""
    sentences = _pair(options)
    if options.batch_size < 1:
        raise InputError(f"--batch-size is {options.batch_size}; expected 1 or more")
    _check_out(options)
    loaded = load_run(options.folder)
    task = loaded.task
    if not isinstance(task, PairClassification):
        raise InputError(
            f"{options.folder} was trained on {loaded.dataset.describe()}; predict is for pairs of "
            "sentences"
        )
    asked = _asked(options, sentences, tree_options.for_text(loaded, options))
    answerer = Answerer(task, loaded.vocabulary, batch_size=options.batch_size)
    if options.out is None:
        _make_writable(sys.stdout, for_programs=options.json or options.tsv)
        _answer_all(options, asked, answerer, sys.stdout)
    else:
        _fill(options.out, lambda file: _answer_all(options, asked, answerer, file))


def _fill(path: Path, write: Callable[[TextIO], None]) -> None:
    """Have a file written, whole or not at all."""

    def fill(draft: Path) -> None:
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            write(file)

    try:
        write_atomically(path.resolve(), fill)
    except InputError as error:
        raise InputError(f"{error} (nothing is written to {path})") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def _pair(options: argparse.Namespace) -> tuple[str, str] | None:
    """Return the sentences of the command line, if there are any, and no file beside them."""
    named = [options.premise, options.hypothesis]
    if options.file is not None and (options.sentences or named != [None, None]):
        raise InputError("give either sentences or --file, one of the two")
    return sentence_arguments.given(options)


def _check_out(options: argparse.Namespace) -> None:
    """Raise InputError if --out cannot be a new file, or is the file that is read."""
    out: Path | None = options.out
    if out is None:
        return
    if not out.resolve().parent.is_dir():
        raise InputError(f"--out {out}: there is no folder {out.resolve().parent}")
    if out.exists() and not out.is_file():
        raise InputError(f"--out {out} is no regular file; leave --out away and redirect with >")
    if options.file is not None and out.resolve() == options.file.resolve():
        raise InputError(f"--out {out} is the --file that is read; name another one")


def _asked(
    options: argparse.Namespace, sentences: tuple[str, str] | None, trees: TreeSource
) -> Questions:
    if sentences is not None:
        return Questions([question(1, Row(None, *sentences), trees)], None)
    if options.file is not None:
        lines: Iterator[tuple[int, bytes]] = raw_lines(options.file, LONGEST_LINE)
        place = str(options.file)
    else:
        lines, place = lines_of(_stdin(), STDIN, LONGEST_LINE), STDIN
    return Questions(questions(lines, options.format, trees), place)


def _stdin() -> io.BufferedReader:
    """Return standard input, and say what is expected of a person at a terminal.

    Not `sys.stdin`, which Python locks to close it at exit, while the thread may be reading it.
    """
    if sys.stdin is None:
        raise InputError("there is no standard input; name a --file, or give two sentences")
    if sys.stdin.isatty():
        print(f"reading from the terminal: {EXPECTED}; Ctrl-D ends", file=sys.stderr)
    try:
        return io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False))
    except io.UnsupportedOperation:  # no file of the system
        return io.BufferedReader(sys.stdin.buffer)  # type: ignore[arg-type]


def _make_writable(stream: TextIO, *, for_programs: bool) -> None:
    """Have a stream take any character: as UTF-8, or as an escape if it has another encoding."""
    if isinstance(stream, io.TextIOWrapper):
        if for_programs:
            stream.reconfigure(encoding="utf-8")
        else:
            stream.reconfigure(errors="backslashreplace")


def _answer_all(
    options: argparse.Namespace, asked: Questions, answerer: Answerer, out: TextIO
) -> None:
    """Answer what has come, write it, and go on so until the end."""
    tell = _teller(options, asked, answerer.labels)
    if options.tsv:
        print(tsv_header(answerer.labels), file=out)
    count = bad = 0
    with Arriving(asked.items, size=size, room=ROOM) as arriving, _bar(options, asked) as bar:
        while handful := arriving.take(WINDOW * options.batch_size):
            failure = _first_bad(handful) if options.on_error == "raise" else None
            told = handful if failure is None else handful[: handful.index(failure)]
            _tell(told, answerer, tell, out)
            if failure is not None:
                raise InputError(_complaint(asked.place, failure))
            refused = [item for item in told if isinstance(item, BadLine)]
            for item in refused:
                tqdm.write(_complaint(asked.place, item), file=sys.stderr)
            count, bad = count + len(told) - len(refused), bad + len(refused)
            bar.update(len(told))
    if asked.place is not None:
        print(f"{count:,} answered, {bad:,} bad line{'' if bad == 1 else 's'}", file=sys.stderr)


def _first_bad(items: Iterable[Question | BadLine]) -> BadLine | None:
    return next((item for item in items if isinstance(item, BadLine)), None)


def _tell(items: list[Question | BadLine], answerer: Answerer, tell: Tell, out: TextIO) -> None:
    """Write an answer or a refusal for each item, in order."""
    answers = iter(answerer.answer([item for item in items if isinstance(item, Question)]))
    for item in items:
        answer = refusal(item) if isinstance(item, BadLine) else next(answers)
        print(tell(answer), file=out)
    out.flush()


def _teller(options: argparse.Namespace, asked: Questions, labels: tuple[str, ...]) -> Tell:
    if options.json:
        return as_json
    if options.tsv:
        return lambda answer: as_tsv(answer, labels)
    return lambda answer: as_text(answer, numbered=asked.place is not None)


def _complaint(place: str | None, bad: BadLine) -> str:
    return harmless(bad.error if place is None else f"{place}:{bad.line}: {bad.error}")


def _bar(options: argparse.Namespace, asked: Questions) -> "tqdm[Any]":
    """Return a bar for a file, shown at a terminal where no answers are."""
    quiet = asked.place in (None, STDIN) or (options.out is None and sys.stdout.isatty())
    return tqdm(unit=" pairs", unit_scale=True, disable=True if quiet else None)
