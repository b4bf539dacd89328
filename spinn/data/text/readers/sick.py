"""SICK (Marelli et al. 2014): the official format, and the format with parses."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from spinn.data.text.corpus import Example
from spinn.data.text.readers.reader import Reader
from spinn.data.text.readers.rows import columns_of, locate, numbered_lines, parse_field
from spinn.data.text.report import ReadReport
from spinn.data.text.tree_source import TreeSource
from spinn.errors import InputError
from spinn.trees.transitions import Parse

LABEL, SCORE = "entailment_judgment", "relatedness_score"
SENTENCES = ("sentence_A", "sentence_B")
PARSED_COLUMNS = (LABEL, *SENTENCES, SCORE, "pair_ID")
_PTB_BRACKETS = re.compile("-[LR]RB-")
LOWEST_SCORE, HIGHEST_SCORE = 1.0, 5.0


NO_SCORE = ""  # a pair that the official file lacks


class Layout(NamedTuple):
    """The columns of a file, and whether its sentences are binary parses."""

    columns: tuple[str, ...]
    parsed: bool
    header: bool


class SICKRow(NamedTuple):
    """A line, and the layout that the file's first line of a known form has; None before it."""

    line: str
    layout: Layout | None
    score: str | None = None  # from the official file


class SICKReader(Reader):
    r"""Reads both formats of SICK, recognised by the first line.

    The official format starts with column names (`pair_ID \t sentence_A ...`) and has plain
    sentences, so that `trees=gold` is an error. The parsed format has `LABEL \t parse \t parse` and
    possibly two more columns. It may start with column names, of which the first is the label's.
    Labels are read in lower case; the files have them in capitals.

    Args:
        sentence_names: of the two sentences.
        scores: whether every pair must have its relatedness. A parsed file without it takes it from
            the official file beside it: `SICK_train.txt` for `SICK_train_parsed.txt`.
    """

    targets = frozenset({"class", "score"})

    def __init__(
        self, sentence_names: Sequence[str] = ("premise", "hypothesis"), scores: bool = False
    ) -> None:
        self.sentence_names = tuple(sentence_names)
        self.scores = scores

    def open(self, path: Path, report: ReadReport) -> Iterator[tuple[int, SICKRow]]:
        """Yield the lines of a file; add the official scores where the file has none."""
        official: dict[tuple[str, ...], Iterator[str]] | None = None
        for number, row in super().open(path, report):
            if self.scores and row.layout and SCORE not in row.layout.columns:
                if official is None:
                    official = _official_scores(path)
                cells = _cells(row.line, row.layout)
                row = row._replace(score=next(official.get(_letters(cells), iter(())), NO_SCORE))
            yield number, row

    def rows(self, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, SICKRow]]:
        """Yield the lines below the header with their layout."""
        layout: Layout | None = None
        for number, line in lines:
            if layout is None:
                with suppress(ValueError):  # `example` raises it again, with the line's number
                    layout = layout_of(line)
                    if layout.header:
                        continue
            yield number, SICKRow(line, layout)

    def sentences(self, row: SICKRow, trees: TreeSource) -> tuple[Parse, ...]:
        """Parse the two sentences of a line."""
        layout = row.layout or layout_of(row.line)
        cells = _cells(row.line, layout)
        parse = trees.from_brackets if layout.parsed else trees.from_text
        return tuple(parse_field(key, cells[key], parse) for key in SENTENCES)

    def example(self, row: SICKRow, trees: TreeSource) -> Example:
        """Parse a line; its score is the relatedness, where the file has it."""
        sentences = self.sentences(row, trees)
        cells = _cells(row.line, row.layout or layout_of(row.line))
        score = cells.get(SCORE, row.score)
        if score == NO_SCORE:
            raise ValueError(f"the official file has no pair with these words, so no {SCORE}")
        return Example(sentences, cells[LABEL].lower(), None if score is None else _score(score))

    def columns_of(self, row: SICKRow) -> dict[str, str]:
        """Return the columns of a line besides its sentences, such as the relatedness."""
        cells = _cells(row.line, row.layout or layout_of(row.line))
        score = {} if row.score is None else {SCORE: row.score}
        return {key: cell for key, cell in cells.items() if key not in SENTENCES} | score


def _cells(line: str, layout: Layout) -> dict[str, str]:
    cells = columns_of(line, len(layout.columns))
    # Reversed, because the parsed test file has the same names for parses and, later, for
    # sentences: the first column of a name counts.
    return dict(zip(reversed(layout.columns), reversed(cells), strict=True))


def _letters(cells: Mapping[str, str]) -> tuple[str, ...]:
    """Return both sentences without spaces, brackets and case, equal in both formats."""
    return tuple(
        "".join(filter(str.isalnum, _PTB_BRACKETS.sub("", cells[key]))).lower() for key in SENTENCES
    )


def _official_scores(parsed: Path) -> dict[tuple[str, ...], Iterator[str]]:
    """Return the scores of each pair in the official file, in its order: some pairs occur twice."""
    name = parsed.name.removesuffix(".gz").replace("_rearranged", "").replace("_parsed", "")
    path = locate(
        parsed.with_name(name),
        f"{parsed.name} has no {SCORE}, the official file has: `spinn data download sick`",
    )
    found: dict[tuple[str, ...], list[str]] = {}
    layout: Layout | None = None
    for number, line in numbered_lines(path, ReadReport(None)):
        try:
            if layout is None:
                layout = layout_of(line)
                continue
            cells = _cells(line, layout)
            found.setdefault(_letters(cells), []).append(cells[SCORE])
        except (KeyError, ValueError) as error:
            raise InputError(f"{path}:{number}: {error}; expected the official format") from error
    return {pair: iter(scores) for pair, scores in found.items()}


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
    if len(columns) == len(PARSED_COLUMNS) and not _is_number(columns[3]):
        # The test file of some copies: the header is missing, the sentences follow the parses.
        return Layout((LABEL, *SENTENCES, *SENTENCES), parsed=True, header=False)
    return Layout(PARSED_COLUMNS[: len(columns)], parsed=True, header=False)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _score(text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not LOWEST_SCORE <= score <= HIGHEST_SCORE:
        raise ValueError(f"{SCORE} {text!r}, expected a number from 1 to 5")
    return score
