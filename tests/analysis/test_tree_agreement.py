"""The agreement of compared runs' trees with gold trees and with each other."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig

from spinn.analysis.comparison.comparison import compare, summary
from spinn.analysis.comparison.records import find_runs
from spinn.analysis.tree_agreement import add_tree_agreement, agreement_table, f1_between
from spinn.errors import InputError
from spinn.training.run import train
from spinn.trees.agreement import Conventions, f1
from spinn.trees.transitions import left_branching, parse_brackets


def test_agreement_with_gold_and_between_seeds(
    tiny_data: Path,
    tiny_overrides: list[str],
    composed: Callable[..., DictConfig],
    tmp_path: Path,
) -> None:
    shared = [part for part in tiny_overrides if not part.startswith("hydra.run.dir")]
    for name, settings in (
        ("left_s1", ["model=spinn_pi", "data.trees=left", "seed=1"]),
        ("left_s2", ["model=spinn_pi", "data.trees=left", "seed=2"]),
        ("gold", ["model=spinn_pi", "data.trees=gold"]),
    ):
        train(
            composed(*shared, *settings, "trainer.epochs=1", f"hydra.run.dir='{tmp_path / name}'")
        )
    comparison = compare(*find_runs([tmp_path]))
    found = summary(comparison)
    add_tree_agreement(found, comparison)
    rows = {row["settings"]["data.trees"]: row["runs"] for row in found["rows"]}
    lines = [json.loads(line) for line in (tiny_data / "test.jsonl").read_text().splitlines()]
    golds = {parse_brackets(line[f"sentence{n}_binary_parse"]) for line in lines for n in (1, 2)}
    lefts = [left_branching(len(parse.words)) for parse in golds]
    expected = f1(lefts, [parse.transitions for parse in golds], Conventions())
    assert 0 < expected < 1
    left = [run["results"]["test"] for run in rows["left"]]
    assert [run["tree_f1"] for run in left] == pytest.approx([expected] * 2)
    assert [run["tree_f1_seeds"] for run in left] == [1.0, 1.0]
    (gold,) = [run["results"]["test"] for run in rows["gold"]]
    assert gold["tree_f1"] == 1.0
    assert "tree_f1_seeds" not in gold  # one seed
    shown = {line[0]: line[1:] for line in agreement_table(found).rows}
    assert shown["trees=left"] == [f"{100 * expected:.1f}", "100.0"]
    assert shown["trees=gold"] == ["100.0", "–"]


def test_data_that_have_changed_are_refused(
    tiny_data: Path, tiny_overrides: list[str], composed: Callable[..., DictConfig], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(tiny_data, data)
    shared = [part for part in tiny_overrides if not part.startswith(("hydra.run", "data.root"))]
    own = [f"data.root={data}", "model=spinn_pi", "trainer.epochs=1"]
    train(composed(*shared, *own, f"hydra.run.dir='{tmp_path / 'runs' / 'a'}'"))
    lines = (data / "test.jsonl").read_text().splitlines()
    (data / "test.jsonl").write_text("\n".join(lines[1:]) + "\n")
    comparison = compare(*find_runs([tmp_path / "runs"]))
    with pytest.raises(InputError, match="was trained on other files than those of"):
        add_tree_agreement(summary(comparison), comparison)


def test_each_run_is_compared_with_the_others() -> None:
    # Spans of ((a b) c) and (a (b c)): they share that of the sentence alone, F1 1/2.
    left, right = b"\0\0\1\0\1", b"\0\0\0\1\1"
    assert f1_between([[left], [left], [right]]) == [0.75, 0.75, 0.5]
    assert f1_between([[left]]) == []
