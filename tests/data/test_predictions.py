"""`predictions.npz`: what a run predicted for every example, in the order of the files."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import DictConfig

from spinn.data.predictions import Predictions
from spinn.errors import InputError
from spinn.tasks.sequence_tasks import mean_of_each
from spinn.training.loading import load_run
from spinn.training.run import train
from spinn.trees.transitions import depth, every_tree, parse_brackets, to_nltk

Compose = Callable[..., DictConfig]


def predictions_of(folder: Path) -> Predictions:
    return Predictions.load(folder / "predictions.npz")


def test_every_example_has_its_prediction_and_its_place(
    composed: Compose, tiny_overrides: list[str], tmp_path: Path
) -> None:
    results = train(composed(*tiny_overrides))
    folder = next(path.parent for path in tmp_path.rglob("results.json"))
    found = predictions_of(folder)
    assert found.labels == ("entailment", "neutral", "contradiction")
    assert found.fingerprint == results["data_fingerprint"]
    run = load_run(folder)
    splits = run.dataset.load()
    assert set(found.sets) == {"dev", *(["test"] if results["test"] else []), *results["tests"]}
    dev = found.sets["dev"]
    accuracy = (dev["gold"] == dev["predicted"]).mean()
    assert accuracy == pytest.approx(results["dev"]["accuracy"])
    assert dev["probabilities"].argmax(axis=1).tolist() == dev["predicted"].tolist()
    lines = (splits.reports["dev"].files[0]).read_text(encoding="utf-8").splitlines()
    for place, example in enumerate(splits.dev):
        row = json.loads(lines[dev["row"][place] - 1])
        assert row["gold_label"] == example.target == found.labels[dev["gold"][place]]
        parses = [row["sentence1_binary_parse"], row["sentence2_binary_parse"]]
        trees = [to_nltk(parse_brackets(text), label="X") for text in parses]
        assert dev["words"][place] == sum(len(tree.leaves()) for tree in trees)
        # NLTK counts nodes from root to word; one word alone is a tree of one node above it.
        heights = [tree.height() - 1 if len(tree.leaves()) > 1 else 0 for tree in trees]
        assert dev["depth"][place] == max(heights)


def test_depth_is_the_longest_path_of_every_tree() -> None:
    for length in (2, 3, 4, 5):
        words = tuple(map(str, range(length)))
        for transitions in every_tree(length):
            parse = parse_brackets("x")._replace(words=words, transitions=transitions)
            assert depth(transitions) == to_nltk(parse, label="X").height() - 1
    assert depth(parse_brackets("x").transitions) == 0


def test_operators_are_counted_in_both_sentences(
    composed: Compose, fixtures: Path, tmp_path: Path
) -> None:
    text = "= \ta\t( b ( and ( not c ) ) )\n< \t( a ( or b ) )\t( not ( not a ) )\n"
    (tmp_path / "train1").write_text(text.replace(" \t", "\t"), encoding="utf-8")
    train(
        composed(
            "data=logic", f"data.root={tmp_path}", "data.train=[train1]", "data.dev=[train1]",
            "data.dev_every=0", "data.tests=[]", "data.test=[]", "model=bow", "trainer.epochs=1",
            f"hydra.run.dir={tmp_path / 'run'}", "data.split.dev=0",
        )
    )  # fmt: skip
    assert predictions_of(tmp_path / "run").sets["dev"]["operators"].tolist() == [2, 3]


def test_the_mean_of_each_sequence() -> None:
    found = mean_of_each(torch.tensor([1.0, 0.0, 1.0]), torch.tensor([1, 2]))
    assert found.tolist() == [1.0, 0.5]


@pytest.mark.parametrize("damage", ["cut", "text", "format", "missing", "pickle"])
def test_a_damaged_file_is_refused(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "predictions.npz"
    Predictions(("a",), "f", {"dev": {"gold": np.array([0, 0])}}).save(path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-60])
    elif damage == "text":
        path.write_text("hello", encoding="utf-8")
    elif damage == "format":
        about = np.frombuffer(json.dumps({"format": 99}).encode(), dtype=np.uint8)
        np.savez(path, about=about)
    elif damage == "missing":
        path.unlink()
    else:
        np.savez(path, about=np.array([object()], dtype=object))
    with pytest.raises(InputError, match=r"predictions\.npz"):
        Predictions.load(path)


def test_any_damaged_byte_is_harmless(tmp_path: Path) -> None:
    path = tmp_path / "predictions.npz"
    columns = {"gold": np.arange(40) % 3, "probabilities": np.eye(3)[np.arange(40) % 3]}
    Predictions(("a", "b", "c"), "f", {"dev": columns}).save(path)
    whole = path.read_bytes()
    refused = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        try:
            Predictions.load(path)
        except InputError:
            refused += 1
    assert refused > len(whole) / 2


def test_an_array_that_claims_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "predictions.npz"
    Predictions(("a",), "f", {"dev": {"gold": np.zeros(3, dtype=np.int8)}}).save(path)
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    claimed = members["dev/gold.npy"].replace(b"(3,), }" + 15 * b" ", b"(1000000000000000,), }")
    assert claimed != members["dev/gold.npy"]
    with zipfile.ZipFile(path, "w") as file:
        for name, content in {**members, "dev/gold.npy": claimed}.items():
            file.writestr(name, content)
    with pytest.raises(InputError, match=r"predictions\.npz: damaged"):
        Predictions.load(path)


def test_errors_of_forecasts_are_in_the_unit_of_the_series(
    composed: Compose, tmp_path: Path
) -> None:
    lines = [f"2020-01-{day:02},{1000 + 100 * (day % 7) + 13 * day}" for day in range(1, 32)]
    (tmp_path / "series.csv").write_text("date,value\n" + "\n".join(lines), encoding="utf-8")
    results = train(
        composed(
            "data=forecast", f"data.csv={tmp_path / 'series.csv'}", "data.column=value",
            "data.look_back=3", "data.horizon=2", "data.season=2",
            "model=rnn", "model.hidden_size=4",
            "trainer.epochs=1", f"hydra.run.dir={tmp_path / 'run'}",
        )
    )  # fmt: skip
    found = predictions_of(tmp_path / "run").sets["dev"]["squared_error"]
    assert float(found.mean()) ** 0.5 == pytest.approx(results["dev"]["rmse"], rel=1e-5)
    assert results["dev"]["rmse"] > 10  # not in standard deviations


def test_the_file_is_compact(tmp_path: Path) -> None:
    path = tmp_path / "predictions.npz"
    gold = np.arange(1000) % 3
    Predictions(("a", "b", "c"), "f", {"dev": {"gold": gold, "predicted": gold}}).save(path)
    with zipfile.ZipFile(path) as file:
        assert file.getinfo("dev/gold.npy").file_size < 1200  # a byte each
