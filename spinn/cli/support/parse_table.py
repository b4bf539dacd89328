"""`spinn data parse`: the rows of a table, with a parse of each sentence."""

from __future__ import annotations

import argparse
import csv
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from spinn.cli.support.tree_parsers import ExternalTreeParser, RunTreeParser, TreeParser
from spinn.data.text.parse_journal import Journal, open_journal
from spinn.data.text.parsers import CORENLP, DEFAULT_URL, PARSERS
from spinn.data.text.readers.rows import locate
from spinn.data.text.readers.table import BRACKETS_SAMPLE, LINE_ENDS, SPLITS, are_bracketed, text_of
from spinn.data.text.reading import fingerprint
from spinn.data.text.report import ReadReport
from spinn.data.text.table_reading import (
    AUTO,
    CSV,
    JSONL,
    TSV,
    Row,
    Rows,
    check_columns,
    delimiter_hint,
    read_table,
    table_format,
)
from spinn.data.text.table_writing import RowWriter, write_lines, written_format
from spinn.errors import InputError
from spinn.files import write_atomically
from spinn.text import plural, printable_lines

DATASETS = {  # format and columns of known files
    "snli": (JSONL, ("sentence1", "sentence2")),
    "multinli": (JSONL, ("sentence1", "sentence2")),
    "sick": (TSV, ("sentence_A", "sentence_B")),
}
# Columns of sentences in known datasets; the first line whose columns are all there counts.
SENTENCES = (
    ("premise", "hypothesis"), ("sentence1", "sentence2"), ("sentence_A", "sentence_B"),
    ("question1", "question2"), ("text1", "text2"), ("sentence",), ("text",),
)  # fmt: skip
LABELS = ("label", "gold_label", "entailment_judgment", "class", "is_duplicate")
# `data=snli` and `spinn predict` read these; another column is named COLUMN_parse.
PARSE_COLUMNS = {name: f"{name}_binary_parse" for name in ("sentence1", "sentence2")}
OWN_OPTIONS = {  # of this command, in place of the settings that messages of the reader name
    "data.format=": "--format ",
    "data.delimiter=": "--delimiter ",
    "data.header=false": "--no-header",
    "data.format": "--format",
    "data.delimiter": "--delimiter",
    "data.header": "--no-header",
}
MOST_LABELS = 50  # distinct cells of a column that may be labels
SHOWN = 60  # characters of a sentence that a message repeats


class Place(NamedTuple):
    """The row and column of a sentence."""

    row: int
    column: str


@dataclass(frozen=True)
class Table:
    """The input, read once.

    Attributes:
        columns: all, in the order of their first rows.
        sentences: the columns of the sentences.
        parses: the columns of their parses.
        places: the first place of each distinct sentence.
        bracketed: whether the sentences are trees in brackets.
        rows: their number.
        label: the column of labels, a known one or the first with few distinct values; None if
            there is none.
    """

    path: Path
    columns: tuple[str, ...]
    sentences: tuple[str, ...]
    parses: tuple[str, ...]
    places: dict[str, Place]
    bracketed: bool
    rows: int
    label: str | None


def parse_table(options: argparse.Namespace) -> None:
    """Parse the distinct sentences of a file that no journal holds, then write all rows.

    Raises: InputError: for a bad option, input, row or sentence, or a parser that is missing. The
        journal then holds what is parsed.
    """
    try:
        _parse_table(options)
    except InputError as error:
        message = str(error)
        for theirs, ours in OWN_OPTIONS.items():
            message = message.replace(theirs, ours)
        raise type(error)(message) from error


def _parse_table(options: argparse.Namespace) -> None:
    out: Path = options.out
    path = locate(options.file)
    _check_out(out, path, options.force)
    parser = _parser(options)
    report, failures = ReadReport(None, options.on_error), ReadReport(None, options.on_error)
    table = _scan(options, path, report, failures)
    identity = {
        "content of --file": fingerprint([path])[:16],
        "--columns": [*table.sentences],
        "sentences in brackets": table.bracketed,
        **parser.identity,
    }
    with open_journal(journal_path(out), identity) as journal:
        if options.on_error == "raise":
            journal.errors.clear()  # these sentences are tried again
        kept = len(journal.trees)
        try:
            _parse_all(table, parser, journal, failures)
        except InputError as error:
            if not journal.trees:
                raise
            state = f"{journal_path(out)} keeps {plural(len(journal.trees), 'tree')}"
            raise type(error)(f"{error}. {state}; the same command continues") from error
        _write(options, table, journal)
        journal_path(out).unlink()
    _print_summary(options, table, journal, kept, report, failures)


def journal_path(out: Path) -> Path:
    """Return the path of the journal, beside the output."""
    return out.with_name(f"{out.name}.partial")


def resume_command(options: argparse.Namespace) -> str:
    """Return the command line with the same options."""
    words = ["spinn", "data", "parse", "--file", options.file, "--out", options.out]
    words += ["--trees", options.trees]
    for name in ("columns", "parse_columns", "workers", "batch_size", "parser_url"):
        value = vars(options)[name]
        words += [f"--{name.replace('_', '-')}", value] if value is not None else []
    for name, default in (("format", AUTO), ("delimiter", AUTO), ("on_error", "raise")):
        value = vars(options)[name]
        words += [f"--{name.replace('_', '-')}", value] if value != default else []
    words += [] if options.header else ["--no-header"]
    words += ["--force"] if options.force else []
    return shlex.join(map(str, words))


