"""A run in one picture: how the error fell, and what the model makes of its test set."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
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
        figure, curve, panel = _panels(4, 6)
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
    """Draw the loss in training, for every set the parts that are right, and those by step.

    Args:
        lines: an evaluation each, as in `metrics.jsonl`.
        sets: the figures of each set; those of `accuracy` and `exact` are drawn, and a line of
            `accuracy_by_step` where a set's answers have several steps.
        path: of the PNG.
    """
    by_step = {name: figures.get("accuracy_by_step", []) for name, figures in sets.items()}
    by_step = {name: values for name, values in by_step.items() if len(values) > 1}
    with mpl.rc_context(STYLE):
        figure, curve, panel, *steps = _panels(*((4, 5, 5) if by_step else (4, 6)))
        _curve(curve, lines, "loss in nats")
        _bars(panel, sets)
        for axes in steps:
            _by_step(axes, by_step)
        figure.savefig(path, format="png", dpi=150)


def _panels(*widths: int) -> tuple[Any, ...]:
    """A figure and its panels from left to right, so many inches wide."""
    figure = Figure(figsize=(sum(widths), 3.6), layout="constrained")
    return figure, *figure.subplots(1, len(widths), width_ratios=widths)


def _bars(axes: Axes, sets: Mapping[str, Mapping[str, Any]]) -> None:
    """The parts of each set that are right."""
    names = list(sets)
    kinds = [kind for kind in ("accuracy", "exact") if kind in sets[names[0]]]
    height = 0.8 / len(kinds)
    for index, (kind, colour) in enumerate(zip(kinds, (SECOND, OUTPUT), strict=False)):
        places = np.arange(len(names)) + (index - (len(kinds) - 1) / 2) * height
        values = [sets[name][kind] for name in names]
        label = "right answers" if kind == "accuracy" else "sequences without a mistake"
        bars = axes.barh(places, values, height * 0.9, color=colour, label=label)
        axes.bar_label(bars, [f"{value:.1%}" for value in values], padding=3, fontsize=8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.12)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_title("Each test set")
    if len(kinds) > 1:
        axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2)


def _by_step(axes: Axes, sets: Mapping[str, Sequence[float]]) -> None:
    """The part of the answers that is right at the first step, the second, and so on."""
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.9, len(sets)))
    for index, (name, values) in enumerate(sets.items()):
        steps = np.arange(1, len(values) + 1)
        (line,) = axes.plot(steps, values, color=colours[index], label=name)
        # Each is wider than the one on top of it, so that those of equal sets are all seen.
        line.set(linewidth=1 + 0.8 * index, zorder=2 - index / 100)
    axes.set(title="Right answers by step", xlabel="step", ylim=(-0.02, 1.02))
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)


def _curve(axes: Axes, lines: Sequence[Mapping[str, Any]], name: str) -> None:
    """The loss at every evaluation, in training and on dev."""
    epochs = [line["epoch"] for line in lines]
    axes.plot(epochs, [line["train_loss"] for line in lines], color=OUTPUT, label="train")
    axes.plot(epochs, [line["dev"]["loss"] for line in lines], color=TARGET, label="dev")
    axes.set(title="Training", xlabel="epoch", ylabel=name, yscale="log")
    axes.legend(frameon=False)
