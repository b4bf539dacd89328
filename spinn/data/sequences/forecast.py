"""Forecasting: the last values of a series in, its next values out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinn.data.dataset import SequenceDataset
from spinn.data.generators.hourly import generated
from spinn.data.sequences.baselines import last_value, mae, mase, rmse, seasonal_naive
from spinn.data.sequences.column import Columns, Missing, column_names, read_columns
from spinn.data.sequences.series import Series, SeriesSplits
from spinn.data.sequences.split_plan import at_least
from spinn.data.sequences.times import Times
from spinn.errors import InputError

Numbers = NDArray[np.float64]
log = logging.getLogger(__name__)
MAX_NUMBERS = 2**28  # in the windows of a split: a GiB


class Scaling(NamedTuple):
    """Standardises values: subtracts the mean and divides by the standard deviation."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, values: Numbers) -> Scaling:
        """Fit to values.

        Raises: ValueError: if there are no values, all are equal, or their variance overflows or
            underflows.
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
        """Convert values from the series' own unit to the scaled one."""
        scaled: Numbers = (np.asarray(values, dtype=np.float64) - self.mean) / self.deviation
        return scaled

    def undo(self, values: NDArray[Any]) -> Numbers:
        """Convert scaled values to the series' own unit."""
        unscaled: Numbers = np.asarray(values, dtype=np.float64) * self.deviation + self.mean
        return unscaled


def window_starts(targets: range, look_back: int, horizon: int, stride: int) -> range:
    """Return the starts of the windows whose targets lie in `targets`, positions in the series.

    Inputs may lie before `targets`, but not before the start of the series. With look_back 3,
    horizon 2 and stride 1, the targets range(6, 8) have one window: it starts at 3.
    """
    first = max(0, targets.start - look_back)
    return range(first, targets.stop - look_back - horizon + 1, stride)


def levels(values: Numbers, starts: range, look_back: int) -> Numbers:
    """Return the mean of each window's input, (windows,)."""
    views = np.lib.stride_tricks.sliding_window_view(values, look_back)
    means: Numbers = views[starts.start : starts.stop : starts.step].mean(axis=1)
    return means


def windows(
    values: Numbers, starts: range, look_back: int, horizon: int, *, relative: bool = False
) -> Series:
    """Cut windows: an input of shape (look_back, columns) and one target step of shape (horizon,).

    Args:
        values: (steps, columns); the target is of the first column.
        relative: subtract the mean of the first column's input from that input and the target.
    """
    views = np.lib.stride_tricks.sliding_window_view(values, look_back + horizon, axis=0)
    cut = views[starts.start : starts.stop : starts.step]  # (windows, columns, steps)
    if relative:
        cut = cut.copy()
        cut[:, 0] -= levels(values[:, 0], starts, look_back)[:, None]
    cut = cut.astype(np.float32)
    return Series(
        cut[:, :, :look_back].swapaxes(1, 2).reshape(-1, values.shape[1]),
        np.full(len(cut), look_back, dtype=np.int64),
        cut[:, 0, look_back:],
        np.ones(len(cut), dtype=np.int64),
    )


