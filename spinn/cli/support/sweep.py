"""A sweep in the process of its command: the names of the jobs, their progress, the end report."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, read_write
from tqdm import tqdm

from spinn.cli.support import exit_codes, hydra_errors, resume_command
from spinn.cli.support.sweep_folder import (
    BASIC,
    FAILURE,
    is_finished,
    job_name,
    read_failure,
    read_results,
)
from spinn.cli.support.text_tables import aligned
from spinn.errors import InputError
from spinn.project import PROJECT_ROOT
from spinn.text import duration, plural, printable_lines

SWEEPER = f"{BasicSweeper.__module__}.{BasicSweeper.__qualname__}"
SUBDIR = "hydra.sweep.subdir"
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")  # torch's default number of threads


class Job(NamedTuple):
    """A job: the folder of its run, and its overrides that vary over the sweep."""

    folder: Path
    varied: str


class Sweep:
    """A sweep, as its folder shows it; the jobs may run in other processes.

    Args:
        folder: of the sweep.
        jobs: in their order.
        launcher: the option of `hydra/launcher`.
        progress: `trainer.progress`.
    """

    def __init__(
        self, folder: Path, jobs: Sequence[Job], launcher: str, progress: bool | None
    ) -> None:
        self.folder = folder
        self.jobs = jobs
        for job in jobs:
            (job.folder / FAILURE).unlink(missing_ok=True)  # it runs again
        self._before = {job for job in jobs if is_finished(job.folder)}
        self._launcher = launcher
        self._disable = None if progress is None else not progress  # tqdm's: null for a terminal
        self._began = time.monotonic()
        # A launcher ends its processes at an exception, and not at SIGTERM.
        self._on_sigterm = signal.signal(signal.SIGTERM, _exit)
        self._closed = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        if launcher != BASIC:  # whose jobs show their own progress
            self._watcher.start()

    def announce(self, number: int) -> str:
        """Return a line about a job that begins.

        Args: number: of the job, from 0.
        """
        return f"job {number + 1} of {len(self.jobs)}: {self.jobs[number].varied}{self._left()}"

    def close(self) -> None:
        """End the progress bar, after the jobs."""
        signal.signal(signal.SIGTERM, self._on_sigterm)
        self._closed.set()
        if self._watcher.is_alive():
            self._watcher.join()

    def report(self, code: int) -> int:
        """Print how the jobs have ended, and the command that continues; return the exit code.

        Args: code: of the command that ran the jobs.
        """
        finished = [job for job in self.jobs if is_finished(job.folder)]
        failures = {job: failure for job in self.jobs if (failure := read_failure(job.folder))}
        if finished:
            _print_comparison([job.folder for job in finished])
        count = f"{len(finished)} of {plural(len(self.jobs), 'job')} finished"
        before = len(self._before.intersection(finished))
        earlier = f", {before} of them before" if before else ""
        print(printable_lines(f"{count}{earlier}: {shown(self.folder)}"))
        if len(finished) > 1:
            command = shlex.join(["spinn", "compare", str(shown(self.folder))])
            print(printable_lines(f"next: {command}"))
        if len(finished) == len(self.jobs):
            return code
        sys.stdout.flush()
        lines = [f"failed: {job.folder.name}: {_first_line(f)}" for job, f in failures.items()]
        missing = [job for job in self.jobs if job not in failures and job not in finished]
        lines += [f"not finished: {job.folder.name}" for job in missing]
        if missing and self._launcher.startswith("submitit"):
            lines.append("jobs that the queue holds continue; wait for them, or cancel them")
        lines.append(f"continue with: {resume_command.of_sweep(shown(self.folder))}")
        print(printable_lines("\n".join(lines)), file=sys.stderr)
        codes = {failure["exit_code"] for failure in failures.values()}
        return code or (exit_codes.BAD_INPUT if codes == {exit_codes.BAD_INPUT} else 1)

    def _watch(self) -> None:
        """Show each end of a job, and a bar."""
        with tqdm(
            total=len(self.jobs), initial=len(self._before), desc="sweep", unit="job",
            dynamic_ncols=True, disable=self._disable,
        ) as bar:  # fmt: skip
            ended = set(self._before)
            closed = False
            while not closed:
                closed = self._closed.wait(timeout=1)
                for job in [job for job in self.jobs if job not in ended and _end(job)]:
                    ended.add(job)
                    count = f"{len(ended)} of {plural(len(self.jobs), 'job')}{self._left()}"
                    bar.write(f"{job.folder.name} {_end(job)}; {count}")
                    bar.update()

    def _left(self) -> str:
        """Return the time that the other jobs need as text; empty before the end of a job."""
        ended = [job for job in self.jobs if job not in self._before and _end(job)]
        finished = sum(is_finished(job.folder) for job in ended)
        waiting = len(self.jobs) - len(self._before) - len(ended)
        if not finished or not waiting:
            return ""
        return f", about {duration((time.monotonic() - self._began) / finished * waiting)} left"


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _end(job: Job) -> str | None:
    """Return how a job has ended; None before its end."""
    failure = read_failure(job.folder)
    if failure is not None:
        return f"failed: {_first_line(failure)}"
    return "finished" if is_finished(job.folder) else None


def _first_line(failure: dict[str, Any]) -> str:
    return str(failure["error"]).partition("\n")[0]


def _print_comparison(runs: Sequence[Path]) -> None:
    """Print the rows of `spinn compare`; for runs of several tasks, a line for each run.

    The latter is also printed where the extra `compare` is not installed.
    """
    try:
        from spinn.analysis.comparison.comparison import compare, summary
        from spinn.analysis.comparison.records import find_runs
        from spinn.analysis.comparison.tables import results_table, terminal

        print(terminal([results_table(summary(compare(*find_runs(runs))))]))
    except (ImportError, InputError):
        print(_each_run(runs))


def _each_run(runs: Sequence[Path]) -> str:
    """Return the best score on dev of each run, and the first metric on each test set."""
    cells = {}
    for run in runs:
        results = read_results(run)
        sets = {"test": results["test"], **results["tests"]}
        cells[run.name] = {"dev score": results["dev_score"]}
        for name, values in sets.items():
            for metric, value in list((values or {}).items())[:1]:
                cells[run.name][f"{name} {metric}"] = value
    names = list(dict.fromkeys(name for scores in cells.values() for name in scores))
    rows = {
        run: ["-" if scores.get(name) is None else f"{scores[name]:.4f}" for name in names]
        for run, scores in cells.items()
    }
    return aligned(names, rows)


def shown(path: Path) -> Path:
    """Return a path as messages name it: relative to the current folder, if it is inside."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


