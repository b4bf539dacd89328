"""train.py as a user runs it: its exit code, its output, its files."""

import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from spinn.cli import main

PROJECT = Path(__file__).parent.parent.parent
TRAIN = PROJECT / "train.py"
RunTrain = Callable[..., Any]  # the fixture `run_train`
SERIES = PROJECT / "data" / "series" / "series.csv"


def test_a_run_from_another_folder_with_a_space(tiny_overrides: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "a run"
    overrides = [o for o in tiny_overrides if not o.startswith("hydra.run.dir")]
    done = subprocess.run(
        [sys.executable, str(TRAIN), *overrides, f"hydra.run.dir='{folder}'"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "dev accuracy" in done.stdout
    assert "test_more" in done.stdout
    assert json.loads((folder / "results.json").read_text())["dev"]["examples"] == 30
    assert (tmp_path / "latest").resolve() == folder.resolve()
    *_, last = done.stdout.splitlines()
    expected = f"saved in {folder}; next: spinn predict '{folder}'"
    assert last == f'{expected} "a sentence" "another sentence"'
    assert main(shlex.split(last.partition("next: ")[2])[1:]) == 0


def test_a_run_of_sequences_prints_examples_and_the_command_that_predicts(
    run_train: RunTrain, tmp_path: Path
) -> None:
    few = ["data.examples=64", "data.held_out=20", "data.longer=[]", "trainer.device=cpu"]
    small = ["trainer.epochs=1", "trainer.threads=1", f"hydra.run.dir='{tmp_path / 'a run'}'"]
    done = run_train("data=parity", *few, *small)
    assert done.returncode == 0, done.stderr
    *_, examples = done.stdout.partition("examples of test:\n")
    verdicts = [line.split()[-1] for line in examples.splitlines()[1:11]]
    assert len(verdicts) == 10
    assert {*verdicts} <= {"right", "wrong"}
    assert done.stdout.endswith(f"next: spinn predict '{tmp_path / 'a run'}' \"an input\"\n")


def test_a_run_of_forecasts_prints_the_command_that_forecasts(
    run_train: RunTrain, tmp_path: Path
) -> None:
    small = ["data.steps=300", "trainer.epochs=1", "trainer.threads=1", "trainer.device=cpu"]
    done = run_train("data=forecast", "model=gru", *small, f"hydra.run.dir={tmp_path / 'run'}")
    assert done.returncode == 0, done.stderr
    assert "sequences, 1 number a step" in done.stdout
    assert "parameters, on cpu with 1 thread\n" in done.stdout
    assert done.stdout.endswith(f"next: spinn predict {tmp_path / 'run'}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trainer.epoch=1"], "unknown key trainer.epoch: did you mean 'trainer.epochs'?"),
        (["+typo=1"], "unknown key typo"),
        (["++trainer.epohcs=1"], "unknown key trainer.epohcs: did you mean 'trainer.epochs'?"),
        (["modle=spinn"], "unknown key modle: did you mean 'model'?"),
        (["optimizer.learning_rate=1"], "did you mean 'optimizer.lr'?"),
        (["model.num_layers=2", "model=lstm"], "did you mean 'model.layers'?"),
        (["trees=right"], "unknown key trees: did you mean 'data.trees'?"),
        (["decay_rate=0.9"], "unknown key decay_rate: did you mean 'optimizer.decay_rate'?"),
        (["--model", "lstm"], "--model: a setting is KEY=VALUE without dashes: model=lstm"),
        (["--batch-size=3"], "a setting is KEY=VALUE without dashes: batch_size=3"),
        (["model", "=", "lstm"], "'model = lstm': a setting has no spaces around =: model=lstm"),
        (["model=LSTM"], "Could not find 'model/LSTM': did you mean 'lstm'?"),
        (["trainer.precision=fp16", "trainer.device=cpu"], "trainer.precision=fp16 is for a GPU"),
        (["model=spin"], "Could not find 'model/spin': did you mean 'spinn'?"),
        (["data=forecst"], "Could not find 'data/forecst': did you mean 'forecast'?\n\nAvailable"),
        (["data=zzz"], "Could not find 'data/zzz'\n\nAvailable options in 'data':"),
        (["model/embedding=learnt"], "'model/embedding/learnt': did you mean 'learned'?"),
        (["model=spinn_predicted"], "error: model=spinn_predicted is now model=spinn"),
        (["task.sides=hypothesis"], "error: task.sides is now task.sentences"),
        (
            ["data=forecast", "data.column=Wind speed (m/s)"],
            "quotes for Hydra inside those for the shell: data.column='\"Wind speed (m/s)\"'\n",
        ),
        (["data=forecast", "data.column=Température"], """: data.column='"Température"'\n"""),
        (["data=forecast", "data.csv=prices[1].csv"], """: data.csv='"prices[1].csv"'\n"""),
        (["data.train=[a b (1).tsv, c.tsv]"], """: data.train='["a b (1).tsv",c.tsv]'\n"""),
        (
            ["data=forecast", "data.csv=my", "file.csv"],
            "'file.csv' is not KEY=VALUE; a value with a space needs quotes: "
            "data.csv='\"my file.csv\"'\n",
        ),
        (["data=forecast", "data.column=a,b"], """a text with a comma is data.column='"a,b"'\n"""),
        (["trainer.resume=/nowhere"], "trainer.resume: no folder /nowhere"),
        (
            ["data=addition", "model=treelstm", "data.trees=left"],
            "task: SPINNPI has no vector for each step; choose model=rnn, gru, lstm, bilstm or bow",
        ),
        (
            ["data=reverse", "model=gumbel_treelstm"],
            "task: GumbelTreeLSTM has no vector for each step; choose model=rnn, gru",
        ),
        (["data=forecast", f"data.csv={SERIES}"], "data.column is not set; columns: time, value"),
        (
            ["data=forecast", "data.look_back=12"],
            "season is 24; expected look_back, 12, at most: set data.season=… too, or a look_back "
            "of 24 or more",
        ),
        (["debug=fast", "data=addition"], "data.limit is for sentences, and so are debug=fast and"),
        (["trainer.epochs=many"], "trainer.epochs is 'many'; expected a whole number"),
        (["data.root=/nowhere"], "data.root: no folder /nowhere"),
        (["data.train=[none.jsonl]"], "none.jsonl: no such file"),
        (
            ["data=parity", "model=rnn", "task.per=step"],
            "task.per is step, but example 0 has 10 steps and 1 target; expected 10",
        ),
        (["data=forecast", "data.look_back=5000"], "too few for a window of look_back 5000"),
        (
            ["data=forecast", f"data.csv={SERIES}", "data.column=price"],
            "series.csv:1: no column 'price'; columns: 'time', 'value'",
        ),
    ],
)
def test_bad_input_is_an_error_of_one_line_with_exit_code_2(
    arguments: list[str], message: str, run_train: RunTrain, tmp_path: Path
) -> None:
    done = run_train(*arguments, f"hydra.run.dir={tmp_path / 'run'}")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_value_that_is_not_a_number_is_named_with_its_row(
    run_train: RunTrain, tmp_path: Path
) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("price\n1.5\n2.5\nNaN\n3.5\n")
    done = run_train("data=forecast", f"data.csv={path}", "data.column=price")
    assert done.returncode == 2
    assert f"error: {path}:4: price: 'NaN', expected a finite number" in done.stderr


