"""The figure of a forecast: its lines, its interval and its axis of times."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.dates import ConciseDateFormatter, num2date

from spinn.analysis.forecast_plot import ForecastPanel, forecast_figure

mpl.use("agg")


def panel(times: Any, count: int, **changed: Any) -> ForecastPanel:
    values = np.arange(5.0)
    arguments: dict[str, Any] = {
        "times": times[:5], "values": values, "next_times": times[5 : 5 + count],
        "forecast": values[:count] + 5, "lower": values[:count] + 4, "upper": values[:count] + 6,
        "level": 0.9, "name": "a value", "time": "day", **changed,
    }  # fmt: skip
    return ForecastPanel(**arguments)


@pytest.mark.parametrize("count", [1, 3])
def test_dates_are_on_the_x_axis(count: int) -> None:
    days = np.arange("2024-02-26", "2024-03-12", dtype="datetime64[D]").astype("datetime64[us]")
    figure = forecast_figure(panel(days, count))
    (axes,) = figure.axes
    figure.canvas.draw()
    assert isinstance(axes.xaxis.get_major_formatter(), ConciseDateFormatter)
    known, forecast = axes.lines[:2]
    first = num2date(axes.convert_xunits(forecast.get_xdata()[0]))
    assert (first.year, first.month, first.day) == (2024, 3, 2)
    assert known.get_ydata().tolist() == [0, 1, 2, 3, 4]
    assert forecast.get_ydata().tolist() == [5, 6, 7][:count]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("day", "a value")
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == ["known", "forecast", "90% interval"]


def test_a_forecast_without_interval_has_row_numbers() -> None:
    figure = forecast_figure(panel(np.arange(10.0), 3, lower=None, upper=None, level=None))
    (axes,) = figure.axes
    figure.canvas.draw()
    assert len(axes.collections) == 0
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert "4" in labels
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["known", "forecast"]
