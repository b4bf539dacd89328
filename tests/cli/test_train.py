"""train.py as a user runs it: a process of its own, its exit code, what it prints."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent.parent
SERIES = PROJECT / "data" / "series" / "series.csv"


def run_train(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROJECT / "train.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_run_from_another_folder_with_a_space(tiny_overrides: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "a run"
    overrides = [o for o in tiny_overrides if not o.startswith("hydra.run.dir")]
    done = run_train(*overrides, f"hydra.run.dir='{folder}'")
    assert done.returncode == 0, done.stderr
    assert "dev accuracy" in done.stdout
    assert "test_more" in done.stdout
    assert json.loads((folder / "results.json").read_text())["dev"]["examples"] == 30
    assert (tmp_path / "latest").resolve() == folder.resolve()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trainer.epoch=1"], "unknown key trainer.epoch: did you mean 'trainer.epochs'?"),
        (["+typo=1"], "unknown key typo"),
        (["++trainer.epohcs=1"], "unknown key trainer.epohcs: did you mean 'trainer.epochs'?"),
        (["modle=spinn"], "unknown key modle: did you mean 'model'?"),
        (["model=spin"], "Could not find 'model/spin'"),
        (["trainer.epochs=many"], "trainer.epochs is 'many'; expected int"),
        (["data.root=/nowhere"], "data.root: no folder /nowhere"),
        (["data.train=[none.jsonl]"], "none.jsonl: no such file"),
        (["data=parity", "task.per=step"], "task.per is step, but example 0 has 10 steps and 1 t"),
        (["data=forecast", "data.look_back=5000"], "too few for a window of look_back 5000"),
        (
            ["data=forecast", f"data.csv={SERIES}", "data.column=price"],
            "series.csv:1: no column 'price'; columns: 'time', 'value'",
        ),
    ],
)
def test_bad_input_is_told_in_a_line_with_exit_code_2(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    done = run_train(*arguments, f"hydra.run.dir={tmp_path / 'run'}")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_value_that_is_no_number_is_told_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("price\n1.5\n2.5\nNaN\n3.5\n")
    done = run_train("data=forecast", f"data.csv={path}", "data.column=price")
    assert done.returncode == 2
    assert f"error: {path}:4: price: 'NaN', expected a finite number" in done.stderr


def test_help_reads_as_a_page() -> None:
    done = run_train("--help")
    assert done.returncode == 0
    for part in ("python train.py", "model: bilstm, bow", "optimizer:", "spinn predict", "eval "):
        assert part in done.stdout


def test_ctrl_c_saves_and_leaves_with_130(tiny_overrides: list[str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(PROJECT / "train.py"), *tiny_overrides, "trainer.epochs=100000"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    metrics = tmp_path / "run" / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while not metrics.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "saved in" in errors
    assert "trainer.resume=" in errors
    assert "Traceback" not in errors
    assert (tmp_path / "run" / "last.safetensors").is_file()


def test_a_sweep_leaves_a_folder_for_each_job(tiny_overrides: list[str], tmp_path: Path) -> None:
    sweep = [f"hydra.sweep.dir={tmp_path / 'sweep'}", "seed=1,2", "trainer.epochs=1", "-m"]
    done = run_train(*tiny_overrides, *sweep)
    assert done.returncode == 0, done.stderr
    results = sorted((tmp_path / "sweep").glob("[0-9]*/results.json"))
    assert [json.loads(path.read_text())["seed"] for path in results] == [1, 2]
