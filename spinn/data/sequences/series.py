"""Sequences of numbers or symbols with targets of any length, stored as columns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Series:
    """Sequences and their targets, concatenated without padding.

    Attributes:
        inputs: (N, I) numbers or (N,) symbols of all examples.
        lengths: (examples,) steps of each input, at least 1.
        targets: (R, O) numbers, or (R,) classes or symbols, of all examples.
        target_lengths: (examples,) steps of each target: the input's length for a target per step,
            1 for a target per sequence, any number for an output sequence.

    Raises: ValueError: if the columns' sizes do not match, or a number is not finite.
    """

    inputs: NDArray[Any]
    lengths: Integers
    targets: NDArray[Any]
    target_lengths: Integers

    def __post_init__(self) -> None:
        if len(self.lengths) != len(self.target_lengths):
            raise ValueError(f"{len(self.lengths)} inputs and {len(self.target_lengths)} targets")
        for name, rows, lengths, least in (
            ("inputs", self.inputs, self.lengths, 1),
            ("targets", self.targets, self.target_lengths, 0),
        ):
            if (lengths < least).any():
                bad = int(np.flatnonzero(lengths < least)[0])
                raise ValueError(f"example {bad}: {name} of {lengths[bad]} steps; at least {least}")
            if len(rows) != lengths.sum():
                raise ValueError(f"{len(rows)} {name} for lengths that add up to {lengths.sum()}")
            if rows.ndim == 2 and not np.isfinite(rows).all():
                row = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
                bad = int(np.searchsorted(np.cumsum(lengths), row, side="right"))
                step = row - int(lengths[:bad].sum())
                raise ValueError(f"example {bad}, step {step}: {name} of {rows[row].tolist()}")

    @classmethod
    def of(cls, examples: Iterable[tuple[Sequence[Any], Sequence[Any]]]) -> Series:
        """Concatenate examples, each an input and a target.

        Raises: ValueError: if there are no examples, or if two steps differ in width.
        """
        pairs = [
            (_to_array(index, "inputs", steps), _to_array(index, "targets", target_steps))
            for index, (steps, target_steps) in enumerate(examples)
        ]
        if not pairs:
            raise ValueError("no examples; expected at least one")
        inputs, targets = zip(*pairs, strict=True)
        return cls(
            _concatenate("inputs", inputs),
            np.array(list(map(len, inputs)), dtype=np.int64),
            _concatenate("targets", targets),
            np.array(list(map(len, targets)), dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, rows: slice | Integers) -> Series:
        """Return a selection of the examples, in the given order."""
        chosen = np.arange(len(self))[rows]
        return Series(
            self.inputs[_positions(self.lengths, chosen)],
            self.lengths[chosen],
            self.targets[_positions(self.target_lengths, chosen)],
            self.target_lengths[chosen],
        )


class SeriesSplits(NamedTuple):
    """The splits of a sequence dataset."""

    train: Series
    dev: Series
    test: Series
    tests: dict[str, Series]  # further test sets by name, such as longer sequences

    @property
    def reports(self) -> dict[str, Any]:
        """Empty: no rows are skipped."""
        return {}

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of all columns, which identifies the data."""
        digest = hashlib.sha256()
        for split in (self.train, self.dev, self.test, *self.tests.values()):
            for column in (split.inputs, split.lengths, split.targets, split.target_lengths):
                digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()


def _positions(lengths: Integers, chosen: Integers) -> Integers:
    """Return the positions of the chosen examples' steps.

    For lengths [2, 3, 1] and chosen [2, 0] they are [5, 0, 1].
    """
    counts = lengths[chosen]
    first = (np.cumsum(lengths) - lengths)[chosen] - (np.cumsum(counts) - counts)
    positions: Integers = np.arange(counts.sum()) + np.repeat(first, counts)
    return positions


def _to_array(index: int, name: str, steps: Sequence[Any]) -> NDArray[Any]:
    try:
        rows = np.asarray(steps)
    except ValueError:  # NumPy names neither the example nor the step
        widths = [np.shape(step) for step in steps]
        bad = next(step for step, width in enumerate(widths) if width != widths[0])
        raise ValueError(
            f"example {index}, step {bad}: {name} of width {widths[bad]}, expected {widths[0]} "
            "as in step 0"
        ) from None
    return rows.astype(np.int64) if rows.size == 0 else rows


def _concatenate(name: str, sequences: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Concatenate all steps; integers become int64, other numbers float32."""
    filled = [rows for rows in sequences if len(rows)] or [sequences[0]]
    for index, rows in enumerate(sequences):
        if len(rows) and rows.shape[1:] != filled[0].shape[1:]:
            width, expected = rows.shape[1:], filled[0].shape[1:]
            raise ValueError(f"example {index}: {name} of width {width}, expected {expected}")
    joined = np.concatenate(filled)
    return joined.astype(np.int64 if joined.dtype.kind in "iub" else np.float32)
