"""Parity: is the number of ones in a sequence of bits even or odd?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spinn.data.sequences.drawing import Example, Longer, at_least

Bits = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Parity(Longer):
    """Bits as symbols, one class for the whole; each bit counts, and none can be missed.

    Attributes:
        longest: most bits in training; each length from 1 on is as likely as another.
        longer: a further test for each of these numbers of bits.
        examples, held_out, seed: see `Drawing`.

    Raises: ValueError: for a setting out of its range.
    """

    longest: int = 20
    longer: Sequence[int] = (40, 80)

    unit: ClassVar[str] = "bits"
    symbols: ClassVar[tuple[str, ...] | None] = ("0", "1")
    inputs: ClassVar[int] = 1
    labels: ClassVar[tuple[str, ...] | None] = ("even", "odd")

    def __post_init__(self) -> None:
        at_least(1, longest=self.longest)
        super().__post_init__()

    def _lengths(self) -> range:
        return range(1, self.longest + 1)

    def _drawn(self, rng: np.random.Generator, bits: int) -> Bits:
        return tuple(rng.integers(2, size=bits).tolist())

    def _example(self, bits: Bits) -> Example:
        return bits, [sum(bits) % 2]