_current: Sweep | None = None  # the sweep of this process


def current() -> Sweep | None:
    """Return the sweep whose command runs in this process; None in a worker process."""
    return _current


def supervise(command: Callable[[], int]) -> int:
    """Run a command, and return its exit code; if it is a sweep, report how its jobs have ended."""
    global _current
    try:
        code = command()
    except (SystemExit, Exception) as error:
        if _current is None:
            raise
        if not isinstance(error, SystemExit):  # of the launcher
            traceback.print_exception(error)
        code = int(error.code or 0) if isinstance(error, SystemExit) else 1
    finally:
        sweep, _current = _current, None
        if sweep is not None:
            sweep.close()
    # Code 2 is that of overrides which Hydra refuses before the first job.
    return code if sweep is None or code == exit_codes.BAD_INPUT else sweep.report(code)


class SweepCallback(Callback):
    """What Hydra calls before a sweep."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Name the jobs, and show their progress.

        Raises: SystemExit: with the exit code, after the error is printed; Hydra makes warnings of
            other exceptions.
        """
        conf = PROJECT_ROOT / "conf"
        try:
            code = exit_codes.run(lambda: hydra_errors.run(lambda: _start(config), conf))
        except Exception as error:
            traceback.print_exception(error)
            code = 1
        if code:
            raise SystemExit(code)


def _start(config: DictConfig) -> None:
    """Find the jobs of a sweep, and set what all of them need.

    Raises: InputError: if their folders cannot be named, or the launcher is not installed.
    """
    global _current
    hydra = config.hydra
    launcher = hydra.runtime.choices["hydra/launcher"]
    hydra_errors.check_launcher(launcher)
    if hydra.sweeper._target_ != SWEEPER:
        raise InputError(f"hydra.sweeper._target_ is {hydra.sweeper._target_}; expected {SWEEPER}")
    if any(word.split("=")[0].lstrip("+") == SUBDIR for word in hydra.overrides.hydra):
        raise InputError(
            f"{SUBDIR} names the folder of a job, and is set by the overrides that vary; leave it "
            "out"
        )
    overrides = _job_overrides(hydra)
    if len(set(map(tuple, overrides))) < len(overrides):
        raise InputError("two jobs have the same settings; give each value of a key once")
    columns = [column for column in zip(*overrides, strict=True) if len(set(column)) > 1]
    varied = [column[0].partition("=")[0] for column in columns]
    names = [job_name(job, varied) for job in overrides]
    hashed = len(set(names)) < len(names)
    if hashed:
        names = [job_name(job, varied, hashed=True) for job in overrides]
    folder = Path(hydra.sweep.dir).absolute()
    texts = [" ".join(words) for words in zip(*columns, strict=True)] or names
    jobs = [Job(folder / name, text) for name, text in zip(names, texts, strict=True)]
    own = [f"{SUBDIR}='${{spinn.job_name:{','.join([str(hashed).lower(), *varied])}}}'"]
    if launcher != BASIC and "file" in (OmegaConf.select(hydra, "job_logging.root.handlers") or ()):
        own.append("hydra.job_logging.root.handlers=[file]")  # not the terminal
    with read_write(config):
        hydra.overrides.hydra.extend(own)  # Hydra composes the configuration of each job with them
    _current = Sweep(folder, jobs, launcher, OmegaConf.select(config, "trainer.progress"))
    if launcher == "joblib":
        # Its workers are replaced between jobs when their memory has grown, which loses nothing.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        _share_cores(hydra.launcher.n_jobs)


def _job_overrides(hydra: DictConfig) -> list[list[str]]:
    """Return the overrides of each job, as Hydra's sweeper makes them."""
    words = [f"{key}={value}" for key, value in (hydra.sweeper.params or {}).items()]
    parser = OverridesParser.create(GlobalHydra.instance().config_loader())
    parsed = parser.parse_overrides([*words, *hydra.overrides.task])
    return BasicSweeper.split_arguments(parsed, max_batch_size=None)[0]


def parallel_jobs(threads: int | None) -> int:
    """Return how many jobs run at once: all cores are used, and no core is shared by two jobs.

    Args: threads: of a job; None for a share of the cores.
    """
    from joblib import cpu_count

    jobs: int = max(1, cpu_count() // (threads or 1))
    return jobs if _current is None else min(jobs, len(_current.jobs))


def _share_cores(jobs: int) -> None:
    """Limit torch's default number of threads in jobs that run at once.

    joblib sets the variables to a job's share of the cores, but keeps higher numbers that are set.
    """
    from joblib import cpu_count

    for name in THREADS:
        value = os.environ.get(name, "")
        if value.isdecimal():
            share = max(1, cpu_count() // jobs) if jobs > 0 else 1
            os.environ[name] = str(min(int(value), share))
