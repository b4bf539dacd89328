"""Splits of randomly drawn examples: held-out examples are unique, further tests are longer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from spinn.data.sequences.series import Series, SeriesSplits
from spinn.errors import InputError

Example = tuple[tuple[Any, ...], tuple[Any, ...]]  # the steps of an input and of its target
Draw = Callable[[np.random.Generator, int], Example]  # draws an example of a given length

TRIES = 100  # draws per wanted example before the search for unseen examples fails


def at_least(least: int, **settings: int) -> None:
    """Raise ValueError for the first setting below the minimum, by its name."""
    for name, value in settings.items():
        if value < least:
            raise ValueError(f"{name} is {value}; expected {least} or more")


@dataclass(frozen=True, kw_only=True)
class SplitPlan:
    """Sizes and lengths of the splits of a generated dataset.

    Args:
        lengths: of examples in train, dev and test; all are equally likely.
        unit: of a length, for names of tests and messages.
        examples: number of examples in train.
        held_out: number of examples in dev, in test and in each further test.
        longer: the length of each further test.
        seed: of the random generator.

    Raises: ValueError: for a setting out of range.
    """

    lengths: range
    unit: str
    examples: int
    held_out: int
    seed: int
    longer: Sequence[int] = ()

    def __post_init__(self) -> None:
        at_least(1, examples=self.examples, held_out=self.held_out)
        at_least(0, seed=self.seed)
        longest = self.lengths.stop - 1
        for length in self.longer:
            if length <= longest:
                raise ValueError(
                    f"longer holds {length}; expected more than training's {longest} {self.unit}"
                )
        if len(set(self.longer)) < len(self.longer):
            raise ValueError(f"longer is {list(self.longer)}; expected each length once")

    def draw_splits(self, draw: Draw) -> SeriesSplits:
        """Draw train, dev, test and the further tests from one generator, in this order.

        Train may hold an example twice. An example of dev or of a test occurs in no other split
        and only once. Very short examples are therefore rare there, because train has them all.

        Raises: InputError: if there are too few distinct examples.
        """
        rng = np.random.default_rng(self.seed)

        def draw_any_length() -> Example:
            return draw(rng, int(rng.integers(self.lengths.start, self.lengths.stop)))

        train = [draw_any_length() for _ in range(self.examples)]
        seen = set(train)
        dev = Series.of(self._draw_unseen(draw_any_length, seen))
        test = Series.of(self._draw_unseen(draw_any_length, seen))
        tests = {
            f"test_{length}_{self.unit}": Series.of(
                self._draw_unseen(partial(draw, rng, length), seen)
            )
            for length in self.longer
        }
        return SeriesSplits(Series.of(train), dev, test, tests)

    def _draw_unseen(self, draw: Callable[[], Example], seen: set[Example]) -> list[Example]:
        """Draw `held_out` examples that are not in `seen`, and add them to it."""
        found: list[Example] = []
        tries = TRIES * self.held_out
        for _ in range(tries):
            example = draw()
            if example not in seen:
                seen.add(example)
                found.append(example)
            if len(found) == self.held_out:
                return found
        raise InputError(
            f"data.held_out is {self.held_out}, but {tries} draws gave only {len(found)} examples "
            "that occur in no other split; choose fewer examples, or longer ones"
        )
