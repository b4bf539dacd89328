import pytest

from spinn.text import plural


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "0 fields"), (1, "1 field"), (2, "2 fields"), (50_001, "50,001 fields")],
)
def test_a_noun_has_the_number_of_what_is_counted(number: int, told: str) -> None:
    assert plural(number, "field") == told
