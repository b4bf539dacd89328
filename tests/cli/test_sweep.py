"""Sweeps as a user runs them: `python train.py -m …`."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import util
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pytest
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from spinn.cli import main
from spinn.cli.support import sweep as sweeps
from spinn.cli.support import sweep_job
from spinn.cli.support.sweep import Job, Sweep
from spinn.training.loop import Trainer
from spinn.training.run_folder import RunFolder

PROJECT = Path(__file__).parent.parent.parent
RunTrain = Callable[..., Any]  # the fixture `run_train`


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """The folder of a sweep, with a space as users' folders have."""
    return tmp_path / "my runs" / "sweep"


@pytest.fixture
def tiny(tiny_overrides: list[str], sweep: Path) -> list[str]:
    """The arguments of a tiny sweep."""
    kept = [word for word in tiny_overrides if not word.startswith("hydra.run.dir")]
    return ["-m", *kept, "model=lstm", f"hydra.sweep.dir='{sweep}'"]


def folders(sweep: Path) -> list[str]:
    return sorted(path.name for path in sweep.iterdir() if path.is_dir() and path.name[0] != ".")


def results(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "results.json").read_text())
    return found


def in_process(arguments: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run train.py in a process of its own, for launchers that start others."""
    return subprocess.run(
        [sys.executable, str(PROJECT / "train.py"), *arguments],
        capture_output=True, text=True, timeout=300, check=False, env={**os.environ, **variables},
    )  # fmt: skip


def test_a_job_that_is_refused_diverges_or_dies_does_not_stop_the_others(
    tiny: list[str], sweep: Path, run_train: RunTrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = Trainer.fit

    def die(trainer: Trainer, *arguments: Any) -> Any:
        if trainer.folder.path.name == "lstm_lr0.01":
            raise RuntimeError("out of luck\nand more")
        return fit(trainer, *arguments)

    monkeypatch.setattr(Trainer, "fit", die)
    rates = ["optimizer.lr=0.01,1e30,0.02", "optimizer.warmup=0", "trainer.epochs=1"]
    done = run_train(*tiny, "model=spinn_pi,lstm", *rates, "data.trees=predicted")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"1 of 6 jobs finished: {sweep}\n" in done.stdout
    refused, _, other, died, diverged, _ = done.stderr.splitlines()
    assert refused == (
        "failed: spinn_pi_lr0.01: data.trees=predicted: spinn_pi follows given trees and predicts "
        "none; choose data.trees=gold or another, or train model=rl_spinn or gumbel_treelstm"
    )
    assert other.startswith("failed: spinn_pi_lr0.02: data.trees=predicted: ")
    assert died == "failed: lstm_lr0.01: RuntimeError: out of luck"
    assert diverged.startswith("failed: lstm_lr1e+30: the ")
    assert "Try a lower optimizer.lr" in diverged
    log = (sweep / "lstm_lr0.01" / "train.log").read_text()
    assert "Traceback (most recent call last)" in log
    assert "RuntimeError: out of luck\nand more" in log
    assert "Traceback" not in (sweep / "lstm_lr1e+30" / "train.log").read_text()
    assert results(sweep / "lstm_lr0.02")["model"] == "lstm"


def test_the_exit_code_is_2_if_only_the_input_is_bad(
    tiny: list[str], sweep: Path, run_train: RunTrain
) -> None:
    done = run_train(*tiny, "model=spinn_pi,lstm", "data.trees=predicted", "trainer.epochs=1")
    assert done.returncode == 2
    assert "1 of 2 jobs finished" in done.stdout
    failure = json.loads((sweep / "spinn_pi" / "failure.json").read_text())
    assert failure["exit_code"] == 2
    assert failure["error"].startswith("data.trees=predicted: spinn_pi follows given trees")


def test_the_same_sweep_again_runs_what_is_missing_or_failed(
    tiny: list[str], sweep: Path, run_train: RunTrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit, fitted = Trainer.fit, []

    def die_once(trainer: Trainer, *arguments: Any) -> Any:
        fitted.append(trainer.folder.path.name)
        if fitted == ["seed1", "seed2"]:
            raise MemoryError("full")
        return fit(trainer, *arguments)

    monkeypatch.setattr(Trainer, "fit", die_once)
    done = run_train(*tiny, "trainer.epochs=1", "seed=1,2,3")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert "job 1 of 3: seed=1" in lines
    assert [line for line in lines if line.startswith("job 3 of 3: seed=3, about ")]
    command = done.stderr.splitlines()[-1].partition("continue with: ")[2]
    shutil.rmtree(sweep / "seed3")
    arguments = shlex.split(command)[2:]
    assert (
        arguments[-1] == f"hydra.sweep.dir={sweep}" or arguments[-1] == f"hydra.sweep.dir='{sweep}'"
    )
    first = (sweep / "seed1" / "results.json").stat()
    again = run_train(*arguments, "trainer.progress=false")  # which changes no result
    assert again.returncode == 0, again.stderr
    assert fitted == ["seed1", "seed2", "seed3", "seed2", "seed3"]
    assert (sweep / "seed1" / "results.json").stat() == first
    assert f"finished before, and not trained again: {sweep / 'seed1'}" in again.stdout
    assert f"3 of 3 jobs finished, 1 of them before: {sweep}" in again.stdout
    assert not (sweep / "seed2" / "failure.json").exists()
    assert again.stderr == ""
    scores = [100 * results(sweep / f"seed{n}")["dev_score"] for n in (1, 2, 3)]
    assert f"  3  {mean(scores):.1f} ± {stdev(scores):.1f}  " in again.stdout  # spinn compare
    assert again.stdout.endswith(f"next: {shlex.join(['spinn', 'compare', str(sweep)])}\n")


def test_a_finished_run_of_other_settings_is_kept(
    tiny: list[str], sweep: Path, run_train: RunTrain
) -> None:
    assert run_train(*tiny, "trainer.epochs=1", "seed=1,2").returncode == 0
    before = {name: (sweep / name / "results.json").read_bytes() for name in folders(sweep)}
    done = run_train(*tiny, "trainer.epochs=2", "seed=2,3")
    assert done.returncode == 2
    assert (
        f"failed: seed2: {sweep}/seed2 holds a finished run of other settings (trainer.epochs was "
        "1 and is 2), which is kept; name another folder with hydra.sweep.dir=FOLDER"
    ) in done.stderr
    assert {name: (sweep / name / "results.json").read_bytes() for name in before} == before
    assert results(sweep / "seed3")["epochs"] == 2
    (sweep / "seed2" / "job.yaml").unlink()
    done = run_train(*tiny, "trainer.epochs=1", "seed=1,2")
    assert "other settings (no job.yaml: it is not of a sweep)" in done.stderr


def test_folders_are_named_by_what_varies_also_in_the_settings_of_the_sweeper(
    tiny: list[str], sweep: Path, run_train: RunTrain, tmp_path: Path
) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "own.yaml").write_text(
        "# @package _global_\nhydra: {sweeper: {params: {model: 'bow,lstm', seed: '3'}}}\n"
    )
    arguments = [
        *[word for word in tiny if not word.startswith(("model=", "model.hidden_size"))],
        f"hydra.searchpath=[{tmp_path}]", "experiment=own", "trainer.epochs=1",
        "task.dropout=choice(0.1)", "optimizer.lr=1e-3,0.002",
    ]  # fmt: skip
    done = run_train(*arguments)
    assert done.returncode == 0, done.stderr
    assert folders(sweep) == ["bow_lr0.001", "bow_lr0.002", "lstm_lr0.001", "lstm_lr0.002"]
    found = results(sweep / "lstm_lr0.002")
    assert (found["model"], found["seed"]) == ("lstm", 3)
    shutil.rmtree(sweep)
    done = run_train(*tiny, "trainer.epochs=1", "data.source=x,'x'")  # with and without quotes
    assert done.returncode == 0, done.stderr
    assert [name.partition("-")[0] for name in folders(sweep)] == ["sourcex", "sourcex"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["seed=1,1"], "two jobs have the same settings; give each value of a key once"),
        (["seed=1,2,1", "trainer.epochs=1,2"], "two jobs have the same settings"),
        (["hydra.sweep.subdir=x", "seed=1,2"], "hydra.sweep.subdir names the folder of a job"),
        (["seed=interval(1,2)"], "BasicSweeper does not support sweep type"),
        (["seed=1,2", "trainer.epoch=1"], "unknown key trainer.epoch: did you mean"),
        (["model=lstm,spin"], "Could not find 'model/spin': did you mean 'spinn'?"),
    ],
)
def test_a_sweep_that_cannot_be_named_or_composed_runs_no_job(
    arguments: list[str], message: str, tiny: list[str], sweep: Path, run_train: RunTrain
) -> None:
    done = run_train(*tiny, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "continue with" not in done.stderr
    assert "Traceback" not in done.stderr
    assert not sweep.exists() or folders(sweep) == []


def test_a_sweep_without_names_for_its_jobs_runs_none(
    tiny: list[str], sweep: Path, run_train: RunTrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hydra itself makes a warning of an exception before a sweep, and runs the jobs."""
    monkeypatch.setattr(sweeps, "job_name", lambda *_: 1 / 0)
    done = run_train(*tiny, "seed=1,2")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert not sweep.exists()


@pytest.mark.parametrize("launcher", ["joblib", "submitit_slurm", "submitit_local"])
def test_a_launcher_that_is_not_installed_is_an_error_with_the_command_that_installs_it(
    launcher: str, tiny: list[str], run_train: RunTrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = f"hydra-{launcher.partition('_')[0]}-launcher"
    found = util.find_spec
    missing = f"hydra_plugins.{package.replace('-', '_')}"
    monkeypatch.setattr(
        "spinn.cli.support.hydra_errors.find_spec",
        lambda name: None if name == missing else found(name),
    )
    options = ConfigStore.instance().repo["hydra"]["launcher"]
    monkeypatch.delitem(options, f"{launcher}.yaml")
    done = run_train(*tiny, "seed=1,2", f"hydra/launcher={launcher}")
    assert done.returncode == 2
    expected = (
        f'hydra/launcher={launcher} needs {package}, which is missing: pip install "spinn[sweep]"'
    )
    assert done.stderr == f"error: {expected}\n"


def test_ctrl_c_ends_the_sweep_and_the_command_it_prints_continues_exactly(
    tiny: list[str], sweep: Path, run_train: RunTrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = RunFolder.append_metrics

    def interrupt(folder: RunFolder, line: dict[str, Any]) -> None:
        append(folder, line)
        if folder.path.name == "seed2" and line["epoch"] == 2:
            signal.raise_signal(signal.SIGINT)

    arguments = [*tiny, "seed=1,2,3", "trainer.epochs=3"]
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "append_metrics", interrupt)
        done = run_train(*arguments)
    assert done.returncode == 130
    assert f"stopped at step 16 of 24; saved in {sweep / 'seed2'}\n" in done.stdout
    assert f"1 of 3 jobs finished: {sweep}\n" in done.stdout
    *lines, last = done.stderr.splitlines()
    assert lines == ["not finished: seed2", "not finished: seed3"]
    again = run_train(*shlex.split(last.partition("continue with: ")[2])[2:])
    assert again.returncode == 0, again.stderr
    assert "continuing from step 16" in again.stdout
    other = sweep.parent / "other"
    whole = run_train(*[*arguments[:-3], f"hydra.sweep.dir='{other}'", *arguments[-2:]])
    assert whole.returncode == 0, whole.stderr
    for seed in (1, 2, 3):
        ours, theirs = (results(folder / f"seed{seed}") for folder in (sweep, other))
        assert ours["dev"] == theirs["dev"]
        assert ours["tests"] == theirs["tests"]
    metrics = (sweep / "seed2" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in metrics] == [1, 2, 3]


def test_an_unfinished_run_of_other_settings_is_replaced_with_a_warning(
    tiny: list[str], sweep: Path, run_train: RunTrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_results", lambda *_: (_ for _ in ()).throw(OSError("full")))
        assert run_train(*tiny, "seed=1,2", "trainer.epochs=1").returncode == 1
    done = run_train(*tiny, "seed=1,2", "trainer.epochs=2")
    assert done.returncode == 0, done.stderr
    expected = (
        f"{sweep}/seed1: an unfinished run of other settings is replaced: trainer.epochs was 1"
    )
    assert expected in done.stdout
    assert "continuing from" not in done.stdout


def test_the_state_of_a_replaced_run_is_never_continued(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "last.safetensors").touch()
    (folder / "job.yaml").write_text("optimizer: {lr: 0.001}\n", encoding="utf-8")
    settings = {"optimizer": {"lr": 10.0}, "trainer": {"resume": None, "init_from": None}}
    config = OmegaConf.create(settings)
    assert sweep_job._continued(config, folder, settings).trainer.resume is None
    # This job fails before it has a state of its own; the next command finds its settings.
    (folder / "job.yaml").write_text("optimizer: {lr: 10.0}\n", encoding="utf-8")
    assert sweep_job._continued(config, folder, settings).trainer.resume is None


def test_latest_follows_a_sweep_and_commands_name_its_runs(
    tiny: list[str], sweep: Path, run_train: RunTrain, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_train(*tiny, "seed=2,10", "trainer.epochs=1").returncode == 0
    latest = sweep.parent / "latest"
    assert latest.resolve() == sweep
    assert not (sweep / "latest").exists()
    assert main(["evaluate", str(latest)]) == 2
    message = f"{latest} is the folder of a sweep; name one of its runs, such as {latest}/seed2: "
    assert f"error: {message}seed2, seed10\n" == capsys.readouterr().err
    resumed = run_train(*tiny[1:-1], f"trainer.resume='{latest}'")
    assert "is the folder of a sweep" in resumed.stderr
    for number in range(20, 32):
        (sweep / f"seed{number}").mkdir()
        (sweep / f"seed{number}" / "config.yaml").touch()
    main(["evaluate", str(latest)])
    assert "seed26, seed27, … (14 in all)\n" in capsys.readouterr().err
    assert main(["evaluate", str(latest / "seed10")]) == 0


def test_a_run_records_the_command_that_trains_it_again(
    tiny: list[str], sweep: Path, run_train: RunTrain, tmp_path: Path
) -> None:
    assert run_train(*tiny, "seed=1,2", "trainer.epochs=1").returncode == 0
    in_sweep = results(sweep / "seed2")
    python, script, *arguments = shlex.split(in_sweep["command"])
    assert (python, script) == ("python", "train.py")
    single = [*arguments, f"hydra.run.dir='{tmp_path / 'a run'}'"]
    assert run_train(*single).returncode == 0
    alone = results(tmp_path / "a run")
    assert alone["dev"] == in_sweep["dev"]
    assert shlex.split(alone["command"])[2:] == single
    assert set(alone) == set(in_sweep)


def test_precisions_in_one_process(tiny: list[str], sweep: Path, run_train: RunTrain) -> None:
    done = run_train(*tiny, "trainer.precision=no,bf16,no", "seed=1", "trainer.epochs=1")
    assert done.returncode == 2  # no is given twice
    done = run_train(*tiny, "trainer.precision=bf16,no", "seed=1,2", "trainer.epochs=1")
    assert done.returncode == 0, done.stderr
    for precision in ("no", "bf16"):
        assert results(sweep / f"precision{precision}_seed2")["precision"] == precision
    losses = {results(sweep / name)["dev"]["loss"] for name in folders(sweep)}
    assert len(losses) == 4


def test_joblib_shares_the_cores_and_leaves_the_terminal_alone(
    tiny: list[str], sweep: Path
) -> None:
    joblib = pytest.importorskip("joblib")
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    tiny = [word for word in tiny if not word.startswith("trainer.threads")]
    large = ["model=bilstm", "model.hidden_size=256", "trainer.threads=null", "trainer.epochs=1"]
    trees = ["data.trees=predicted", "hydra/launcher=joblib"]
    done = in_process(
        [*tiny, *large, *trees, "model=bilstm,spinn_pi", "seed=1,2"], OMP_NUM_THREADS="64"
    )
    assert done.returncode == 2, done.stderr
    assert "2 of 4 jobs finished" in done.stdout
    cores = joblib.cpu_count()
    assert f"n_jobs={min(cores, 4)}," in done.stdout
    found = results(sweep / "bilstm_seed1")
    assert found["parameters"] > 500_000  # more than one thread by default
    assert found["threads"] == max(1, cores // min(cores, 4))
    assert "epoch 1/1" not in done.stdout + done.stderr
    assert "epoch 1/1" in (sweep / "bilstm_seed1" / "train.log").read_text()
    assert "bilstm_seed1 finished; " in done.stdout
    assert "spinn_pi_seed2 failed: data.trees=predicted: spinn_pi follows" in done.stdout
    assert "Warning" not in done.stderr
    assert shlex.split(found["command"])[1].endswith("train.py")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_sweep_with_joblib_and_its_processes(
    number: signal.Signals, tiny: list[str], sweep: Path
) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    more = ["seed=1,2", "trainer.epochs=100000", "hydra/launcher=joblib"]
    process = subprocess.Popen(
        [sys.executable, str(PROJECT / "train.py"), *tiny, *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A test run in the background ignores SIGINT, and so would its processes.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not (sweep / "seed1" / "metrics.jsonl").exists() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(number)
    out, errors = process.communicate(timeout=60)  # at the end of all processes that may write
    assert process.returncode == 128 + number, errors
    assert f"0 of 2 jobs finished: {sweep}" in out
    assert "not finished: seed1\nnot finished: seed2\ncontinue with: " in errors
    assert "Traceback" not in errors


def test_submitit_runs_jobs_in_processes_of_its_own(tiny: list[str], sweep: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    more = ["seed=1,2", "trainer.epochs=1", "hydra/launcher=submitit_local"]
    done = in_process([*tiny, *more])
    assert done.returncode == 0, done.stderr
    assert f"2 of 2 jobs finished: {sweep}" in done.stdout
    assert folders(sweep) == ["seed1", "seed2"]
    assert results(sweep / "seed2")["seed"] == 2
    assert (sweep.parent / "latest").resolve() == sweep
    assert "epoch 1/1" not in done.stdout


def test_the_slurm_launcher_asks_for_what_its_file_says_and_an_error_of_it_is_reported(
    tiny: list[str], sweep: Path, run_train: RunTrain, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    script, programs = tmp_path / "script", tmp_path / "bin"
    programs.mkdir()
    (programs / "srun").write_text("")
    (programs / "sbatch").write_text(f"#!/bin/sh\ncp $1 {script}; echo no partition >&2; exit 1\n")
    for program in programs.iterdir():
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    # The program is given the path of a script, which has no space here.
    more = ["seed=1,2", "hydra/launcher=submitit_slurm", f"hydra.sweep.dir={tmp_path / 'sweep'}"]
    done = run_train(*tiny, *more, "hydra.launcher.mem_gb=4")
    assert done.returncode == 1
    asked = {line.partition(" ")[2] for line in script.read_text().splitlines() if "SBATCH" in line}
    assert {
        "--cpus-per-task=2", "--mem=4GB", "--time=720", "--signal=USR2@120", "--job-name=spinn",
        "--array=0-1%2", "--nodes=1",
    } <= asked  # fmt: skip
    assert not [option for option in asked if "gpu" in option or "partition" in option]
    assert "no partition" in done.stderr
    last = done.stderr.splitlines()[-4:]
    assert last[:2] == ["not finished: seed1", "not finished: seed2"]
    assert last[2] == "jobs that the queue holds continue; wait for them, or cancel them"
    assert last[3].startswith("continue with: ")


def test_the_time_left_is_that_of_the_jobs_that_have_not_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(sweeps.time, "monotonic", lambda: now)
    jobs = [Job(tmp_path / str(number), f"seed={number}") for number in range(10)]
    for job in jobs:
        job.folder.mkdir()
    for number in (0, 1):  # finished before
        (jobs[number].folder / "results.json").touch()
    sweep = Sweep(tmp_path, jobs, "basic", None)
    now = 30.0
    assert sweep.announce(2) == "job 3 of 10: seed=2"
    (jobs[2].folder / "results.json").touch()
    (jobs[3].folder / "failure.json").write_text('{"error": "bad", "exit_code": 2}')
    now = 60.0  # one job was finished in 60 s, and six are left
    assert sweep.announce(4) == "job 5 of 10: seed=4, about 6 min left"
    (jobs[4].folder / "results.json").touch()
    assert sweep.announce(5) == "job 6 of 10: seed=5, about 2 min left"
    sweep.close()
