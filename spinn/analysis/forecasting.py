"""Forecasts of a trained model: of any number of steps, with intervals, from every origin of test.

The first `horizon` steps are the model's output. Further steps are recursive: the forecasts become
the last values of the next input.

Shapes: W windows (origins), N steps ahead, L the look-back, I the column and its covariates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from spinn.data.sequences.baselines import last_value, seasonal_naive
from spinn.data.sequences.column import Columns
from spinn.data.sequences.forecast import Forecast, window_starts
from spinn.data.sequences.series import Series
from spinn.data.sequences.times import Times
from spinn.errors import InputError
from spinn.tasks.sequence_tasks import SequenceRegression
from spinn.text import plural
from spinn.training.batches import Batches
from spinn.training.evaluation import predict_sequences
from spinn.training.loading import Run

Numbers = NDArray[np.float64]
CHUNK = 4096  # windows whose inputs are in memory at once


class Forecaster:
    """Forecasts the next values of windows with the model of a run.

    Args:
        run: of data=forecast; its series is read again for the scale of train.
        batch_size: windows in a batch.
        device: that holds the model.

    Raises: InputError: for a run of other data.
    """

    def __init__(self, run: Run, *, batch_size: int, device: torch.device) -> None:
        if not isinstance(run.dataset, Forecast) or not isinstance(run.task, SequenceRegression):
            raise InputError(
                f"{run.folder.path} was trained on {run.dataset.describe()}; expected a run of "
                "data=forecast"
            )
        self.data, self.name = run.dataset, run.folder.path
        self._task, self._vocabulary = run.task, run.vocabulary
        self._batch_size, self._device = batch_size, device

    def check_steps(self, steps: int) -> None:
        """Raise InputError if there are no forecasts of so many steps."""
        horizon, covariates = self.data.horizon, list(self.data.covariates)
        if steps < 1:
            raise InputError(f"--steps is {steps}; expected 1 or more")
        if covariates and steps > horizon:
            raise InputError(
                f"--steps is {steps}, but {self.name} forecasts {plural(horizon, 'step')} at once "
                f"and has covariates ({', '.join(covariates)}), whose later values are unknown; "
                f"choose --steps {horizon} or fewer, or train with data.horizon={steps}"
            )

    def next_values(self, table: Columns, steps: int, name: str) -> Numbers:
        """Forecast the values that follow the last row of a table, (steps,), in its own unit.

        Args:
            table: values (rows, I) with at least L rows.
            name: of its file, for messages.

        Raises: InputError: if it has too few rows, or a value too far from those of train.
        """
        self.check_steps(steps)
        look_back = self.data.look_back
        if len(table.values) < look_back:
            raise InputError(
                f"{name}: {plural(len(table.values), 'row')}; expected {look_back} or more, as "
                f"many as {self.name} reads for a forecast (data.look_back)"
            )
        scaled = self.data.scale(table.values[-look_back:], name)
        return self.data.scaling.undo(self.forecast(scaled[None], steps)[0])

    def forecast(self, contexts: Numbers, steps: int) -> Numbers:
        """Forecast the values after each context, (W, steps), scaled.

        With a horizon of 2, step 3 is the first output for the context without its first two
        values and with the forecasts of steps 1 and 2 at its end.

        Args: contexts: (W, L, I) scaled by train's scale; the forecast column is the first.

        Raises: InputError: as `check_steps`.
        """
        self.check_steps(steps)
        look_back, horizon = self.data.look_back, self.data.horizon
        found = np.empty((len(contexts), 0))
        while found.shape[1] < steps:
            known = contexts
            if done := found.shape[1]:  # without covariates: I is 1
                known = np.concatenate([contexts[:, :, 0], found], axis=1)[:, done:, None]
            found = np.concatenate([found, self._outputs(known[:, -look_back:])], axis=1)
        assert found.shape[1] - steps < horizon
        return found[:, :steps]

    def origins(self, split: str, steps: int) -> range:
        """Return the positions of the first targets: all N targets lie in the split.

        The distance between two origins is `data.stride`.
        """
        span, data = self.data.spans[split], self.data
        starts = window_starts(span, data.look_back, steps, data.stride)
        return range(starts.start + data.look_back, starts.stop + data.look_back, starts.step)

    def from_origins(self, split: str, steps: int) -> tuple[Numbers, Numbers]:
        """Return the inputs (W, L) and the forecasts (W, steps) of a split, scaled."""
        data = self.data
        scaled = data.scale(data.table.values, str(self.name))
        origins = self.origins(split, steps)
        views = np.lib.stride_tricks.sliding_window_view(scaled, data.look_back, axis=0)
        parts, inputs = [np.empty((0, steps))], [np.empty((0, data.look_back))]
        for chunk in _chunks(origins):
            contexts = views[np.array(chunk) - data.look_back].swapaxes(1, 2)  # (W, L, I)
            parts.append(self.forecast(contexts, steps))
            inputs.append(contexts[:, :, 0])
        return np.concatenate(inputs), np.concatenate(parts)

    def targets(self, split: str, steps: int) -> Numbers:
        """Return the values after each origin of a split, (W, steps), in the series' own unit."""
        first = np.array(self.origins(split, steps), dtype=np.int64)
        targets: Numbers = self.data.values[first[:, None] + np.arange(steps)]
        return targets

    def _outputs(self, contexts: Numbers) -> Numbers:
        """Return the model's output for each context (W, L, I), (W, horizon), scaled."""
        W, L, I = contexts.shape  # noqa: E741 - the shape alphabet
        level = contexts[:, :, 0].mean(axis=1, keepdims=True) if self.data.relative else 0.0
        inputs = contexts.copy()
        inputs[:, :, 0] -= level
        series = Series(
            inputs.reshape(-1, I).astype(np.float32),
            np.full(W, L, dtype=np.int64),
            np.zeros((W, self.data.horizon), dtype=np.float32),
            np.ones(W, dtype=np.int64),
        )
        prepared = self._task.prepare(series, self._vocabulary)
        batches = Batches(prepared, batch_size=self._batch_size)
        outputs = predict_sequences(self._task, batches, self._device).numpy()
        return outputs.astype(np.float64) + level


