"""Forecasts of a run, against loops over single windows; intervals, against counting."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import DictConfig

from spinn.analysis.forecasting import (
    Forecaster,
    Intervals,
    WalkForward,
    conformal_radius,
    dev_intervals,
    walk_forward,
)
from spinn.batch.sentences import Sentences
from spinn.data.sequences.baselines import mae
from spinn.data.sequences.forecast import Forecast
from spinn.data.sequences.times import Times
from spinn.errors import InputError
from spinn.tasks.sequence_tasks import SequenceRegression
from spinn.training.loading import Run, load_run
from spinn.training.run import train

Compose = Callable[..., DictConfig]
SMALL = [
    "data=forecast", "data.steps=120", "data.look_back=6", "data.horizon=3", "data.season=4",
    "model=gru", "model.hidden_size=4", "trainer.epochs=1", "trainer.threads=1",
]  # fmt: skip


def trained(composed: Compose, folder: Path, *overrides: str) -> Run:
    train(composed(*SMALL, *overrides, f"hydra.run.dir='{folder}'"))
    return load_run(folder)


def forecaster(run: Run) -> Forecaster:
    return Forecaster(run, batch_size=7, device=torch.device("cpu"))


def by_hand(run: Run, known: list[list[float]], steps: int) -> list[float]:
    """Forecast one window by the definition, in the series' unit: known has a row per column."""
    data, task = run.dataset, run.task
    assert isinstance(data, Forecast)
    assert isinstance(task, SequenceRegression)
    rows = [list(column) for column in known]
    stop = data.spans["train"].stop
    found: list[float] = []
    while len(found) < steps:
        columns = []
        for column, values in enumerate(rows):
            fitted = data.table.values[:stop, column]
            columns.append((np.array(values[-data.look_back :]) - fitted.mean()) / fitted.std())
        level = columns[0].mean() if data.relative else 0.0
        columns[0] = columns[0] - level
        inputs = torch.tensor(np.stack(columns, axis=1), dtype=torch.float32)  # (L, I)
        with torch.no_grad():
            sentences = Sentences.from_vectors(inputs, np.array([data.look_back]))
            outputs = task.head(task.encoder(sentences).sentence)[0]
        fitted = data.values[:stop]
        forecasts = [(float(value) + level) * fitted.std() + fitted.mean() for value in outputs]
        found += forecasts
        rows[0] += forecasts
    return found[:steps]


@pytest.mark.parametrize("relative", ["true", "false"])
def test_forecasts_are_those_of_single_windows(
    relative: str, composed: Compose, tmp_path: Path
) -> None:
    run = trained(composed, tmp_path / "a run", f"data.relative={relative}", "data.stride=2")
    forecasts = forecaster(run)
    data = forecasts.data
    for steps in (1, 3, 4, 8):  # direct, then recursive
        expected = by_hand(run, [data.values.tolist()], steps)
        found = forecasts.next_values(data.table, steps, "it")
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        origins = forecasts.origins("test", steps)
        span = data.spans["test"]
        assert origins == range(span.start, span.stop - steps + 1, 2)
        measured = walk_forward(forecasts, steps, None)
        for place, origin in enumerate(origins):
            expected = by_hand(run, [data.values[:origin].tolist()], steps)
            np.testing.assert_allclose(measured.forecast[place], expected, rtol=1e-5)
            np.testing.assert_array_equal(
                measured.actual[place], data.values[origin : origin + steps]
            )
            last = data.values[origin - 1]
            np.testing.assert_allclose(measured.forecasts["last_value"][place], last)
            season = [data.values[origin - 4 + step % 4] for step in range(steps)]
            np.testing.assert_allclose(measured.forecasts["seasonal_naive"][place], season)


def test_forecasts_of_the_horizon_have_the_errors_of_the_results(
    composed: Compose, tmp_path: Path
) -> None:
    run = trained(composed, tmp_path / "run")
    found = walk_forward(forecaster(run), 3, None)
    expected = run.folder.read_results()["test"]["mae"]
    assert mae(found.forecast, found.actual) == pytest.approx(expected, rel=1e-5)


