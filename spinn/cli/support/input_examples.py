"""Read examples from lines of text; a bad line becomes a `BadLine`, and reading continues."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from spinn.data.text.report import ReadReport
from spinn.data.text.tree_source import TreeSource
from spinn.errors import InputError
from spinn.trees.transitions import Parse

if TYPE_CHECKING:
    from spinn.data.text.readers.reader import Reader

LONGEST_LINE = 1 << 20  # bytes
MOST_WORDS = 10_000  # of a sentence
AUTO, JSONL, TSV = "auto", "jsonl", "tsv"
LINE_FORMATS = (AUTO, JSONL, TSV)
PAIR = ("premise", "hypothesis")
# Further keys of these two sentences, and the keys of their parses, as in SNLI's files.
PAIR_KEYS = (("premise", "sentence1"), ("hypothesis", "sentence2"))
PAIR_PARSES = ("sentence1_binary_parse", "sentence2_binary_parse")
HEADER_DELIMITERS = ",;|"  # of a table's header that is no TSV
MOST_KEYS = 20  # of an object, in a message
SHOWN = 60  # characters of a bad sentence that a message repeats

Identity = str | int | float | None


class InputExample(NamedTuple):
    """The sentences that a task encodes, the `id` of their line, and the origin of each tree."""

    line: int
    identity: Identity
    sentences: tuple[Parse, ...]
    origins: tuple[str, ...]


class BadLine(NamedTuple):
    """A line that holds no example, and why."""

    line: int
    identity: Identity
    error: str


class Field(NamedTuple):
    """A sentence of an example: its name, its keys in a line, and the key of its parse.

    The first key that a line has counts. A parse replaces the sentence.
    """

    name: str
    keys: tuple[str, ...]
    parse_key: str | None = None


class Row(NamedTuple):
    """The unchecked fields of a line: sentences, and their parses where there are any."""

    identity: Any
    texts: Sequence[Any]
    parses: Sequence[Any] = ()
    absent: str = ""  # the error of an object without a needed key


class Fields(NamedTuple):
    """The sentences of a run's examples.

    Attributes:
        all: those of the data.
        encoded: those that the task encodes; a line may lack the others.
        columns: all columns of the table that the run was trained on.
    """

    all: tuple[Field, ...]
    encoded: tuple[Field, ...]
    columns: frozenset[str] = frozenset()

    @classmethod
    def of(cls, names: Sequence[str], places: Sequence[int], columns: Iterable[str] = ()) -> Fields:
        """Make the fields of these sentences, of which the task encodes those at `places`."""
        fields = tuple(Field(name, (name,)) for name in names)
        if tuple(names) == PAIR:
            fields = tuple(map(Field, PAIR, PAIR_KEYS, PAIR_PARSES))
        return cls(fields, tuple(fields[place] for place in places), frozenset(columns))

    @property
    def expected(self) -> str:
        """A line of text that holds an example, for messages."""
        names = [field.name for field in self.encoded]
        keys = ", ".join(f'"{name}": "…"' for name in names)
        cells = f"a {names[0]}" if len(names) == 1 else f"{' and '.join(names)} separated by a tab"
        return f"{{{keys}}}, or {cells}"


def word_count(item: InputExample | BadLine) -> int:
    """Count words: the memory that an example takes grows with them."""
    if isinstance(item, BadLine):
        return 1
    return sum(len(parse.words) for parse in item.sentences)


def read_examples(
    lines: Iterable[tuple[int, bytes]],
    form: str,
    fields: Fields,
    trees: TreeSource,
    place: str = "",
) -> Iterator[InputExample | BadLine]:
    """Read JSON lines or TSV: each line but a header gives one item, in order.

    A blank line is a bad line, unless only blank lines follow.

    Args:
        lines: from `lines_of`, cut to LONGEST_LINE.
        form: one of LINE_FORMATS.
        fields: the sentences of an example.
        trees: where sentences get their trees.
        place: the name of the file in messages.

    Raises: InputError: for the header of a table that is neither.
    """
    rows = RowReader(form, fields)
    blank = 0  # blank lines since the last other one; they count only if another line follows
    for number, line in lines:
        if not line.strip(b" "):
            blank += 1
            continue
        for empty in range(number - blank, number):
            yield BadLine(empty, None, f"blank line, expected {fields.expected}")
        blank = 0
        try:
            row = rows.read(_decode(line))
        except InputError as error:
            raise InputError(f"{place}:{number}: {error}") from None
        except ValueError as error:
            yield BadLine(number, None, str(error))
            continue
        if row is not None:
            yield read_example(number, row, fields.encoded, trees)


def read_dataset_examples(
    source: Path | Iterable[tuple[int, bytes]],
    reader: Reader,
    places: Sequence[int],
    trees: TreeSource,
) -> Iterator[InputExample | BadLine]:
    """Read a dataset's format as its reader does, but for the targets; blank lines are skipped.

    Args:
        source: lines from `lines_of`, cut to LONGEST_LINE; or the file of a reader that reads no
            lines.
        reader: of the format.
        places: the sentences of an example that the task encodes.
        trees: where sentences get their trees.
    """
    bad: deque[BadLine] = deque()  # lines that hold no row
    if isinstance(source, Path):
        rows = reader.open(source, BadRows(source, bad))
    else:
        rows = reader.rows(_decoded(source, bad))
    for number, row in rows:
        while bad and bad[0].line < number:  # a reader may look at rows ahead
            yield bad.popleft()
        try:
            sentences = reader.sentences(row, trees)
            for sentence in sentences:
                _check_length(sentence)
        except InputError:  # a parser that does not answer will not answer later either
            raise
        except (ValueError, TimeoutError) as error:
            yield BadLine(number, reader.identity(row), str(error))
            continue
        encoded = tuple(sentences[place] for place in places)
        origins = (trees.name,) * len(encoded)
        yield InputExample(number, reader.identity(row), encoded, origins)
    yield from bad


class BadRows(ReadReport):
    """Collects the bad rows of a file while its reader reads it.

    Args:
        path: of the file.
        found: the bad rows are appended to it.
    """

    def __init__(self, path: Path, found: deque[BadLine]) -> None:
        super().__init__(trees=None)
        self._place = f"{path}:"
        self._found = found

    def bad_row(self, message: str) -> None:
        """Append a bad row; a message without a line is about the whole file.

        Raises: InputError: for such a message.
        """
        number, _, error = message.removeprefix(self._place).partition(": ")
        if not number.isdecimal():
            raise InputError(message)
        self.bad_rows += 1
        self._found.append(BadLine(int(number), None, error))


def _decoded(lines: Iterable[tuple[int, bytes]], bad: deque[BadLine]) -> Iterator[tuple[int, str]]:
    """Yield the lines as text, without blank ones; append a line that is none to `bad`."""
    for number, line in lines:
        try:
            if line.strip(b" "):
                yield number, _decode(line)
        except ValueError as error:
            bad.append(BadLine(number, None, str(error)))


def _decode(line: bytes) -> str:
    from spinn.data.text.readers.rows import decode

    return decode(line, LONGEST_LINE)


class RowReader:
    """Reads lines that are not blank, one after the other.

    Args:
        form: JSON lines or TSV; with AUTO the first line that is one of them decides. A line of a
            single sentence is TSV with one column.
        fields: the sentences of an example.
    """

    def __init__(self, form: str, fields: Fields) -> None:
        self._form = form
        self._fields = fields
        self._columns: list[str] | None = None  # their names, from the first TSV line on

    def read(self, line: str) -> Row | None:
        """Split a line into its fields; None for a header.

        Raises:
            ValueError: if it is not in the format.
            InputError: if the format is not named, and the line is the header of another table.
        """
        if self._form == AUTO:
            self._form = self._detect_format(line)
            if self._form == TSV:
                self._refuse_header(line)
        if self._form == JSONL:
            return self._row(_json_object(line, self._fields))
        return self._row_of_cells([cell.strip(" ") for cell in line.split("\t")])

    def _detect_format(self, line: str) -> str:
        if line.lstrip().startswith("{"):
            return JSONL
        if "\t" in line or len(self._fields.encoded) == 1:
            return TSV
        raise ValueError(
            f"neither {self._fields.expected.replace(', or ', ' nor ')}; "
            "name the format with --format"
        )

    def _refuse_header(self, line: str) -> None:
        """Raise InputError if cells between commas or the like are columns of the run's table."""
        for delimiter in HEADER_DELIMITERS:
            cells = [cell.strip(" \"'") for cell in line.split(delimiter)]
            named = [cell for cell in cells if cell in self._fields.columns]
            if named and len(cells) > 1:
                raise InputError(
                    f"this line names the column {named[0]!r}, with {delimiter!r} between cells: "
                    "a table comes from --file, under a name that ends with .csv, .tsv, .jsonl or "
                    f".parquet; --format {TSV} takes such a line as a sentence"
                )

    def _row_of_cells(self, cells: list[str]) -> Row | None:
        if self._columns is None:
            by_name = {key.lower(): key for field in self._fields.all for key in field.keys}
            header = [by_name.get(cell.lower(), cell.lower()) for cell in cells]
            if all(any(key in header for key in field.keys) for field in self._fields.encoded):
                self._columns = header
                return None
            short = len(cells) == len(self._fields.encoded)
            fields = self._fields.encoded if short else self._fields.all
            self._columns = [field.name for field in fields]
        if len(cells) != len(self._columns):
            raise ValueError(
                f"{len(cells)} column(s) separated by tabs, expected {len(self._columns)}: "
                f"{', '.join(self._columns)}; --format training reads the columns of the run's own "
                "data, --format NAME a dataset's file"
            )
        return self._row(dict(zip(self._columns, cells, strict=True)))

    def _row(self, cells: dict[str, Any]) -> Row:
        texts, parses, absent = [], [], ""
        for field in self._fields.encoded:
            key = next((key for key in field.keys if key in cells), None)
            texts.append(None if key is None else cells[key])
            parses.append(cells.get(field.parse_key) if field.parse_key else None)
            if key is None and parses[-1] is None and not absent:
                keys = ", ".join(map(_shown, list(cells)[:MOST_KEYS]))
                more = ", …" if len(cells) > MOST_KEYS else ""
                there = f"; the keys are {keys}{more}" if keys else ""
                absent = f"no key {field.name!r}{there}"
        return Row(cells.get("id"), texts, parses, absent)


