"""Run folders of earlier formats: they load, evaluate, predict and continue under today's names."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import DictConfig, OmegaConf

from spinn.batch.sentences import Sentences
from spinn.cli import main
from spinn.config import class_of
from spinn.data.dataset import Dataset, TextDataset
from spinn.encoders.encoder import Encoder
from spinn.errors import InputError
from spinn.tasks.classification import Classification
from spinn.tasks.task import Task
from spinn.training import old_runs
from spinn.training.checkpoint import load_weights
from spinn.training.evaluation import evaluate_split
from spinn.training.loading import Run, load_run
from spinn.training.resume import check_resumed
from spinn.training.run import train
from spinn.training.run_folder import RunFolder
from spinn.trees.transitions import parse_brackets

FOLDER = Path(__file__).parent.parent / "fixtures" / "old_runs"
RUNS = sorted(path.parent.name for path in FOLDER.glob("*/config.yaml"))
PAIR_RUNS = sorted(path.parent.name for path in FOLDER.glob("*/prediction.json"))
NAMES = {"hypothesis": "bow", "spinn": "spinn_pi", "spinn_predicted": "spinn"}  # today's models
NAMES |= {"addition": "rnn", "copy": "gru", "lstm_format_2": "lstm"}
LATER = {"ece", "f1", "macro_f1"}  # metrics that the old versions did not have


def dataset_of(run: Run) -> Dataset:
    """Return the run's dataset, its files where the fixtures lie."""
    if not isinstance(run.dataset, TextDataset):
        return run.dataset
    return replace(run.dataset, settings=replace(run.dataset.settings, root=str(FOLDER / "data")))


def assert_close(found: Any, expected: Any) -> None:
    """Compare results; numbers may differ by the rounding of another CPU."""
    if isinstance(expected, dict):
        assert found.keys() - LATER == expected.keys()
        for key in expected:
            assert_close(found[key], expected[key])
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, abs=1e-4)
    else:
        assert found == expected


