"""Tables of any format as rows, and what is wrong with a file, by file and line."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinn.data.text import table_reading
from spinn.data.text.report import ReadReport
from spinn.data.text.table_reading import read_table
from spinn.errors import InputError

WANTED = {"a": "data.columns.sentences", "y": "data.columns.label"}
ROWS = [(2, {"a": "one two", "y": "x"}), (3, {"a": "three", "y": "z"})]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path, **settings: Any) -> list[tuple[int, dict[str, Any]]]:
    return list(read_table(path, ReadReport(None), **settings)[1])


def message_of(path: Path, **settings: Any) -> str:
    with pytest.raises(InputError) as error:
        read(path, **settings)
    return str(error.value).removeprefix(str(path))


def parquet(path: Path, rows: list[dict[str, Any]], **settings: Any) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path, **settings)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.tsv", "a\ty\none two\tx\nthree\tz\n"),
        ("t.csv", "a,y\none two,x\nthree,z\n"),
        ("T.CSV", '"a";"y"\r\n"one two";"x"\r\n"three";"z"'),
        ("t.csv", "a|y\none two|x\nthree|z\n"),
        ("t.csv", "a\ty\none two\tx\nthree\tz\n"),
        ("t.csv", '\ufeffa, y\n"one two", x\nthree, z\n'),
    ],
    ids=["tsv", "csv", "semicolon, quoted, CRLF", "pipe", "tab", "BOM, spaces"],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_tables_of_text(tmp_path: Path, name: str, content: str, zipped: bool) -> None:
    raw = gzip.compress(content.encode()) if zipped else content.encode()
    assert read(write(tmp_path / name, raw), wanted=WANTED) == ROWS
    assert read(write(tmp_path / f"{name}.gz", raw), wanted=WANTED) == ROWS


def test_json_lines_keep_the_types_of_cells(tmp_path: Path) -> None:
    rows = [{"a": "one", "y": 1, "z": None}, {"y": 2.5, "a": "two", "more": True}]
    path = write(tmp_path / "t.json", "\n" + "\n\n".join(map(json.dumps, rows)))
    columns, found = read_table(path, ReadReport(None), wanted=WANTED)
    assert columns == ("a", "y", "z")
    assert list(found) == [(2, rows[0]), (4, rows[1])]


@pytest.mark.parametrize("zipped", [False, True])
def test_parquet_in_batches_of_the_needed_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zipped: bool
) -> None:
    monkeypatch.setattr(table_reading, "PARQUET_BATCH", 7)
    rows = [{"a": f"w{n}", "more": b"\xff", "y": n} for n in range(50)]
    path = parquet(tmp_path / "t.parquet", rows, row_group_size=20)
    if zipped:
        path = write(tmp_path / "t.parquet.gz", gzip.compress(path.read_bytes()))
    columns, found = read_table(path, ReadReport(None), wanted=WANTED)
    assert columns == ("a", "more", "y")
    assert list(found) == [(n, {"a": f"w{n - 1}", "y": n - 1}) for n in range(1, 51)]
    assert read(path)[0] == (1, rows[0])


def test_quoted_cells_hold_delimiters_quotes_and_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'a,y\n\n"one,\n\ntwo ""x""",x\r\n  \nthree,z\n')
    assert read(path) == [(3, {"a": 'one,\n\ntwo "x"', "y": "x"}), (7, {"a": "three", "y": "z"})]


def test_a_quote_in_tsv_is_a_character(tmp_path: Path) -> None:
    path = write(tmp_path / "t.tsv", 'a\ty\n"one\tx\nit\'s 5"\tz\n')
    assert [row["a"] for _, row in read(path)] == ['"one', "it's 5\""]
    quoted = write(tmp_path / "q.tsv", 'a\ty\n"one ""two"""\tx\n')
    assert read(quoted, format="csv")[0][1]["a"] == 'one "two"'


@pytest.mark.parametrize(
    ("content", "first"),
    [
        ("a;y\nHello, you;1\nBye, all, now;0\n", {"a": "Hello, you", "y": "1"}),
        ('a,y\n"one; two | three",x\nb;c,z\n', {"a": "one; two | three", "y": "x"}),
        ("a, b;y\nHello, you;1\nBye;0\n", {"a, b": "Hello, you", "y": "1"}),
        ("a\none two\n", {"a": "one two"}),
    ],
)
def test_the_delimiter_is_found(tmp_path: Path, content: str, first: dict[str, str]) -> None:
    assert read(write(tmp_path / "t.csv", content))[0][1] == first