@dataclass(frozen=True, kw_only=True)
class Forecast(SequenceDataset):
    """The last `look_back` values of a series in, the next `horizon` values out in one step.

    The series is cut in order of time: train, dev, test. The targets of a window lie in one split.
    Inputs of dev and test may reach back into the split before, whose values are known by then. The
    scaling is fitted to train alone. Rows are equal time steps: the time column must rise,
    and gaps in it are not filled.

    Attributes:
        csv: the file; None for the series of `spinn.data.generators.hourly`.
        column: the name of the column to forecast.
        covariates: names of further columns whose past values are inputs too.
        time: the name of the column of ISO dates or numbers, which must rise; None for rows that
            are in order.
        missing: a row without a value is an error, its value is interpolated between the rows
            before and after it, or it is left out (drop).
        decimal: the decimal point of the numbers: point or comma.
        look_back: values in an input.
        horizon: values in a target; 1 for one step ahead.
        season: period of the series in steps, for the seasonal-naive forecast.
        stride: steps from one window to the next.
        relative: subtract the mean of a window's input from input and target, so that a trend does
            not lead to values outside train's range; covariates keep their level.
        dev_share, test_share: shares of the values; test has the last ones.
        steps, seed: of the generated series.

    Raises: ValueError: for a setting out of range.
    """

    csv: str | None = None
    column: str | None = None
    covariates: Sequence[str] = ()
    time: str | None = None
    missing: Missing = "error"
    decimal: Literal["point", "comma", ".", ","] = "point"
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
        named = (("column", self.column), ("covariates", self.covariates), ("time", self.time))
        for name, value in named:
            if self.csv is None and value:
                raise ValueError(f"{name} is {value!r}, but csv is None; expected a file's name")
        columns = [self.column, *self.covariates]
        if repeated := [name for name in columns if columns.count(name) > 1]:
            raise ValueError(f"covariates: {repeated[0]!r} is named twice; expected other columns")

    @property
    def inputs(self) -> int:
        """The column to forecast and the covariates."""
        return 1 + len(self.covariates)

    @property
    def has_files(self) -> bool:
        """Whether the series is the user's."""
        return self.csv is not None

    @property
    def outputs(self) -> int:
        """The horizon."""
        return self.horizon

    @cached_property
    def table(self) -> Columns:
        """The series and its covariates in their own units, (steps, inputs).

        Raises: InputError: with file and line, for a file that cannot be read.
        """
        if self.csv is None:
            values = generated(self.steps, self.seed)[:, None]
            return Columns(values, (), Times.rows(self.steps))
        return self.read(Path(self.csv))

    def read(self, path: Path) -> Columns:
        """Read a file with the settings of this dataset: columns, times, missing values.

        Raises: InputError: with file and line, for a file that cannot be read, and for the
            generated series, whose columns have no names.
        """
        if self.csv is None:
            raise InputError(
                f"{path}: the run was trained on the generated series, whose column has no name; "
                "train on a file: data.csv=FILE data.column=NAME"
            )
        if self.column is None:
            columns = ", ".join(column_names(Path(self.csv)))
            raise InputError(f"data.column is not set; columns: {columns}")
        return read_columns(
            path,
            [self.column, *self.covariates],
            self.time,
            missing=self.missing,
            decimal="," if self.decimal in ("comma", ",") else ".",
        )

    @property
    def values(self) -> Numbers:
        """The series in its own unit, (steps,)."""
        return self.table.values[:, 0]

    def resolve(self, splits: SeriesSplits) -> dict[str, Any]:
        """Warn about missing values and gaps in time; no setting is found in the data."""
        for line in self.table.warnings:
            log.warning("%s", line)
        return {}

    @cached_property
    def spans(self) -> dict[str, range]:
        """Return the positions of each split's targets in the series."""
        count = len(self.values)
        test = count - round(count * self.test_share)
        dev = test - round(count * self.dev_share)
        return {"train": range(dev), "dev": range(dev, test), "test": range(test, count)}

    @cached_property
    def scaling(self) -> Scaling:
        """The scaling fitted to train; `scaling.undo` converts forecasts to the series' unit.

        Raises: InputError: if all values of train are equal.
        """
        return self._scaling(0)

    def load(self) -> SeriesSplits:
        """Read the series and cut its windows.

        Raises: InputError: for a file that cannot be read, or a split without a window.
        """
        starts = {name: self._starts(name) for name in self.spans}
        scaled = self.scale(self.table.values, self._name)
        train, dev, test = (
            windows(scaled, starts[name], self.look_back, self.horizon, relative=self.relative)
            for name in self.spans
        )
        return SeriesSplits(train, dev, test, tests={})

    def errors(self, split: Series, outputs: NDArray[np.float32]) -> dict[str, float]:
        """Return the errors of forecasts in the series' own unit; MASE uses train's naive error.

        Args: outputs: (windows, horizon), scaled as the targets of the split.
        """
        forecast, target = self.scaling.undo(outputs), self.scaling.undo(split.targets)
        return {
            "mae": mae(forecast, target),
            "rmse": rmse(forecast, target),
            "mase": mase(forecast, target, self._train),
        }

    @property
    def unit(self) -> float:
        """The standard deviation by which the series was divided."""
        return self.scaling.deviation

    def baselines(self, split: Series) -> dict[str, dict[str, float]]:
        """Return the errors of the forecasts that need no training, by name."""
        inputs = split.inputs[:, 0].reshape(len(split), self.look_back)
        return {
            "last_value": self.errors(split, last_value(inputs, self.horizon)),
            "seasonal_naive": self.errors(split, self.seasonal_naive(split)),
        }

    def seasonal_naive(self, split: Series) -> NDArray[np.float32]:
        """Forecast the value one season before, (windows, horizon), scaled."""
        inputs = split.inputs[:, 0].reshape(len(split), self.look_back)
        return seasonal_naive(inputs, self.horizon, self.season)

    def joined(self, outputs: NDArray[np.float32]) -> tuple[Numbers, Numbers]:
        """Return test's values and consecutive forecasts of them, in the series' own unit.

        Only every (horizon / stride)-th window is used, so that forecasts do not overlap.

        Args: outputs: (windows, horizon) of test, scaled.
        """
        starts, every = self._starts("test"), max(1, self.horizon // self.stride)
        forecasts = self.scaling.deviation * np.asarray(outputs, dtype=np.float64)
        forecasts += (
            levels(self.values, starts, self.look_back)[:, None]
            if self.relative
            else self.scaling.mean
        )
        first = [start + self.look_back for start in starts[::every]]
        actual = [self.values[target : target + self.horizon] for target in first]
        return np.concatenate(actual), forecasts[::every].ravel()

    @property
    def _train(self) -> Numbers:
        return self.values[: self.spans["train"].stop]

    @property
    def _name(self) -> str:
        return "the generated series" if self.csv is None else self.csv

    def _scaling(self, column: int) -> Scaling:
        """Fit the scaling of a column to train; raise InputError if that is impossible."""
        try:
            return Scaling.of(self.table.values[: self.spans["train"].stop, column])
        except ValueError as error:
            name = f"{self._name}: {self.covariates[column - 1]}" if column else self._name
            raise InputError(f"{name}: train: {error}") from error

    def scale(self, table: Numbers, name: str) -> Numbers:
        """Scale all columns as those of train.

        Args:
            table: (steps, inputs) in the columns' own units.
            name: of its file, for messages.

        Raises: InputError: if a value overflows single precision.
        """
        scaled = np.empty_like(table)
        for column, values in enumerate(table.T):
            scaling = self._scaling(column)
            with np.errstate(over="ignore"):
                scaled[:, column] = scaling.apply(values)
            far = np.flatnonzero(np.abs(scaled[:, column]) > np.finfo(np.float32).max)
            if len(far):
                raise InputError(
                    f"{name}: value {far[0] + 1} is {values[far[0]]:g}, too far from train's "
                    f"mean of {scaling.mean:g} and deviation of {scaling.deviation:g}"
                )
        return scaled

    def _starts(self, name: str) -> range:
        """Return the starts of a split's windows; raise InputError if none or too many fit."""
        span = self.spans[name]
        starts = window_starts(span, self.look_back, self.horizon, self.stride)
        window = f"look_back {self.look_back} and horizon {self.horizon}"
        if not starts:
            raise InputError(
                f"{self._name}: {len(self.values)} values, {len(span)} of them in {name}, are too "
                f"few for a window of {window}; choose smaller ones, or a larger share"
            )
        if len(starts) * (self.look_back + self.horizon) * self.inputs > MAX_NUMBERS:
            raise InputError(
                f"{self._name}: {len(starts)} windows of {window} in {name} are more than "
                f"{MAX_NUMBERS} numbers; choose a larger stride"
            )
        return starts
