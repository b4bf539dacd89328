"""`spinn predict` for runs over sequences, and the examples that are printed after training."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from spinn.cli.support import compute_options
from spinn.cli.support.evaluation_data import has_changed
from spinn.cli.support.input_examples import AUTO, LONGEST_LINE, BadLine
from spinn.cli.support.input_stream import InputStream
from spinn.cli.support.output_formats import escape_controls, format_json
from spinn.cli.support.streams import accept_any_character, standard_input, write_out
from spinn.errors import InputError
from spinn.text import plural

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from spinn.data.dataset import SequenceDataset
    from spinn.training.loading import Run

STDIN = "<stdin>"
COLUMNS = ("line", "input", "output", "error")  # of TSV
ROOM = 1_000_000  # steps that wait for a prediction
EXAMPLES, WIDEST = 10, 40  # after training; characters of a cell


class SequenceInput(NamedTuple):
    """The steps of an input, and the line or argument that holds it."""

    line: int
    text: str
    steps: Sequence[Any]


def check_options(options: argparse.Namespace, run: Run) -> None:
    """Raise InputError for options of `spinn predict` that are for sentences."""
    given = {
        "--premise": options.premise is not None,
        "--hypothesis": options.hypothesis is not None,
        "--trees": options.trees is not None,
        "--parser-url": options.parser_url is not None,
        "--format": options.format != AUTO,
    }
    for name, is_given in given.items():
        if is_given:
            raise InputError(
                f"{name} is for sentences; {run.folder.path} was trained on "
                f"{run.dataset.describe()}: leave it out"
            )
    from spinn.data.sequences.forecast import Forecast

    if isinstance(run.dataset, Forecast) and options.sentences:
        raise InputError(
            f"{options.sentences[0]!r}: {run.folder.path} forecasts a series; name a file of "
            "values with --file, or leave it out for the run's own series"
        )


def predict(options: argparse.Namespace, run: Run) -> None:
    """Print the output for each input: an argument each, or a line each.

    Raises: InputError: for a bad input, after the outputs for those before it.
    """
    dataset = _dataset(run)
    numbers = dataset.inputs is not None or dataset.labels is None
    if numbers and dataset.has_files and has_changed(run, dataset.load().fingerprint):
        raise InputError(
            f"{run.folder.path} was trained on other content of its files, from which the scale "
            "of its numbers comes; restore them"
        )
    device = compute_options.use(options, run)
    if options.out is None:
        accept_any_character(sys.stdout, as_utf8=options.json or options.tsv)
        _predict_all(options, run, device, sys.stdout)
    else:
        write_out(options.out, lambda file: _predict_all(options, run, device, file))


def _predict_all(options: argparse.Namespace, run: Run, device: torch.device, out: TextIO) -> None:
    dataset, place = _dataset(run), _place(options)
    if options.tsv:
        print("\t".join(COLUMNS), file=out)
    done = bad = 0
    with InputStream(_inputs(options, dataset), size=_size, room=ROOM) as stream:
        while items := stream.take(options.batch_size):
            good = [item for item in items if isinstance(item, SequenceInput)]
            failure = None
            if options.on_error == "raise":
                failure = next((item for item in items if isinstance(item, BadLine)), None)
                if failure is not None:
                    good = [item for item in good if item.line < failure.line]
                    items = items[: items.index(failure)]
            outputs = iter(outputs_of(run, [item.steps for item in good], device))
            for item in items:
                entry: dict[str, Any] = {"line": item.line}
                if isinstance(item, BadLine):
                    entry["error"] = item.error
                    print(f"{_named(place, item.line)}: {item.error}", file=sys.stderr)
                    bad += 1
                else:
                    output = next(outputs)
                    entry |= {"input": item.text, "output": dataset.format_output(output)}
                    if dataset.labels is None:
                        entry["numbers"] = dataset.unscaled(output).tolist()
                    done += 1
                print(_formatted(entry, options), file=out)
            out.flush()
            if failure is not None:
                raise InputError(f"{_named(place, failure.line)}: {failure.error}")
    if place is not None:
        print(f"{done:,} predicted, {plural(bad, 'bad line')}", file=sys.stderr)


def outputs_of(
    run: Run, inputs: Sequence[Sequence[Any]], device: torch.device
) -> list[NDArray[Any]]:
    """Return the model's output for each input, as in `Series.targets`."""
    from spinn.data.sequences.series import Series
    from spinn.tasks.sequence_tasks import Decoding

    if not inputs:
        return []
    assert isinstance(run.task, Decoding)  # its dataset is of sequences
    series = Series.of((steps, run.task.placeholder(len(steps)).tolist()) for steps in inputs)
    return _decoded(run, series, device)


