"""A run in one picture: how the error fell, and what the model makes of its test set."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

TARGET, OUTPUT, SECOND = "#555555", "#d55e00", "#0072b2"
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
}


def numbers(
    lines: Sequence[Mapping[str, Any]],
    title: str,
    target: NDArray[Any],
    output: NDArray[Any],
    path: Path,
) -> None:
    """Draw the error in training, and a target against what the model said.

    Args:
        lines: an evaluation each, as in `metrics.jsonl`.
        title: of the second panel.
        target: (T,) what was wanted at each step.
        output: (T,) what came.
        path: of the PNG.
    """
    with mpl.rc_context(STYLE):
        figure, curve, panel = _two_panels()
        _curve(curve, lines, "mean squared error")
        steps = np.arange(1, len(target) + 1)
        panel.plot(steps, target, color=TARGET, lw=2.5, alpha=0.6, label="target")
        panel.plot(steps, output, color=OUTPUT, lw=1.2, label="model")
        panel.set(title=title, xlabel="step")
        panel.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
        figure.savefig(path, format="png", dpi=150)


def parts(
    lines: Sequence[Mapping[str, Any]], sets: Mapping[str, Mapping[str, Any]], path: Path
) -> None:
    """Draw the loss in training, and for every set the parts that are right.

    Args:
        lines: an evaluation each, as in `metrics.jsonl`.
        sets: the figures of each set; those of `accuracy` and `exact` are drawn.
        path: of the PNG.
    """
    with mpl.rc_context(STYLE):
        figure, curve, panel = _two_panels()
        _curve(curve, lines, "loss in nats")
        names = list(sets)
        kinds = [kind for kind in ("accuracy", "exact") if kind in sets[names[0]]]
        height = 0.8 / len(kinds)
        for index, (kind, colour) in enumerate(zip(kinds, (SECOND, OUTPUT), strict=False)):
            places = np.arange(len(names)) + (index - (len(kinds) - 1) / 2) * height
            values = [sets[name][kind] for name in names]
            label = "right answers" if kind == "accuracy" else "sequences without a mistake"
            bars = panel.barh(places, values, height * 0.9, color=colour, label=label)
            panel.bar_label(bars, [f"{value:.1%}" for value in values], padding=3, fontsize=8)
        panel.set_yticks(range(len(names)), names)
        panel.invert_yaxis()
        panel.set_xlim(0, 1.12)
        panel.xaxis.set_major_formatter(PercentFormatter(1))
        panel.set_xticks(np.linspace(0, 1, 6))
        panel.set_title("Each test set")
        if len(kinds) > 1:
            panel.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2)
        figure.savefig(path, format="png", dpi=150)


def _two_panels() -> tuple[Figure, Axes, Axes]:
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    curve, panel = figure.subplots(1, 2, width_ratios=(2, 3))
    return figure, curve, panel


def _curve(axes: Axes, lines: Sequence[Mapping[str, Any]], name: str) -> None:
    """The loss at every evaluation, in training and on dev."""
    epochs = [line["epoch"] for line in lines]
    axes.plot(epochs, [line["train_loss"] for line in lines], color=OUTPUT, label="train")
    axes.plot(epochs, [line["dev"]["loss"] for line in lines], color=TARGET, label="dev")
    axes.set(title="Training", xlabel="epoch", ylabel=name, yscale="log")
    axes.legend(frameon=False)
