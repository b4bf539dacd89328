"""Baseline forecasts and error measures, computed by hand."""

import math

import numpy as np
import pytest

from spinn.data.sequences.baselines import last_value, mae, mase, naive_error, rmse, seasonal_naive

INPUTS = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])


def test_the_last_value_repeats() -> None:
    np.testing.assert_array_equal(last_value(INPUTS, 3), [[4, 4, 4], [8, 8, 8]])


@pytest.mark.parametrize(
    ("season", "horizon", "expected"),
    [
        (1, 2, [[4, 4], [8, 8]]),
        (3, 2, [[2, 3], [6, 7]]),
        (3, 5, [[2, 3, 4, 2, 3], [6, 7, 8, 6, 7]]),
        (4, 1, [[1], [5]]),
    ],
)
def test_the_last_season_repeats(season: int, horizon: int, expected: list) -> None:
    np.testing.assert_array_equal(seasonal_naive(INPUTS, horizon, season), expected)


@pytest.mark.parametrize("season", [0, 5])
def test_a_season_longer_than_the_window_is_an_error(season: int) -> None:
    with pytest.raises(ValueError, match=f"season is {season}; expected 1 to the look-back, 4"):
        seasonal_naive(INPUTS, 2, season)


def test_errors_by_hand() -> None:
    predicted, target = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[2.0, 2.0], [0.0, 8.0]])
    assert mae(predicted, target) == (1 + 0 + 3 + 4) / 4
    assert rmse(predicted, target) == math.sqrt((1 + 0 + 9 + 16) / 4)
    train = np.array([1.0, 3.0, 2.0, 7.0])
    assert naive_error(train) == (2 + 1 + 5) / 3
    assert mase(predicted, target, train) == pytest.approx(2 / (8 / 3))


def test_the_last_value_scores_one_on_its_own_training_series() -> None:
    train = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0])
    assert mase(last_value(train[:-1, None], 1), train[1:, None], train) == 1


@pytest.mark.parametrize("train", [[], [2.0], [2.0, 2.0, 2.0]])
def test_a_constant_series_has_no_scale(train: list[float]) -> None:
    with pytest.raises(ValueError, match=rf"a constant series of {len(train)} value\(s\)"):
        naive_error(np.array(train))


def test_shapes_are_not_broadcast() -> None:
    for error in (mae, rmse):
        with pytest.raises(ValueError, match=r"forecasts \(2, 1\) and targets \(2, 2\)"):
            error(np.zeros((2, 1)), np.zeros((2, 2)))
