"""`spinn predict RUN`: the outputs of a trained model for sentences of the user."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from spinn.cli.support import (
    compute_options,
    forecasts,
    sentence_arguments,
    sequence_inputs,
    tree_options,
)
from spinn.cli.support.file_formats import READER_FORMATS, TRAINING, reader_of
from spinn.cli.support.input_examples import (
    AUTO,
    LINE_FORMATS,
    LONGEST_LINE,
    BadLine,
    Fields,
    InputExample,
    Row,
    read_dataset_examples,
    read_example,
    read_examples,
    word_count,
)
from spinn.cli.support.input_stream import InputStream
from spinn.cli.support.output_formats import (
    Formatter,
    escape_controls,
    format_json,
    format_text,
    format_tsv,
    tsv_columns,
    tsv_header,
)
from spinn.cli.support.streams import accept_any_character, standard_input, write_out
from spinn.errors import InputError
from spinn.text import message, plural

if TYPE_CHECKING:
    from tqdm import tqdm

    from spinn.cli.support.predictor import Predictor
    from spinn.data.text.readers.reader import Reader
    from spinn.training.loading import Run

STDIN = "<stdin>"
TABLE_SUFFIXES = (".csv", ".parquet")  # of files that only a table's reader reads
JSON_SUFFIXES = (".jsonl", ".ndjson")  # of --out
WINDOW = 8  # batches whose examples are sorted by length together, if enough examples are ready
ROOM = 100_000  # maximum number of words that wait for a prediction


class Examples(NamedTuple):
    """The examples, and the file that messages name; None for the command line."""

    items: Iterable[InputExample | BadLine]
    place: str | None


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "predict",
        help="labels, scores, sequences or forecasts for your own input",
        usage="%(prog)s [options] RUN [SENTENCE ...]",
        description="Predict what the run was trained on: the label of a sentence or of a pair, "
        "with the probability of each label; a score; or a label at each node of a tree. Without "
        "sentences, read --file or standard input, one example a line: JSON lines or TSV, with the "
        "sentences under the names of the run's data (sentence; premise and hypothesis; the "
        "columns of a table), or without a header in their order. For premise and hypothesis, the "
        "keys sentence1 and sentence2, sentence1_binary_parse and sentence2_binary_parse are read "
        "too; an id is repeated in the output. One prediction is printed per line, in order, as "
        "soon as the line is read. A model that predicts trees (model=spinn) parses the words "
        "itself. A model that follows given trees uses the parses of the file, brackets such as "
        '"( ( all dogs ) move )", or the parser that --trees names. A run over sequences reads one '
        "input per argument or per line. A run of data=forecast forecasts the next values of its "
        "series, or of --file.",
    )
    parser.add_argument("folder", metavar="RUN", help="the folder of a training run")
    sentence_arguments.add_to(parser)
    parser.add_argument("--file", type=Path, help="a file of examples, one per line (plain or .gz)")
    parser.add_argument(
        "--format",
        choices=(*LINE_FORMATS, TRAINING, *READER_FORMATS),
        default=AUTO,
        help="format of --file or standard input (default: that of the run's own data, if it is a "
        "table and --file has its columns; else JSON lines or TSV, by the first line). "
        f"{TRAINING}: that of the run's own data; {', '.join(READER_FORMATS)}: a dataset's files. "
        "Their labels are ignored, and may be missing in a table",
    )
    parser.add_argument(
        "--on-error",
        choices=("raise", "skip"),
        default="raise",
        help="at a bad line: raise ends with exit code 2 after the predictions before it, skip "
        "prints its error in place of a prediction (default: %(default)s)",
    )
    tree_options.add_to(parser)
    parser.add_argument(
        "--batch-size", type=int, default=64, help="examples in a batch (default: %(default)s)"
    )
    compute_options.add_to(parser)
    forecasts.add_predict_options(parser)
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_true", help="print JSON lines")
    formats.add_argument("--tsv", action="store_true", help="print tab-separated columns")
    parser.add_argument(
        "--out",
        type=Path,
        help="write to this file, which appears when all lines are done; by default, its suffix "
        ".tsv or .jsonl chooses the format (of forecasts: .csv, .json or .jsonl)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print one prediction per example, in order, or a forecast."""
    _check_arguments(options)
    from spinn.cli.support.predictor import Predictor
    from spinn.data.dataset import SequenceDataset, TextDataset
    from spinn.data.sequences.forecast import Forecast
    from spinn.data.text.readers.table import TableReader
    from spinn.tasks.text_task import TextTask
    from spinn.training.loading import load_run

    loaded = load_run(options.folder)
    if isinstance(loaded.dataset, SequenceDataset):
        sequence_inputs.check_options(options, loaded)
        if isinstance(loaded.dataset, Forecast):
            forecasts.predict(options, loaded)
            return
    forecasts.check_unused(options, loaded)
    _choose_format(options)
    if isinstance(loaded.dataset, SequenceDataset):
        sequence_inputs.predict(options, loaded)
        return
    task = loaded.task
    assert isinstance(task, TextTask)  # its dataset is no sequences
    choice = tree_options.choose_trees(loaded, options.trees, options.parser_url)
    assert isinstance(loaded.dataset, TextDataset)  # its task is over sentences
    reader = loaded.dataset.reader
    columns = reader.column_names if isinstance(reader, TableReader) else ()
    fields = Fields.of(task.sentence_names, task.places, columns)
    examples = _examples(options, loaded, fields, choice)
    device = compute_options.use(options, loaded)
    predictor = Predictor(
        task, loaded.vocabulary, choice, batch_size=options.batch_size, device=device
    )
    if options.out is None:
        accept_any_character(sys.stdout, as_utf8=options.json or options.tsv)
        _predict_all(options, examples, predictor, sys.stdout)
    else:
        write_out(options.out, lambda file: _predict_all(options, examples, predictor, file))