def _chunks(origins: range) -> Iterator[range]:
    for start in range(0, len(origins), CHUNK):
        yield origins[start : start + CHUNK]


def conformal_radius(residuals: Numbers, level: float) -> Numbers:
    """Return the half width of an interval for each step, (N,), by split conformal prediction.

    The half width is the k-th smallest of n absolute residuals, k = ceil((n + 1) level) (Lei et
    al. 2018, J. of the American Statistical Association 113, algorithm 2). Each step has its own,
    so that `level` holds for a single step and not for all N at once. Residuals of a series depend
    on each other, so that the measured coverage may differ from the level.

    Args: residuals: (n, N) of forecasts that did not fit the model, signed or absolute.

    Raises: ValueError: if the level is not between 0 and 1, or if k is larger than n.
    """
    if not 0 < level < 1:
        raise ValueError(f"{level:g}; expected a number between 0 and 1")
    n = len(residuals)
    k = math.ceil((n + 1) * level - 1e-9)  # 10 * 0.7 is larger than 7 in floating point
    if k > n:
        needed = math.ceil(level / (1 - level) - 1e-9)
        raise ValueError(f"an interval of {level:g} needs {needed} forecasts on dev; found {n}")
    radius: Numbers = np.sort(np.abs(residuals), axis=0)[k - 1]
    return radius


class Intervals(NamedTuple):
    """Prediction intervals: forecast ± radius.

    Attributes:
        level: the share of values that should lie inside.
        radius: (N,) of each step ahead, in the series' own unit.
        origins: forecasts on dev, whose residuals give the radius.
    """

    level: float
    radius: Numbers
    origins: int


def dev_intervals(forecaster: Forecaster, steps: int, level: float) -> Intervals:
    """Compute intervals from the forecasts of all origins in dev, made as those of the user.

    Raises: InputError: if the level is out of range, or dev has too few origins.
    """
    target = forecaster.targets("dev", steps)
    forecast = forecaster.data.scaling.undo(forecaster.from_origins("dev", steps)[1])
    try:
        radius = conformal_radius(target - forecast, level)
    except ValueError as error:
        hint = "" if not 0 < level < 1 else f" of {plural(steps, 'step')}; choose fewer --steps"
        raise InputError(f"--interval: {error}{hint}") from error
    return Intervals(level, radius, len(target))


