"""Parity: is the number of ones in a sequence of bits even or odd?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spinn.data.sequences.drawing import Example, at_least, draw_splits, longer_than
from spinn.data.series import SeriesSplits

Bits = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Parity:
    """Bits as symbols, one class for the whole; each bit counts, and none can be missed.

    Attributes:
        longest: most bits in training; each length from 1 on is as likely as another.
        examples: in train.
        held_out: examples in dev, in test and in each further test; none stands in train.
        longer: a further test for each of these numbers of bits.
        seed: of all draws.

    Raises: ValueError: for a setting out of its range.
    """

    longest: int = 20
    examples: int = 5000
    held_out: int = 500
    longer: Sequence[int] = (40, 80)
    seed: int = 1

    symbols: ClassVar[tuple[str, ...] | None] = ("0", "1")
    inputs: ClassVar[int] = 1
    labels: ClassVar[tuple[str, ...] | None] = ("even", "odd")
    outputs: ClassVar[int] = 1

    def __post_init__(self) -> None:
        at_least(1, longest=self.longest, examples=self.examples, held_out=self.held_out)
        at_least(0, seed=self.seed)
        longer_than(self.longest, "bits", self.longer)

    def load(self) -> SeriesSplits:
        """Draw all splits.

        Raises: InputError: if there are too few different sequences to hold any out.
        """
        return draw_splits(
            _bits,
            _example,
            lengths=range(1, self.longest + 1),
            examples=self.examples,
            held_out=self.held_out,
            longer=self.longer,
            unit="bits",
            seed=self.seed,
        )


def _bits(rng: np.random.Generator, count: int) -> Bits:
    return tuple(rng.integers(2, size=count).tolist())


def _example(bits: Bits) -> Example:
    return bits, [sum(bits) % 2]