def _check_out(out: Path, path: Path, force: bool) -> None:
    written_format(out)
    if not out.resolve().parent.is_dir():
        raise InputError(f"--out {out}: there is no folder {out.resolve().parent}")
    if out.exists() and not out.is_file():
        raise InputError(f"--out {out} is not a regular file; name another one")
    if out.exists() and out.samefile(path):
        raise InputError(f"--out {out} is the --file that is read; name another one")
    if out.exists() and not force:
        raise InputError(f"--out {out} exists; --force replaces it")


def _parser(options: argparse.Namespace) -> TreeParser:
    name, workers, batch_size = options.trees, options.workers, options.batch_size
    for option, number in (("--workers", workers), ("--batch-size", batch_size)):
        if number is not None and number < 1:
            raise InputError(f"{option} is {number}; expected 1 or more")
    if options.parser_url is not None and name != CORENLP:
        raise InputError(f"--parser-url is for --trees {CORENLP}, and the trees are {name}")
    if name in PARSERS:
        if batch_size is not None:
            raise InputError("--batch-size is for the trees of a run; leave it out")
        return ExternalTreeParser(
            name, options.parser_url or DEFAULT_URL, workers or os.cpu_count() or 1
        )
    if not Path(name).is_dir():
        raise InputError(
            f"--trees {name}: expected {', '.join(PARSERS)} or the folder of a run whose model "
            "predicts trees"
        )
    if workers is not None:
        raise InputError(f"--workers is for {' and '.join(PARSERS)}; leave it out")
    return RunTreeParser(name, batch_size or 64)


def _open(
    options: argparse.Namespace, path: Path, report: ReadReport
) -> tuple[tuple[str, ...], Rows]:
    format = DATASETS.get(options.format, (options.format, ()))[0]
    return read_table(
        path, report, format=format, delimiter=options.delimiter, header=options.header
    )


def _scan(
    options: argparse.Namespace, path: Path, report: ReadReport, failures: ReadReport
) -> Table:
    """Read the input once, so that an error in it shows before anything is parsed."""
    columns, rows = _open(options, path, report)
    sentences = _sentence_columns(options, path, columns)
    parses = _names(options.parse_columns) or tuple(
        PARSE_COLUMNS.get(name, f"{name}_parse") for name in sentences
    )
    if len(parses) != len(sentences):
        raise InputError(
            f"--parse-columns names {len(parses)} column(s) for {len(sentences)} of sentences "
            f"({', '.join(sentences)}); expected one for each"
        )
    all_columns = dict.fromkeys(columns)
    checked = RowWriter(written_format(options.out), columns)
    places: dict[str, Place] = {}
    sample: list[Any] = []
    count = 0
    values: dict[str, set[str]] = {}  # the distinct cells of each column, up to MOST_LABELS + 1
    for number, row in rows:
        all_columns |= dict.fromkeys(row)
        try:
            checked.line(row)
        except ValueError as error:
            raise InputError(f"{path}:{number}: {error}") from None
        count += 1
        for column, value in row.items():
            found = values.setdefault(column, set())
            if len(found) <= MOST_LABELS and (cell := text_of(value)):
                found.add(cell)
        for column in sentences:
            if count <= BRACKETS_SAMPLE:
                sample.append(row.get(column))
            try:
                places.setdefault(_sentence(row, column), Place(number, column))
            except ValueError as error:
                failures.bad_row(f"{path}:{number}: {error}")
    if not count:
        raise InputError(f"{path}: no row that can be read: {report.summary()}")
    if all_columns.keys() & {*parses} or len({*parses}) < len(parses):
        raise InputError(
            f"{path}: the columns of parses, {', '.join(parses)}, are in the file, or one is named "
            "twice; name others: --parse-columns NAME,NAME"
        )
    few = (
        name
        for name, found in values.items()
        if name not in sentences
        and 1 < len(found) <= min(MOST_LABELS, count / 2)
        and not found <= SPLITS.keys()
    )
    label = next((name for name in (*LABELS, *few) if name in all_columns), None)
    bracketed = are_bracketed(sample)
    names = (*all_columns, *parses)
    return Table(path, names, sentences, parses, places, bracketed, count, label)