@dataclass(frozen=True, kw_only=True)
class WalkForward:
    """Forecasts of N steps from each of W origins in test, in the series' own unit.

    Attributes:
        origins: (W,) positions in the series of the first target of each forecast.
        actual: (W, N) the values.
        forecasts: (W, N) of the model, and of `last_value` and `seasonal_naive`, by name.
        intervals: of the model's forecasts; None without them.
    """

    MODEL: ClassVar[str] = "model"

    origins: NDArray[np.int64]
    actual: Numbers
    forecasts: dict[str, Numbers]
    intervals: Intervals | None

    @property
    def forecast(self) -> Numbers:
        """(W, N) of the model."""
        return self.forecasts[self.MODEL]

    def inside(self) -> NDArray[np.bool_] | None:
        """Return whether each value lies in its interval, (W, N); None without intervals."""
        if self.intervals is None:
            return None
        return np.abs(self.actual - self.forecast) <= self.intervals.radius

    def coverage(self) -> float | None:
        """Return the share of values in their intervals; None without intervals or origins."""
        inside = self.inside()
        return None if inside is None or not inside.size else float(inside.mean())

    def errors(self) -> list[dict[str, Any]]:
        """Return a row for each step ahead, and one for all: errors by forecast, and coverage."""
        steps = self.actual.shape[1]
        inside = self.inside()
        columns = [slice(step, step + 1) for step in range(steps)] + [slice(None)]
        rows = []
        for number, column in enumerate(columns, 1):
            row: dict[str, Any] = {"step": number if number <= steps else "all"}
            for name, forecast in self.forecasts.items():
                error = self.actual[:, column] - forecast[:, column]
                row[f"{name} MAE"] = float(np.abs(error).mean())
                row[f"{name} RMSE"] = float(np.sqrt(np.square(error).mean()))
            if inside is not None:
                row["coverage"] = float(inside[:, column].mean())
            rows.append(row)
        return rows

    def rows(self, times: Times) -> Iterator[dict[str, Any]]:
        """Yield a row for each origin and step.

        Args: times: of the series. The origin is the time of the last known value.
        """
        texts = times.texts()
        for place, origin in enumerate(self.origins.tolist()):
            for step in range(self.actual.shape[1]):
                forecast = float(self.forecast[place, step])
                yield {
                    "date": texts[origin + step],
                    "origin": texts[origin - 1],
                    "step": step + 1,
                    "actual": rounded(self.actual[place, step]),
                    **interval_row(forecast, self.intervals, step),
                }


def interval_row(forecast: float, found: Intervals | None, step: int) -> dict[str, float | None]:
    """Return a forecast and the ends of its interval, None without one; step counts from 0."""
    radius = None if found is None else float(found.radius[step])
    return {
        "forecast": rounded(forecast),
        "lower": None if radius is None else rounded(forecast - radius),
        "upper": None if radius is None else rounded(forecast + radius),
    }


def rounded(value: float) -> float:
    """Return a number with eight significant digits: forecasts have single precision."""
    return float(f"{float(value):.8g}")


def walk_forward(forecaster: Forecaster, steps: int, found: Intervals | None) -> WalkForward:
    """Forecast from every origin in test.

    Args: found: the intervals of forecasts of so many steps; None for none.

    Raises: InputError: as `Forecaster.check_steps`.
    """
    forecaster.check_steps(steps)
    data = forecaster.data
    inputs, scaled = forecaster.from_origins("test", steps)
    forecasts = {
        WalkForward.MODEL: scaled,
        "last_value": last_value(inputs, steps),
        "seasonal_naive": seasonal_naive(inputs, steps, data.season),
    }
    return WalkForward(
        origins=np.array(forecaster.origins("test", steps), dtype=np.int64),
        actual=forecaster.targets("test", steps),
        forecasts={name: data.scaling.undo(values) for name, values in forecasts.items()},
        intervals=found,
    )