@pytest.mark.parametrize("delimiter", ["semicolon", ";"])
def test_the_delimiter_is_named(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path / "t.csv", "a,b;y\n1,2;3\n")
    assert message_of(path) == (
        ":1: the cells may be separated by comma or semicolon; "
        "choose data.delimiter=comma|semicolon"
    )
    assert read(path, delimiter=delimiter) == [(2, {"a,b": "1,2", "y": "3"})]
    tabs = write(tmp_path / "tabs.csv", "a\ty\n1\t2\n")
    for name in ("tab", "\\t", "\t"):
        assert read(tabs, delimiter=name) == [(2, {"a": "1", "y": "2"})]
    plain = write(tmp_path / "quotes.csv", 'a,y\n"1,2\n')
    assert read(plain, format="tsv", delimiter="comma") == [(2, {"a": '"1', "y": "2"})]


@pytest.mark.parametrize("delimiter", ["::", "", '"', " "])
def test_no_delimiter(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path / "t.csv", "a,b\n1,2\n")
    with pytest.raises(InputError) as error:
        read(path, delimiter=delimiter)
    assert str(error.value) == (
        f"data.delimiter={delimiter!r}, expected auto, comma, semicolon, tab, pipe "
        "or one other character"
    )


def test_a_file_without_a_header(tmp_path: Path) -> None:
    path = write(tmp_path / "t.tsv", "one\tx\ntwo\tz\n")
    assert read(path, header=False, wanted={"column2": "data.columns.label"}) == [
        (1, {"column1": "one", "column2": "x"}),
        (2, {"column1": "two", "column2": "z"}),
    ]
    assert message_of(path, header=False, wanted={"column3": "data.columns.label"}) == (
        ":1: no column 'column3' (data.columns.label); did you mean 'column2'? "
        "The columns are 'column1', 'column2' (data.header=false)"
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.tsv", "", ": empty; expected rows"),
        ("t.csv", "\n \n", ": empty; expected rows"),
        ("t.jsonl", "\n", ": empty; expected rows"),
        ("t.parquet", "", ": empty; expected rows"),
        ("t.tsv.gz", gzip.compress(b"", mtime=0), ": empty; expected rows"),
        (
            "t.tsv",
            "a\ty\n",
            ": names of columns, and no row below them; "
            "data.header=false reads the first line as a row",
        ),
        (
            "t.csv",
            "a,y,a\n1,2,3\n",
            ":1: columns 1 and 3 have the same name 'a'; rename one",
        ),
        (
            "t.tsv",
            "a\ty\n1\t2\n1\n",
            ":3: 1 cell, expected 2 for the columns 'a', 'y'",
        ),
        (
            "t.csv",
            'a,y\n"1\n1",2\n\n1,2,3\n',
            ":5: 3 cells, expected 2 for the columns 'a', 'y'",
        ),
        (
            "t.csv",
            "a,label\n1,2\n",
            ":1: no column 'y' (data.columns.label); the columns are 'a', 'label'; "
            "if this line is a row, not a header, set data.header=false",
        ),
        (
            "t.csv",
            "a,y\r1,2\r",
            ":1: malformed CSV: a line ends with CR alone; save the file with line ends LF or CRLF",
        ),
        ("t.csv", "a,y\n1,\xff\n".encode("latin-1"), ":2: invalid UTF-8: byte 0xff at column 3"),
        ("t.jsonl", '{"a": 1, "y": 2}\n{"a": 1\n', ":2: malformed JSON: Expecting ',' delimiter"),
        (
            "t.jsonl",
            '[{"a": 1}]',
            ":1: a JSON list, expected an object on each line (JSON lines); "
            "convert a list: jq -c '.[]' FILE > FILE.jsonl",
        ),
        (
            "t.jsonl",
            '{"a": 1, "Y": 2}\n',
            ":1: no column 'y' (data.columns.label); did you mean 'Y'? The columns are 'a', 'Y'",
        ),
        (
            "t.jsonl",
            '{"a": 1, "y": 2}\n\n{"a": 1}\n',
            ":3: no column 'y' (data.columns.label); the columns are 'a'",
        ),
        ("t.parquet", "PAR1, not quite", ": no Parquet file that can be read: "),
        (
            "t.txt",
            "a\ty\n",
            ": the suffix '.txt' names no format, expected one of .tsv .csv .jsonl .ndjson .json "
            ".parquet, each also with .gz; name the format: data.format=tsv|csv|jsonl|parquet",
        ),
    ],
)
def test_bad_files(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    found = message_of(write(tmp_path / name, content), wanted=WANTED)
    assert found.startswith(message)


def test_the_nearest_column_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "question1,question2,is_duplicate\na,b,1\n")
    message = message_of(path, wanted={"is_duplicated": "data.columns.label"})
    assert message.startswith(
        ":1: no column 'is_duplicated' (data.columns.label); did you mean 'is_duplicate'? "
        "The columns are 'question1', 'question2', 'is_duplicate'"
    )
    wide = write(tmp_path / "w.csv", ",".join(f"c{n}" for n in range(90)) + "\n")
    assert "'c19' and 70 more; if" in message_of(wide, wanted={"label": "data.columns.label"})


