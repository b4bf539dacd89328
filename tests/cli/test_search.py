"""`spinn search`: trials are trained, pruned and continued; one that fails fails alone."""

import fcntl
import json
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from spinn.cli import main
from spinn.cli.support.composing import composed

optuna = pytest.importorskip("optuna")

from spinn.cli.support import search_studies, search_trials  # noqa: E402

# Stands in for train.py: a trial of 4 evaluations whose score depends on the number of its folder.
FAKE = """
import json, os, signal, sys, time
from pathlib import Path
values = dict(word.split("=", 1) for word in sys.argv[1:])
run = Path(values["hydra.run.dir"].strip("'"))
number = int(run.name[-3:])
resumed = "trainer.resume" in values
(run / "arguments.jsonl").open("a").write(json.dumps([values, os.environ.get("OMP_NUM_THREADS")]))
def stop(*_):
    (run / "last.safetensors").write_text("state")
    sys.exit(143)
signal.signal(signal.SIGTERM, stop)
def wait_for(condition):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    sys.exit("waited in vain")
lines = 0
def evaluate(score):
    global lines
    lines += 1
    with (run / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({{"step": lines, "score": score}}) + "\\n")
if resumed:
    (run / "metrics.jsonl").unlink()
{behaviour}
if not (run / "results.json").exists():
    for evaluation in range(1, 5):
        evaluate(number / 10 + evaluation / 100)
    (run / "results.json").write_text(json.dumps({{"dev_score": number / 10 + 0.04}}))
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Replace train.py by a script with a behaviour of its own."""

    def replace(behaviour: str = "") -> None:
        script = tmp_path / "fake_train.py"
        script.write_text(FAKE.format(behaviour=behaviour))
        monkeypatch.setattr(search_trials, "TRAIN", script)
        monkeypatch.setattr(search_studies, "POLL", 0.02)

    return replace


class Searched:
    """What a search printed, and the trials of its studies."""

    def __init__(self, code: int, out: str, err: str, folder: Path) -> None:
        self.code, self.out, self.err = code, out, err
        storage = f"sqlite:///{folder}/search.db"
        self._trials = {
            name: optuna.load_study(study_name=name, storage=storage).trials
            for name in optuna.get_all_study_names(storage)
        }

    def trials(self, name: str) -> list[Any]:
        found: list[Any] = self._trials[name]
        return found

    def states(self, name: str) -> str:
        """The first letters of the outcomes: Complete, Pruned, Fail, Running."""
        return "".join(trial.state.name[0] for trial in self.trials(name))


@pytest.fixture
def search(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Searched]:
    """Run `spinn search` in the folder `search`."""

    def run(*arguments: str) -> Searched:
        folder = tmp_path / "search"
        code = main(["search", "--out", str(folder), *arguments])
        return Searched(code, *capsys.readouterr(), folder)

    return run


def drawn_rate(trial: Any) -> float:
    """The learning rate that a trial was trained with."""
    (override,) = trial.user_attrs["overrides"]
    return float(override.removeprefix("optimizer.lr="))


