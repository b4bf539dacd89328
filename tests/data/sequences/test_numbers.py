"""Numbers and their words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinn.data.sequences.numbers import NumberWords, WordsToDigits, vocabulary, words_of
from spinn.data.sequences.series import Series

SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)
LARGER = ("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
VALUES = dict(zip((*SMALL, *LARGER), (*range(21), *range(30, 100, 10)), strict=True))


def number_of(words: list[str]) -> int:
    """Parse number words: small ones add up, `hundred` and the large ones multiply."""
    total = part = 0
    for word in words:
        if word in ("million", "thousand"):
            total += part * {"million": 10**6, "thousand": 10**3}[word]
            part = 0
        elif word == "hundred":
            part *= 100
        else:
            part += VALUES[word]
    return total + part


def spoken(number: int) -> str:
    """Spell a number independently: the largest name that fits, then the rest."""
    for size, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = f" {spoken(number % size)}" if number % size else ""
            return f"{spoken(number // size)} {name}{rest}"
    names = {value: word for word, value in VALUES.items()}
    if number in names:
        return names[number]
    return f"{names[number // 10 * 10]} {names[number % 10]}"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (20, "twenty"),
        (42, "forty two"),
        (100, "one hundred"),
        (311, "three hundred eleven"),
        (1023, "one thousand twenty three"),
        (90_000, "ninety thousand"),
        (1_000_000, "one million"),
        (
            987_654_321,
            "nine hundred eighty seven million six hundred fifty four thousand "
            "three hundred twenty one",
        ),
    ],
)
def test_numbers_are_spelled_in_american_usage(number: int, words: str) -> None:
    assert " ".join(words_of(number)) == words


@given(st.integers(0, 10**9 - 1))
def test_words_spell_the_number_and_are_in_the_vocabulary(number: int) -> None:
    words = words_of(number)
    assert number_of(words) == number
    assert " ".join(words) == spoken(number)
    assert set(words) <= set(vocabulary(len(str(number))))


@pytest.mark.parametrize("digits", range(1, 6))
def test_the_vocabulary_has_only_words_that_occur(digits: int) -> None:
    used = {word for number in range(10**digits) for word in words_of(number)}
    assert used == set(vocabulary(digits))


def target_words(series: Series, known: tuple[str, ...] | None) -> list[str]:
    targets = np.split(series.targets, np.cumsum(series.target_lengths)[:-1])
    return [" ".join((known or ())[place] for place in target) for target in targets]


def test_one_hot_digits_have_the_number_s_words_as_target() -> None:
    dataset = NumberWords(digits=5, examples=300, held_out=50)
    splits = dataset.load()
    for series in splits[:3]:
        one_hot = series.inputs.reshape(-1, 5, 10)
        assert set(series.lengths) == {1}
        np.testing.assert_array_equal(one_hot.sum(axis=2), 1)
        numbers = one_hot.argmax(axis=2) @ 10 ** np.arange(5)[::-1]
        assert target_words(series, dataset.labels) == [
            spoken(number) for number in numbers.tolist()
        ]
    assert splits.train.target_lengths.max() > splits.train.target_lengths.min()
    assert splits.tests == {}


def test_words_have_the_number_s_digits_as_target() -> None:
    dataset = WordsToDigits(examples=300, held_out=50)
    splits = dataset.load()
    for series in (*splits[:3], *splits.tests.values()):
        words = np.split(series.inputs, np.cumsum(series.lengths)[:-1])
        numbers = [number_of([(dataset.symbols or ())[i] for i in one]) for one in words]
        digits = [text.replace(" ", "") for text in target_words(series, dataset.labels)]
        assert digits == [str(number) for number in numbers]
    assert set(splits.tests["test_6_digits"].target_lengths) == {6}
    assert set(splits.train.target_lengths) == {1, 2, 3, 4}


def test_zero_is_a_number() -> None:
    splits = WordsToDigits(digits=2, examples=200, held_out=5, longer=[]).load()
    digits = np.split(splits.train.targets, np.cumsum(splits.train.target_lengths)[:-1])
    found = {tuple(one) for one in digits if len(one) == 1}
    assert found == {(digit,) for digit in range(10)}
