"""What every reader yields and every task takes."""

from __future__ import annotations

from typing import NamedTuple

from spinn.trees import Parse


class Example(NamedTuple):
    """One row of a dataset: its sentences with their trees, and what is to be predicted.

    `score` is the second target of data that has one: SICK's relatedness, from 1 to 5.
    """

    sentences: tuple[Parse, ...]
    target: str
    score: float | None = None
