"""Times that continue, against `datetime`."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from spinn.data.sequences.column import read_columns
from spinn.data.sequences.times import Times
from spinn.errors import InputError


def times_of(folder: Path, texts: list[str]) -> Times:
    path = folder / "a series.csv"
    path.write_text("t,v\n" + "".join(f"{text},{n}\n" for n, text in enumerate(texts)))
    return read_columns(path, ["v"], "t").times


@pytest.mark.parametrize(
    ("known", "following"),
    [
        (["1", "2", "3"], ["4", "5"]),
        (["2000", "2005", "2010", "2020"], ["2025", "2030"]),  # the gap is not the usual step
        (["0.5", "0.75", "1"], ["1.25", "1.5"]),
        (["2024-01-30", "2024-01-31"], ["2024-02-01", "2024-02-02"]),
        (["2024-02-19", "2024-02-26"], ["2024-03-04", "2024-03-11"]),
        (["2024-01-01", "2024-02-01"], ["2024-03-01", "2024-04-01"]),
        (["2023-10-15", "2023-11-15", "2023-12-15"], ["2024-01-15", "2024-02-15"]),
        (["2023-12-31", "2024-01-31", "2024-02-29"], ["2024-03-31", "2024-04-30"]),
        (["2023-06-30", "2023-09-30"], ["2023-12-31", "2024-03-31"]),  # the ends of quarters
        (["2023-12-30", "2024-01-30", "2024-02-29"], ["2024-03-30", "2024-04-30"]),
        (["2022-07-01", "2023-07-01"], ["2024-07-01", "2025-07-01"]),
        (["2024-02-28 22:30", "2024-02-28 23:15"], ["2024-02-29 00:00:00", "2024-02-29 00:45:00"]),
        (["2024-01-01T00:00", "2024-01-02T00:00"], ["2024-01-03T00:00:00", "2024-01-04T00:00:00"]),
        (
            ["2024-01-01T23:00:00+05:30", "2024-01-02T00:00:00+05:30"],
            ["2024-01-02T01:00:00+05:30", "2024-01-02T02:00:00+05:30"],
        ),
    ],
)
def test_times_continue_at_their_usual_step(
    known: list[str], following: list[str], tmp_path: Path
) -> None:
    times = times_of(tmp_path, known)
    assert times.following(2).texts() == following
    assert (
        [datetime.fromisoformat(text) for text in times.texts()]
        == [datetime.fromisoformat(text) for text in known]
        if times.are_dates
        else times.texts() == known
    )


@pytest.mark.parametrize("minutes", [1, 60, 1440, 10080, 7 * 60 + 13])
def test_even_steps_continue_as_those_of_datetime(minutes: int, tmp_path: Path) -> None:
    step, start = timedelta(minutes=minutes), datetime(2023, 12, 30, 22)
    known = [(start + n * step).isoformat() for n in range(5)]
    expected = [(start + n * step).isoformat() for n in range(5, 505)]
    assert times_of(tmp_path, known).following(500).texts() == expected


def test_rows_without_times_continue_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_text("v\n3\n1\n2\n")
    times = read_columns(path, ["v"], None).times
    assert times.texts() == ["1", "2", "3"]
    assert times.following(2).texts() == ["4", "5"]


def test_left_out_rows_have_no_time(tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_text("t,v\n1,3\n2,\n3,4\n5,6\n")
    assert read_columns(path, ["v"], "t", missing="drop").times.texts() == ["1", "3", "5"]


def test_times_that_cannot_continue_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one row, of time '2024-01-01', shows no step in time"):
        times_of(tmp_path, ["2024-01-01"]).following(1)
    with pytest.raises(InputError, match="9 steps after 9999-12-30: a date later than the year"):
        times_of(tmp_path, ["9999-12-29", "9999-12-30"]).following(9)
    with pytest.raises(InputError, match="a date later than the year 9999; choose fewer"):
        times_of(tmp_path, ["9998-01-01", "9999-01-01"]).following(1)
