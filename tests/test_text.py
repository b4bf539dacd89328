import pytest

from spinn.text import (
    MOST_LINES,
    by_number,
    duration,
    message,
    plural,
    printable,
    shortened,
)


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "0 fields"), (1, "1 field"), (2, "2 fields"), (50_001, "50,001 fields")],
)
def test_plural(number: int, expected: str) -> None:
    assert plural(number, "field") == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.2, "0 s"),
        (89, "89 s"),
        (91, "2 min"),
        (1500, "25 min"),
        (5399, "90 min"),
        (12600, "3.5 h"),
    ],
)
def test_a_duration_is_rounded(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_names_are_sorted_by_the_numbers_in_them() -> None:
    names = ["test10", "test2", "test", "test2b", "10", "9", "a1.10", "a1.9", "test²"]
    expected = ["9", "10", "a1.9", "a1.10", "test", "test2", "test2b", "test10", "test²"]
    assert sorted(names, key=by_number) == expected


def test_control_characters_are_escaped() -> None:
    assert printable("\x1b[31m\u202e\ud800\n") == r"\x1b[31m\u202e\ud800\n"
    assert printable("naïve 犬") == "naïve 犬"


def test_a_message_keeps_the_ends_of_long_lines_and_of_many_lines() -> None:
    assert message("a\x1b[0m\nb\tc") == "a\\x1b[0m\nb\\tc"
    assert shortened("abcdefgh", 8) == "abcdefgh"
    assert shortened("abcdefghi", 8) == "abcd…ghi"
    assert [shortened("abc", most) for most in (1, 2)] == ["…", "a…"]
    lines = message("\n".join(map(str, range(500)))).split("\n")
    assert len(lines) == MOST_LINES
    assert (lines[0], lines[30], lines[-1]) == ("0", "…", "499")
