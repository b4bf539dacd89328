"""Binary addition: the bits of two numbers in, the bits of their sum out, one per step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spinn.data.dataset import SequenceDataset
from spinn.data.sequences.series import SeriesSplits
from spinn.data.sequences.split_plan import Example, SplitPlan, at_least


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
        return self.plan().draw_splits(draw)


def draw(rng: np.random.Generator, bits: int) -> Example:
    """Draw two numbers and add them with pencil and paper's algorithm: a bit and a carry per step.

    3 + 1 with two bits: steps (1, 1), (1, 0), (0, 0); sum bits 0, 0, 1.
    """
    left, right = rng.integers(2, size=(2, bits)).tolist()
    steps = [*zip(left, right, strict=True), (0, 0)]  # the last step has room for the carry
    total, carry = [], 0
    for left_bit, right_bit in steps:
        carry, bit = divmod(left_bit + right_bit + carry, 2)
        total.append(bit)
    return tuple((float(left_bit), float(right_bit)) for left_bit, right_bit in steps), tuple(total)
