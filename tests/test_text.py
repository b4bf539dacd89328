import pytest

from spinn.text import plural


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "0 fields"), (1, "1 field"), (2, "2 fields"), (50_001, "50,001 fields")],
)
def test_plural(number: int, expected: str) -> None:
    assert plural(number, "field") == expected
