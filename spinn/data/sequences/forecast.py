"""Forecasting: windows of a series in, its next values out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spinn.data.generators.hourly import generated
from spinn.data.sequences.baselines import last_value, mae, mase, rmse, seasonal_naive
from spinn.data.sequences.column import column_names, read_column
from spinn.data.sequences.drawing import at_least
from spinn.data.sequences.sequence_dataset import Source
from spinn.data.sequences.series import Series, SeriesSplits
from spinn.data.sequences.windows import Scaling, levels, window_starts, windows
from spinn.errors import InputError

Numbers = NDArray[np.float64]
MAX_NUMBERS = 2**28  # in the windows of a split: a GiB


@dataclass(frozen=True, kw_only=True)
class Forecast(Source):
    """The last `look_back` values of a series in, the next `horizon` out, all in one step.

    The series is cut in order of time: train, then dev, then test. What is to be said by a window
    lies wholly in its split; dev's and test's windows look back over the cut, as one would on that
    day. The scaling is fitted to train's part alone. Rows stand for equal steps: a column of time
    is checked to rise, and its gaps are not filled.

    Attributes:
        csv: the file; None for the series of `spinn.data.generators.hourly`.
        column: the name of the column to forecast.
        time: the name of the column of ISO dates or numbers that must rise; None where rows are in
            order.
        look_back: values in an input.
        horizon: values in a target; 1 for one step ahead.
        season: steps until the series is about the same again, for the seasonal-naive forecast.
        stride: steps from one window to the next.
        relative: tell each window from the mean of its input, so that a trend does not lead where
            train never was.
        dev_share, test_share: of the values, the latter the last ones.
        steps, seed: of the generated series.

    Raises: ValueError: for a setting out of its range.
    """

    csv: str | None = None
    column: str | None = None
    time: str | None = None
    look_back: int = 48
    horizon: int = 12
    season: int = 24
    stride: int = 1
    relative: bool = True
    dev_share: float = 0.15
    test_share: float = 0.15
    steps: int = 2016
    seed: int = 1

    symbols: ClassVar[tuple[str, ...] | None] = None
    inputs: ClassVar[int] = 1
    labels: ClassVar[tuple[str, ...] | None] = None

    def __post_init__(self) -> None:
        at_least(1, look_back=self.look_back, horizon=self.horizon, stride=self.stride)
        at_least(1, season=self.season, steps=self.steps)
        at_least(0, seed=self.seed)
        if self.season > self.look_back:
            raise ValueError(
                f"season is {self.season}; expected look_back, {self.look_back}, at most: set "
                f"data.season=… too, or a look_back of {self.season} or more"
            )
        for name, share in (("dev_share", self.dev_share), ("test_share", self.test_share)):
            if not 0 < share < 1:
                raise ValueError(f"{name} is {share}; expected a number between 0 and 1")
        if (held_out := self.dev_share + self.test_share) >= 1:
            raise ValueError(
                f"dev_share and test_share add up to {held_out:g}; expected less than 1"
            )
        for name, value in (("column", self.column), ("time", self.time)):
            if self.csv is None and value is not None:
                raise ValueError(f"{name} is {value!r}, but csv is None; expected a file's name")

    @property
    def outputs(self) -> int:
        """As many as the horizon."""
        return self.horizon

    @cached_property
    def values(self) -> Numbers:
        """The series in its own unit, (steps,).

        Raises: InputError: by file and line, for what cannot be read.
        """
        if self.csv is None:
            return generated(self.steps, self.seed)
        if self.column is None:
            columns = ", ".join(column_names(Path(self.csv)))
            raise InputError(f"data.column is not set; columns: {columns}")
        return read_column(Path(self.csv), self.column, self.time)

    @cached_property
    def spans(self) -> dict[str, range]:
        """Where train, dev and test stand in the series, each the places of its targets."""
        count = len(self.values)
        test = count - round(count * self.test_share)
        dev = test - round(count * self.dev_share)
        return {"train": range(dev), "dev": range(dev, test), "test": range(test, count)}

    @cached_property
    def scaling(self) -> Scaling:
        """Fitted to train; `scaling.undo` takes forecasts back to the series' own unit.

        Raises: InputError: if train has no two values that differ.
        """
        try:
            return Scaling.of(self._train)
        except ValueError as error:
            raise InputError(f"{self._where}: train: {error}") from error

    def load(self) -> SeriesSplits:
        """Read the series and cut its windows.

        Raises: InputError: for what cannot be read, and for a split without a single window.
        """
        starts = {name: self._starts(name) for name in self.spans}
        scaled = self._scaled()
        train, dev, test = (
            windows(scaled, starts[name], self.look_back, self.horizon, relative=self.relative)
            for name in self.spans
        )
        return SeriesSplits(train, dev, test, tests={})

    def errors(self, predicted: NDArray[np.float32], split: Series) -> dict[str, float]:
        """How far forecasts are off, in the series' own unit; MASE is by train's naive error.

        Args: predicted: (windows, horizon), scaled, as the targets of the split are.
        """
        own, target = self.scaling.undo(predicted), self.scaling.undo(split.targets)
        return {
            "mae": mae(own, target),
            "rmse": rmse(own, target),
            "mase": mase(own, target, self._train),
        }

    def baselines(self, split: Series) -> dict[str, dict[str, float]]:
        """The errors of the forecasts that need no training, by name."""
        last = last_value(self._inputs(split), self.horizon)
        return {
            "last_value": self.errors(last, split),
            "seasonal_naive": self.errors(self.seasonal_naive(split), split),
        }

    def seasonal_naive(self, split: Series) -> NDArray[np.float32]:
        """Say what was a season ago, (windows, horizon), scaled."""
        return seasonal_naive(self._inputs(split), self.horizon, self.season)

    def _inputs(self, split: Series) -> NDArray[np.float32]:
        """(windows, look_back), scaled."""
        return split.inputs.reshape(len(split), self.look_back)

    def joined(self, predicted: NDArray[np.float32]) -> tuple[Numbers, Numbers]:
        """Test's values, and the forecasts of them that follow one another, in the own unit.

        Args: predicted: (windows, horizon) of test, scaled.
        """
        starts, every = self._starts("test"), max(1, self.horizon // self.stride)
        forecasts = self.scaling.deviation * np.asarray(predicted, dtype=np.float64)
        forecasts += (
            levels(self.values, starts, self.look_back)[:, None]
            if self.relative
            else self.scaling.mean
        )
        first = [start + self.look_back for start in starts[::every]]
        actual = [self.values[place : place + self.horizon] for place in first]
        return np.concatenate(actual), forecasts[::every].ravel()

    @property
    def _train(self) -> Numbers:
        return self.values[: self.spans["train"].stop]

    @property
    def _where(self) -> str:
        return "the generated series" if self.csv is None else self.csv

    def _scaled(self) -> Numbers:
        """All values, scaled, none beyond what single precision holds."""
        with np.errstate(over="ignore"):
            scaled = self.scaling.apply(self.values)
        far = np.flatnonzero(np.abs(scaled) > np.finfo(np.float32).max)
        if len(far):
            raise InputError(
                f"{self._where}: value {far[0] + 1} is {self.values[far[0]]:g}, too far from "
                f"train's mean of {self.scaling.mean:g} and deviation of {self.scaling.deviation:g}"
            )
        return scaled

    def _starts(self, name: str) -> range:
        """Where the windows of a split start; there is at least one, and no more than fit."""
        span = self.spans[name]
        starts = window_starts(span, self.look_back, self.horizon, self.stride)
        window = f"look_back {self.look_back} and horizon {self.horizon}"
        if not starts:
            raise InputError(
                f"{self._where}: {len(self.values)} values, {len(span)} of them in {name}, are too "
                f"few for a window of {window}; choose smaller ones, or a larger share"
            )
        if len(starts) * (self.look_back + self.horizon) > MAX_NUMBERS:
            raise InputError(
                f"{self._where}: {len(starts)} windows of {window} in {name} are more than "
                f"{MAX_NUMBERS} numbers; choose a larger stride"
            )
        return starts