def _check_arguments(options: argparse.Namespace) -> None:
    """Raise InputError for options that do not fit each other."""
    sentences = sentence_arguments.are_given(options)
    if options.file is not None and sentences:
        raise InputError("give either sentences or --file, not both")
    if sentences and options.format != AUTO:
        raise InputError("--format is for --file and standard input; leave it out")
    if options.batch_size < 1:
        raise InputError(f"--batch-size is {options.batch_size}; expected 1 or more")
    compute_options.check(options)
    _check_out(options)


def _choose_format(options: argparse.Namespace) -> None:
    """Set --json or --tsv by the suffix of --out, if neither is given."""
    out: Path | None = options.out
    if out is not None and not (options.json or options.tsv):
        options.json = out.suffix.lower() in JSON_SUFFIXES
        options.tsv = out.suffix.lower() == ".tsv"


def _check_out(options: argparse.Namespace) -> None:
    """Raise InputError if --out cannot be a new file, or is the file that is read."""
    out: Path | None = options.out
    if out is None:
        return
    if not out.resolve().parent.is_dir():
        raise InputError(f"--out {out}: there is no folder {out.resolve().parent}")
    if out.exists() and not out.is_file():
        raise InputError(f"--out {out} is not a regular file; omit --out and redirect with >")
    if options.file is not None and out.resolve() == options.file.resolve():
        raise InputError(f"--out {out} is the --file that is read; name another one")


def _examples(
    options: argparse.Namespace, run: Run, fields: Fields, choice: tree_options.TreeChoice
) -> Examples:
    from spinn.data.text.readers.rows import lines_of, raw_lines
    from spinn.tasks.text_task import TextTask

    assert isinstance(run.task, TextTask)
    trees = choice.source()
    if sentence_arguments.are_given(options):
        texts = sentence_arguments.sentences_of(options, run)
        row = Row(None, list(texts.values()))
        return Examples([read_example(1, row, fields.encoded, trees)], None)
    path: Path | None = options.file
    place = STDIN if path is None else str(path)
    reader = _reader(options, run)
    if reader is not None and path is not None and not reader.reads_lines:
        return Examples(read_dataset_examples(path, reader, run.task.places, trees), place)
    if path is None:
        lines = lines_of(standard_input(fields.expected), STDIN, LONGEST_LINE)
    else:
        lines = raw_lines(path, LONGEST_LINE)
    if reader is not None:
        return Examples(read_dataset_examples(lines, reader, run.task.places, trees), place)
    return Examples(read_examples(lines, options.format, fields, trees, place), place)


