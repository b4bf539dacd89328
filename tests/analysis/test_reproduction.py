"""The ledger of published results, and its verdicts."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from omegaconf import DictConfig
from run_folders import write_run

from spinn.analysis.comparison.comparison import compare, summary
from spinn.analysis.comparison.records import find_runs
from spinn.analysis.reproduction import Published, entry, judge, ledger, verdict_table
from spinn.cli import main, reproduce
from spinn.errors import InputError

GOLD = np.arange(100) % 3


def published(value: float) -> Published:
    return Published(row={}, set="test", metric="accuracy", value=value, source="a paper")


@pytest.mark.parametrize(
    ("values", "value", "verdict"),
    [
        ([0.80, 0.81, 0.82], 0.75, "exceeded"),  # the interval, 0.785 to 0.835, is above
        ([0.80, 0.81, 0.82], 0.80, "reached"),
        ([0.80, 0.81, 0.82], 0.83, "short by 2.0 points, within the interval"),
        ([0.80, 0.81, 0.82], 0.85, "short by 4.0 points"),
        ([0.80], 0.80, "reached"),  # one seed has no interval
        ([0.80], 0.81, "short by 1.0 points"),
        ([0.90], 0.80, "reached"),
    ],
)
def test_the_verdict(values: list[float], value: float, verdict: str) -> None:
    assert judge(published(value), values) == verdict


def test_a_correlation_has_no_points() -> None:
    result = Published(row={}, set="dev", metric="pearson", value=0.9, source="a paper")
    assert judge(result, [0.85]) == "short by 0.050"


def test_published_and_own_results_stand_side_by_side(tmp_path: Path) -> None:
    for model, wrong in (("lstm", 30), ("treelstm", 10)):
        predicted = GOLD.copy()
        predicted[:wrong] = (predicted[:wrong] + 1) % 3
        columns = {"gold": GOLD, "predicted": predicted}
        write_run(tmp_path / model, {"dev": columns, "test": columns}, model=model)
    found = summary(compare(*find_runs([tmp_path])))
    table = verdict_table(entry("listops"), found)
    assert [line[:2] + line[3:] for line in table.rows] == [
        ["treelstm", "test", "98.7", "90.0", "–", "short by 8.7 points"],
        ["lstm", "test", "71.5 ± 1.5", "70.0", "–", "short by 1.5 points"],
    ]
    assert [line[-1] for line in verdict_table(entry("listops"), None).rows] == ["not run"] * 2


def test_a_result_is_that_of_its_own_row(tmp_path: Path) -> None:
    columns = {"gold": GOLD, "predicted": GOLD}
    write_run(tmp_path / "lstm", {"dev": columns, "test": columns}, model="lstm")
    # One model alone: `model` is no column of the table, and the row is not that of treelstm.
    found = summary(compare(*find_runs([tmp_path])))
    table = verdict_table(entry("listops"), found)
    assert [line[-1] for line in table.rows] == ["not run", "reached"]
    settings = {"trainer.epochs": 7}
    write_run(tmp_path / "b", {"dev": columns, "test": columns}, model="lstm", settings=settings)
    found = summary(compare(*find_runs([tmp_path])))
    with pytest.raises(InputError, match=r"lstm: several rows are compared with Nangia .*--runs"):
        verdict_table(entry("listops"), found)


def test_the_shapes_of_a_dataset_are_compared_with_its_trees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reproduce, "STORED", tmp_path / "results")
    # A left-branching tree of three words, one of four, and their right-branching counterparts:
    # the left one of three has F1 1 with left, 1/2 with right; the others follow alike.
    trees = ["( ( a b ) c )", "( ( ( a b ) c ) d )", "( a ( b c ) )", "( a ( b ( c d ) ) )"]
    for name in ("train_d20s.tsv", "test_d20s.tsv"):
        lines = [f"{n % 10}\t{trees[n % 4]}\n" for n in range(40)]
        (tmp_path / name).write_text("".join(lines))
    assert main(["reproduce", "listops_shapes", f"data.root={tmp_path}", "--store"]) == 0
    printed = capsys.readouterr().out
    expected = (1 + 1 + 1 / 2 + 1 / 3) / 4
    assert f"{100 * expected:.1f}" in printed
    assert f"differs by {100 * (expected - 0.416):.1f} points" in printed
    assert (tmp_path / "results" / "listops_shapes.json").is_file()


def test_stored_commands_have_no_path_of_the_user() -> None:
    command = "/bin/python a/train.py experiment=sst 'data.root=/home/a b/sst' seed=2"
    found = {"rows": [{"runs": [{"command": command}, {"command": None}, {}]}]}
    (row,) = entry("sst").without_paths(found)["rows"]
    expected = "python train.py experiment=sst data.root=FOLDER seed=2"
    assert row["runs"] == [{"command": expected}, {"command": None}, {}]
    assert found["rows"][0]["runs"][0]["command"] == command


def test_every_sweep_of_the_ledger_composes(composed: Callable[..., DictConfig]) -> None:
    for experiment in ledger().values():
        needs = [f"{key}=x" for key in experiment.needs]
        for number in range(max(word.count(",") for word in experiment.sweep) + 1):
            job = []
            for word in experiment.sweep:
                key, _, values = word.partition("=")
                parts = values.split(",")
                job.append(f"{key}={parts[min(number, len(parts) - 1)]}")
            composed(*job, *needs, "hydra.run.dir=x")


def test_missing_settings_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=r"sst needs data.root=FOLDER model.embedding.vectors"):
        entry("sst").check([])
    assert main(["reproduce", "sst", "data.root=x"]) == 2
    assert "sst needs model.embedding.vectors=FILE" in capsys.readouterr().err
    assert main(["reproduce", "ssst"]) == 2
    assert "did you mean 'sst'" in capsys.readouterr().err


def test_the_ledger_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(reproduce, "STORED", tmp_path)
    assert main(["reproduce"]) == 0
    printed = capsys.readouterr().out
    for name, experiment in ledger().items():
        assert f"spinn reproduce {name}" in printed
        for result in experiment.published:
            assert result.source in printed
