"""Copy and reverse: a sequence of symbols in, the same out, in the same order or backwards."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spinn.data.sequences.drawing import Example, Longer, at_least

Symbols = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class _Rewriting(Longer):
    """A sequence of symbols of an alphabet, and one as long to be written.

    Attributes:
        alphabet: its characters are the symbols, and the labels too.
        longest: most symbols in training; each length from 1 on is as likely as another.
        longer: a further test for each of these numbers of symbols.
        examples, held_out, seed: see `Drawing`.

    Raises: ValueError: for a setting out of its range.
    """

    alphabet: str = "abcdefgh"
    longest: int = 10
    examples: int = 20_000
    longer: Sequence[int] = (20, 40)

    unit: ClassVar[str] = "symbols"
    inputs: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if len(self.alphabet) < 2 or len(set(self.alphabet)) < len(self.alphabet):
            raise ValueError(
                f"alphabet is {self.alphabet!r}; expected two characters or more, none twice"
            )
        at_least(1, longest=self.longest)
        super().__post_init__()

    @property
    def symbols(self) -> tuple[str, ...] | None:
        """The characters of the alphabet."""
        return tuple(self.alphabet)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The characters of the alphabet."""
        return tuple(self.alphabet)

    def _lengths(self) -> range:
        return range(1, self.longest + 1)

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