def test_help_is_one_page(run_train: RunTrain) -> None:
    done = run_train("--help")
    assert done.returncode == 0
    for part in ("python train.py", "model: bilstm, bow", "optimizer:", "spinn predict", "eval "):
        assert part in done.stdout


def test_ctrl_c_saves_exits_with_130_and_prints_the_command_that_resumes(
    tiny_overrides: list[str], tmp_path: Path
) -> None:
    folder, name = tmp_path / "it's a (run), x=ä", r"it\'s a (run), x=ä"
    run = f"hydra.run.dir='{tmp_path}/{name}'"
    process = subprocess.Popen(
        [sys.executable, str(TRAIN), *tiny_overrides, "trainer.epochs=100000", run],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (folder / "metrics.jsonl").exists() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert (folder / "last.safetensors").is_file()
    assert (tmp_path / "latest").resolve() == folder
    message, _, command = errors.splitlines()[-1].partition(". Resume with: ")
    step = int(message.split()[3])
    assert message == f"stopped at step {step} of 800000; saved in {folder}"
    epochs = step // 8 + 1
    more = [f"trainer.epochs={epochs}", f"hydra.run.dir={tmp_path / 'more'}"]
    done = subprocess.run(
        f"{command} {shlex.join(more)}", shell=True, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"continuing from step {step} of {folder}" in done.stdout
    lines = (tmp_path / "more" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == list(range(1, epochs + 1))


def test_latest_is_also_a_run_whose_loss_was_not_finite(
    tiny_overrides: list[str], run_train: RunTrain, tmp_path: Path
) -> None:
    (tmp_path / "latest").symlink_to("older", target_is_directory=True)
    done = run_train(*tiny_overrides, "optimizer.lr=1e30", "optimizer.warmup=0")
    assert done.returncode == 1, done.stderr
    assert "Try a lower optimizer.lr" in done.stderr
    assert (tmp_path / "latest").resolve() == tmp_path / "run"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_an_error(run_train: RunTrain, tmp_path: Path) -> None:
    done = run_train("trainer.device=cuda", f"hydra.run.dir={tmp_path / 'run'}")
    assert done.returncode == 2
    assert "error: trainer.device=cuda: torch finds no CUDA device" in done.stderr
    assert not (tmp_path / "run").exists()


def test_spinn_train_is_train_py(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["spinn"])
    assert main(["train", "trainer.epoch=1"]) == 2
    assert "did you mean 'trainer.epochs'?" in capsys.readouterr().err
