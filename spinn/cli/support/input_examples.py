"""Lines of text -> pairs of sentences to be judged; a bad line is one by number, and no more."""

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, NoReturn

from spinn.data.text.readers.rows import decode
from spinn.data.text.tree_source import TreeSource
from spinn.errors import InputError
from spinn.trees.transitions import Parse

LONGEST_LINE = 1 << 20  # bytes
MOST_WORDS = 10_000  # of a sentence
AUTO, JSONL, TSV = "auto", "jsonl", "tsv"
FORMATS = (AUTO, JSONL, TSV)
NAMES = (("premise", "sentence1"), ("hypothesis", "sentence2"))  # of a side, the first one first
SHOWN = 60  # characters of a bad sentence that a message repeats

Identity = str | int | float | None


class Question(NamedTuple):
    """A pair of sentences, and where each tree comes from."""

    line: int
    identity: Identity  # the line's own `id`
    sentences: tuple[Parse, Parse]
    sources: tuple[str, str]


class BadLine(NamedTuple):
    """A line that is no question, and why."""

    line: int
    identity: Identity
    error: str


class Row(NamedTuple):
    """What a line says, whatever its form."""

    identity: Any
    premise: Any
    hypothesis: Any


def size(item: Question | BadLine) -> int:
    """Words: what a question takes in memory grows with them."""
    if isinstance(item, BadLine):
        return 1
    return sum(len(parse.words) for parse in item.sentences)


def questions(
    lines: Iterable[tuple[int, bytes]], form: str, trees: TreeSource
) -> Iterator[Question | BadLine]:
    """Read lines: each but a header gives one item, in order, and blank ones at the end none.

    Args:
        lines: from `lines_of`, cut to LONGEST_LINE.
        form: one of FORMATS.
        trees: of plain text.
    """
    rows = Rows(form)
    blank = 0  # lines before this one; whether they are the last ones is not known yet
    for number, line in lines:
        if not line.strip(b" "):
            blank += 1
            continue
        for empty in range(number - blank, number):
            yield BadLine(empty, None, "blank line, expected a pair of sentences")
        blank = 0
        try:
            row = rows.read(decode(line, LONGEST_LINE))
        except ValueError as error:
            yield BadLine(number, None, str(error))
            continue
        if row is not None:
            yield question(number, row, trees)


class Rows:
    """Reads lines that are not blank, one after the other.

    Args: form: JSON lines or TSV; AUTO leaves it to the first line that is one of both.
    """

    def __init__(self, form: str) -> None:
        self._form = form
        self._columns: list[str] | None = None  # their names, once a TSV line has come

    def read(self, line: str) -> Row | None:
        """Take a line apart; None for a header.

        Raises: ValueError: if it is not of the form.
        """
        if self._form == AUTO:
            self._form = _form_of(line)
        if self._form == JSONL:
            return _of_names(_json_object(line))
        return self._of_cells([cell.strip(" ") for cell in line.split("\t")])

    def _of_cells(self, cells: list[str]) -> Row | None:
        if self._columns is None:
            header = [cell.lower() for cell in cells]
            if all(any(name in header for name in names) for names in NAMES):
                self._columns = header
                return None
            self._columns = [names[0] for names in NAMES]
        if len(cells) != len(self._columns):
            raise ValueError(
                f"{len(cells)} column(s) separated by tabs, expected {len(self._columns)}: "
                f"{', '.join(self._columns)}"
            )
        return _of_names(dict(zip(self._columns, cells, strict=True)))


def _form_of(line: str) -> str:
    if line.lstrip().startswith("{"):
        return JSONL
    if "\t" in line:
        return TSV
    raise ValueError(
        'neither {"premise": "…", "hypothesis": "…"} nor a premise, a tab and a hypothesis; '
        "name the form with --format"
    )


def _json_object(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line, parse_constant=_no_json)
    except RecursionError:
        raise ValueError("malformed JSON: nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"malformed JSON: {error}") from None
    if not isinstance(row, dict):
        raise ValueError('expected an object {"premise": "…", "hypothesis": "…"}')
    return row


def _no_json(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _of_names(row: dict[str, Any]) -> Row:
    sides = (next((name for name in names if name in row), names[0]) for names in NAMES)
    premise, hypothesis = map(row.get, sides)
    return Row(row.get("id"), premise, hypothesis)


def question(line: int, row: Row, trees: TreeSource) -> Question | BadLine:
    """Read a row's sentences; what is wrong with them is told in its place."""
    identity: Identity = None
    try:
        identity = _identity(row.identity)
        premise, premise_source = _sentence("premise", row.premise, trees)
        hypothesis, hypothesis_source = _sentence("hypothesis", row.hypothesis, trees)
    except InputError:  # not of this sentence alone
        raise
    except ValueError as error:
        return BadLine(line, identity, str(error))
    return Question(line, identity, (premise, hypothesis), (premise_source, hypothesis_source))


def _identity(value: Any) -> Identity:
    if isinstance(value, str) and _is_unicode(value):
        return value
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ValueError(f"id is {_shown(value)}; expected a text or a number")


def _sentence(name: str, text: Any, trees: TreeSource) -> tuple[Parse, str]:
    if not isinstance(text, str):
        raise ValueError(f"{name} is {_shown(text)}; expected a sentence")
    try:
        if not _is_unicode(text):
            raise ValueError("half of a surrogate pair is no character")
        parse, source = trees.read(text)
        if len(parse.words) > MOST_WORDS:
            raise ValueError(f"{len(parse.words):,} words, expected at most {MOST_WORDS:,}")
    except InputError:  # a parser that does not answer will not answer for other sentences either
        raise
    except (ValueError, TimeoutError) as error:  # the tokenizer gives up after some seconds
        raise ValueError(f"{name} {_shown(text)}: {error}") from error
    return parse, source


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested too deeply, or a number of too many digits
        text = f"a {type(value).__name__}"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