def test_covariates_are_read_up_to_the_horizon(composed: Compose, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    path = tmp_path / "my series.csv"
    rows = "".join(f"{a:.3f},{b:.3f}\n" for a, b in rng.normal(size=(120, 2)))
    path.write_text("a,b\n" + rows)
    run = trained(
        composed, tmp_path / "run", f"data.csv='{path}'", "data.column=a", "data.covariates=[b]"
    )
    forecasts = forecaster(run)
    data = forecasts.data
    found = forecasts.next_values(data.table, 3, "it")
    np.testing.assert_allclose(found, by_hand(run, data.table.values.T.tolist(), 3), rtol=1e-4)
    with pytest.raises(InputError, match=r"is 4, but .* forecasts 3 steps at once and has "):
        forecasts.next_values(data.table, 4, "it")


def test_the_radius_is_the_k_th_smallest_residual() -> None:
    residuals = np.array([[3.0, 1], [-1, 1], [2, -5], [-4, 2]])
    # n = 4: k = ceil(5 * 0.6) = 3 and ceil(5 * 0.61) = 4.
    assert conformal_radius(residuals, 0.6).tolist() == [3, 2]
    assert conformal_radius(residuals, 0.61).tolist() == [4, 5]
    assert conformal_radius(np.arange(9.0)[:, None], 0.9).tolist() == [8]
    assert conformal_radius(np.arange(9.0)[:, None], 0.7).tolist() == [6]  # 10 * 0.7 is 7
    with pytest.raises(ValueError, match=r"an interval of 0\.9 needs 9 forecasts on dev; found 8"):
        conformal_radius(np.arange(8.0)[:, None], 0.9)
    for level in (0.0, 1.0, -0.5, float("nan")):
        with pytest.raises(ValueError, match="expected a number between 0 and 1"):
            conformal_radius(residuals, level)


def test_intervals_hold_their_level_for_exchangeable_residuals() -> None:
    """With n residuals, the probability to be inside is k / (n + 1) exactly."""
    rng = np.random.default_rng(1)
    drawn = rng.standard_t(3, size=(20, 20_000))
    inside = np.abs(drawn[0]) <= conformal_radius(drawn[1:], 0.8)  # k = 16 of 19
    assert inside.mean() == pytest.approx(0.8, abs=0.01)


def test_intervals_come_from_dev_and_are_counted_on_test(composed: Compose, tmp_path: Path) -> None:
    run = trained(composed, tmp_path / "run")
    forecasts = forecaster(run)
    data = forecasts.data
    found = dev_intervals(forecasts, 4, 0.75)
    residuals = []
    for origin in range(84, 102 - 4 + 1):
        forecast = by_hand(run, [data.values[:origin].tolist()], 4)
        residuals.append(np.abs(data.values[origin : origin + 4] - forecast))
    assert (found.origins, found.level) == (15, 0.75)
    expected = np.sort(residuals, axis=0)[12 - 1]  # ceil(16 * 0.75)
    np.testing.assert_allclose(found.radius, expected, rtol=1e-4)
    measured = walk_forward(forecasts, 4, found)
    inside = [
        abs(actual - forecast) <= radius
        for actuals, forecasts_ in zip(measured.actual, measured.forecast, strict=True)
        for actual, forecast, radius in zip(actuals, forecasts_, found.radius, strict=True)
    ]
    assert measured.coverage() == pytest.approx(sum(inside) / len(inside))
    with pytest.raises(InputError, match=r"an interval of 0\.99 needs 99 forecasts on dev"):
        dev_intervals(forecasts, 4, 0.99)


def test_errors_by_step_and_rows() -> None:
    measured = WalkForward(
        origins=np.array([2, 3]),
        actual=np.array([[1.0, 2], [2, 4]]),
        forecasts={"model": np.array([[1.0, 4], [4, 4]]), "last_value": np.zeros((2, 2))},
        intervals=Intervals(0.5, np.array([1.0, 2]), 9),
    )
    first, second, both = measured.errors()
    assert first == {
        "step": 1, "model MAE": 1, "model RMSE": 2**0.5, "last_value MAE": 1.5,
        "last_value RMSE": 2.5**0.5, "coverage": 0.5,
    }  # fmt: skip
    assert (second["step"], second["model MAE"], second["coverage"]) == (2, 1, 1)
    assert (both["step"], both["model MAE"], both["coverage"]) == ("all", 1, 0.75)
    rows = list(measured.rows(Times.rows(6)))
    assert rows[1] == {
        "date": "4", "origin": "2", "step": 2, "actual": 2, "forecast": 4, "lower": 2, "upper": 6,
    }  # fmt: skip
    assert [row["date"] for row in rows] == ["3", "4", "4", "5"]
