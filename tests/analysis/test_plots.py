"""The content of a run's picture."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from run_folders import write_run

from spinn.analysis import plots
from spinn.analysis.comparison.breakdowns import breakdown
from spinn.analysis.comparison.comparison import compare
from spinn.analysis.comparison.records import find_runs
from spinn.text import printable

SVG_TEXT = "{http://www.w3.org/2000/svg}text"

LINES = [{"epoch": epoch, "train_loss": 1 / epoch, "dev": {"loss": 2 / epoch}} for epoch in (1, 2)]


def lines_of(epochs: int, last: float) -> list[dict[str, Any]]:
    """Evaluations of a loss that falls from 1 to the last."""
    losses = np.linspace(1, last, epochs)
    return [
        {"epoch": epoch, "train_loss": loss, "dev": {"loss": loss}}
        for epoch, loss in enumerate(losses, 1)
    ]


def ticks_of(axis: Axis) -> list[float]:
    """Where an axis has labels."""
    low, high = sorted(axis.get_view_interval())
    return [tick for tick in axis.get_majorticklocs() if low <= tick <= high]


def labels_of(axis: Axis) -> list[str]:
    return axis.get_major_formatter().format_ticks(ticks_of(axis))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved."""
    figures: list[Figure] = []
    save = Figure.savefig

    def keep(figure: Figure, *arguments: Any, **options: Any) -> None:
        figures.append(figure)
        save(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    return figures


def test_accuracy_by_step_is_a_line_for_each_set_that_has_it(
    drawn: list[Figure], tmp_path: Path
) -> None:
    sets = {
        "dev": {"accuracy": 0.75, "exact": 0.5, "accuracy_by_step": [1.0, 0.5]},
        "test": {"accuracy": 0.5, "exact": 0.0, "accuracy_by_step": [0.5]},
        "test_longer": {"accuracy": 0.5, "exact": 0.25, "accuracy_by_step": [1.0, 0.5, 0.0]},
    }
    plots.draw_results(LINES, sets, tmp_path / "run.png")
    _, bars, steps = drawn[0].axes
    assert [label.get_text() for label in bars.get_yticklabels()] == list(sets)
    lines = {line.get_label(): line for line in steps.lines}
    assert list(lines) == ["dev", "test_longer"]
    assert lines["dev"].get_xydata().tolist() == [[1, 1], [2, 0.5]]
    assert lines["test_longer"].get_xydata().tolist() == [[1, 1], [2, 0.5], [3, 0]]
    colours = [mpl.colors.to_hex(line.get_color()) for line in lines.values()]
    assert len(set(colours)) == len(colours)
    under, over = lines["test_longer"], lines["dev"]
    assert under.get_linewidth() > over.get_linewidth()
    assert under.get_zorder() < over.get_zorder()


@pytest.mark.parametrize("metrics", [{"accuracy_by_step": [0.5]}, {"exact": 0.5}, {}])
def test_outputs_of_one_step_need_no_panel(
    metrics: dict[str, Any], drawn: list[Figure], tmp_path: Path
) -> None:
    plots.draw_results(LINES, {"test": {"accuracy": 0.5, **metrics}}, tmp_path / "run.png")
    assert len(drawn[0].axes) == 2


@pytest.mark.parametrize(
    ("metrics", "label", "legend"),
    [
        ({"accuracy": 0.5}, "accuracy", []),
        ({"exact": 0.5}, "exact match", []),
        ({"accuracy": 0.5, "exact": 0.2}, "accuracy / exact match", ["accuracy", "exact match"]),
        (
            {"accuracy": 0.5, "node_accuracy": 0.7},
            "root accuracy / accuracy of all nodes",
            ["root accuracy", "accuracy of all nodes"],
        ),
        ({"pearson": 0.8, "spearman": -0.2}, "Pearson / Spearman", ["Pearson", "Spearman"]),
        ({"pearson": None, "spearman": None}, "Pearson / Spearman", ["Pearson", "Spearman"]),
        ({"rouge": 0.5, "loss": 3.0}, "loss", []),
    ],
)
def test_bars_name_their_metrics(
    metrics: dict[str, Any], label: str, legend: list[str], drawn: list[Figure], tmp_path: Path
) -> None:
    plots.draw_results(LINES, {"test": metrics}, tmp_path / "run.png")
    panel = drawn[0].axes[1]
    assert panel.get_xlabel() == label
    box = panel.get_legend()
    assert [text.get_text() for text in box.get_texts()] == legend if legend else box is None


CLASSES = {
    "accuracy": 0.6,
    "confusion": {"labels": ["yes_$x^$", "no"], "counts": [[40, 10], [30, 20]]},
}


def test_a_line_is_at_the_share_of_the_majority_class(drawn: list[Figure], tmp_path: Path) -> None:
    other = {"labels": ["a", "b"], "counts": [[10, 15], [25, 50]]}
    sets = {"dev": CLASSES, "test": {"accuracy": 0.6, "confusion": other}}
    plots.draw_results(LINES, sets, tmp_path / "run.png")
    bars = drawn[0].axes[1]
    (lines,) = [each for each in bars.collections if each.get_label() == plots.CHANCE]
    (dev, test) = lines.get_segments()
    assert dev.tolist() == [[0.5, -0.4], [0.5, 0.4]]
    assert test.tolist() == [[0.75, 0.6], [0.75, 1.4]]
    matrix = drawn[0].axes[2]
    assert matrix.get_title("left") == "Confusion on test"
    assert [text.get_text() for text in matrix.texts] == [
        "40%\n10",
        "60%\n15",
        "33%\n25",
        "67%\n50",
    ]


HOSTILE = ["_test_$x^$", "test_<&%\n", "test_\x1b[31m", "$\\frac$"]


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_every_name_is_drawn_as_it_is(suffix: str, tmp_path: Path) -> None:
    results = CLASSES | {"accuracy_by_step": [1.0, 0.5]}
    path = tmp_path / f"run.{suffix}"
    bins = {
        "by": "$length_", "title": "$length_", "metric": "accuracy", "sets": HOSTILE,
        "ordered": True, "bins": [{"label": name, "examples": 3} for name in HOSTILE],
        "rows": [{"name": "run", "bins": [{"mean": 0.5, "interval": None}] * len(HOSTILE)}],
    }  # fmt: skip
    plots.draw_results(
        LINES, dict.fromkeys(HOSTILE, results), path, title="$m_ on <&", bins=[bins], suffix=suffix
    )
    panel_data = plots.OutputPanel(
        title="A", target=np.ones(3), output=np.zeros(3), name="price in $_\x1b"
    )
    plots.draw_regression(
        LINES, panel_data, tmp_path / f"numbers.{suffix}", title="$\x1b", suffix=suffix
    )
    if suffix != "svg":
        return
    texts = {"".join(each.itertext()) for each in ElementTree.parse(path).iter(SVG_TEXT)}
    assert {*map(printable, HOSTILE), "yes_$x^$", "$m_ on <&", "$length_"} <= texts
    numbers = ElementTree.parse(tmp_path / "numbers.svg")
    assert "price in $_\\x1b" in {"".join(each.itertext()) for each in numbers.iter(SVG_TEXT)}


def test_rows_have_their_mean_and_interval_over_seeds(drawn: list[Figure], tmp_path: Path) -> None:
    gold = np.arange(60) % 3
    for number, (model, seed, right) in enumerate(
        [("lstm", 1, 30), ("lstm", 2, 36), ("treelstm", 1, 48)]
    ):
        predicted = np.where(np.arange(60) < right, gold, (gold + 1) % 3)
        columns = {"gold": gold, "predicted": predicted, "words": np.arange(60) // 30 + 1}
        sets = {"dev": columns, "test_$x": columns}
        write_run(tmp_path / str(number), sets, model=model, seed=seed, curve=[0.4, right / 60])
    comparison = compare(find_runs([tmp_path])[0])
    bins = [breakdown(comparison, "length", ["test_$x"])]
    plots.draw_rows(comparison, tmp_path / "rows.svg", bins=bins, suffix="svg")
    figure = drawn[0]
    curves, sets, length, *matrices = figure.axes
    assert [line.get_ydata()[-1] for line in curves.lines] == pytest.approx([0.55, 0.8])
    marked = [line for line in sets.lines if line.get_marker() in ("o", "s")]
    assert [line.get_xdata().tolist() for line in marked] == [
        pytest.approx([0.55, 0.55]),
        pytest.approx([0.8, 0.8]),
    ]
    assert len([each for each in sets.collections if each.get_label() == plots.CHANCE]) == 1
    means = [line.get_ydata().tolist() for line in length.lines if line.get_marker() in ("o", "s")]
    assert means == [pytest.approx([1.0, 0.1]), pytest.approx([1.0, 0.6])]
    assert [axes.get_title("left") for axes in matrices] == ["lstm", "treelstm"]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["lstm (2 seeds)", "treelstm (seed 1)", plots.CHANCE]
    texts = {
        "".join(each.itertext()) for each in ElementTree.parse(tmp_path / "rows.svg").iter(SVG_TEXT)
    }
    assert {"test_$x", "Confusion on test_$x"} <= texts


def test_correlations_below_zero_are_in_the_panel(drawn: list[Figure], tmp_path: Path) -> None:
    sets = {"dev": {"pearson": None, "spearman": -0.5}, "test": {"pearson": 0.25, "spearman": 0.5}}
    plots.draw_results(LINES, sets, tmp_path / "run.png")
    curve, panel = drawn[0].axes
    assert panel.get_xlim()[0] < -0.5
    texts = [text.get_text() for text in panel.texts]
    assert texts == ["undefined", "0.250", "-0.500", "0.500"]
    assert curve.get_ylabel() == "loss"


@pytest.mark.parametrize("epochs", [1, 2, 4, 20, 500])
def test_epochs_are_whole_numbers(epochs: int, drawn: list[Figure], tmp_path: Path) -> None:
    plots.draw_results(lines_of(epochs, 0.5), {"test": {"accuracy": 0.5}}, tmp_path / "run.png")
    curve = drawn[0].axes[0]
    ticks = ticks_of(curve.xaxis)
    assert ticks
    assert all(float(tick).is_integer() for tick in ticks)
    assert [line.get_marker() for line in curve.lines] == ["o" if epochs == 1 else ""] * 2


@pytest.mark.parametrize(
    ("last", "labels"),
    [(0.5, ["0.5", "0.6", "0.7", "0.8", "0.9", "1"]), (0.04, ["0.05", "0.1", "0.2", "0.5", "1"])],
)
def test_a_loss_that_spans_few_decades_has_readable_labels(
    last: float, labels: list[str], drawn: list[Figure], tmp_path: Path
) -> None:
    plots.draw_results(lines_of(5, last), {"test": {"accuracy": 0.5}}, tmp_path / "run.png")
    axis = drawn[0].axes[0].yaxis
    assert set(labels) <= set(labels_of(axis))
    assert not any(label.get_text() for label in axis.get_minorticklabels())


def test_a_loss_that_spans_many_decades_is_labelled_by_them(
    drawn: list[Figure], tmp_path: Path
) -> None:
    plots.draw_results(lines_of(5, 1e-5), {"test": {"accuracy": 0.5}}, tmp_path / "run.png")
    labels = labels_of(drawn[0].axes[0].yaxis)
    assert {"0.0001", "1"} <= set(labels)  # without math


def test_a_forecast_is_drawn_beside_the_seasonal_naive_one(
    drawn: list[Figure], tmp_path: Path
) -> None:
    target, output, seasonal = np.array([[3.0, 4.0], [3.5, 4.5], [2.0, 1.0]])
    panel_data = plots.OutputPanel(
        title="Test", target=target, output=output, seasonal=seasonal, name="price", scaled=True
    )
    plots.draw_regression(LINES, panel_data, tmp_path / "run.png")
    curve, panel = drawn[0].axes
    assert curve.get_ylabel() == "mean squared error (scaled)"
    assert panel.get_ylabel() == "price"
    lines = {line.get_label(): line for line in panel.lines}
    expected = {"target": target, "model": output, "seasonal naive": seasonal}
    assert {name: line.get_ydata().tolist() for name, line in lines.items()} == {
        name: values.tolist() for name, values in expected.items()
    }
    widths = {name: line.get_linewidth() for name, line in lines.items()}
    assert widths["seasonal naive"] < widths["model"] < widths["target"]


def test_numbers_without_seasons_or_scaling(drawn: list[Figure], tmp_path: Path) -> None:
    panel_data = plots.OutputPanel(title="A wave", target=np.ones(3), output=np.zeros(3))
    plots.draw_regression(LINES, panel_data, tmp_path / "run.png")
    curve, panel = drawn[0].axes
    assert curve.get_ylabel() == "mean squared error"
    assert [line.get_label() for line in panel.lines] == ["target", "model"]


def test_rows_with_other_examples_have_a_line_each(drawn: list[Figure], tmp_path: Path) -> None:
    for model, gold in {"lstm": [0, 0, 0, 1], "treelstm": [0, 0, 1, 1]}.items():
        columns = {"gold": np.array(gold), "predicted": np.array(gold)}
        write_run(tmp_path / model, {"dev": columns, "test": columns}, model=model)
    plots.draw_rows(compare(find_runs([tmp_path])[0]), tmp_path / "rows.png")
    sets = drawn[0].axes[1]
    (lines,) = [each for each in sets.collections if each.get_label() == plots.CHANCE]
    ends = np.array(lines.get_segments())
    assert sorted(ends[:, 0, 0]) == [0.5, 0.5, 0.75, 0.75]
    rows = [line.get_ydata()[0] for line in sets.lines if line.get_marker() in ("o", "s")]
    assert sorted(ends[:, :, 1].mean(axis=1))[:2] == pytest.approx(sorted(rows))
