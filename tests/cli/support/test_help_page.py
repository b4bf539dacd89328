"""`train.py --help` has the comments of conf/ beside the keys."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spinn.cli.support.help_page import annotated, comments


def test_comments_have_the_full_name_of_their_key(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "train.yaml").write_text("seed: 1  # of the run\nrun: x\n")
    (tmp_path / "model" / "own.yaml").write_text(
        "defaults:\n  - base@_here_\n  - inner: a\nsize: 3   # own\nparts:\n  one: '#'  # first\n"
        "  two: 2\n"
    )
    (tmp_path / "model" / "base.yaml").write_text("size: 1  # of the base\nrate: 2  # inherited\n")
    (tmp_path / "global.yaml").write_text("# @package _global_\ndata:\n  root: x  # elsewhere\n")
    found = comments(tmp_path, {"": "train", "model": "own", "model/none": "x"})
    assert found == {
        "seed": "of the run", "model.size": "own", "model.rate": "inherited",
        "model.parts.one": "first",
    }  # fmt: skip
    assert comments(tmp_path, {"": "global"}) == {"data.root": "elsewhere"}


def test_comments_stand_beside_the_keys() -> None:
    page = "Values:\n\nmodel:\n  size: 3\n  parts:\n    one: 1\ndata:\n  size: 4\n"
    shown = annotated(page, {"model.size": "units", "model.parts.one": "first"}).splitlines()
    assert shown[3].split("  # ") == [f"{'  size: 3':34}", "units"]
    assert shown[5].split("  # ") == [f"{'    one: 1':34}", "first"]
    assert shown[7] == "  size: 4"


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_the_page_explains_the_keys_of_the_chosen_model(
    flag: str, run_train: Callable[..., Any]
) -> None:
    done = run_train(flag, "model=gumbel_treelstm", "data=listops")
    assert done.returncode == 0
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert any(line.startswith("temperature: 1.0") and "softmax" in line for line in lines)
    assert any(line.startswith("max_words: 100") and "# in train" in line for line in lines)
    assert any(line.startswith("dev_every: 20") and "# every nth row" in line for line in lines)
