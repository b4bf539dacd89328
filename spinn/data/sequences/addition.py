"""Binary addition: two numbers in, bit by bit, and their sum out, a class at each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spinn.data.sequences.drawing import Example, Longer, at_least

Bits = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Addition(Longer):
    """Two numbers of equally many bits, the least significant first, and one step for the carry.

    The input is (bits + 1, 2) of 0 and 1, the target a bit of the sum at each step.

    Attributes:
        bits: of the longest numbers in training; each length from 1 on is as likely as another, and
            so is each number of a length.
        longer: a further test for each of these numbers of bits.
        examples, held_out, seed: see `Drawing`.

    Raises: ValueError: for a setting out of its range.
    """

    bits: int = 8
    longer: Sequence[int] = (16, 32, 64)

    unit: ClassVar[str] = "bits"
    symbols: ClassVar[tuple[str, ...] | None] = None
    inputs: ClassVar[int] = 2
    labels: ClassVar[tuple[str, ...] | None] = ("0", "1")

    def __post_init__(self) -> None:
        at_least(1, bits=self.bits)
        super().__post_init__()

    def _lengths(self) -> range:
        return range(1, self.bits + 1)

    def _drawn(self, rng: np.random.Generator, bits: int) -> tuple[Bits, Bits]:
        left, right = rng.integers(2, size=(2, bits)).tolist()
        return tuple(left), tuple(right)

    def _example(self, numbers: tuple[Bits, Bits]) -> Example:
        left, right = numbers
        steps = [*zip(left, right, strict=True), (0, 0)]  # the last has room for the carry
        return [(float(one), float(other)) for one, other in steps], _sum(steps)


def _sum(steps: Sequence[tuple[int, int]]) -> list[int]:
    """Add as on paper: each step writes a bit and hands a carry on."""
    written, carry = [], 0
    for left, right in steps:
        carry, bit = divmod(left + right + carry, 2)
        written.append(bit)
    return written
