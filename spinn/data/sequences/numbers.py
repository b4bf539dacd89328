"""Numbers and their English words: a number in and its words out, or its words in and digits out.

American usage without "and" and without hyphens; each word is one symbol. 1,023 is
`one thousand twenty three`, 0 is `zero`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spinn.data.dataset import SequenceDataset
from spinn.data.sequences.sequence_text import parse_symbols
from spinn.data.sequences.series import SeriesSplits
from spinn.data.sequences.split_plan import Example, SplitPlan, at_least

UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SCALES = ((1_000_000, "million"), (1000, "thousand"), (1, ""))
NEW_WORDS = {3: "hundred", 4: "thousand", 7: "million"}  # digits of the first number with the word
MOST_DIGITS = 9


def words_of(number: int) -> list[str]:
    """Return the words of a number from 0 to 999,999,999."""
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
    """Return all words in numbers of at most `digits` digits, small numbers first."""
    if digits == 1:
        return UNITS[:10]
    return (*UNITS, *TENS, *(word for first, word in NEW_WORDS.items() if first <= digits))


@dataclass(frozen=True, kw_only=True)
class NumberWords(SequenceDataset):
    """A number in one input step, and its words as the target: fixed input, output of any length.

    The input has shape (1, 10 * digits): each digit one-hot, the most significant first, with
    leading zeros. There is no test of longer numbers, because the input size is fixed.

    Attributes:
        digits: of the largest numbers, at most 9. All numbers of digits from 1 on are equally
            likely, and so are all numbers of one length.
        examples, held_out, seed: see `SplitPlan`.

    Raises: ValueError: for a setting out of range.
    """

    digits: int = 6
    examples: int = 10_000
    held_out: int = 1000
    seed: int = 1

    symbols: ClassVar[tuple[str, ...] | None] = None

    def __post_init__(self) -> None:
        self.plan()

    @property
    def inputs(self) -> int | None:
        """Ten for each digit."""
        return 10 * self.digits

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The words."""
        return vocabulary(self.digits)

    def plan(self) -> SplitPlan:
        """Return the splits' sizes and lengths, checked."""
        return SplitPlan(
            lengths=_lengths(self.digits),
            unit="digits",
            examples=self.examples,
            held_out=self.held_out,
            seed=self.seed,
        )

    def load(self) -> SeriesSplits:
        """Draw every split; see `SplitPlan.draw_splits`."""
        known = vocabulary(self.digits)

        def encode(number: int) -> Example:
            return self._one_hot(number), list(map(known.index, words_of(number)))

        return self.plan().draw_splits(draw_number, encode)

    def _one_hot(self, number: int) -> list[list[float]]:
        """Return the input of a number, (1, 10 * digits)."""
        one_hot = np.zeros((1, self.digits, 10))
        digits = [int(digit) for digit in str(number).zfill(self.digits)]
        one_hot[0, np.arange(self.digits), digits] = 1
        rows: list[list[float]] = one_hot.reshape(1, -1).tolist()
        return rows

    def parse_input(self, text: str) -> Sequence[Any]:
        """Return the input of a number: `107` or `1,023`.

        Raises: ValueError: if it is no whole number of at most `digits` digits.
        """
        digits = text.strip().replace(",", "")
        if not re.fullmatch("[0-9]+", digits) or len(digits.lstrip("0")) > self.digits:
            raise ValueError(
                f"{text[:40]!r}; expected a whole number from 0 to {10**self.digits - 1:,}"
            )
        return self._one_hot(int(digits))

    def format_input(self, steps: NDArray[Any]) -> str:
        """Return the number as digits."""
        return str(int("".join(map(str, steps.reshape(self.digits, 10).argmax(axis=1).tolist()))))


@dataclass(frozen=True, kw_only=True)
class WordsToDigits(SequenceDataset):
    """The words of a number in, its digits out: input and output have different lengths.

    Attributes:
        digits: of the largest numbers in training, at most 9. All numbers of digits from 1 on are
            equally likely, and so are all numbers of one length.
        examples, held_out, seed: see `SplitPlan`.
        longer: a further test for each of these numbers of digits; training must have all words.

    Raises: ValueError: for a setting out of range.
    """

    digits: int = 4
    examples: int = 5000
    held_out: int = 500
    longer: Sequence[int] = (5, 6)
    seed: int = 1

    inputs: ClassVar[int | None] = None
    labels: ClassVar[tuple[str, ...] | None] = tuple("0123456789")

    def __post_init__(self) -> None:
        self.plan()
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

    def plan(self) -> SplitPlan:
        """Return the splits' sizes and lengths, checked."""
        return SplitPlan(
            lengths=_lengths(self.digits),
            unit="digits",
            examples=self.examples,
            held_out=self.held_out,
            longer=self.longer,
            seed=self.seed,
        )

    def load(self) -> SeriesSplits:
        """Draw every split; see `SplitPlan.draw_splits`."""
        known = vocabulary(self.digits)

        def encode(number: int) -> Example:
            return list(map(known.index, words_of(number))), list(map(int, str(number)))

        return self.plan().draw_splits(draw_number, encode)

    def parse_input(self, text: str) -> Sequence[Any]:
        """Return the words of a number; "and", hyphens, commas and capitals are left out.

        Raises: ValueError: for an empty text, or another word.
        """
        words = text.lower().replace("-", " ").replace(",", " ").split()
        return parse_symbols(" ".join(word for word in words if word != "and"), self.symbols or ())


def _lengths(digits: int) -> range:
    at_least(1, digits=digits)
    if digits > MOST_DIGITS:
        raise ValueError(f"digits is {digits}; expected {MOST_DIGITS} at most")
    return range(1, digits + 1)


def draw_number(rng: np.random.Generator, digits: int) -> int:
    """Draw a number with this many digits; 0 has one."""
    least = 10 ** (digits - 1) if digits > 1 else 0
    return int(rng.integers(least, 10**digits))
