"""A forecast in one picture: the last known values, the next ones, and their interval."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from spinn.analysis.comparison.drawing import STYLE
from spinn.analysis.plots import OUTPUT, TARGET


@dataclass(frozen=True, kw_only=True)
class ForecastPanel:
    """The last T values of a series, and the forecast of the next N.

    Attributes:
        times, values: (T,) of the known values: numbers or datetime64, and values.
        next_times, forecast: (N,) of the forecast.
        lower, upper: (N,) the ends of its interval; None without one.
        level: of the interval; None without one.
        name: of the quantity.
        time: the name of the times.
    """

    times: NDArray[Any]
    values: NDArray[Any]
    next_times: NDArray[Any]
    forecast: NDArray[Any]
    lower: NDArray[Any] | None
    upper: NDArray[Any] | None
    level: float | None
    name: str
    time: str


def draw_forecast(panel: ForecastPanel, path: Path, form: str) -> None:
    """Draw a forecast.

    Args: form: of the file: png or pdf.
    """
    with mpl.rc_context(STYLE):
        forecast_figure(panel).savefig(path, format=form, dpi=150)


def forecast_figure(panel: ForecastPanel) -> Figure:
    """Return the figure of a forecast."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        axes = figure.subplots()
        marker = "o" if len(panel.forecast) == 1 else ""  # a line of one point is invisible
        axes.plot(panel.times, panel.values, color=TARGET, label="known")
        axes.plot(panel.next_times, panel.forecast, color=OUTPUT, marker=marker, label="forecast")
        if panel.lower is not None and panel.upper is not None:
            label = f"{panel.level:.0%} interval" if panel.level else "interval"
            if len(panel.forecast) == 1:
                radius = (panel.upper - panel.lower) / 2
                axes.errorbar(
                    panel.next_times, panel.forecast, yerr=radius, color=OUTPUT, label=label
                )
            else:
                axes.fill_between(
                    panel.next_times, panel.lower, panel.upper, color=OUTPUT, alpha=0.2,
                    linewidth=0, label=label,
                )  # fmt: skip
        axes.set(ylabel=panel.name, xlabel=panel.time, title="Forecast")
        _label_times(axes, panel.next_times)
        axes.legend(frameon=False)
        return figure


def _label_times(axes: Axes, times: NDArray[Any]) -> None:
    """Label the x axis with dates, or with numbers."""
    if times.dtype.kind == "M":
        locator = AutoDateLocator()  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(formatter)
    else:
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
        axes.ticklabel_format(axis="x", useOffset=False, style="plain")
