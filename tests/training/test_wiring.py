"""Settings of the configuration take effect, in whole training runs."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from omegaconf import DictConfig
from safetensors.torch import load_file
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from spinn.training.run import train

Compose = Callable[..., DictConfig]


def write(path: Path, *pairs: tuple[str, str]) -> None:
    """Write neutral pairs of sentences of one word or two."""
    rows = [
        {"gold_label": "neutral", "sentence1_binary_parse": one, "sentence2_binary_parse": other}
        for one, other in pairs
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def words_in_splits(tmp_path: Path) -> list[str]:
    """A run on splits, each with a word that the others lack."""
    write(tmp_path / "train.jsonl", ("( dogs move )", "( old dogs )"), ("dogs", "old"))
    write(tmp_path / "dev.jsonl", ("( dogs stop )", "old"), ("stop", "stop"))
    write(tmp_path / "test.jsonl", ("( cats move )", "cats"))
    return [
        f"data.root={tmp_path}", "data.train=[train.jsonl]", "data.dev=[dev.jsonl]",
        "data.test=[test.jsonl]", "data.tests=[]", "model=bow", "trainer.epochs=1",
        "task.hidden_size=4", "trainer.device=cpu", f"hydra.run.dir={tmp_path / 'run'}",
    ]  # fmt: skip


def test_the_vocabulary_is_that_of_train_alone(
    composed: Compose, words_in_splits: list[str], tmp_path: Path
) -> None:
    train(composed(*words_in_splits))
    vocabulary = json.loads((tmp_path / "run" / "vocabulary.json").read_text(encoding="utf-8"))
    assert vocabulary["words"] == ["dogs", "old", "move"]  # not `stop`, not `cats`


def test_pretrained_vectors_are_the_rows_of_the_table(
    composed: Compose, words_in_splits: list[str], tmp_path: Path
) -> None:
    glove = tmp_path / "glove.txt"
    glove.write_text("move 1.5 -2 0.25\nstop 9 9 9\ndogs 3 4 -5\n", encoding="utf-8")
    results = train(
        composed(
            *words_in_splits, "model/embedding=glove", "model.embedding.size=3",
            f"model.embedding.vectors={glove}", "optimizer.lr=0.1",
        )
    )  # fmt: skip
    weights = load_file(tmp_path / "run" / "model.safetensors").values()
    (table,) = (w for w in weights if w.shape == (5, 3))
    assert table[0].tolist() == [0, 0, 0]  # padding
    assert table[2].tolist() == [3, 4, -5]  # dogs
    assert table[4].tolist() == [1.5, -2, 0.25]  # move
    assert results["vectors"] == {"file": str(glove), "coverage": pytest.approx(2 / 3, abs=1e-4)}


@pytest.fixture
def fresh_accelerator() -> Iterator[None]:
    """Let this test choose a precision; accelerate keeps one for the whole process."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.mark.usefixtures("fresh_accelerator")
@pytest.mark.parametrize(("precision", "dtype"), [("no", torch.float32), ("bf16", torch.bfloat16)])
def test_matrix_products_have_the_configured_precision(
    precision: str,
    dtype: torch.dtype,
    composed: Compose,
    words_in_splits: list[str],
    tmp_path: Path,
) -> None:
    seen: dict[bool, set[torch.dtype]] = {True: set(), False: set()}

    def note(module: nn.Module, inputs: object, output: object) -> None:
        if isinstance(module, nn.Linear):
            assert isinstance(output, torch.Tensor)
            seen[module.training].add(output.dtype)

    hook = register_module_forward_hook(note)
    try:
        train(composed(*words_in_splits, f"trainer.precision={precision}"))
    finally:
        hook.remove()
    assert seen == {True: {dtype}, False: {dtype}}  # in training and in evaluation
    weights = load_file(tmp_path / "run" / "model.safetensors").values()
    assert {w.dtype for w in weights} == {torch.float32}


def test_a_run_draws_from_the_random_state_of_torch_alone(
    composed: Compose, tiny_overrides: list[str]
) -> None:
    """So only torch needs a seed: NumPy's and Python's generators are created where used."""
    before = random.getstate(), np.random.get_state()  # noqa: NPY002
    train(composed(*tiny_overrides, "model=rl_spinn", "data.trees=random", "trainer.epochs=1"))
    assert random.getstate() == before[0]
    for now, then in zip(np.random.get_state(), before[1], strict=True):  # noqa: NPY002
        assert np.array_equal(now, then)
