"""Copy and reverse: a sequence of symbols in, the same symbols out, in order or reversed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spinn.data.dataset import SequenceDataset
from spinn.data.sequences.series import SeriesSplits
from spinn.data.sequences.split_plan import Example, SplitPlan, at_least


@dataclass(frozen=True, kw_only=True)
class Copy(SequenceDataset):
    """The target repeats the input.

    Attributes:
        alphabet: its characters are the symbols and the labels.
        longest: most symbols in training; all lengths from 1 on are equally likely.
        examples, held_out, longer, seed: see `SplitPlan`; lengths are in symbols.

    Raises: ValueError: for a setting out of range.
    """

    alphabet: str = "abcdefgh"
    longest: int = 10
    examples: int = 20_000
    held_out: int = 500
    longer: Sequence[int] = (20, 40)
    seed: int = 1

    inputs: ClassVar[int | None] = None

    def __post_init__(self) -> None:
        plan_splits(self)

    @property
    def symbols(self) -> tuple[str, ...] | None:
        """The characters of the alphabet."""
        return tuple(self.alphabet)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The characters of the alphabet."""
        return tuple(self.alphabet)

    def draw(self, rng: np.random.Generator, length: int) -> Example:
        """Draw symbols; the target is the input."""
        symbols = tuple(rng.integers(len(self.alphabet), size=length).tolist())
        return symbols, symbols

    def load(self) -> SeriesSplits:
        """Draw every split; see `SplitPlan.draw_splits`."""
        return plan_splits(self).draw_splits(self.draw)


@dataclass(frozen=True, kw_only=True)
class Reverse(SequenceDataset):
    """The target is the input reversed: the first output symbol is the last input symbol.

    Attributes: alphabet, longest, examples, held_out, longer, seed: see `Copy`.

    Raises: ValueError: for a setting out of range.
    """

    alphabet: str = "abcdefgh"
    longest: int = 10
    examples: int = 20_000
    held_out: int = 500
    longer: Sequence[int] = (20, 40)
    seed: int = 1

    inputs: ClassVar[int | None] = None

    def __post_init__(self) -> None:
        plan_splits(self)

    @property
    def symbols(self) -> tuple[str, ...] | None:
        """The characters of the alphabet."""
        return tuple(self.alphabet)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The characters of the alphabet."""
        return tuple(self.alphabet)

    def draw(self, rng: np.random.Generator, length: int) -> Example:
        """Draw symbols; the target is the input reversed."""
        symbols = tuple(rng.integers(len(self.alphabet), size=length).tolist())
        return symbols, symbols[::-1]

    def load(self) -> SeriesSplits:
        """Draw every split; see `SplitPlan.draw_splits`."""
        return plan_splits(self).draw_splits(self.draw)


def plan_splits(dataset: Copy | Reverse) -> SplitPlan:
    """Check the settings and return the splits' sizes and lengths."""
    alphabet = dataset.alphabet
    if len(alphabet) < 2 or len(set(alphabet)) < len(alphabet):
        raise ValueError(f"alphabet is {alphabet!r}; expected two characters or more, none twice")
    at_least(1, longest=dataset.longest)
    return SplitPlan(
        lengths=range(1, dataset.longest + 1),
        unit="symbols",
        examples=dataset.examples,
        held_out=dataset.held_out,
        longer=dataset.longer,
        seed=dataset.seed,
    )