def _decoded(run: Run, series: Any, device: torch.device) -> list[NDArray[Any]]:
    from spinn.tasks.sequence_tasks import Decoding
    from spinn.training.batches import Batches
    from spinn.training.evaluation import decode_sequences

    assert isinstance(run.task, Decoding)
    batches = Batches(run.task.prepare(series, run.vocabulary), batch_size=max(1, len(series)))
    return decode_sequences(run.task, batches, device)


def _dataset(run: Run) -> SequenceDataset:
    from spinn.data.dataset import SequenceDataset

    assert isinstance(run.dataset, SequenceDataset)  # the caller refuses others
    return run.dataset


def _place(options: argparse.Namespace) -> str | None:
    """Return the name of the input; None for the command line."""
    if options.sentences:
        return None
    return STDIN if options.file is None else str(options.file)


def _named(place: str | None, line: int) -> str:
    return f"input {line}" if place is None else f"{place}:{line}"


def _inputs(
    options: argparse.Namespace, dataset: SequenceDataset
) -> Iterator[SequenceInput | BadLine]:
    """Yield the inputs; blank lines are bad unless only blank ones follow."""
    from spinn.data.text.readers.rows import decode, lines_of, raw_lines

    lines: Iterable[tuple[int, str | bytes]]
    if options.sentences:
        lines = enumerate(options.sentences, 1)
    elif options.file is None:
        lines = lines_of(standard_input("an input per line"), STDIN, LONGEST_LINE)
    else:
        path: Path = options.file
        lines = raw_lines(path, LONGEST_LINE)
    blank: list[int] = []
    for number, line in lines:
        try:
            text = line if isinstance(line, str) else decode(line, LONGEST_LINE)
            if not text.strip() and not options.sentences:
                blank.append(number)
                continue
            while blank:
                yield BadLine(blank.pop(0), None, "an empty line; expected an input")
            yield SequenceInput(number, text.strip(), dataset.parse_input(text))
        except ValueError as error:
            yield BadLine(number, None, str(error))


def _size(item: SequenceInput | BadLine) -> int:
    return 1 if isinstance(item, BadLine) else len(item.steps)


def _formatted(entry: dict[str, Any], options: argparse.Namespace) -> str:
    if options.json:
        return format_json(entry)
    if options.tsv:
        cells = [str(entry.get(name, "")) for name in COLUMNS]
        return "\t".join(escape_controls(cell) for cell in cells)
    if "error" in entry:
        return escape_controls(f"error: {entry['error']}")
    return escape_controls(f"{entry['input']}  ->  {entry['output']}")


def examples_text(run: Run, device: torch.device) -> str:
    """Return ten examples of test: input, target, output, and whether the output is right.

    For numbers, the last column is their mean absolute error. The examples are those of dev for a
    run without test.
    """
    import numpy as np

    dataset = _dataset(run)
    splits = dataset.load()
    name = "test" if len(splits.test) else "dev"
    series = (splits.test if len(splits.test) else splits.dev)[:EXAMPLES]
    outputs = _decoded(run, series, device)
    inputs = np.split(series.inputs, np.cumsum(series.lengths)[:-1])
    targets = np.split(series.targets, np.cumsum(series.target_lengths)[:-1])
    rows = [("input", "target", "output", "")]
    for steps, target, output in zip(inputs, targets, outputs, strict=True):
        if dataset.labels is None:
            error = np.abs(dataset.unscaled(target) - dataset.unscaled(output)).mean()
            verdict = f"error {error:.4g}"
        else:
            verdict = "right" if np.array_equal(target, output) else "wrong"
        texts = (dataset.format_input(steps), *map(dataset.format_output, (target, output)))
        rows.append((*map(_shortened, texts), verdict))  # type: ignore[arg-type]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([f"examples of {name}:", *lines])


def _shortened(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
