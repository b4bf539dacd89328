"""One trial of a search: a run of train.py in a process of its own, watched through its folder."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from optuna.study import Study
from optuna.trial import Trial, TrialState

from spinn.cli.support.resume_command import hydra_value
from spinn.errors import InputError
from spinn.files import write_json
from spinn.project import PROJECT_ROOT
from spinn.training.run_folder import RunFolder

TRAIN = PROJECT_ROOT / "train.py"
OVERRIDES, ERROR = "overrides", "error"  # attributes of a trial in the storage
TRIAL = "trial.json"  # the overrides of the trial that a folder belongs to
GRACE = 120  # seconds in which a process that is stopped saves its state
STOPPED = {128 + signal.SIGINT, 128 + signal.SIGTERM, -signal.SIGINT, -signal.SIGTERM}


class TrialRun:
    """A trial and its process. A trial whose folder has the state of a run continues from it.

    Every evaluation on dev is reported to the study, in order. When the pruner decides to prune,
    the process is stopped, and its later evaluations are ignored. So the outcome depends on the
    evaluations alone, not on how soon they are seen.

    Args:
        study: of the trial.
        trial: asked for, not ended.
        folder: of the run.
        overrides: of train.py: those of all trials, and the trial's own.
        threads: the default number of the process; None for torch's.
        lock: an open file that the process inherits.

    Raises: InputError: if the folder has a run of another search.
    """

    def __init__(
        self,
        study: Study,
        trial: Trial,
        folder: Path,
        overrides: list[str],
        *,
        threads: int | None,
        lock: IO[str],
    ) -> None:
        self.study = study
        self.trial = trial
        self.run = RunFolder(folder)
        self.output = folder / "output.txt"  # of the process
        self.pruned = False
        self._reported = set(study.trials[trial.number].intermediate_values)
        self._deadline: float | None = None  # of a process that is stopped
        self._process = None
        self._check_folder(overrides)
        if not self.run.results.is_file():
            self._process = self._started(overrides, threads, lock)

    def _check_folder(self, overrides: list[str]) -> None:
        """Store the overrides of the trial in its folder.

        Raises: InputError: if the folder has a run with others, of a search that was deleted.
        """
        path = self.run.path / TRIAL
        if path.is_file() or self.run.config.is_file():
            before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
            if before != overrides:
                raise InputError(
                    f"{self.run.path} holds a run of another search; name another folder with --out"
                )
        self.run.path.mkdir(parents=True, exist_ok=True)
        write_json(path, overrides)

    def _started(
        self, overrides: list[str], threads: int | None, lock: IO[str]
    ) -> subprocess.Popen[bytes]:
        folder = hydra_value(str(self.run.path))
        words = [*overrides, f"hydra.run.dir={folder}", "trainer.progress=false"]
        if self.run.last.is_file():
            words += [f"trainer.resume={folder}", "trainer.init_from=null"]
        environment = dict(os.environ)
        if threads is not None:
            environment["OMP_NUM_THREADS"] = str(threads)
        with self.output.open("w", encoding="utf-8") as output:
            return subprocess.Popen(
                [sys.executable, str(TRAIN), *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                pass_fds=[lock.fileno()],
                start_new_session=True,  # Ctrl-C reaches it through `stop` alone
            )

    def stop(self) -> None:
        """Ask the process to save its state and end."""
        if self._process is not None and self._deadline is None:
            self._process.send_signal(signal.SIGTERM)
            self._deadline = time.monotonic() + GRACE

    def poll(self) -> bool:
        """Report new evaluations; return whether the process has ended.

        The study then has the outcome: the score, pruned, or failed with an error. A trial that was
        stopped stays open, and the next command continues it.
        """
        code = 0 if self._process is None else self._process.poll()
        self._report()  # all of them, if the process has ended
        if code is None:
            if self._process and self._deadline and time.monotonic() > self._deadline:
                self._process.kill()
            return False
        error = self._error(code)
        if self.pruned:
            self.study.tell(self.trial, state=TrialState.PRUNED)
        elif error is None:
            results = json.loads(self.run.results.read_text(encoding="utf-8"))
            self.study.tell(self.trial, float(results["dev_score"]))
        elif code not in STOPPED and self._deadline is None:
            self.trial.set_user_attr(ERROR, error)
            self.study.tell(self.trial, state=TrialState.FAIL)
        return True

    def _report(self) -> None:
        if self.pruned or not self.run.metrics.is_file():
            return
        text = self.run.metrics.read_text(encoding="utf-8")
        lines = text[: text.rfind("\n") + 1].splitlines()
        for number, line in enumerate(lines, 1):
            if number in self._reported:
                continue
            self._reported.add(number)
            self.trial.report(json.loads(line)["score"], number)
            if self.trial.should_prune():
                self.pruned = True
                self.stop()
                return

    def _error(self, code: int) -> str | None:
        """Return why the process has failed; None if it has not."""
        if code == 0 and self.run.results.is_file():
            return None
        if code < 0:
            return f"ended by {signal.Signals(-code).name}"
        text = self.output.read_text(encoding="utf-8", errors="replace")
        lines = [line for line in text.splitlines() if line.strip()]
        errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
        return (errors or lines or [f"exit code {code}"])[-1]
