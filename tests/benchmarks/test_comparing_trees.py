"""The comparison of trees: what is trained, what is compared, how it is told."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig

from benchmarks import trees
from benchmarks.trees import ROWS, check_overrides, main, parse, table, train_missing
from spinn.errors import InputError
from spinn.training.run import train
from spinn.trees.agreement import Conventions, f1
from spinn.trees.transitions import left_branching, parse_brackets


def test_every_row_is_trained_with_every_seed_unless_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, list[str]] = {}
    monkeypatch.setattr(trees, "train", lambda folder, own: made.update({folder.name: own}))
    rows = {name: [tmp_path / f"{name}-{seed}" for seed in (1, 4)] for name in ROWS}
    there = tmp_path / "gold-1"
    there.mkdir()
    (there / "results.json").write_text("{}")
    options = parse(["--seeds", "1", "4", "--jobs", "2", "--out", str(tmp_path), "data.limit=9"])
    train_missing(rows, options)
    assert made.keys() == {f"{name}-{seed}" for name in ROWS for seed in (1, 4)} - {"gold-1"}
    wanted = ["model=spinn_pi", "data.trees=random", "data.tree_seed=4", "seed=4", "data.limit=9"]
    assert made["random-4"] == wanted


def test_runs_with_other_overrides_are_not_taken_for_these(tmp_path: Path) -> None:
    path = tmp_path / "overrides.json"
    for _ in range(2):
        check_overrides(path, ["data=sick"])
    with pytest.raises(InputError, match=r"holds runs with \['data=sick'\]; choose another --out"):
        check_overrides(path, [])


def test_a_run_that_fails_is_named_with_its_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "HOME", tmp_path)
    (tmp_path / "train.py").write_text("import sys; sys.exit('error: no such key')")
    with pytest.raises(InputError, match=r"gold-1 ended with exit code 1: .*no such key"):
        trees.train(tmp_path / "gold-1", [])


def test_the_command_from_training_to_the_table(
    tiny_data: Path,
    tiny_overrides: list[str],
    composed: Callable[..., DictConfig],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(trees, "ROWS", {name: ROWS[name] for name in ("predicted", "left")})
    overrides = [part for part in tiny_overrides if not part.startswith("hydra.run.dir")]
    out = tmp_path / "all runs"
    for name, seed in (("predicted", 1), ("left", 1), ("left", 2)):  # it trains the fourth itself
        own = [f"seed={seed}", f"hydra.run.dir='{out / f'{name}-{seed}'}'"]
        train(composed(*ROWS[name], *overrides, *own))
    main([*overrides, "--seeds", "1", "2", "--jobs", "1", "--out", str(out)])
    said = capsys.readouterr().out
    header, predicted, *_ = said.splitlines()
    assert header.split() == [
        "test",
        "F1",
        "with",
        "gold",
        "moves",
        "of",
        "gold",
        "self",
        "minutes",
    ]
    assert predicted.startswith("predicted")
    figures = json.loads((out / "trees.json").read_text())
    assert figures["left"]["self"] == [1.0]  # two runs along left trees
    assert "moves of gold" not in figures["left"]
    rows = [json.loads(line) for line in (tiny_data / "test.jsonl").read_text().splitlines()]
    golds = {parse_brackets(row[f"sentence{n}_binary_parse"]) for row in rows for n in (1, 2)}
    lefts = [left_branching(len(parse.words)) for parse in golds]
    expected = f1(lefts, [parse.transitions for parse in golds], Conventions())
    assert figures["left"]["F1 with gold"] == pytest.approx([expected] * 2)
    assert figures["predicted"]["moves of gold"][0] > 0.5


def test_table_tells_mean_and_deviation() -> None:
    rows = {"gold": {"test": [0.5, 0.7], "minutes": [2.0, 4.0]}, "rl": {"test": [0.25]}}
    lines = [line.split() for line in table(rows).splitlines()]
    assert lines == [
        ["test", "minutes"],
        ["gold", "60.0", "±", "14.1", "3.0", "±", "1.4"],
        ["rl", "25.0", "-"],
    ]


def test_jobs_must_be_some() -> None:
    with pytest.raises(InputError, match="--jobs is 0; expected 1 or more"):
        parse(["--jobs", "0"])
