"""What stands in a run's picture."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from spinn.analysis import pictures

LINES = [{"epoch": epoch, "train_loss": 1 / epoch, "dev": {"loss": 2 / epoch}} for epoch in (1, 2)]


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
    pictures.parts(LINES, sets, tmp_path / "run.png")
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


@pytest.mark.parametrize("figures", [{"accuracy_by_step": [0.5]}, {"exact": 0.5}, {}])
def test_answers_of_one_step_need_no_panel(
    figures: dict[str, Any], drawn: list[Figure], tmp_path: Path
) -> None:
    pictures.parts(LINES, {"test": {"accuracy": 0.5, **figures}}, tmp_path / "run.png")
    assert len(drawn[0].axes) == 2