def test_two_models_are_searched_and_continued(
    tiny_overrides: list[str],
    search: Callable[..., Searched],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Real training, with train.py."""
    overrides = [o for o in tiny_overrides if not o.startswith("hydra.run.dir")]
    overrides += ["model=lstm,treelstm", "optimizer.lr=tag(log,interval(0.001,0.1))", "seed=4"]
    first = search("--trials", "2", *overrides)
    assert first.code == 0, first.err
    results = list((tmp_path / "search").glob("*/trial_*/results.json"))
    written = {path: path.stat().st_mtime_ns for path in results}
    assert len(written) == 4
    second = search("--trials", "3", "--jobs", "2", *overrides)
    assert second.code == 0, second.err
    assert {path: path.stat().st_mtime_ns for path in written} == written  # not run again
    rows, commands = table_and_commands(second.out)
    for model, command in zip(("lstm", "treelstm"), commands, strict=True):
        trials = second.trials(model)
        assert second.states(model) == "CCC"
        for trial in trials:
            run = tmp_path / "search" / model / f"trial_{trial.number:03d}"
            stored = json.loads((run / "results.json").read_text())
            assert (stored["model"], stored["seed"]) == (model, 4)
            assert trial.value == stored["dev_score"] == max(trial.intermediate_values.values())
            assert OmegaConf.load(run / "config.yaml").optimizer.lr == drawn_rate(trial)
        best = max(trials, key=lambda trial: trial.value)
        assert rows[model][:5] == [f"{best.value:.4f}", str(best.number), "3", "0", "0"]
        assert float(rows[model][5]) == drawn_rate(best)
        assert command[2] == "-m"
        assert command[-1] == "seed=1,2,3"
        with composed(command[3:-1]) as config:
            assert config.names.model == model
            assert config.optimizer.lr == drawn_rate(best)
            assert config.model.hidden_size == 8
    assert main(["evaluate", str(tmp_path / "search" / "lstm" / "trial_002"), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["sets"]
    assert shown["dev"]["accuracy"] == second.trials("lstm")[2].value


def table_and_commands(out: str) -> tuple[dict[str, list[str]], list[list[str]]]:
    """The cells of the last table by the name of the row, and the words of each command."""
    lines = out[out.index("dev score") :].splitlines()[1:]
    rows = {name: cells for name, *cells in map(str.split, lines) if "trial" not in cells}
    return rows, [shlex.split(line) for line in lines if line.startswith("python ")]


def test_a_search_in_two_parts_draws_the_values_of_a_whole_one(
    fake: Callable[[str], None], search: Callable[..., Searched], tmp_path: Path
) -> None:
    fake("")
    for trials in ("4", "12"):  # random values, then those of the sampler's model
        parts = search("--trials", trials, "model=lstm", "--no-pruning")
    (tmp_path / "search").rename(tmp_path / "in parts")
    whole = search("--trials", "12", "model=lstm", "--no-pruning")
    values = [trial.params for trial in whole.trials("lstm")]
    assert [trial.params for trial in parts.trials("lstm")] == values
    assert len({params["optimizer.lr"] for params in values}) == 12
    assert search("--trials", "1", "model=bow").trials("bow")[0].params == values[0]  # all alike
    (tmp_path / "search").rename(tmp_path / "whole")
    other = search("--trials", "1", "model=lstm", "--seed", "2")
    assert other.trials("lstm")[0].params != values[0]


# Trials 0 to 4 finish. Later ones with an odd number are below the median from the second
# evaluation on: they wait there until they are stopped.
POOR = """
if number >= 5 and number % 2:
    evaluate(-1.0)
    evaluate(-0.9)
    wait_for(lambda: False)
"""


def test_a_trial_with_a_poor_curve_is_stopped(
    fake: Callable[[str], None], search: Callable[..., Searched], tmp_path: Path
) -> None:
    fake(POOR)
    found = search("--trials", "8", "model=bow")
    assert found.code == 0, found.err
    assert found.states("bow") == "CCCCCPCP"
    assert found.trials("bow")[5].intermediate_values == {1: -1.0, 2: -0.9}
    assert (tmp_path / "search" / "bow" / "trial_005" / "last.safetensors").is_file()
    assert "bow trial 5: pruned at evaluation 2 with -0.9000" in found.out
    assert table_and_commands(found.out)[0]["bow"][:5] == ["0.6400", "6", "6", "2", "0"]


def test_without_pruning_every_trial_is_trained_to_the_end(
    fake: Callable[[str], None], search: Callable[..., Searched]
) -> None:
    fake(POOR.replace("wait_for(lambda: False)", "pass"))
    assert search("--trials", "8", "model=bow", "--no-pruning").states("bow") == "CCCCCCCC"


def test_a_pruned_trial_whose_end_is_seen_late_is_pruned_all_the_same(
    fake: Callable[[str], None], search: Callable[..., Searched]
) -> None:
    """The whole curve is there when it is read for the first time."""
    fake(POOR.replace("wait_for(lambda: False)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"))
    found = search("--trials", "6", "model=bow")
    assert found.states("bow") == "CCCCCP"
    assert found.trials("bow")[5].intermediate_values == {1: -1.0, 2: -0.9}


FAILING = """
if number == 0:
    print("a line"); print("error: the loss is nan at step 7"); print("more"); sys.exit(1)
if number == 1:
    print("error: data.root: no folder", file=sys.stderr); sys.exit(2)
if number == 2:
    os.kill(os.getpid(), signal.SIGKILL)
if number == 3:
    raise RuntimeError("of the code")
"""


def test_a_trial_that_fails_fails_alone(
    fake: Callable[[str], None], search: Callable[..., Searched], tmp_path: Path
) -> None:
    fake(FAILING)
    found = search("--trials", "6", "model=lstm")
    assert found.code == 0
    assert found.states("lstm") == "FFFFCC"
    errors = [
        "the loss is nan at step 7",
        "data.root: no folder",
        "ended by SIGKILL",
        "RuntimeError: of the code",
    ]
    assert [trial.user_attrs["error"] for trial in found.trials("lstm")[:4]] == errors
    at_the_end = found.out[found.out.index("dev score") :].splitlines()
    for number, error in enumerate(errors):
        assert f"lstm trial {number}: failed: {error}" in at_the_end
    again = search("--trials", "6", "model=lstm")
    assert again.states("lstm") == "FFFFCC"
    folder = tmp_path / "search" / "lstm" / "trial_000"
    assert (folder / "arguments.jsonl").read_text().count("hydra.run.dir") == 1  # run once


def test_a_search_without_a_finished_trial_fails(
    fake: Callable[[str], None], search: Callable[..., Searched]
) -> None:
    fake("print('error: bad'); sys.exit(2)")
    found = search("--trials", "2", "model=lstm,bow")
    assert found.code == 1
    assert found.err.endswith("error: no trial of lstm, bow has finished\n")
    rows, commands = table_and_commands(found.out)
    assert rows["lstm"][:5] == rows["bow"][:5] == ["-", "-", "0", "0", "2"]
    assert not commands


def test_ctrl_c_saves_and_the_printed_command_continues(
    fake: Callable[[str], None],
    search: Callable[..., Searched],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fake("if number == 1 and not resumed:\n    evaluate(0.5)\n    wait_for(lambda: False)")
    run = tmp_path / "search" / "bow" / "trial_001"

    def interrupt() -> None:
        deadline = time.monotonic() + 60
        while not (run / "metrics.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    stopped = search("--trials", "3", "model=bow", "optimizer.lr=interval(0.001,0.01)")
    thread.join()
    assert stopped.code == 130
    assert stopped.states("bow") == "CR"
    assert "bow trial 1: stopped; the same command continues it" in stopped.out
    message, _, command = stopped.err.strip().partition("Continue with: ")
    assert message == "stopped after 1 of 3 trials; the others have saved their state. "
    assert (run / "last.safetensors").is_file()
    words = shlex.split(command)
    assert words[:2] == ["spinn", "search"]
    assert main(words[1:]) == 0
    continued = Searched(0, *capsys.readouterr(), tmp_path / "search")
    assert continued.states("bow") == "CCC"
    assert continued.trials("bow")[1].params == stopped.trials("bow")[1].params
    first, second = (run / "arguments.jsonl").read_text().replace("]{", "]\n{").split("][")
    drawn = f'"optimizer.lr": "{json.loads(first + "]")[0]["optimizer.lr"]}"'
    assert drawn in second
    assert f'"trainer.resume": "{run}"' in second
    assert '"trainer.init_from": "null"' in second
    assert "trainer.resume" not in first


def test_a_trial_that_has_finished_while_the_search_was_dead_is_not_run_again(
    fake: Callable[[str], None], search: Callable[..., Searched], tmp_path: Path
) -> None:
    fake("if number == 1:\n    os.kill(os.getpid(), signal.SIGTERM)\n    wait_for(lambda: False)")
    stopped = search("--trials", "2", "model=bow")  # by another process
    assert stopped.states("bow") == "CR"
    run = tmp_path / "search" / "bow" / "trial_001"
    (run / "metrics.jsonl").write_text('{"step": 1, "score": 0.75}\n')
    (run / "results.json").write_text('{"dev_score": 0.75}')
    found = search("--trials", "2", "model=bow")
    assert found.states("bow") == "CC"
    assert found.trials("bow")[1].value == 0.75
    assert (run / "arguments.jsonl").read_text().count("hydra.run.dir") == 1


def test_the_runs_of_a_deleted_search_are_not_those_of_a_new_one(
    fake: Callable[[str], None], search: Callable[..., Searched], tmp_path: Path
) -> None:
    fake("")
    assert search("--trials", "1", "model=bow").code == 0
    (tmp_path / "search" / "search.db").unlink()
    refused = search("--trials", "1", "--seed", "2", "model=bow")
    assert refused.code == 2
    assert "trial_000 holds a run of another search; name another folder with --out" in refused.err


def test_the_database_is_in_the_folder_whatever_its_name(
    fake: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake("")
    out = tmp_path / "what? 100%20{x}"
    assert main(["search", "--out", str(out), "--trials", "1", "model=bow"]) == 0
    assert (out / "search.db").is_file()
    assert not (tmp_path / "what").exists()


def test_trials_run_at_once_with_a_share_of_the_threads(
    fake: Callable[[str], None],
    search: Callable[..., Searched],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake("wait_for(lambda: len(list(run.parent.parent.glob('*/trial_*'))) == 2)")
    monkeypatch.setattr("torch.get_num_threads", lambda: 6)
    found = search("--trials", "1", "--jobs", "2", "model=lstm,bow")
    assert found.states("lstm") == found.states("bow") == "C"
    (_, threads) = json.loads(
        (tmp_path / "search" / "bow" / "trial_000" / "arguments.jsonl").read_text()
    )
    assert threads == "3"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["model=bow", "data.limit=99"],
            "holds a search of bow with other settings: overrides was model=bow and is data.limit=",
        ),
        (["model=bow", "--seed", "2"], "other settings: --seed was 1 and is 2; name another fold"),
        (
            ["model=bow", "task.layers=1,2"],
            "other settings: model.embedding.dropout was {",
        ),
        (["model=bow", "--trials", "0"], "--trials is 0; expected 1 or more"),
        (["model=bow", "--jobs", "0"], "--jobs is 0; expected 1 or more"),
    ],
)
def test_another_search_in_the_folder_is_refused(
    arguments: list[str],
    message: str,
    fake: Callable[[str], None],
    search: Callable[..., Searched],
) -> None:
    fake("")
    assert search("--trials", "1", "model=bow").code == 0
    refused = search(*arguments)
    assert refused.code == 2
    assert message in refused.err
    assert refused.states("bow") == "C"


def test_a_second_search_waits_for_no_lock(
    fake: Callable[[str], None], search: Callable[..., Searched], tmp_path: Path
) -> None:
    fake("")
    assert search("--trials", "1", "model=bow").code == 0
    with (tmp_path / "search" / "search.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = search("--trials", "2", "model=bow")
    assert refused.code == 2
    assert "a search is running there, or one of its trials; wait for its end" in refused.err


def test_a_trial_holds_the_lock_of_its_search(fake: Callable[[str], None], tmp_path: Path) -> None:
    """So a search that was killed does not run a second process in the folder of a trial."""
    fake("wait_for((run / 'go on').exists)")
    folder, path = tmp_path / "trial_000", tmp_path / "search.lock"
    study = optuna.create_study(direction="maximize")
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = search_trials.TrialRun(study, study.ask(), folder, [], threads=None, lock=lock)
    with path.open("a") as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (folder / "go on").touch()
        while not run.poll():
            time.sleep(0.02)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert study.best_value == 0.04


def test_a_missing_optuna_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert main(["search", "--out", str(tmp_path / "search"), "model=bow"]) == 2
    expected = 'error: spinn search needs optuna, which is missing: pip install "spinn[search]"\n'
    assert capsys.readouterr().err == expected
    assert not (tmp_path / "search").exists()