def _json_object(line: str, fields: Fields) -> dict[str, Any]:
    try:
        row = json.loads(line, parse_constant=_reject_constant)
    except RecursionError:
        raise ValueError("malformed JSON: nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"malformed JSON: {error}") from None
    if not isinstance(row, dict):
        raise ValueError(f"expected an object {fields.expected.partition(', or ')[0]}")
    return row


def _reject_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")


def read_example(
    line: int, row: Row, fields: Sequence[Field], trees: TreeSource
) -> InputExample | BadLine:
    """Read the sentences of a row, one for each field; a bad sentence makes a `BadLine`."""
    identity: Identity = None
    parses = row.parses or [None] * len(fields)
    try:
        identity = _identity(row.identity)
        if row.absent:
            raise ValueError(row.absent)
        read = [
            _sentence(field.name, text, parse, trees)
            for field, text, parse in zip(fields, row.texts, parses, strict=True)
        ]
    except InputError:  # a parser that does not answer will not answer later either
        raise
    except ValueError as error:
        return BadLine(line, identity, str(error))
    sentences, origins = zip(*read, strict=True)
    return InputExample(line, identity, sentences, origins)


def _identity(value: Any) -> Identity:
    if isinstance(value, str) and _is_unicode(value):
        return value
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ValueError(f"id is {_shown(value)}; expected a text or a number")


def _sentence(name: str, text: Any, parse: Any, trees: TreeSource) -> tuple[Parse, str]:
    """Read the parse of a row where there is one, else its text; return the tree's origin, too."""
    used = text if parse is None else parse
    if not isinstance(used, str):
        raise ValueError(f"{name} is {_shown(used)}; expected a sentence")
    try:
        if not _is_unicode(used):
            raise ValueError("half of a surrogate pair is not a character")
        sentence, origin = (
            trees.read(used) if parse is None else (trees.from_brackets(used), trees.name)
        )
        _check_length(sentence)
    except InputError:
        raise
    except (ValueError, TimeoutError) as error:  # the tokenizer gives up after some seconds
        raise ValueError(f"{name} {_shown(used)}: {error}") from error
    return sentence, origin


def _check_length(sentence: Parse) -> None:
    if len(sentence.words) > MOST_WORDS:
        raise ValueError(f"{len(sentence.words):,} words, expected at most {MOST_WORDS:,}")


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