def _sentence_columns(
    options: argparse.Namespace, path: Path, columns: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the columns of sentences: those that the user names, or a known set."""
    if options.columns is not None or options.format in DATASETS:
        named = _names(options.columns) or DATASETS[options.format][1]
        check_columns(str(path), dict.fromkeys(named, "--columns"), columns)
        return named
    present = {name.lower(): name for name in columns}
    for names in SENTENCES:
        if all(name.lower() in present for name in names):
            return tuple(present[name.lower()] for name in names)
    format = DATASETS.get(options.format, (options.format, ()))[0]
    hint = delimiter_hint(columns) if table_format(path, format) in (CSV, TSV) else ""
    raise InputError(
        f"{path}: which columns hold sentences? Name them: --columns NAME,NAME. The columns are "
        f"{', '.join(map(repr, columns))}{hint}"
    )


def _names(text: str | None) -> tuple[str, ...]:
    """Split names at commas; a name with a comma stands between quotes."""
    if text is None:
        return ()
    names = next(csv.reader([text], skipinitialspace=True), [])
    if not names or "" in names or len({*names}) < len(names):
        raise InputError(f"{text!r}: expected different names of columns with commas between them")
    return tuple(names)


def _sentence(row: Row, column: str) -> str:
    value = row.get(column)
    if not isinstance(value, str):
        raise ValueError(f"{column} is {value!r:.{SHOWN}}, expected text")
    return value.translate(LINE_ENDS)


def _parse_all(table: Table, parser: TreeParser, journal: Journal, failures: ReadReport) -> None:
    """Parse the sentences that the journal lacks; report those without a tree."""
    from tqdm import tqdm

    for text in filter(journal.errors.__contains__, table.places):
        failures.bad_row(_failure(table, text, journal.errors[text], failures))
    missing = [
        text for text in table.places if text not in journal.trees and text not in journal.errors
    ]
    done = len(table.places) - len(missing)
    bar = tqdm(
        total=len(table.places), initial=done, desc="parsing", unit=" sentences", disable=None
    )
    # Closed at once, so that no further call starts after an error or Ctrl-C.
    with bar, closing(parser.parse(missing, bracketed=table.bracketed)) as outcomes:
        for text, found in outcomes:
            if isinstance(found, str):
                journal.add_tree(text, found)
            else:
                failures.bad_row(_failure(table, text, str(found), failures))
                journal.add_error(text, str(found))
            bar.update()


def _failure(table: Table, text: str, error: str, failures: ReadReport) -> str:
    row, column = table.places[text]
    shown = repr(text if len(text) <= SHOWN else text[:SHOWN] + " …")
    hint = "; --on-error skip leaves its parse empty" if failures.on_error == "raise" else ""
    return f"{table.path}:{row}: {column} {shown}: {error}{hint}"


def _write(options: argparse.Namespace, table: Table, journal: Journal) -> None:
    """Write all rows, in their order, with the parses."""
    out: Path = options.out
    writer = RowWriter(written_format(out), table.columns)

    def fill(draft: Path) -> None:
        lines = _lines(options, table, journal, writer)
        write_lines(draft, lines, zipped=out.suffix.lower() == ".gz")

    try:
        write_atomically(out.resolve(), fill)
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror}") from error


def _lines(
    options: argparse.Namespace, table: Table, journal: Journal, writer: RowWriter
) -> Iterator[bytes]:
    yield writer.header()
    _, rows = _open(options, table.path, ReadReport(None, options.on_error))
    for number, row in rows:
        parses: dict[str, str] = {}
        for column, parse in zip(table.sentences, table.parses, strict=True):
            value = row.get(column)
            text = value.translate(LINE_ENDS) if isinstance(value, str) else None
            if text is not None and text not in table.places:
                raise InputError(f"{table.path}:{number}: the file has changed; start again")
            parses[parse] = journal.trees.get(text, "") if text is not None else ""
        yield writer.line({**row, **parses})


def _print_summary(
    options: argparse.Namespace,
    table: Table,
    journal: Journal,
    kept: int,
    report: ReadReport,
    failures: ReadReport,
) -> None:
    """Print what was parsed and left out, and the command that trains on the file."""
    from spinn.cli.support.resume_command import hydra_value

    kept_before = f" ({kept:,} of them before)" if kept else ""
    sentences = plural(len(table.places), "distinct sentence")
    lines = [
        f"{options.out}: {plural(table.rows, 'row')}, {sentences}, "
        f"{len(journal.trees):,} parsed{kept_before}"
    ]
    if failures.bad_rows:
        lines.append(
            f"{plural(failures.bad_rows, 'sentence')} without a tree: the parse is empty, and "
            "data.on_error=skip leaves such rows out of training"
        )
        lines += [f"  {message}" for message in failures.messages]
    if report.bad_rows or report.truncated:
        lines.append(f"{plural(report.bad_rows, 'row')} that cannot be read left out")
        lines += [f"  {message}" for message in report.messages]
    print(printable_lines("\n".join(lines)), file=sys.stderr)

    def listed(names: Sequence[str]) -> str:
        return f"[{','.join(map(hydra_value, names))}]"

    label = table.label
    overrides = [
        "data=table",
        f"data.train={hydra_value(str(options.out))}",
        "data.split.dev=0.1",
        f"data.columns.sentences={listed(table.sentences)}",
        f"data.columns.parses={listed(table.parses)}",
        f"data.columns.label={hydra_value(label) if label else 'LABEL'}",
    ]
    if label is None:
        print("replace LABEL in this command by the column of the labels", file=sys.stderr)
    elif label not in LABELS:
        print(f"labels are taken from {label!r}, a column with few values", file=sys.stderr)
    print(printable_lines(f"python train.py {shlex.join(overrides)}"))
