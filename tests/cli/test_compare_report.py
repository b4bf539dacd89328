"""`spinn compare --out`, `--examples`, `--set` and `--breakdown`, on runs that were trained."""

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from run_folders import write_run

from spinn.cli import main
from spinn.data.predictions import Predictions
from spinn.training.loading import load_run

GOLD = np.arange(60) % 3


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Two rows without data, of 30 and 20 right examples of 60."""
    for model, count in (("lstm", 30), ("bow", 20)):
        predicted = np.where(np.arange(60) < count, GOLD, (GOLD + 1) % 3)
        columns = {"gold": GOLD, "predicted": predicted}
        sets = {"dev": columns, "test": columns, "test_b": columns}
        write_run(tmp_path / "runs" / model, sets, model=model)
    return tmp_path / "runs"


def failed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["compare", *arguments]) == 2
    return capsys.readouterr().err


def test_predicted_trees_and_pages_of_the_inspector(
    trained_run: Path, parsing_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The trees of a SPINN are those that it predicts, in the text and on its pages."""
    out = tmp_path / "out"
    parsing_run = shutil.copytree(parsing_run, tmp_path / "a copy")
    runs = [str(trained_run), str(parsing_run)]
    # On the tiny task, both are right: half of the SPINN's predictions are changed.
    _change_half(parsing_run)
    by = ["--by", "model"]
    assert main(["compare", *runs, *by, "--examples", "4", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    entry = json.loads((out / "comparison.json").read_text(encoding="utf-8"))["disagreements"]
    names = [row["name"] for row in entry["rows"]]
    side = names.index("spinn")
    assert len(entry["examples"]) == 4
    loaded = load_run(parsing_run)
    for number, example in enumerate(entry["examples"], 1):
        answer = example["answers"][side]
        assert answer["page"] == f"examples/{number:03}-{'ab'[side]}.html"
        page = (out / answer["page"]).read_text(encoding="utf-8")
        trace: dict[str, Any] = json.loads(_script(page))
        assert trace["model"] == loaded.model_name
        for words, tree, sentence in zip(
            example["words"], answer["trees"], trace["sentences"], strict=True
        ):
            assert sentence["words"] == words
            assert sentence["origin"] == "predicted"
            reduced = "".join(
                "R" if token == ")" else "S" for token in tree.split() if token != "("
            )
            assert reduced == "".join("SR"[step] for step in sentence["transitions"])
        assert answer["command"] in printed
        assert shlex.split(answer["command"])[:3] == ["spinn", "inspect", str(parsing_run)]
        assert f'href="{answer["page"]}"' in (out / "index.html").read_text(encoding="utf-8")
    arguments = shlex.split(entry["examples"][0]["answers"][side]["command"])[1:]
    assert main(arguments) == 0  # the command of the text shows the example
    assert "predicted tree" in capsys.readouterr().out


def _change_half(run: Path) -> None:
    stored = Predictions.load(run / "predictions.npz")
    columns = dict(stored.sets["test"])
    half = np.arange(len(columns["gold"])) % 2 == 0
    columns["predicted"] = np.where(half, (columns["gold"] + 1) % 3, columns["predicted"])
    sets = {**stored.sets, "test": columns}
    Predictions(stored.labels, stored.fingerprint, sets).save(run / "predictions.npz")


def _script(page: str) -> str:
    found = re.search(r'id="trace">(.*?)</script>', page, flags=re.S)
    assert found is not None
    return found[1]


def test_all_files_are_written_and_old_figures_deleted(two: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["compare", str(two), "--out", str(out)]) == 0
    stored = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert [entry["by"] for entry in stored["breakdowns"]] == ["length", "label"]
    assert [entry["sets"] for entry in stored["breakdowns"]] == [["test", "test_b"]] * 2
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert names == {
        "comparison.json", "results.csv", "results.md", "results.tex", "index.html",
        *stored["files"],
    }  # fmt: skip
    assert "## By label" in (out / "results.md").read_text(encoding="utf-8")
    assert (out / "figures/by_label.pdf").is_file()
    (out / "figures/mine.txt").write_text("kept", encoding="utf-8")
    (out / "figures/folder").mkdir()
    for _ in range(2):  # the first one must not list what the user has put there
        assert main(["compare", str(two / "lstm"), "--set", "dev", "--out", str(out)]) == 0
        assert (out / "figures/mine.txt").is_file()
        assert (out / "figures/folder").is_dir()
    stored["files"].append("../runs/lstm/results.json")  # of another folder
    (out / "comparison.json").write_text(json.dumps(stored), encoding="utf-8")
    assert main(["compare", str(two), "--out", str(out)]) == 0
    assert (two / "lstm/results.json").is_file()


def test_old_figures_do_not_stay(two: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["compare", str(two), "--breakdown", "length", "--out", str(out)]) == 0
    assert (out / "figures/by_length.png").is_file()
    for path in two.rglob("predictions.npz"):
        path.unlink()
    assert main(["compare", str(two), "--out", str(out)]) == 0
    assert not (out / "figures/by_length.png").exists()
    assert (out / "figures/test_sets.png").is_file()


def test_breakdowns_in_the_terminal_and_as_json(
    two: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(two), "--breakdown", "label, length", "--set", "test_b"]) == 0
    printed = capsys.readouterr().out
    assert printed.index("By label") < printed.index("By length")
    assert "accuracy in per cent on test_b" in printed
    assert main(["compare", str(two), "--breakdown", "label", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["breakdowns"]
    assert [entry["by"] for entry in found] == ["label"]


def test_what_does_not_fit_is_refused(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(two)
    assert "--examples is 0; expected 1 or more" in failed(capsys, folder, "--examples", "0")
    assert "--set is for --examples" in failed(capsys, folder, "--set", "test")
    error = failed(capsys, folder, "--set", "tst", "--breakdown", "length")
    assert "--set tst: did you mean 'test'?" in error
    assert "have no depth" in failed(capsys, folder, "--breakdown", "depth")
    one = str(two / "lstm")
    assert "there is one row (lstm)" in failed(capsys, one, "--examples", "3")


def test_a_missing_library_is_named(
    two: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from spinn.cli import compare

    monkeypatch.setattr(compare, "find_spec", lambda name: None if name == "matplotlib" else name)
    assert main(["compare", str(two)]) == 0  # tables need no figures
    error = failed(capsys, str(two), "--out", str(tmp_path / "out"))
    assert 'needs matplotlib, which is missing: pip install "spinn[compare]"' in error
    assert not (tmp_path / "out").exists()


Train = Callable[..., Path]


def test_a_model_of_one_sentence_has_a_page(train_tiny: Train, tmp_path: Path) -> None:
    """Of a model that reads hypotheses alone, the trees of the premises are not predicted."""
    runs = tmp_path / "runs"
    short = ("trainer.epochs=1", "trainer.patience=null")
    train_tiny(runs / "a", "model=spinn", "task.sentences=hypothesis", *short)
    train_tiny(runs / "b", "model=lstm", *short)
    for name in ("a", "b"):
        _set_predictions(runs / name, right=name == "a")
    out = tmp_path / "out"
    assert main(["compare", str(runs), "--by", "model", "--examples", "2", "--out", str(out)]) == 0
    entry = json.loads((out / "comparison.json").read_text(encoding="utf-8"))["disagreements"]
    side = [row["name"] for row in entry["rows"]].index("spinn")
    answer = entry["examples"][0]["answers"][side]
    assert answer["trees"][0] is None
    assert answer["trees"][1].split()
    assert main(shlex.split(answer["command"])[1:]) == 0
    page = json.loads(_script((out / answer["page"]).read_text(encoding="utf-8")))
    assert [sentence["role"] for sentence in page["sentences"]] == ["hypothesis"]


def _set_predictions(run: Path, *, right: bool) -> None:
    stored = Predictions.load(run / "predictions.npz")
    sets = {}
    for name, columns in stored.sets.items():
        predicted = columns["gold"] if right else (columns["gold"] + 1) % 3
        sets[name] = {**columns, "predicted": predicted}
    Predictions(stored.labels, stored.fingerprint, sets).save(run / "predictions.npz")
