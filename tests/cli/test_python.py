"""The Python interface: it agrees with the commands, and the examples of docs/python.md run."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spinn
from spinn.cli import main
from spinn.errors import InputError

DOCUMENT = Path(__file__).parents[2] / "docs" / "python.md"
PAIRS = [("some old dogs move", "some dogs move"), ("some cats", "( some cats )")]


@pytest.fixture(scope="module")
def model(parsing_run: Path) -> spinn.Model:
    return spinn.load(parsing_run)


def test_predictions_are_those_of_the_command(
    parsing_run: Path, model: spinn.Model, capsys: pytest.CaptureFixture[str]
) -> None:
    found = model.predict(PAIRS)
    for pair, prediction in zip(PAIRS, found, strict=True):
        assert main(["predict", str(parsing_run), *pair, "--json"]) == 0
        assert {**json.loads(capsys.readouterr().out), "line": prediction["line"]} == prediction
    assert model.predict(iter(PAIRS), batch_size=1) == found
    assert model.predict([]) == []


def test_vectors_are_those_of_single_sentences(model: spinn.Model) -> None:
    sentences = ["some old dogs move", "cats", "some dogs", "some old old dogs stop"]
    vectors = model.encode(sentences, batch_size=2)
    assert vectors.shape == (4, 16)
    assert vectors.dtype == np.float32
    for sentence, vector in zip(sentences, vectors, strict=True):
        assert model.encode([sentence])[0] == pytest.approx(vector, abs=1e-5)
    assert not np.allclose(vectors[0], vectors[3])
    assert model.encode([]).shape == (0, 16)


def test_trees_are_those_of_predict(model: spinn.Model) -> None:
    (prediction,) = model.predict(PAIRS[:1])
    (tree,) = model.parse([PAIRS[0][0]])
    brackets = re.sub(r"\(X", "(", " ".join(str(tree).split()))
    assert brackets.replace(")", " )") == prediction["premise"]


def test_results_are_those_of_the_run(model: spinn.Model, tiny_data: Path) -> None:
    results = model.evaluate()
    assert results["test"]["confusion"] == model.results["test"]["confusion"]
    file = model.evaluate(tiny_data / "test.jsonl")
    assert file["test.jsonl"]["accuracy"] == results["test"]["accuracy"]


def test_errors_name_the_example(
    model: spinn.Model, parsing_run: Path, train_tiny: Callable[..., Path], tmp_path: Path
) -> None:
    for examples, message in (
        ([("a", "b"), ("a",)], r"example 1 has 1 sentences; .* reads 2 \(premise, hypothesis\)"),
        ([("( a", "b")], "example 0: premise"),
        ([("", "b")], "example 0: premise"),
    ):
        with pytest.raises(InputError, match=message):
            model.predict(examples)
    with pytest.raises(InputError, match="sentence 1, '': "):
        model.encode(["a", ""])
    with pytest.raises(InputError, match="cannot be used here"):
        spinn.load(parsing_run, device="warp")
    with pytest.raises(InputError, match="no such folder"):
        spinn.load("nowhere")
    lstm = spinn.load(train_tiny(tmp_path / "lstm", "model=lstm", "trainer.epochs=1"))
    with pytest.raises(InputError, match="lstm predicts no trees; load a run of model=spinn"):
        lstm.parse(["a b"])


def test_training_returns_the_model(tiny_overrides: list[str], tmp_path: Path) -> None:
    own = [part for part in tiny_overrides if not part.startswith("hydra.run.dir")]
    trained = spinn.train([*own, "model=lstm", "seed=2", f"hydra.run.dir={tmp_path / 'run'}"])
    assert trained.folder == tmp_path / "run"
    assert trained.results["seed"] == 2
    assert trained.results["model"] == "lstm"
    with pytest.raises(InputError, match=r"unknown key trainer\.epoch: did you mean"):
        spinn.train(["trainer.epoch=1"])
    with pytest.raises(
        InputError, match=r"unknown key model\.hidden_size: did you mean 'model\.embedding"
    ):
        spinn.train(["model=bow", "model.hidden_size=3"])


def test_the_examples_of_the_document_run(
    parsing_run: Path,
    tiny_overrides: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "latest").symlink_to(parsing_run)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), flags=re.S)
    assert len(blocks) >= 5
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(DOCUMENT), "exec"), names)  # the document is of this project
    assert names["vectors"].shape == (2, 16)
    assert names["bag"].folder.parent.resolve() == (tmp_path / "runs").resolve()
    assert "reads 2 (premise, hypothesis)" in capsys.readouterr().out