def as_dict(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("name", RUNS)
def test_an_old_run_has_its_old_results(name: str) -> None:
    run = load_run(FOLDER / name)
    dataset = dataset_of(run)
    splits = dataset.load()
    results = as_dict(FOLDER / name / "results.json")
    wanted = {"dev": results["dev"], "test": results["test"], **results["tests"]}
    found = {"dev": splits.dev, "test": splits.test, **splits.tests}
    for key, split in found.items():
        summary = evaluate_split(
            run.task, dataset, split, run.vocabulary, batch_size=256, device=torch.device("cpu")
        ).summary
        assert_close(summary, wanted[key])
    assert wanted.keys() == found.keys()


@pytest.mark.parametrize("name", PAIR_RUNS)
def test_an_old_run_gives_its_old_prediction(name: str) -> None:
    run = load_run(FOLDER / name)
    assert isinstance(run.task, Classification)
    pair = [parse_brackets(text) for text in ("( ( old dogs ) move )", "( dogs stop )")]
    if run.task.places == (1,):
        pair = pair[1:]
    sentences = Sentences.from_lists(
        [run.vocabulary.encode(parse.words) for parse in pair],
        [parse.transitions for parse in pair],
    )
    with torch.no_grad():
        logits = run.task.values(run.task.encoder(sentences).sentence)
    expected = as_dict(FOLDER / name / "prediction.json")
    found = dict(zip(run.task.labels, logits.softmax(dim=1)[0].tolist(), strict=True))
    assert found == pytest.approx(expected["probabilities"], abs=1e-4)
    assert max(found, key=lambda label: found[label]) == expected["label"]


@pytest.mark.parametrize("name", ["spinn", "spinn_predicted", "gumbel_treelstm", "addition"])
def test_every_command_reads_an_old_run(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(FOLDER / name)
    root = ["--root", str(FOLDER / "data")] if name in PAIR_RUNS else []
    assert main(["evaluate", run, "--json", *root]) == 0
    expected = as_dict(FOLDER / name / "results.json")["test"]
    assert_close(json.loads(capsys.readouterr().out)["sets"]["test"], expected)
    if name not in PAIR_RUNS:
        return
    pair = ["( ( old dogs ) move )", "( dogs stop )"]
    assert main(["predict", run, "--json", *pair]) == 0
    expected = as_dict(FOLDER / name / "prediction.json")["label"]
    assert json.loads(capsys.readouterr().out)["label"] == expected
    assert main(["inspect", run, *pair, "--html", str(tmp_path / "page.html")]) == 0


@pytest.mark.parametrize("name", RUNS)
def test_an_old_run_continues_to_its_old_result(
    name: str, composed: Callable[..., DictConfig], tmp_path: Path
) -> None:
    overrides = (FOLDER / name / "overrides.txt").read_text(encoding="utf-8").splitlines()
    overrides = [o for o in overrides if not o.startswith("trainer.epochs")]
    if name in PAIR_RUNS:
        overrides.append(f"data.root='{FOLDER / 'data'}'")
    config = composed(
        *overrides, "trainer.epochs=6", "trainer.device=cpu", "trainer.threads=1",
        f"trainer.resume='{FOLDER / name}'", f"hydra.run.dir='{tmp_path / 'run'}'",
    )  # fmt: skip
    results = train(config)
    for key, expected in as_dict(FOLDER / name / "continued.json").items():
        assert_close(results[key], expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file or directory; expected the folder of a finished run"),
        ("{", "not the results of a run"),
        ("[1]", "not the results of a run"),
        ("{}", "not the results of a run"),
    ],
)
def test_missing_or_damaged_results_are_named(
    text: str | None, message: str, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    if text is not None:
        folder.results.write_text(text)
    with pytest.raises(InputError, match=rf"results\.json: {message}"):
        folder.read_results()


@pytest.mark.parametrize("name", RUNS)
def test_tables_show_todays_name_of_the_model(name: str) -> None:
    folder = RunFolder(FOLDER / name)
    assert folder.read_results()["model"] == NAMES.get(name, name)
    assert folder.read_config().names.model == NAMES.get(name, name)


def test_every_alias_leads_to_a_class_of_today() -> None:
    for path in old_runs.TARGETS.values():
        section = OmegaConf.create({"_target_": path})
        base = {"encoders": Encoder, "tasks": Task}.get(path.split(".")[1], object)
        class_of(section, base, within="spinn", key="")


def test_a_key_that_an_old_run_lacks_gets_the_value_of_its_behaviour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = "spinn.encoders.spinn_pi.SPINNPI"
    monkeypatch.setitem(old_runs.NEW_KEYS["model"], target, {"more": "x", "dropout": 0.5})
    config = RunFolder(FOLDER / "spinn").read_config()
    assert config.model.more == "x"
    assert config.model.dropout == 0.0  # it had this key
    assert "more" not in RunFolder(FOLDER / "lstm").read_config().model


def test_an_old_run_on_sick_continues(
    composed: Callable[..., DictConfig], tiny_overrides: list[str], tmp_path: Path
) -> None:
    """Format 2 had the labels in the reader, and neither names of sentences nor scores."""
    overrides = [o for o in tiny_overrides if not o.startswith("data.")] + ["data=sick"]
    config = composed(*overrides)
    OmegaConf.set_struct(config, False)
    reader = {"_target_": config.data.reader._target_, "labels": config.data.labels.names}
    new = ("labels", "split", "max_words")
    config.data = {k: v for k, v in config.data.items() if k not in new} | {"reader": reader}
    OmegaConf.save({"format": 2, **config}, tmp_path / "config.yaml", resolve=True)
    (tmp_path / "last.safetensors").touch()
    check_resumed(composed(*overrides), str(tmp_path))
    other = composed(*overrides, "data.reader.scores=true")
    with pytest.raises(InputError, match=r"with data\.reader\.scores=false, but this command has"):
        check_resumed(other, str(tmp_path))


def test_old_names_of_tensors_are_renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    run = load_run(FOLDER / "lstm")
    task = torch.nn.ModuleDict({"reader": run.task.encoder, "mlp": run.task.mlp})
    with pytest.raises(InputError, match="weights and configuration disagree"):
        load_weights(run.folder.weights, task)
    monkeypatch.setitem(old_runs.TENSORS, "encoder", "reader")
    load_weights(run.folder.weights, task)
    assert old_runs.upgrade_tensors({"encoders.x": 1, "encoder": 2}, 1) == {
        "encoders.x": 1,
        "reader": 2,
    }
    assert old_runs.upgrade_tensors({"encoder.x": 1}, old_runs.FORMAT) == {"encoder.x": 1}


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (4, "has format 4, and this version of spinn reads formats 1 to 3; install the version"),
        ("x", "format is 'x'; expected a number from 1 to 3"),
        (0, "format is 0; expected a number from 1 to 3"),
    ],
)
def test_an_unknown_format_is_refused(number: object, message: str, tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "lstm", tmp_path / "run")
    config = tmp_path / "run" / "config.yaml"
    config.write_text(f"format: {number}\n" + config.read_text())
    with pytest.raises(InputError, match=rf"config\.yaml: .*{message}"):
        load_run(tmp_path / "run")


def test_a_new_run_carries_its_format(
    composed: Callable[..., DictConfig], tiny_overrides: list[str]
) -> None:
    config = composed(*tiny_overrides, "trainer.epochs=1")
    results = train(config)
    folder = RunFolder(config.run)
    assert folder.config.read_text().startswith(f"format: {old_runs.FORMAT}  # of the run folder\n")
    assert results["format"] == old_runs.FORMAT
    assert folder.read_results() == results  # `model=spinn` of today stays
    assert load_run(folder.path).config.names.model == "spinn"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("model", "spinn_predicted", "model=spinn"),
        ("model", "spinn", None),  # a model of today
        ("task.sides", None, "task.sentences"),
        ("data.reader.labels", None, "data.labels.names"),
        ("model.own_moves", None, "model.sampling_probability"),
        ("model.hidden_size", None, None),
    ],
)
def test_an_old_option_has_a_new_name(key: str, value: str | None, expected: str | None) -> None:
    assert old_runs.new_option(key, value) == expected
