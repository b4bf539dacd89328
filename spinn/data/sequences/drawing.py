"""What datasets that are drawn share: their settings, and splits that do not overlap."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from spinn.data.sequences.sequence_dataset import Source
from spinn.data.sequences.series import Series, SeriesSplits
from spinn.errors import InputError

Example = tuple[Sequence[Any], Sequence[Any]]  # an input and its target

TRIES = 100  # draws for each example wanted, until it is held that there is no new one


def at_least(least: int, **settings: int) -> None:
    """Raise ValueError for the first setting that is smaller, by its name."""
    for name, value in settings.items():
        if value < least:
            raise ValueError(f"{name} is {value}; expected {least} or more")


@dataclass(frozen=True, kw_only=True)
class Drawing(Source):
    """Examples drawn at random; what is drawn has a length, and decides the example.

    A subclass says which lengths training has, what to draw and what to make of it. `Longer` adds
    tests of longer ones.

    Attributes:
        examples: in train.
        held_out: examples in dev, in test and in each further test; none stands in train.
        seed: of all draws.

    Raises: ValueError: for a setting out of its range.
    """

    examples: int = 5000
    held_out: int = 500
    seed: int = 1

    unit: ClassVar[str]  # of a length, for the tests' names
    outputs: ClassVar[int] = 1

    def __post_init__(self) -> None:
        at_least(1, examples=self.examples, held_out=self.held_out)
        at_least(0, seed=self.seed)

    def load(self) -> SeriesSplits:
        """Draw train, dev, test and the further tests from one generator, in this order.

        Train may hold an example twice; what dev and the tests hold stands nowhere else. So the
        very short ones, of which train has all, are rare there.

        Raises: InputError: if there are too few different ones to hold any out.
        """
        rng, lengths = np.random.default_rng(self.seed), self._lengths()

        def any_length() -> Hashable:
            return self._drawn(rng, int(rng.integers(lengths.start, lengths.stop)))

        train = [any_length() for _ in range(self.examples)]
        seen = set(train)
        drawn = {name: _unseen(any_length, self.held_out, seen) for name in ("dev", "test")}
        for length in self._further():
            longer = partial(self._drawn, rng, length)
            drawn[f"test_{length}_{self.unit}"] = _unseen(longer, self.held_out, seen)
        made = {name: Series.of(map(self._example, chosen)) for name, chosen in drawn.items()}
        return SeriesSplits(
            Series.of(map(self._example, train)), made.pop("dev"), made.pop("test"), tests=made
        )

    @abstractmethod
    def _lengths(self) -> range:
        """Those in training, dev and test, each as likely as another."""

    def _further(self) -> Sequence[int]:
        """The length of each further test."""
        return ()

    @abstractmethod
    def _drawn(self, rng: np.random.Generator, length: int) -> Hashable:
        """Draw something of a length that decides an example."""

    @abstractmethod
    def _example(self, drawn: Any) -> Example:
        """Make the example of what was drawn."""


@dataclass(frozen=True, kw_only=True)
class Longer(Drawing):
    """Examples drawn at random, and tests of longer ones than training has.

    Attributes:
        examples, held_out, seed: see `Drawing`.
        longer: a further test for each of these lengths.

    Raises: ValueError: for a setting out of its range.
    """

    longer: Sequence[int] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        longest = self._lengths().stop - 1
        for length in self.longer:
            if length <= longest:
                raise ValueError(
                    f"longer holds {length}; expected more than training's {longest} {self.unit}"
                )
        if len(set(self.longer)) < len(self.longer):
            raise ValueError(f"longer is {list(self.longer)}; expected each length once")

    def _further(self) -> Sequence[int]:
        return self.longer


def _unseen(draw: Callable[[], Hashable], count: int, seen: set[Hashable]) -> list[Hashable]:
    """So many different ones that were not seen; from now on they are."""
    found: list[Hashable] = []
    for _ in range(TRIES * count):
        one = draw()
        if one not in seen:
            seen.add(one)
            found.append(one)
        if len(found) == count:
            return found
    raise InputError(
        f"data.held_out is {count}, but {TRIES * count} draws gave only {len(found)} examples that "
        "stand in no other split; choose fewer examples, or longer ones"
    )
