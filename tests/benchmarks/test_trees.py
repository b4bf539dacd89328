"""`python -m benchmarks.trees`: training, comparison, table."""

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


def test_every_row_is_trained_with_every_seed_unless_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: dict[str, list[str]] = {}
    monkeypatch.setattr(trees, "train", lambda folder, own: trained.update({folder.name: own}))
    rows = {name: [tmp_path / f"{name}-{seed}" for seed in (1, 4)] for name in ROWS}
    finished = tmp_path / "gold-1"
    finished.mkdir()
    (finished / "results.json").write_text("{}")
    options = parse(["--seeds", "1", "4", "--jobs", "2", "--out", str(tmp_path), "data.limit=9"])
    train_missing(rows, options)
    assert trained.keys() == {f"{name}-{seed}" for name in ROWS for seed in (1, 4)} - {"gold-1"}
    expected = ["model=spinn_pi", "data.trees=random", "data.tree_seed=4", "seed=4", "data.limit=9"]
    assert trained["random-4"] == expected


def test_other_overrides_than_those_of_the_folder_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "overrides.json"
    for _ in range(2):
        check_overrides(path, ["data=sick"])
    with pytest.raises(InputError, match=r"holds runs with \['data=sick'\]; choose another --out"):
        check_overrides(path, [])


def test_a_failing_run_is_an_error_with_its_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "PROJECT_ROOT", tmp_path)
    (tmp_path / "train.py").write_text("import sys; sys.exit('error: no such key')")
    with pytest.raises(InputError, match=r"gold-1 ended with exit code 1: .*no such key"):
        trees.train(tmp_path / "gold-1", [])


def test_the_command_trains_compares_and_prints_the_table(
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
    for name, seed in (("predicted", 1), ("left", 1), ("left", 2)):  # the command trains the fourth
        own = [f"seed={seed}", f"hydra.run.dir='{out / f'{name}-{seed}'}'"]
        train(composed(*ROWS[name], *overrides, *own))
    main([*overrides, "--seeds", "1", "2", "--jobs", "1", "--out", str(out)])
    header, predicted, *_ = capsys.readouterr().out.splitlines()
    assert header.split() == [
        "test",
        "F1",
        "with",
        "gold",
        "transitions",
        "of",
        "gold",
        "self",
        "minutes",
    ]
    assert predicted.startswith("predicted")
    results = json.loads((out / "trees.json").read_text())
    assert results["left"]["self"] == [1.0]  # two runs on left-branching trees
    assert "transitions of gold" not in results["left"]
    rows = [json.loads(line) for line in (tiny_data / "test.jsonl").read_text().splitlines()]
    golds = {parse_brackets(row[f"sentence{n}_binary_parse"]) for row in rows for n in (1, 2)}
    lefts = [left_branching(len(parse.words)) for parse in golds]
    expected = f1(lefts, [parse.transitions for parse in golds], Conventions())
    assert results["left"]["F1 with gold"] == pytest.approx([expected] * 2)
    assert results["predicted"]["transitions of gold"][0] > 0.5


def test_the_table_has_mean_and_deviation() -> None:
    rows = {"gold": {"test": [0.5, 0.7], "minutes": [2.0, 4.0]}, "rl": {"test": [0.25]}}
    lines = [line.split() for line in table(rows).splitlines()]
    assert lines == [
        ["test", "minutes"],
        ["gold", "60.0", "±", "14.1", "3.0", "±", "1.4"],
        ["rl", "25.0", "-"],
    ]


def test_zero_jobs_are_an_error() -> None:
    with pytest.raises(InputError, match="--jobs is 0; expected 1 or more"):
        parse(["--jobs", "0"])
