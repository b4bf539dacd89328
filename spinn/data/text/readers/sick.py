"""SICK (Marelli et al. 2014): the official format, and the format with parses."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from spinn.data.text.corpus import Example
from spinn.data.text.readers.rows import columns_of, numbered_lines, one_of, parse_field, read_rows
from spinn.data.text.reading import Reader, ReadReport
from spinn.data.text.tree_source import TreeSource
from spinn.trees.transitions import Parse

LABEL, SCORE = "entailment_judgment", "relatedness_score"
SENTENCES = ("sentence_A", "sentence_B")
PARSED_COLUMNS = (LABEL, *SENTENCES, SCORE, "pair_ID")
LOWEST_SCORE, HIGHEST_SCORE = 1.0, 5.0


class Layout(NamedTuple):
    """The columns of a file, and whether its sentences are binary parses."""

    columns: tuple[str, ...]
    parsed: bool
    header: bool


class SICKReader(Reader):
    r"""Reads both formats of SICK, recognised by the first line.

    The official format starts with column names (`pair_ID \t sentence_A ...`) and has plain
    sentences, so that `trees=gold` is an error. The parsed format has `LABEL \t parse \t parse` and
    possibly two more columns. It may start with column names, of which the first is the label's.

    Args: labels: in lower case, as the targets; the files have them in capitals.
    """

    def __init__(self, labels: Sequence[str] = ("entailment", "neutral", "contradiction")) -> None:
        super().__init__(labels)

    def read(self, path: Path, trees: TreeSource, report: ReadReport) -> Iterator[Example]:
        """Yield the pairs of one file."""
        lines = numbered_lines(path, report)
        layout, rows = _recognise(path, lines, report)
        return read_rows(path, rows, lambda line: self.parse_row(line, layout, trees), report)

    def parse_row(self, line: str, layout: Layout, trees: TreeSource) -> Example:
        """Parse one line below the header.

        Raises: ValueError: for a line that does not match the layout.
        """
        row = _row(line, layout)
        target = one_of(row[LABEL].lower(), self.labels)
        score = _score(row[SCORE]) if SCORE in row else None
        return Example(_sentences(row, layout, trees), target, score)

    def sentence_parser(self, trees: TreeSource) -> Callable[[str], tuple[Parse, ...] | None]:
        """Return a function that parses the two sentences of a line, whatever its label.

        The first line of a known form determines how the lines after it are read.
        """
        layout: Layout | None = None

        def parse(line: str) -> tuple[Parse, ...] | None:
            nonlocal layout
            if layout is None:
                layout = layout_of(line)
                if layout.header:
                    return None
            return _sentences(_row(line, layout), layout, trees)

        return parse


def _row(line: str, layout: Layout) -> dict[str, str]:
    cells = columns_of(line, len(layout.columns))
    # Reversed, because the parsed test file has the same names for parses and, later, for
    # sentences: the first column of a name counts.
    return dict(zip(reversed(layout.columns), reversed(cells), strict=True))


def _sentences(row: dict[str, str], layout: Layout, trees: TreeSource) -> tuple[Parse, ...]:
    parse = trees.from_brackets if layout.parsed else trees.from_text
    return tuple(parse_field(key, row[key], parse) for key in SENTENCES)


def _recognise(
    path: Path, lines: Iterator[tuple[int, str]], report: ReadReport
) -> tuple[Layout, Iterator[tuple[int, str]]]:
    for number, first in lines:
        try:
            layout = layout_of(first)
        except ValueError as error:
            report.bad_row(f"{path}:{number}: {error}")
            continue
        return layout, lines if layout.header else chain([(number, first)], lines)
    return Layout(PARSED_COLUMNS, parsed=True, header=False), iter(())


def layout_of(first: str) -> Layout:
    """Recognise the format of a file by its first line.

    Raises: ValueError: for an unknown format.
    """
    columns = tuple(first.removeprefix("%").split("\t"))
    if SENTENCES[0] in columns:
        if not {LABEL, *SENTENCES}.issubset(columns):
            required = ", ".join((LABEL, *SENTENCES))
            raise ValueError(f"columns {', '.join(columns)}, expected among them {required}")
        return Layout(columns, parsed=columns[0] == LABEL, header=True)
    if len(columns) not in (3, len(PARSED_COLUMNS)):
        raise ValueError(
            f"{len(columns)} column(s) separated by tabs and no header, expected "
            "pair_ID, sentence_A ... (official) or LABEL, parse, parse (3 or 5 columns)"
        )
    return Layout(PARSED_COLUMNS[: len(columns)], parsed=True, header=False)


def _score(text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not LOWEST_SCORE <= score <= HIGHEST_SCORE:
        raise ValueError(f"{SCORE} {text!r}, expected a number from 1 to 5")
    return score
