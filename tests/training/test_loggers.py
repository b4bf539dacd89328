"""Each logger holds the record of a run; one that fails leaves the training as it is."""

import csv
import json
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import DictConfig
from safetensors.torch import load_file

from spinn.data.dataset import TextDataset
from spinn.errors import InputError, Interrupted
from spinn.training import loop
from spinn.training.build import build
from spinn.training.loggers import CSVFile, drawn
from spinn.training.optimization import OptimizerSettings, learning_rate
from spinn.training.run import train
from spinn.trees.transitions import Parse, parse_brackets

Compose = Callable[..., DictConfig]
STEPS = [3, 6, 9, 12, 15]  # with logger.every=3, of 16
MEASURED = {"loss", "learning_rate", "gradient_norm", "sentences_per_second", "memory_mib"}
CUDA = {"gpu_memory_mib"} if torch.cuda.is_available() else set()


@pytest.fixture
def overrides(tiny_overrides: list[str]) -> list[str]:
    """A small SPINN, which predicts trees: two epochs of eight steps."""
    return [*tiny_overrides, "logger.every=3"]


def values_of(folder: Path) -> dict[str, dict[int, str]]:
    """The values of `log.csv` by name and step."""
    with (folder / "log.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for row in rows:
        assert int(row["step"]) not in found[row["name"]], row
        found[row["name"]][int(row["step"])] = row["value"]
    return found


def evaluations(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_a_tree_is_drawn_with_a_line_for_each_node() -> None:
    tree = parse_brackets("( ( the ( old church ) ) ( has cracks ) )")
    assert drawn(tree).splitlines() == [
        "( ( the ( old church ) ) ( has cracks ) )",
        "",
        "·",
        "├─ ·",
        "│  ├─ the",
        "│  └─ ·",
        "│     ├─ old",
        "│     └─ church",
        "└─ ·",
        "   ├─ has",
        "   └─ cracks",
    ]
    assert drawn(Parse(("alone",), b"\0")) == "alone\n\nalone"


def test_csv_has_training_dev_and_trees(
    composed: Compose, overrides: list[str], tmp_path: Path, tiny_data: Path
) -> None:
    config = composed(*overrides, "logger=csv")
    train(config)
    found = values_of(tmp_path / "run")
    training = {name for name in found if name.startswith("train/")}
    assert training == {f"train/{name}" for name in MEASURED | CUDA}
    assert all([*found[name]] == STEPS for name in training)
    settings = build(config).optimizer
    rates = {step: learning_rate(settings, step - 1, 16) for step in STEPS}
    assert {s: float(rate) for s, rate in found["train/learning_rate"].items()} == rates
    for line in evaluations(tmp_path / "run"):
        assert float(found["dev/score"][line["step"]]) == line["score"] == line["dev"]["accuracy"]
        assert float(found["dev/loss"][line["step"]]) == line["dev"]["loss"]
    rows = (tiny_data / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    premises = [parse_brackets(json.loads(row)["sentence1_binary_parse"]).words for row in rows]
    long = list(dict.fromkeys(words for words in premises if len(words) >= 4))
    for number, words in enumerate(long[:2], 1):
        trees = found[f"trees/dev_{number}"]
        assert {parse_brackets(tree).words for tree in trees.values()} == {words}
        assert min(trees) == 8  # the first evaluation
    assert "trees/dev_3" not in found


def test_the_loss_and_the_norm_are_means_since_the_last_record(
    composed: Compose, overrides: list[str], tmp_path: Path
) -> None:
    found = []
    for every, name in ((1, "each"), (4, "fourth")):
        run = tmp_path / name
        train(composed(*overrides, "logger=csv", f"logger.every={every}", f"hydra.run.dir={run}"))
        found.append(values_of(run))
    for name in ("train/loss", "train/gradient_norm"):
        each, fourth = (
            {step: float(value) for step, value in record[name].items()} for record in found
        )
        assert [*each] == [*range(1, 17)]
        means = {last: sum(each[s] for s in range(last - 3, last + 1)) / 4 for last in (4, 8, 12)}
        assert {step: fourth[step] for step in means} == pytest.approx(means)
    lines = evaluations(tmp_path / "each")
    norms = {step: float(value) for step, value in found[0]["train/gradient_norm"].items()}
    for first, line in zip((1, 9), lines, strict=True):  # in metrics.jsonl, since the evaluation
        mean = sum(norms[step] for step in range(first, first + 8)) / 8
        assert line["gradient_norm"] == pytest.approx(mean)


def test_trees_that_are_given_are_logged_once(
    composed: Compose, overrides: list[str], tmp_path: Path
) -> None:
    train(composed(*overrides, "logger=csv", "model=treelstm"))
    found = values_of(tmp_path / "run")
    assert [*found["trees/dev_1"]] == [*found["trees/dev_2"]] == [8]
    assert found["trees/dev_1"][8].startswith("( ( many ( old ")


def test_an_encoder_without_trees_has_none_in_its_record(
    composed: Compose, overrides: list[str], tmp_path: Path
) -> None:
    train(composed(*overrides, "logger=csv", "model=lstm"))
    assert not [name for name in values_of(tmp_path / "run") if name.startswith("trees")]


def test_a_dev_of_short_sentences_has_no_trees_in_its_record(
    composed: Compose, overrides: list[str], tmp_path: Path
) -> None:
    row = {"gold_label": "neutral", "sentence1": "dogs move", "sentence2": "dogs"}
    row |= {"sentence1_binary_parse": "( dogs move )", "sentence2_binary_parse": "dogs"}
    (tmp_path / "dev.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    train(composed(*overrides, "logger=csv", f"data.dev=[{tmp_path / 'dev.jsonl'}]"))
    found = values_of(tmp_path / "run")
    assert [*found["dev/examples"].values()] == ["1", "1"]
    assert not [name for name in found if name.startswith("trees")]


def test_sequences_have_a_record(composed: Compose, tmp_path: Path) -> None:
    small = ["data.examples=64", "data.held_out=20", "data.longer=[24]", "trainer.epochs=1"]
    run = f"hydra.run.dir={tmp_path}"
    train(composed("data=parity", "logger=csv", "logger.every=1", *small, run))
    assert [*values_of(tmp_path)["train/loss"]] == [1, 2]


@pytest.mark.parametrize("model", ["spinn", "rl_spinn", "gumbel_treelstm"])
def test_a_logger_changes_no_weight(
    model: str, composed: Compose, overrides: list[str], tmp_path: Path
) -> None:
    weights = []
    for logger in ("none", "csv"):
        run = f"hydra.run.dir={tmp_path / logger}"
        every = [o for o in overrides if logger == "csv" or not o.startswith("logger")]
        train(composed(*every, f"logger={logger}", f"model={model}", run))
        weights.append(load_file(tmp_path / logger / "last.safetensors"))
    assert weights[0].keys() == weights[1].keys()
    for name, value in weights[0].items():
        torch.testing.assert_close(value, weights[1][name], rtol=0, atol=0, equal_nan=True)


def interrupt_after(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """Send this process SIGINT within the given step."""

    def rate_and_signal(settings: OptimizerSettings, step: int, total: int) -> float:
        if step + 1 == steps:
            os.kill(os.getpid(), signal.SIGINT)
        return learning_rate(settings, step, total)

    monkeypatch.setattr(loop, "learning_rate", rate_and_signal)


def test_a_run_that_is_resumed_in_its_folder_has_each_step_once(
    composed: Compose, overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    csv_file = [*overrides, "logger=csv"]
    train(composed(*csv_file, f"hydra.run.dir={tmp_path / 'whole'}"))
    with monkeypatch.context() as patch:
        interrupt_after(patch, 10)
        with pytest.raises(Interrupted, match="stopped at step 10 of 16"):
            train(composed(*csv_file))
    run = tmp_path / "run"
    assert [*values_of(run)["train/loss"]] == [3, 6, 9]
    with (run / "log.csv").open("a", encoding="utf-8") as file:
        file.write("12,train/loss,9.9\n")  # of a run that was killed after its last state
        file.write("\n9,train/l")  # in the middle of a line
    train(composed(*csv_file, f"trainer.resume='{run}'"))
    found, whole = values_of(run), values_of(tmp_path / "whole")
    assert [*found["train/loss"]] == STEPS
    same = {3, 6, 9, 15}  # the record of step 12 has the steps since the process began
    for step in same:
        assert found["train/loss"][step] == whole["train/loss"][step]
    assert found["dev/score"] == whole["dev/score"]
    train(composed(*csv_file, "trainer.epochs=1"))  # a new run in the folder begins anew
    assert [*values_of(run)["train/loss"]] == [3, 6]


def test_tensorboard_reads_its_event_files(
    composed: Compose, overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(composed(*overrides, "logger=csv", f"hydra.run.dir={tmp_path / 'csv'}"))
    with monkeypatch.context() as patch:
        interrupt_after(patch, 10)
        with pytest.raises(Interrupted):
            train(composed(*overrides, "logger=tensorboard"))
    train(composed(*overrides, "logger=tensorboard", f"trainer.resume='{tmp_path / 'run'}'"))
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    wanted = values_of(tmp_path / "csv")
    assert set(events.Tags()["scalars"]) == {n for n in wanted if not n.startswith("trees")}
    for name in ("train/gradient_norm", "dev/loss"):
        found = {event.step: event.value for event in events.Scalars(name)}
        expected = {step: float(value) for step, value in wanted[name].items() if step != 12}
        found.pop(12, None)  # the record of step 12 has the steps since the process began
        assert found == pytest.approx(expected)
    texts = events.Tensors("trees/dev_1/text_summary")
    for event in texts:
        text = event.tensor_proto.string_val[0].decode()
        assert parse_brackets(text.splitlines()[0].strip()).words[0] == "many"
    configuration = events.Tensors("configuration/text_summary")[0]
    lines = configuration.tensor_proto.string_val[0].decode().splitlines()
    assert f"    run: {tmp_path / 'run'}" in lines
    assert "      hidden_size: 8" in lines


def test_wandb_writes_an_offline_run(
    composed: Compose, overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    for name in ("CONFIG", "CACHE", "DATA"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / "home"))
    monkeypatch.setenv("WANDB_SILENT", "true")
    train(composed(*overrides, "logger=csv", f"hydra.run.dir={tmp_path / 'csv'}"))
    train(composed(*overrides, "logger=wandb", "logger.mode=offline", "logger.project=trees"))
    (record,) = (tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb")
    content = joined_blocks(record.read_bytes())
    wanted = values_of(tmp_path / "csv")
    for name in ("train/loss", "dev/score"):
        assert name.encode() in content
        for value in wanted[name].values():
            assert value.encode() in content
    for part in (b"trees", b"hidden_size", b"SupervisedSPINN"):
        assert part in content
    pages = sorted(record.parent.glob("files/media/html/trees/dev_1_*.html"))
    assert len(pages) == len(wanted["trees/dev_1"])
    assert "├─" in pages[0].read_text(encoding="utf-8")


def joined_blocks(content: bytes) -> bytes:
    """The records of a file of wandb: LevelDB's log format, after a header of seven bytes."""
    records, position = b"", 7
    while position + 7 <= len(content):
        if 32768 - position % 32768 < 7:  # the rest of a block is empty
            position += 32768 - position % 32768
        length = int.from_bytes(content[position + 4 : position + 6], "little")
        records += content[position + 7 : position + 7 + length]
        position += 7 + length
    return records


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own, in SQLAlchemy
def test_mlflow_writes_a_database_in_the_run_folder(
    composed: Compose, overrides: list[str], tmp_path: Path
) -> None:
    mlflow = pytest.importorskip("mlflow")
    train(composed(*overrides, "logger=csv", f"hydra.run.dir={tmp_path / 'csv'}"))
    train(composed(*overrides, "logger=mlflow"))
    folder = tmp_path / "run" / "mlflow"
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("spinn").experiment_id])
    assert (run.info.run_name, run.info.status) == ("run", "FINISHED")
    assert run.data.params["model.hidden_size"] == "8"
    assert run.data.params["optimizer.lr"] == "0.002"
    wanted = values_of(tmp_path / "csv")
    for name in ("train/loss", "dev/score"):
        history = client.get_metric_history(run.info.run_id, name)
        found = {metric.step: metric.value for metric in history}
        assert found == {step: float(value) for step, value in wanted[name].items()}
    (tree, *_) = folder.glob("artifacts/*/artifacts/trees/dev_1/step_8.txt")
    assert tree.read_text(encoding="utf-8").startswith(wanted["trees/dev_1"][8])


@pytest.mark.parametrize("option", ["tensorboard", "wandb", "mlflow"])
def test_a_missing_package_is_named_before_data_is_read(
    option: str,
    composed: Compose,
    tiny_overrides: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read(self: TextDataset) -> Any:
        raise AssertionError("data was read")

    monkeypatch.setattr(TextDataset, "load", read)
    monkeypatch.setitem(sys.modules, option, None)
    with pytest.raises(InputError) as raised:
        train(composed(*tiny_overrides, f"logger={option}"))
    assert str(raised.value) == (
        f'logger={option} needs {option}, which is missing: pip install "spinn[{option}]"'
    )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["logger=csv", "logger.every=0"], "logger: every is 0; expected 1 or more"),
        (["logger=wandb", "logger.mode=up"], "logger.mode is 'up'; expected one of online, offl"),
        (["+logger.every=5"], "logger._target_ is None; expected a class of spinn.training"),
        (
            ["logger=csv", "logger._target_=spinn.training.loop.Trainer"],
            "logger._target_ is 'spinn.training.loop.Trainer'; expected a subclass of RunLogger",
        ),
    ],
)
def test_a_bad_setting_is_named(
    settings: list[str], message: str, composed: Compose, tiny_overrides: list[str]
) -> None:
    with pytest.raises(InputError) as raised:
        build(composed(*tiny_overrides, *settings))
    assert str(raised.value).startswith(message)


def test_a_configuration_of_an_older_version_has_no_logger(
    composed: Compose, tiny_overrides: list[str]
) -> None:
    config = composed(*tiny_overrides)
    assert build(config).logger is None  # logger=none
    del config["logger"]
    assert build(config).logger is None


def fail(*_: Any, **__: Any) -> None:
    raise OSError("no space left\non the device")


@pytest.mark.parametrize(
    ("method", "place"),
    [("log", "step 3"), ("log_tree", "step 8"), ("finish", "the end")],
)
def test_a_logger_that_fails_leaves_one_warning_and_the_run_as_it_is(
    method: str,
    place: str,
    composed: Compose,
    overrides: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    expected = train(composed(*overrides, "logger=csv", f"hydra.run.dir={tmp_path / 'sound'}"))
    monkeypatch.setattr(CSVFile, method, fail)
    results = train(composed(*overrides, "logger=csv"))
    warnings = [r.getMessage() for r in caplog.records if "logger" in r.getMessage()]
    assert warnings == [
        f"logger=csv fails at {place} and gets no further record; training continues: no space left"
    ]
    for key in ("steps", "best_step", "dev", "test"):
        assert results[key] == expected[key]
    assert len(evaluations(tmp_path / "run")) == 2


def test_a_logger_that_does_not_start_is_an_error_before_training(
    composed: Compose, overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CSVFile, "start", fail)
    with pytest.raises(InputError) as raised:
        train(composed(*overrides, "logger=csv"))
    assert str(raised.value) == (
        "logger=csv does not start: no space left; logger=csv needs no service"
    )
    assert not (tmp_path / "run" / "metrics.jsonl").exists()


@pytest.mark.parametrize("steps", [10, None])
def test_a_logger_knows_whether_the_training_is_complete(
    steps: int | None,
    composed: Compose,
    overrides: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends: list[bool] = []
    monkeypatch.setattr(CSVFile, "finish", lambda self, *, complete: ends.append(complete))
    if steps is None:
        train(composed(*overrides, "logger=csv"))
    else:
        interrupt_after(monkeypatch, steps)
        with pytest.raises(Interrupted):
            train(composed(*overrides, "logger=csv"))
    assert ends == [steps is None]
