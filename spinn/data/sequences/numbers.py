"""Numbers and their English words: a number in and its words out, and the other way round.

Words are those of American usage, without "and" and without hyphens, each one symbol: 1,023 is
`one thousand twenty three`, 0 is `zero`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spinn.data.sequences.drawing import Drawing, Example, Longer, at_least

UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SCALES = ((1_000_000, "million"), (1000, "thousand"), (1, ""))
NEW_WORDS = {3: "hundred", 4: "thousand", 7: "million"}  # by the digits of the first such number
MOST_DIGITS = 9


def words_of(number: int) -> list[str]:
    """The words of a number from 0 to 999,999,999."""
    words = []
    for size, name in SCALES:
        count, number = divmod(number, size)
        if count:
            words += [*_below_thousand(count), *filter(None, [name])]
    return words or ["zero"]


def _below_thousand(number: int) -> list[str]:
    hundreds, rest = divmod(number, 100)
    words = [UNITS[hundreds], "hundred"] if hundreds else []
    if rest >= 20:
        words.append(TENS[rest // 10 - 2])
        rest %= 10
    return [*words, UNITS[rest]] if rest else words


def vocabulary(digits: int) -> tuple[str, ...]:
    """All words that numbers of up to so many digits need, the small ones first."""
    if digits == 1:
        return UNITS[:10]
    return (*UNITS, *TENS, *(word for first, word in NEW_WORDS.items() if first <= digits))


@dataclass(frozen=True, kw_only=True)
class _Numbers(Drawing):
    """Numbers of up to so many digits, each number of digits as likely as another."""

    digits: int
    unit: ClassVar[str] = "digits"

    def __post_init__(self) -> None:
        at_least(1, digits=self.digits)
        if self.digits > MOST_DIGITS:
            raise ValueError(f"digits is {self.digits}; expected {MOST_DIGITS} at most")
        super().__post_init__()

    def _lengths(self) -> range:
        return range(1, self.digits + 1)

    def _drawn(self, rng: np.random.Generator, digits: int) -> int:
        least = 10 ** (digits - 1) if digits > 1 else 0
        return int(rng.integers(least, 10**digits))


@dataclass(frozen=True, kw_only=True)
class NumberWords(_Numbers):
    """A number in one step, and its words to be written: a fixed input, an output of any length.

    The input is (1, 10 · digits): each digit one-hot, the first digit first, zeros in front. There
    is no test of longer numbers, since the input has no room for them.

    Attributes:
        digits: of the largest numbers, at most 9; each number of digits from 1 on is as likely as
            another, and so is each number of them.
        examples, held_out, seed: see `Drawing`.

    Raises: ValueError: for a setting out of its range.
    """

    digits: int = 6
    examples: int = 10_000
    held_out: int = 1000

    symbols: ClassVar[tuple[str, ...] | None] = None

    @property
    def inputs(self) -> int:
        """Ten for each digit."""
        return 10 * self.digits

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The words."""
        return vocabulary(self.digits)

    def _example(self, number: int) -> Example:
        one_hot = np.zeros((1, self.digits, 10))
        one_hot[0, np.arange(self.digits), _digits(number, self.digits)] = 1
        return one_hot.reshape(1, -1).tolist(), _places(words_of(number), vocabulary(self.digits))


@dataclass(frozen=True, kw_only=True)
class WordsToDigits(_Numbers, Longer):
    """The words of a number in, its digits out, which are fewer or more: input and output differ.

    Attributes:
        digits: of the largest numbers in training, at most 9; each number of digits from 1 on is as
            likely as another, and so is each number of them.
        longer: a further test for each of these numbers of digits, whose words training has.
        examples, held_out, seed: see `Drawing`.

    Raises: ValueError: for a setting out of its range.
    """

    digits: int = 4
    longer: Sequence[int] = (5, 6)

    inputs: ClassVar[int] = 1
    labels: ClassVar[tuple[str, ...] | None] = tuple("0123456789")

    def __post_init__(self) -> None:
        super().__post_init__()
        for digits in self.longer:
            if new := [word for word in vocabulary(digits) if word not in vocabulary(self.digits)]:
                raise ValueError(
                    f"longer holds {digits}, whose words are new after training with digits "
                    f"{self.digits}: {', '.join(new)}; expected fewer, or more digits"
                )
            if digits > MOST_DIGITS:
                raise ValueError(f"longer holds {digits}; expected {MOST_DIGITS} at most")

    @property
    def symbols(self) -> tuple[str, ...] | None:
        """The words."""
        return vocabulary(self.digits)

    def _example(self, number: int) -> Example:
        return _places(words_of(number), vocabulary(self.digits)), _digits(number, 1)


def _digits(number: int, least: int) -> list[int]:
    """The digits, the first one first, with zeros in front where there are fewer than `least`."""
    return [int(digit) for digit in str(number).zfill(least)]


def _places(words: Sequence[str], known: Sequence[str]) -> list[int]:
    return [known.index(word) for word in words]
