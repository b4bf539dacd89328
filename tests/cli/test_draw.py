"""`spinn draw`: a picture of a run."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from omegaconf import DictConfig
from run_folders import write_run

from spinn.cli import main
from spinn.training.run import train

SVG_TEXT = "{http://www.w3.org/2000/svg}text"
SMALL = {
    "addition": ["data.examples=64", "data.held_out=20", "data.longer=[12]"],
    "parity": ["data.examples=64", "data.held_out=20", "data.longer=[40]"],
    "copy": ["data.examples=64", "data.held_out=20", "data.longer=[20]"],
    "amplitude": ["data.held_out=5", "trainer.epochs=2", "trainer.evaluate_every=1"],
    "forecast": ["data.steps=300"],
}


@pytest.mark.parametrize("data", SMALL)
def test_every_kind_of_run_is_drawn(
    data: str, composed: Callable[..., DictConfig], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    choices = [
        f"data={data}",
        "model=gru",
        "trainer.epochs=1",
        f"hydra.run.dir='{tmp_path / 'a run'}'",
    ]
    train(composed(*choices, *SMALL[data]))
    assert main(["draw", str(tmp_path / "a run")]) == 0
    assert capsys.readouterr().out == f"drawn: {tmp_path / 'a run' / 'run.png'}\n"
    assert (tmp_path / "a run" / "run.png").read_bytes().startswith(b"\x89PNG")
    assert main(["evaluate", str(tmp_path / "a run")]) == 0
    table = capsys.readouterr().out
    assert ("seasonal_naive" in table) == (data == "forecast")
    assert main(["evaluate", str(tmp_path / "a run"), "--trees", "left"]) == 2
    assert "--trees" in capsys.readouterr().err
    assert main(["predict", str(tmp_path / "a run"), "--premise", "a dog"]) == 2
    assert "--premise is for sentences" in capsys.readouterr().err
    assert main(["parse-eval", str(tmp_path / "a run")]) == 2
    assert "parse-eval is for sentences" in capsys.readouterr().err


def test_errors_of_drawing_are_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["draw", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err
    for name in ("x.jpg", "x", "x.PNG", "x.tex"):
        for folders in (["none"], ["none", "other"]):
            assert main(["draw", *folders, "--out", name]) == 2
            expected = f"--out {name}; expected the name of a file that ends in .png, .pdf or .svg"
            assert expected in capsys.readouterr().err
    assert main(["draw", "a", "b"]) == 2
    assert "2 folders: name the picture of several runs with --out FILE" in capsys.readouterr().err
    assert main(["draw", "a", "--text", "x"]) == 2
    assert "--text is for trees" in capsys.readouterr().err


def a_run(folder: Path, seed: int = 1) -> Path:
    """A finished run of 60 examples, half of them correct on test."""
    gold = np.arange(60) % 3
    columns = {
        "gold": gold,
        "predicted": np.where(np.arange(60) < 30 + seed, gold, (gold + 1) % 3),
        "words": np.arange(60) // 30 + 1,
    }
    return write_run(folder, {"dev": columns, "test": columns}, seed=seed, curve=[0.4, 0.5])


def test_several_runs_are_one_picture(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for seed in (1, 2):
        a_run(tmp_path / f"run{seed}", seed)
    out = tmp_path / "rows.svg"
    with (tmp_path / "run2" / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"step": 3, "epo')
    assert main(["draw", str(tmp_path / "run1"), str(tmp_path / "run2"), "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"drawn: {out}\n"
    assert "metrics.jsonl:3: an incomplete evaluation, which is left out" in printed.err
    texts = {"".join(each.itertext()) for each in ElementTree.parse(out).iter(SVG_TEXT)}
    accuracies = [
        json.loads((tmp_path / f"run{seed}" / "results.json").read_text())["test"]["accuracy"]
        for seed in (1, 2)
    ]
    (line,) = [text for text in texts if text.startswith("lstm, seeds 1, 2: ")]
    assert line.startswith(f"lstm, seeds 1, 2: {50 * sum(accuracies):.1f} [")
    assert {"By length, test", "Confusion on test", "epoch", "majority class"} <= texts
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("name", ["copy", "lstm"])
def test_a_half_written_line_of_the_metrics_is_left_out(
    name: str, fixtures: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = tmp_path / name
    shutil.copytree(fixtures / "old_runs" / name, folder)
    metrics = folder / "metrics.jsonl"
    whole = metrics.read_text(encoding="utf-8")
    metrics.write_text(whole + '{"epoch": 3, "dev": {"lo', encoding="utf-8")
    assert main(["draw", str(folder), "--out", str(tmp_path / "x.svg")]) == 0
    number = whole.count("\n") + 1
    expected = f"warning: {metrics}:{number}: an incomplete evaluation, which is left out\n"
    assert capsys.readouterr().err == expected
    results = json.loads((folder / "results.json").read_text())
    texts = ["".join(e.itertext()) for e in ElementTree.parse(tmp_path / "x.svg").iter(SVG_TEXT)]
    metric = "exact" if name == "copy" else "accuracy"
    score = f"{metric} (%) {100 * results['test'][metric]:.1f} on test"
    assert any(text.endswith(f"seed {results['seed']}: {score}") for text in texts)
    metrics.write_text("not JSON\n" + whole, encoding="utf-8")
    assert main(["draw", str(folder)]) == 2
    assert "metrics.jsonl:1: not an evaluation of a run; expected JSON" in capsys.readouterr().err


def test_a_tree_is_printed_or_written(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    tree = "( ( the cat\x1b ) sat )"
    assert main(["draw", "tree", tree]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.split() == ["the", "cat\\x1b", "sat"]
    for suffix, start in {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}.items():
        out = tmp_path / f"tree.{suffix}"
        assert main(["draw", "tree", tree, "--out", str(out)]) == 0
        assert out.read_bytes().startswith(start)
    out = tmp_path / "tree.tex"
    assert main(["draw", "tree", tree, "--out", str(out), "--latex", "tikz-qtree"]) == 0
    assert r"\Tree [.{} [.{} {the} {cat\textbackslash{}x1b} ] {sat} ]" in out.read_text()


@pytest.mark.parametrize("name", ["spinn_predicted", "gumbel_treelstm"])
def test_the_tree_that_a_run_predicts(
    name: str, fixtures: Path, capsys: pytest.CaptureFixture
) -> None:
    run = str(fixtures / "old_runs" / name)
    assert main(["draw", "tree", run, "--text", "many old dogs move"]) == 0
    plain = capsys.readouterr().out
    assert plain.splitlines()[-1].split() == ["many", "old", "dogs", "move"]
    assert main(["draw", "tree", run, "--text", "( many ( old ( dogs move ) ) )"]) == 0
    assert capsys.readouterr().out == plain  # the model parses the words itself


def test_errors_of_trees_say_what_is_expected(
    fixtures: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    run = str(fixtures / "old_runs" / "lstm")
    long = "( a " * 300 + "b" + " )" * 300
    for words, expected in {
        ("tree",): "0 arguments after `tree`; expected a tree",
        ("tree", "( a b", "c )"): "2 arguments after `tree`; expected a tree",
        ("tree", "( a b"): "1 opening bracket(s) never closed",
        ("tree", "( a b )", "--text", "a"): "no such folder; expected a tree",
        ("tree", long): "the tree has 301 words; a drawing has at most 200",
        ("tree", run): "no sentence; give it with --text",
        ("tree", run, "--text", "a b"): "lstm, predicts no trees; expected a run of model=spinn",
        ("tree", run, "--text", "( a b"): "never closed",
        ("tree", "( a b )", "--latex", "forest"): "name the file with --out FILE.tex",
        ("tree", "( a b )", "--out", "x.jpg"): ".png, .pdf, .svg or .tex",
        ("tree", "( a b )", "--out", str(tmp_path / "no" / "x.svg")): "there is no folder",
    }.items():
        assert main(["draw", *words]) == 2
        assert expected in capsys.readouterr().err
    assert main(["draw", "tree", run, "--text", "( a b )"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["a", "b"]
