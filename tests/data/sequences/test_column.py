"""Columns of a CSV file."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spinn.data.sequences import column
from spinn.data.sequences.column import find_delimiter, read_columns
from spinn.data.sequences.sequence_rows import read_sequences
from spinn.errors import InputError


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def read_column(path: Path, column: str, time: str | None, **settings: Any) -> np.ndarray:
    table, _, _ = read_columns(path, [column], time, **settings)
    assert table.shape == (len(table), 1)
    return table[:, 0]


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
        ("time;v\n1;2\n", "series.csv:1: no column 'value'; columns: 'time', 'v'"),
        ("time,values\n1,2\n", "series.csv:1: no column 'value'; columns: 'time', 'values'; did y"),
        (
            "time,value\n1,\n2,x\n3\n2,5\n4,1\n",
            "series.csv: 4 bad rows:\n  {0}:2: value: no value; fill it or leave the row out; or "
            "choose data.missing=interpolate or data.missing=drop\n"
            "  {0}:3: value: 'x', expected a number\n  {0}:4: 1 field; expected 2, as in the header"
            "\n  {0}:5: time: '2' occurs",
        ),
        (
            "time;value\n1;2,5\n",
            "series.csv:2: value: '2,5', expected a number; for decimal",
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
    assert str(raised.value).startswith(f"{tmp_path}/{message.format(path)}")


def test_of_many_bad_rows_the_first_ten_are_shown(tmp_path: Path) -> None:
    path = write(tmp_path / "series.csv", "value\n1\n" + "x\n" * 1234)
    with pytest.raises(InputError) as raised:
        read_column(path, "value", None)
    first, *lines = str(raised.value).split("\n  ")
    assert first == f"{path}: 1,234 bad rows; the first 10:"
    assert lines == [f"{path}:{line}: value: 'x', expected a number" for line in range(3, 13)]


@pytest.mark.parametrize(
    ("header", "mark"),
    [
        ("value\n", ","),
        ("a,b\n", ","),
        ("a;b\n", ";"),
        ("a\tb c\n", "\t"),
        ("a|b\n", "|"),
        ('"a;b;c",d\n', ","),
        ("date;price (€, real);note\n", ";"),
        ("", ","),
    ],
)
def test_the_delimiter_is_found_in_the_header(header: str, mark: str) -> None:
    assert find_delimiter(header) == mark


@pytest.mark.parametrize("name", ["Te\u0301mp [°C]", "T\u00e9mp [°C]"])
def test_names_with_accents_brackets_and_spaces_are_found(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / "été (1).csv", f"Datum (Tag);{name};v\n1;-2,5;3\n2;+,5;3\n")
    for spelled in ("Te\u0301mp [°C]", "T\u00e9mp [°C]"):
        found = read_columns(path, [spelled, "v"], "Datum (Tag)", decimal=",").values
        np.testing.assert_array_equal(found, [[-2.5, 3], [0.5, 3]])


@pytest.mark.parametrize("text", ["1.5", "1.234,5", "1,2,3"])
def test_a_point_beside_decimal_commas_is_an_error(text: str, tmp_path: Path) -> None:
    path = write(tmp_path / "series.csv", f"time;value\n1;{text}\n")
    with pytest.raises(InputError, match=r":2: value: .*, expected a number with a decimal comma"):
        read_column(path, "value", "time", decimal=",")


GAPPY = "time,a,b\n1,1,10\n2,NA,20\n3,nan,\n4,4,40\n5,5,70\n"


def test_missing_values_are_interpolated_by_row(tmp_path: Path) -> None:
    path = write(tmp_path / "series.csv", GAPPY)
    table, warnings, _ = read_columns(path, ["a", "b"], "time", missing="interpolate")
    np.testing.assert_allclose(table, [[1, 10], [2, 20], [3, 30], [4, 40], [5, 70]])
    assert warnings == (
        f"{path}:3: a: 2 missing values interpolated, this one first",
        f"{path}:4: b: 1 missing value interpolated, this one first",
    )


def test_rows_with_a_missing_value_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "series.csv", GAPPY)
    table, warnings, _ = read_columns(path, ["a", "b"], "time", missing="drop")
    np.testing.assert_array_equal(table, [[1, 10], [4, 40], [5, 70]])
    assert warnings[0] == f"{path}:3: 2 rows with a missing value left out, this one first"


@pytest.mark.parametrize(
    ("text", "missing", "message"),
    [
        ('v\n""\n1\n', "interpolate", "series.csv:2: v: no value, and none before it to inter"),
        (
            "v\n1\nNA\n",
            "interpolate",
            "series.csv:3: v: no value, and none after it to inter",
        ),
        ("v\nNA\nNA\n", "drop", "series.csv: no rows with a value in every column"),
        ("v\n1\n12 kW\n", "interpolate", "series.csv:3: v: '12 kW', expected a number"),
        ("v\n1\ninf\n", "drop", "series.csv:3: v: 'inf', expected a finite number"),
    ],
)
def test_what_cannot_be_filled_or_left_out_is_an_error(
    text: str, missing: str, message: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "series.csv", text)
    with pytest.raises(InputError) as raised:
        read_column(path, "v", None, missing=missing)
    assert str(raised.value).startswith(f"{tmp_path}/{message}")


@pytest.mark.parametrize(
    ("times", "gap"),
    [
        (["1", "2", "3.4", "4"], None),
        (["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"], None),
        (["1", "2", "4", "5", "6", "8"], (4, 2, "2", "1")),
        (
            ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-06"],
            (5, 1, "3 days, 0:00:00", "1 day, 0:00:00"),
        ),
    ],
)
def test_gaps_in_time_are_a_warning(
    times: list[str], gap: tuple[int, int, str, str] | None, tmp_path: Path
) -> None:
    path = write(tmp_path / "series.csv", "t,v\n" + "".join(f"{time},1\n" for time in times))
    warnings = read_columns(path, ["v"], "t").warnings
    if gap is None:
        assert warnings == ()
        return
    line, count, step, usual = gap
    (warning,) = warnings
    assert warning.startswith(f"{path}:{line}: t: {count} gap")
    assert f"here the step is {step}, usually it is {usual}; every row counts as one" in warning


@pytest.mark.parametrize(
    ("files", "name", "hint"),
    [
        (["prices.csv", "prices_old.csv", "z"], "price.csv", "did you mean 'prices.csv' or 'pri"),
        (["prices.csv.gz"], "prices.csv", "did you mean 'prices.csv.gz'?"),
        (list("fedcba"), "prices.csv", "the folder holds: a, b, c, d, e, …"),
        ([], "prices.csv", "the folder holds: nothing"),
        ([], "data/prices.csv", "the folder {}/data does not exist"),
    ],
)
@pytest.mark.parametrize("read", [read_columns, read_sequences])
def test_a_missing_file_is_named_beside_the_nearest(
    read: Callable[..., Any], files: list[str], name: str, hint: str, tmp_path: Path
) -> None:
    for file in files:
        (tmp_path / file).touch()
    path = tmp_path / name
    expected = f"{path}: cannot be read: No such file or directory; {hint.format(tmp_path)}"
    with pytest.raises(InputError) as raised:
        read(path, ["value"], None) if read is read_columns else read(path, {})
    assert str(raised.value).startswith(expected)


def test_a_folder_and_a_missing_json_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read: Is a directory"):
        read_column(tmp_path, "value", None)
    (tmp_path / "rows.jsonl").touch()
    with pytest.raises(InputError, match=r"row.jsonl: .*; did you mean 'rows.jsonl'\?"):
        read_sequences(tmp_path / "row.jsonl", {})


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
