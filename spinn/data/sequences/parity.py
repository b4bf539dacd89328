"""Parity: is the number of ones in a sequence of bits even or odd?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spinn.data.dataset import SequenceDataset
from spinn.data.sequences.series import SeriesSplits
from spinn.data.sequences.split_plan import Example, SplitPlan, at_least


@dataclass(frozen=True, kw_only=True)
class Parity(SequenceDataset):
    """Bits as symbols, and one class for the whole sequence, which depends on every bit.

    Attributes:
        longest: most bits in training; all lengths from 1 on are equally likely.
        examples, held_out, longer, seed: see `SplitPlan`; lengths are in bits.

    Raises: ValueError: for a setting out of range.
    """

    longest: int = 20
    examples: int = 5000
    held_out: int = 500
    longer: Sequence[int] = (40, 80)
    seed: int = 1

    symbols: ClassVar[tuple[str, ...] | None] = ("0", "1")
    inputs: ClassVar[int | None] = None
    labels: ClassVar[tuple[str, ...] | None] = ("even", "odd")

    def __post_init__(self) -> None:
        at_least(1, longest=self.longest)
        self.plan()

    def plan(self) -> SplitPlan:
        """Return the splits' sizes and lengths, checked."""
        return SplitPlan(
            lengths=range(1, self.longest + 1),
            unit="bits",
            examples=self.examples,
            held_out=self.held_out,
            longer=self.longer,
            seed=self.seed,
        )

    def load(self) -> SeriesSplits:
        """Draw every split; see `SplitPlan.draw_splits`."""
        return self.plan().draw_splits(draw)


def draw(rng: np.random.Generator, length: int) -> Example:
    """Draw bits and their parity, 1 for odd."""
    bits = tuple(rng.integers(2, size=length).tolist())
    return bits, (sum(bits) % 2,)
