"""One column of a CSV file."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from spinn.data.sequences import column
from spinn.data.sequences.column import read_column
from spinn.errors import InputError


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "time,price\n1,2.5\n2,-3\n10,4e2\n",
        "\ufefftime,price\r\n2024-01-01,2.5\r\n2024-01-02T12:00,-3\r\n2024-01-03,4e2\r\n\r\n",
        'price ,"time"\n2.5, 2024-01-01T00:00:00Z\n -3,2024-01-01T02:00:00+01:00\n'
        '"4e2","2024-01-02T00:00:00Z"',
        'price,note,time\n2.5,"two\nlines, one comma",1\n-3,,2\n400,,3\n',
    ],
)
def test_a_column_is_read_in_order(text: str, tmp_path: Path) -> None:
    path = write(tmp_path / "series.csv", text)
    np.testing.assert_array_equal(read_column(path, "price", "time"), [2.5, -3, 400])
    np.testing.assert_array_equal(read_column(path, "price", None), [2.5, -3, 400])


def test_a_gzipped_file_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "series.csv.gz"
    path.write_bytes(gzip.compress(b"count\n1\n2\n"))
    np.testing.assert_array_equal(read_column(path, "count", None), [1, 2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "series.csv: empty; expected a header"),
        ("\n\n", "series.csv: empty; expected a header"),
        ("time,value\n", "series.csv: no rows below the header"),
        ("time,price\n1,2\n", "series.csv:1: no column 'value'; columns: 'time', 'price'"),
        ("date,value\n1,2\n", "series.csv:1: no column 'time'; columns: 'date', 'value'"),
        ("time,value,value\n1,2,3\n", "series.csv:1: 2 columns 'value'"),
        (
            "time;v\n1;2\n",
            "series.csv:1: no column 'value'; columns: 'time;v'; fields are separated by commas",
        ),
        ("time,value\n1,2\n2\n", "series.csv:3: 1 field; expected 2, as in the header"),
        ("time,value\n1,2,3\n", "series.csv:2: 3 fields; expected 2"),
        ("time,value\n1,2\n2, \n", "series.csv:3: value: no value; fill it or leave the row out"),
        ("time,value\n,2\n", "series.csv:2: time: no value"),
        ("time,value\n1,NA\n", "series.csv:2: value: 'NA', expected a number"),
        ("time,value\n1,1_000\n", "series.csv:2: value: '1_000', expected a number"),
        ("time,value\n1,2\n2,NaN\n", "series.csv:3: value: 'NaN', expected a finite number"),
        ("time,value\n1,-inf\n", "series.csv:2: value: '-inf', expected a finite number"),
        ("time,value\n1,2\n1,3\n", "series.csv:3: time: '1' occurs twice"),
        ("time,value\n1,2\n1.0,3\n", "series.csv:3: time: '1.0' occurs twice"),
        ("time,value\n5,2\n4,3\n", "series.csv:3: time: '4' comes after '5'; sort the rows"),
        (
            "time,value\n2024-02-01,2\n2024-01-01,3\n",
            "series.csv:3: time: '2024-01-01' comes after '2024-02-01'",
        ),
        ("time,value\nMonday,2\n", "series.csv:2: time: 'Monday', expected an ISO date or a num"),
        ("time,value\nnan,2\n", "series.csv:2: time: 'nan', expected an ISO date or a number"),
        (
            "time,value\n1,2\n2024-01-01,3\n",
            "series.csv:3: time: '2024-01-01' is a date without a zone, but the time before",
        ),
        (
            "time,value\n2024-01-01,2\n2024-01-02T00:00Z,3\n",
            "series.csv:3: time: '2024-01-02T00:00Z' is a date with a zone, but the time before",
        ),
        ("time,value\n1,2\n\n2,3\n", "series.csv:3: an empty line; expected a row"),
        ('time,value\n1,"2\n3,4\n', "series.csv:3: malformed CSV: unexpected end of data"),
        ('time,value\n1,"2"3\n', "series.csv:2: malformed CSV: "),
    ],
)
def test_errors_name_the_line(text: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "series.csv", text)
    with pytest.raises(InputError) as raised:
        read_column(path, "value", "time")
    assert str(raised.value).startswith(f"{tmp_path}/{message}")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.csv: cannot be read: No such file"):
        read_column(tmp_path / "gone.csv", "value", None)


def test_content_encodings_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_bytes(b"value,note\n1,caf\xe9\n")
    with pytest.raises(InputError, match=r"series\.csv:2: invalid UTF-8: byte 0xe9 at column 6"):
        read_column(path, "value", None)


def test_the_size_of_a_file_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "series.csv", "value\n1\n2\n3\n")
    monkeypatch.setattr(column, "MAX_VALUES", 2)
    with pytest.raises(InputError, match=r"series\.csv:4: more than 2 values: is this the right"):
        read_column(path, "value", None)
    monkeypatch.setattr(column, "MAX_LINE_BYTES", 4)
    with pytest.raises(InputError, match=r"series\.csv:1: line longer than 4 bytes"):
        read_column(path, "value", None)
    unclosed = write(tmp_path / "quote.csv", 'v\n"' + "1\n" * 100_000)
    with pytest.raises(InputError, match=r"quote\.csv:\d+: malformed CSV: field larger than"):
        read_column(unclosed, "v", None)


def test_a_number_far_too_long_is_cut_in_the_message(tmp_path: Path) -> None:
    path = write(tmp_path / "series.csv", "value\n" + "x" * 1000)
    with pytest.raises(InputError) as raised:
        read_column(path, "value", None)
    assert len(str(raised.value)) < len(str(path)) + 100
