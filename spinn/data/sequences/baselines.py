"""Forecasts that need no training, and error measures of forecasts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]


def last_value(inputs: Numbers, horizon: int) -> Numbers:
    """Forecast the last input value for every step.

    Args: inputs: (windows, look_back).
    Returns: (windows, horizon).
    """
    return np.repeat(inputs[:, -1:], horizon, axis=1)


def seasonal_naive(inputs: Numbers, horizon: int, season: int) -> Numbers:
    """Forecast the value one season before; the last season repeats if the horizon is longer.

    Args: inputs: (windows, look_back); season: in steps.
    Returns: (windows, horizon).
    Raises: ValueError: if the season is longer than the windows.
    """
    if not 1 <= season <= inputs.shape[1]:
        raise ValueError(f"season is {season}; expected 1 to the look-back, {inputs.shape[1]}")
    return inputs[:, inputs.shape[1] - season + np.arange(horizon) % season]


def mae(predicted: Numbers, target: Numbers) -> float:
    """Mean absolute error, over all windows and steps.

    Raises: ValueError: if the shapes differ.
    """
    return float(np.abs(_errors(predicted, target)).mean())


def rmse(predicted: Numbers, target: Numbers) -> float:
    """Root of the mean squared error, over all windows and steps.

    Raises: ValueError: if the shapes differ.
    """
    return float(np.sqrt(np.square(_errors(predicted, target)).mean()))


def naive_error(train: Numbers) -> float:
    """Mean absolute error of the last value as a one-step forecast, in the training series.

    Args: train: (steps,), in order.
    Raises: ValueError: if the series has fewer than two values, or is constant.
    """
    error = float(np.abs(np.diff(train)).mean()) if len(train) > 1 else 0.0
    if error == 0:
        raise ValueError(f"a constant series of {len(train)} value(s); expected one that changes")
    return error


def mase(predicted: Numbers, target: Numbers, train: Numbers) -> float:
    """Mean absolute scaled error (Hyndman & Koehler 2006, Int. J. of Forecasting 22, section 3).

    Below 1, the error is smaller than the one-step error of the last value in training. A good
    forecast over many steps may still be above 1.

    Args: train: (steps,), the training series, in the same unit.
    Raises: ValueError: if the shapes differ, or the training series is constant.
    """
    return mae(predicted, target) / naive_error(train)


def _errors(predicted: Numbers, target: Numbers) -> Numbers:
    """Subtract without broadcasting."""
    if predicted.shape != target.shape:
        raise ValueError(
            f"forecasts {predicted.shape} and targets {target.shape}; expected one shape"
        )
    return np.asarray(predicted, dtype=np.float64) - target
