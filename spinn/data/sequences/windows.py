"""Windows over one long series: what a forecast looks back at, and what it is to say."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinn.data.sequences.series import Series

Numbers = NDArray[np.float64]


class Scaling(NamedTuple):
    """What makes a series' values small: less their mean, by their standard deviation."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, values: Numbers) -> Scaling:
        """Fit to values.

        Raises: ValueError: if there are none, if they are all the same, or too large or too near
            each other to be squared.
        """
        if not len(values) or values.min() == values.max():
            same = f" are all {values[0]:g}" if len(values) else ""
            raise ValueError(f"{len(values)} values{same}: there is nothing to learn from")
        with np.errstate(over="ignore", invalid="ignore"):
            scaling = cls(float(values.mean()), float(values.std()))
        if not 0 < scaling.deviation < np.inf:
            raise ValueError(f"a standard deviation of {scaling.deviation:g} cannot be divided by")
        return scaling

    def apply(self, values: NDArray[Any]) -> Numbers:
        """From the series' own unit to the scaled one."""
        scaled: Numbers = (np.asarray(values, dtype=np.float64) - self.mean) / self.deviation
        return scaled

    def undo(self, values: NDArray[Any]) -> Numbers:
        """From the scaled unit to the series' own."""
        own: Numbers = np.asarray(values, dtype=np.float64) * self.deviation + self.mean
        return own


def window_starts(targets: range, look_back: int, horizon: int, stride: int) -> range:
    """Where those windows start whose targets all lie in `targets`, places in the series.

    They may look back before it, for what was then is known, but not before the series' start.
    """
    first = max(0, targets.start - look_back)
    return range(first, targets.stop - look_back - horizon + 1, stride)


def levels(values: Numbers, starts: range, look_back: int) -> Numbers:
    """The mean of each window's input, (windows,)."""
    views = np.lib.stride_tricks.sliding_window_view(values, look_back)
    means: Numbers = views[starts.start : starts.stop : starts.step].mean(axis=1)
    return means


def windows(
    values: Numbers, starts: range, look_back: int, horizon: int, *, relative: bool = False
) -> Series:
    """Cut windows: an input of (look_back, 1), and the next values in one target of (horizon,).

    Args: relative: tell both from the mean of the input.
    """
    views = np.lib.stride_tricks.sliding_window_view(values, look_back + horizon)
    cut = views[starts.start : starts.stop : starts.step]
    if relative:
        cut = cut - levels(values, starts, look_back)[:, None]
    cut = cut.astype(np.float32)
    return Series(
        cut[:, :look_back].reshape(-1, 1),
        np.full(len(cut), look_back, dtype=np.int64),
        cut[:, look_back:],
        np.ones(len(cut), dtype=np.int64),
    )