def _reader(options: argparse.Namespace, run: Run) -> Reader | None:
    """Return the reader of a dataset's format; None for JSON lines and TSV.

    Raises: InputError: if its examples have other sentences than the run's, or it cannot read
        standard input.
    """
    from spinn.data.dataset import TextDataset
    from spinn.data.text.readers.table import TableReader

    assert isinstance(run.dataset, TextDataset)  # its task is over sentences
    own, form = run.dataset.reader, options.format
    if form == AUTO and options.file is not None and isinstance(own, TableReader):
        suffixes = [suffix.lower() for suffix in options.file.suffixes if suffix.lower() != ".gz"]
        if (suffixes and suffixes[-1] in TABLE_SUFFIXES) or own.fits(options.file):
            form = TRAINING
    if form in LINE_FORMATS:
        return None
    if form != TRAINING:
        reader, names = reader_of(form), own.sentence_names
        if len(reader.sentence_names) != len(names):
            raise InputError(
                f"--format {form} has {plural(len(reader.sentence_names), 'sentence')} in an "
                f"example, and {run.folder.path} was trained on {len(names)} ({', '.join(names)})"
            )
        return reader
    if options.file is None and not own.reads_lines:
        raise InputError(f"--format {TRAINING} reads a table from a file; name it with --file")
    return own


def _predict_all(
    options: argparse.Namespace, examples: Examples, predictor: Predictor, out: TextIO
) -> None:
    """Read, predict and print until the input ends."""
    from spinn.cli.support.predictor import error_entry

    formatter = _formatter(options, examples, predictor)
    if options.tsv:
        print(tsv_header(list(tsv_columns(predictor.outputs))), file=out)
    predicted = bad = 0
    warned: set[str] = set()
    bar = _progress_bar(options, examples)
    with InputStream(examples.items, size=word_count, room=ROOM) as stream, bar:
        while items := stream.take(WINDOW * options.batch_size):
            failure = None
            if options.on_error == "raise":
                failure = next((item for item in items if isinstance(item, BadLine)), None)
            if failure is not None:
                items = items[: items.index(failure)]
            predictions = iter(
                predictor.predict([item for item in items if isinstance(item, InputExample)])
            )
            for item in items:
                if isinstance(item, BadLine):
                    bar.write(_message(examples.place, item), file=sys.stderr)
                    print(formatter(error_entry(item)), file=out)
                    bad += 1
                    continue
                prediction = next(predictions)
                for warning in filter(lambda text: text not in warned, prediction["warnings"]):
                    bar.write(message(f"warning: {warning}"), file=sys.stderr)
                    warned.add(warning)
                print(formatter(prediction), file=out)
                predicted += 1
            out.flush()
            if failure is not None:
                raise InputError(_message(examples.place, failure))
            bar.update(len(items))
    if examples.place is not None:
        lines = "bad line" if bad == 1 else "bad lines"
        print(f"{predicted:,} predicted, {bad:,} {lines}", file=sys.stderr)


def _formatter(options: argparse.Namespace, examples: Examples, predictor: Predictor) -> Formatter:
    outputs, columns = list(predictor.outputs), list(tsv_columns(predictor.outputs))
    if options.json:
        return format_json
    if options.tsv:
        return lambda prediction: format_tsv(prediction, outputs, columns)
    numbered = examples.place is not None
    return lambda prediction: format_text(prediction, outputs, predictor.names, numbered=numbered)


def _message(place: str | None, bad: BadLine) -> str:
    return escape_controls(
        message(bad.error if place is None else f"{place}:{bad.line}: {bad.error}")
    )


def _progress_bar(options: argparse.Namespace, examples: Examples) -> tqdm[Any]:
    """Return a progress bar, shown on a terminal for a file if no predictions appear there."""
    from tqdm import tqdm

    quiet = examples.place in (None, STDIN) or (options.out is None and sys.stdout.isatty())
    return tqdm(unit=" examples", unit_scale=True, disable=True if quiet else None)
