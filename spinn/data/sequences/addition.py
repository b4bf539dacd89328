"""Binary addition: the bits of two numbers in, the bits of their sum out, one per step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spinn.data.dataset import SequenceDataset
from spinn.data.sequences.sequence_text import parse_numbers
from spinn.data.sequences.series import SeriesSplits
from spinn.data.sequences.split_plan import Example, SplitPlan, at_least

Bits = tuple[int, ...]  # of a number, the least significant first


@dataclass(frozen=True, kw_only=True)
class Addition(SequenceDataset):
    """Two numbers with equally many bits, the least significant first, and one step for the carry.

    The input has shape (bits + 1, 2) and holds 0 and 1. The target is one bit of the sum per step.

    Attributes:
        bits: of the longest numbers in training; all lengths from 1 on are equally likely, and so
            are all numbers of one length.
        examples, held_out, longer, seed: see `SplitPlan`; lengths are in bits.

    Raises: ValueError: for a setting out of range.
    """

    bits: int = 8
    examples: int = 5000
    held_out: int = 500
    longer: Sequence[int] = (16, 32, 64)
    seed: int = 1

    symbols: ClassVar[tuple[str, ...] | None] = None
    inputs: ClassVar[int | None] = 2
    labels: ClassVar[tuple[str, ...] | None] = ("0", "1")

    def __post_init__(self) -> None:
        at_least(1, bits=self.bits)
        self.plan()

    def plan(self) -> SplitPlan:
        """Return the splits' sizes and lengths, checked."""
        return SplitPlan(
            lengths=range(1, self.bits + 1),
            unit="bits",
            examples=self.examples,
            held_out=self.held_out,
            longer=self.longer,
            seed=self.seed,
        )

    def load(self) -> SeriesSplits:
        """Draw every split; see `SplitPlan.draw_splits`."""
        return self.plan().draw_splits(draw_summands, addition)

    def parse_input(self, text: str) -> Sequence[Any]:
        """Return the steps of two numbers: `19 + 7`, or their bits: `1,1 1,1 0,1 0,0 1,0 0,0`.

        The last step has room for the carry.

        Raises: ValueError: for any other text.
        """
        if "+" not in text:
            steps = parse_numbers(text, 2)
            for number, step in enumerate(steps, 1):
                if not {*step} <= {0, 1}:
                    shown = ",".join(f"{value:g}" for value in step)
                    raise ValueError(f"step {number}: {shown}; expected two bits, such as 0,1")
            return steps
        summands = re.fullmatch(r"\s*([0-9]{1,4000})\s*\+\s*([0-9]{1,4000})\s*", text)
        if summands is None:
            raise ValueError(f"{text[:40]!r}; expected two whole numbers, such as 19 + 7")
        left, right = map(int, summands.groups())
        length = max(left.bit_length(), right.bit_length(), 1)
        return addition((_bits(left, length), _bits(right, length)))[0]

    def format_input(self, steps: NDArray[Any]) -> str:
        """Return the two numbers: `19 + 7`."""
        return " + ".join(str(_number(bits)) for bits in steps.T)

    def format_output(self, steps: NDArray[Any]) -> str:
        """Return the sum as a number."""
        return str(_number(steps))


def draw_summands(rng: np.random.Generator, bits: int) -> tuple[Bits, Bits]:
    """Draw two numbers."""
    left, right = rng.integers(2, size=(2, bits)).tolist()
    return tuple(left), tuple(right)


def addition(summands: tuple[Bits, Bits]) -> Example:
    """Add two numbers with a bit and a carry per step.

    3 + 1 with two bits: steps (1, 1), (1, 0), (0, 0); sum bits 0, 0, 1.
    """
    left, right = summands
    steps = [*zip(left, right, strict=True), (0, 0)]  # the last step has room for the carry
    total, carry = [], 0
    for left_bit, right_bit in steps:
        carry, bit = divmod(left_bit + right_bit + carry, 2)
        total.append(bit)
    return [(float(left_bit), float(right_bit)) for left_bit, right_bit in steps], total


def _bits(number: int, length: int) -> Bits:
    """Return the bits of a number, the least significant first."""
    return tuple(number >> place & 1 for place in range(length))


def _number(bits: NDArray[Any]) -> int:
    """Return the number of some bits, (T,), the least significant first."""
    return sum(int(bit) << place for place, bit in enumerate(bits.tolist()))
