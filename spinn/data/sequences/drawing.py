"""What datasets that are drawn share: checks of their settings, and splits that do not overlap."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np

from spinn.data.series import Series, SeriesSplits
from spinn.errors import InputError

Drawn = TypeVar("Drawn", bound=Hashable)
Example = tuple[Sequence[Any], Sequence[Any]]  # an input and its target

TRIES = 100  # draws for each example wanted, until it is held that there is no new one


def at_least(least: int, **settings: int) -> None:
    """Raise ValueError for the first setting that is smaller, by its name."""
    for name, value in settings.items():
        if value < least:
            raise ValueError(f"{name} is {value}; expected {least} or more")


def longer_than(trained: int, unit: str, longer: Sequence[int]) -> None:
    """Raise ValueError unless the lengths of further tests exceed those of training, each once."""
    for length in longer:
        if length <= trained:
            raise ValueError(
                f"longer holds {length}; expected more than training's {trained} {unit}"
            )
    if len(set(longer)) < len(longer):
        raise ValueError(f"longer is {list(longer)}; expected each length once")


def draw_splits(
    draw: Callable[[np.random.Generator, int], Drawn],
    example: Callable[[Drawn], Example],
    *,
    lengths: range,
    examples: int,
    held_out: int,
    longer: Sequence[int] = (),
    unit: str,
    seed: int,
) -> SeriesSplits:
    """Draw train, dev, test and the further tests from one generator, in this order.

    Train may hold an example twice; what dev and the tests hold stands nowhere else. So the very
    short ones, of which train has all, are rare there.

    Args:
        draw: something of a length that decides an example.
        example: makes the example of it.
        lengths: in training, dev and test, each as likely as another.
        examples: in train.
        held_out: examples in dev, in test and in each further test.
        longer: a further test for each of these lengths.
        unit: of a length, for the tests' names.
        seed: of everything drawn.

    Raises: InputError: if there are too few different ones to hold any out.
    """
    rng = np.random.default_rng(seed)

    def any_length() -> Drawn:
        return draw(rng, int(rng.integers(lengths.start, lengths.stop)))

    train = [any_length() for _ in range(examples)]
    seen = set(train)
    drawn = {name: _unseen(any_length, held_out, seen) for name in ("dev", "test")}
    for length in longer:
        drawn[f"test_{length}_{unit}"] = _unseen(partial(draw, rng, length), held_out, seen)
    made = {name: Series.of(map(example, chosen)) for name, chosen in drawn.items()}
    return SeriesSplits(
        Series.of(map(example, train)), made.pop("dev"), made.pop("test"), tests=made
    )


def _unseen(draw: Callable[[], Drawn], count: int, seen: set[Drawn]) -> list[Drawn]:
    """So many different ones that were not seen; from now on they are."""
    found: list[Drawn] = []
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
