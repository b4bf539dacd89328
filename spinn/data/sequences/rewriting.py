"""Copy and reverse: a sequence of symbols in, the same out, in the same order or backwards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spinn.data.sequences.drawing import Example, at_least, draw_splits, longer_than
from spinn.data.series import SeriesSplits

Symbols = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class _Rewriting(ABC):
    """A sequence of symbols of an alphabet, and one as long to be written.

    Attributes:
        alphabet: its characters are the symbols, and the labels too.
        longest: most symbols in training; each length from 1 on is as likely as another.
        examples: in train.
        held_out: examples in dev, in test and in each further test; none stands in train.
        longer: a further test for each of these numbers of symbols.
        seed: of all draws.

    Raises: ValueError: for a setting out of its range.
    """

    alphabet: str = "abcdefgh"
    longest: int = 10
    examples: int = 20_000
    held_out: int = 500
    longer: Sequence[int] = (20, 40)
    seed: int = 1

    inputs: ClassVar[int] = 1
    outputs: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if len(self.alphabet) < 2 or len(set(self.alphabet)) < len(self.alphabet):
            raise ValueError(
                f"alphabet is {self.alphabet!r}; expected two characters or more, none twice"
            )
        at_least(1, longest=self.longest, examples=self.examples, held_out=self.held_out)
        at_least(0, seed=self.seed)
        longer_than(self.longest, "symbols", self.longer)

    @property
    def symbols(self) -> tuple[str, ...] | None:
        """The characters of the alphabet."""
        return tuple(self.alphabet)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The characters of the alphabet."""
        return tuple(self.alphabet)

    def load(self) -> SeriesSplits:
        """Draw all splits.

        Raises: InputError: if there are too few different sequences to hold any out.
        """
        return draw_splits(
            self._drawn,
            self._example,
            lengths=range(1, self.longest + 1),
            examples=self.examples,
            held_out=self.held_out,
            longer=self.longer,
            unit="symbols",
            seed=self.seed,
        )

    def _drawn(self, rng: np.random.Generator, length: int) -> Symbols:
        return tuple(rng.integers(len(self.alphabet), size=length).tolist())

    def _example(self, symbols: Symbols) -> Example:
        return symbols, self._rewritten(symbols)

    @abstractmethod
    def _rewritten(self, symbols: Symbols) -> Symbols:
        """What is to be written."""


class Copy(_Rewriting):
    """The symbols again, in their order.

    Args: alphabet, longest, examples, held_out, longer, seed: see `_Rewriting`.
    """

    def _rewritten(self, symbols: Symbols) -> Symbols:
        return symbols


class Reverse(_Rewriting):
    """The symbols backwards: the first one written is the last one read.

    Args: alphabet, longest, examples, held_out, longer, seed: see `_Rewriting`.
    """

    def _rewritten(self, symbols: Symbols) -> Symbols:
        return symbols[::-1]