def test_parquet_columns(tmp_path: Path) -> None:
    path = parquet(tmp_path / "t.parquet", [{"a": "x", "label": 1}])
    assert message_of(path, wanted=WANTED) == (
        ": no column 'y' (data.columns.label); the columns are 'a', 'label'"
    )
    empty = tmp_path / "e.parquet"
    pq.write_table(
        pa.table({"a": pa.array([], pa.string()), "y": pa.array([], pa.string())}), empty
    )
    assert message_of(empty, wanted=WANTED) == ": names of columns, and no row below them"


def test_settings_of_text_are_not_for_parquet(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", '{"a": 1}')
    advice = " is for TSV and CSV, and this is jsonl; leave it out"
    assert message_of(path, header=False) == f": data.header{advice}"
    assert message_of(path, delimiter="tab") == f": data.delimiter{advice}"
    with pytest.raises(InputError, match=r"^data\.format='xml', expected one of auto, tsv, csv"):
        read(path, format="xml")


@pytest.mark.parametrize("ending", ["", "\nthree,z\n"])
def test_an_open_quote_names_its_first_line(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / "t.csv", 'a,y\none two,x\n"three\nand,z\n' + ending)
    assert message_of(path).startswith(":3: malformed CSV: unexpected end of data. A quoted cell")
    path = write(tmp_path / "u.csv", 'a,y\n"said "so" to,x\n')
    assert message_of(path).startswith(":2: malformed CSV: ',' expected after '\"'. A quoted cell")


def test_bad_rows_are_skipped_and_counted(tmp_path: Path) -> None:
    rows = b'a,y\n"1" 1,2\n"x\ny",2\n\xff,2\n1\n3,4\n'
    path = write(tmp_path / "t.csv", rows)
    report = ReadReport(None, "skip")
    found = list(read_table(path, report, wanted=WANTED)[1])
    assert found == [(3, {"a": "x\ny", "y": "2"}), (7, {"a": "3", "y": "4"})]
    places = {message.removeprefix(f"{path}:")[:2] for message in report.messages}
    assert places == {"2:", "5:", "6:"}
    assert report.bad_rows == 3

    path = write(tmp_path / "t.jsonl", '{"a": 1, "y": 2}\n{"a": 1}\n{\n{"a": 3, "y": 4}\n')
    report = ReadReport(None, "skip")
    assert [number for number, _ in read_table(path, report, wanted=WANTED)[1]] == [1, 4]
    assert report.bad_rows == 2

    path = write(tmp_path / "all.csv", "a,y\n1\n")
    report = ReadReport(None, "skip")
    assert list(read_table(path, report)[1]) == []
    assert report.bad_rows == 1


def test_a_truncated_gz(tmp_path: Path) -> None:
    content = gzip.compress("".join(f"w{n},v{n * n}\n" for n in range(9000)).encode())
    path = write(tmp_path / "t.csv.gz", content[:-900])
    assert ": damaged or truncated .gz, get it again" in message_of(path)
    report = ReadReport(None, "skip")
    assert len(list(read_table(path, report)[1])) > 100
    assert report.truncated == [path]
    path = write(tmp_path / "t.parquet.gz", content[:-900])
    assert message_of(path).startswith(": damaged or truncated .gz, get it again")


def test_a_damaged_parquet_file(tmp_path: Path) -> None:
    rows = [{"a": f"w{n}", "y": n} for n in range(3000)]
    path = parquet(tmp_path / "t.parquet", rows, row_group_size=1000, compression="zstd")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle - 2000 : middle + 2000] = bytes(4000)
    message = message_of(write(path, bytes(content)))
    assert message.startswith(":")
    assert "damaged Parquet file (" in message


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = parquet(tmp_path / "t.parquet", [{"a": 1}])
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    message = ': Parquet needs pyarrow, which is missing: pip install "spinn[parquet]"'
    assert message_of(path) == message


CELL = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\0"), max_size=6
).map(str.lstrip)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6), st.sampled_from(",;|\t"))
def test_what_csv_writes_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], delimiter: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "y"), *rows])
    path = write(tmp_path_factory.mktemp("csv") / "t.csv", text.getvalue())
    assert [(row["a"], row["y"]) for _, row in read(path)] == rows


def test_one_column_asks_for_the_delimiter_in_its_name(tmp_path: Path) -> None:
    wanted = {"y": "data.columns.label"}
    path = write(tmp_path / "t.tsv", "a;y\n1;2\n")
    assert message_of(path, wanted=wanted).endswith(
        "The columns are 'a;y'; one column found: data.delimiter=semicolon?"
    )
    assert read(path, wanted=wanted, delimiter="semicolon") == [(2, {"a": "1", "y": "2"})]
    path = write(tmp_path / "t.tsv", "a\tb;c\n1\t2\n")
    assert "one column found" not in message_of(path, wanted=wanted)
    path = write(tmp_path / "t.csv", "a,y\n1,2\n")
    assert message_of(path, wanted=wanted, delimiter="semicolon").endswith("data.delimiter=comma?")
