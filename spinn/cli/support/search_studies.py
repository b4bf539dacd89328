"""The studies of a search: their trials, several at once, and the report at the end."""

import argparse
import hashlib
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import quote

import optuna
import torch
from optuna.distributions import distribution_to_json
from optuna.pruners import MedianPruner, NopPruner
from optuna.samplers import TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState
from tqdm import tqdm

from spinn.cli.support.search_space import Candidate, suggest
from spinn.cli.support.search_trials import ERROR, OVERRIDES, TRAIN, TrialRun
from spinn.cli.support.text_tables import aligned
from spinn.errors import InputError, Interrupted
from spinn.training.loop import StopSignals

DEFINITION = "definition"  # attribute of a study: what a search in the same folder must repeat
POLL = 0.2  # seconds
SEEDS = "1,2,3"
FINISHED_BEFORE, FIRST_EVALUATION = 5, 2  # no trial is pruned before these
ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)

Entry = tuple[Candidate, Study]


def open_study(candidate: Candidate, options: argparse.Namespace) -> Study:
    """Create the study of a candidate, or load that of an earlier command.

    Raises: InputError: if that one had other settings.
    """
    pruner = MedianPruner(n_startup_trials=FINISHED_BEFORE, n_warmup_steps=FIRST_EVALUATION)
    study: Study = optuna.create_study(
        study_name=candidate.name,
        storage=f"sqlite:///{quote(str(options.out.resolve()))}/search.db",
        direction="maximize",
        pruner=NopPruner() if options.no_pruning else pruner,
        load_if_exists=True,
    )
    now = {
        "overrides": " ".join(sorted(candidate.overrides)),
        "--seed": str(options.seed),
        **{key: distribution_to_json(values) for key, values in candidate.space.items()},
    }
    before = study.user_attrs.get(DEFINITION, now)
    for key in sorted({*before, *now}):
        if before.get(key) != now.get(key):
            raise InputError(
                f"{options.out} holds a search of {candidate.name} with other settings: {key} was "
                f"{before.get(key, 'not searched')} and is {now.get(key, 'not searched')}; name "
                "another folder with --out"
            )
    study.set_user_attr(DEFINITION, now)
    return study


class Search:
    """The trials of all studies: several at once, equally many of each study.

    Args:
        entries: the candidates and their studies.
        options: of the command.
        lock: an open file that the trials inherit.
    """

    def __init__(self, entries: list[Entry], options: argparse.Namespace, lock: IO[str]) -> None:
        self._entries = entries
        self._options = options
        self._lock = lock
        self._running: list[TrialRun] = []
        # Threads of a trial; one alone has torch's default.
        jobs = options.jobs
        self._threads = max(1, torch.get_num_threads() // jobs) if jobs > 1 else None
        # Trials of an earlier command that was stopped.
        self._continued = [
            (candidate, study, Trial(study, frozen._trial_id))
            for candidate, study in entries
            for frozen in study.get_trials(states=(TrialState.RUNNING,))
        ]

    def run(self) -> None:
        """Run the trials that are missing.

        Raises: Interrupted: after Ctrl-C or SIGTERM, when the trials have saved their states.
        """
        self._began, self._before = time.monotonic(), self._ended()
        with (
            StopSignals() as signals,
            tqdm(
                total=self._total, initial=self._before, unit="trial", dynamic_ncols=True,
                disable=None,
            ) as bar,
        ):  # fmt: skip
            try:
                while signals.received is None and self._start_trials():
                    time.sleep(POLL)
                    for line in self._poll():
                        bar.update()
                        bar.write(line)
            finally:
                for trial in self._running:
                    trial.stop()
                while self._running:
                    time.sleep(POLL)
                    for line in self._poll():
                        bar.write(line)
        if signals.received is not None:
            raise Interrupted(
                f"stopped after {self._ended()} of {self._total} trials; the others have saved "
                f"their state. Continue with: {self._command()}",
                signals.received,
            )

    @property
    def _total(self) -> int:
        per_study: int = self._options.trials
        return per_study * len(self._entries)

    def _ended(self) -> int:
        ended: int = sum(len(study.get_trials(states=ENDED)) for _, study in self._entries)
        return ended

    def _start_trials(self) -> bool:
        """Start trials until all places are taken; return whether any runs."""
        while len(self._running) < self._options.jobs:
            trial = self._next()
            if trial is None:
                break
            self._running.append(trial)
        return bool(self._running)

    def _next(self) -> TrialRun | None:
        """Start a trial of the study that has the fewest; None if all are there."""
        if self._continued:
            candidate, study, trial = self._continued.pop(0)
        else:
            candidate, study = min(self._entries, key=lambda entry: len(entry[1].trials))
            number = len(study.trials)
            if number >= self._options.trials:
                return None
            # The values depend on the seed and the trials before, not on where a command was
            # stopped. All studies draw their first values alike.
            text = f"{self._options.seed} {number}"
            seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
            study.sampler = TPESampler(seed=seed)
            trial = study.ask()
        own = suggest(trial, candidate.space)
        trial.set_user_attr(OVERRIDES, own)
        return TrialRun(
            study,
            trial,
            self._options.out / candidate.name / f"trial_{trial.number:03d}",
            [*candidate.overrides, *own],
            threads=self._threads,
            lock=self._lock,
        )

    def _poll(self) -> Iterator[str]:
        """Yield a line for each trial that has ended since the last call."""
        for run in list(self._running):
            if not run.poll():
                continue
            self._running.remove(run)
            found = run.study.trials[run.trial.number]
            ended = self._ended()
            best = best_trial(run.study)
            mark = " (best)" if best is not None and best.number == found.number else ""
            count = f"  [{ended} of {self._total}{self._left(ended)}]"
            yield (
                f"{run.study.study_name} trial {found.number}: {_described(found)}{mark}  "
                f"{' '.join(found.user_attrs[OVERRIDES])}{count if found.state in ENDED else ''}"
            )

    def _left(self, ended: int) -> str:
        """Return the time that the other trials need, as text."""
        new, missing = ended - self._before, self._total - ended
        if not new or not missing:
            return ""
        seconds = (time.monotonic() - self._began) / new * missing
        return f", about {tqdm.format_interval(seconds)} left"

    def _command(self) -> str:
        """Return the command of this search."""
        options = self._options
        words = ["spinn", "search", "--out", str(options.out), "--trials", str(options.trials)]
        words += ["--seed", str(options.seed), "--jobs", str(options.jobs)]
        words += ["--no-pruning"] if options.no_pruning else []
        return shlex.join([*words, *options.overrides])


def best_trial(study: Study) -> FrozenTrial | None:
    """Return the finished trial with the best score on dev, the first of equal ones."""
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return max(finished, key=lambda trial: trial.value or 0.0, default=None)


def _described(trial: FrozenTrial) -> str:
    """Return how a trial has ended, as text."""
    match trial.state:
        case TrialState.COMPLETE:
            return f"{trial.value:.4f}"
        case TrialState.PRUNED:
            return f"pruned at evaluation {trial.last_step} with {trial.value:.4f}"
        case TrialState.FAIL:
            return f"failed: {trial.user_attrs[ERROR]}"
        case _:
            return "stopped; the same command continues it"


def report(entries: list[Entry], out: Path) -> str:
    """Return the best of each study, the failed trials, and the commands that train the best."""
    keys = list(dict.fromkeys(key for candidate, _ in entries for key in candidate.space))
    columns = ["dev score", "trial", "finished", "pruned", "failed", *keys]
    rows, others, commands = {}, [], []
    for candidate, study in entries:
        trials, best = study.trials, best_trial(study)
        states = [trial.state for trial in trials]
        counts = [str(states.count(state)) for state in ENDED]
        own = [] if best is None else best.user_attrs[OVERRIDES]
        values = dict(override.split("=", 1) for override in own)
        score = ["-", "-"] if best is None else [f"{best.value:.4f}", str(best.number)]
        rows[candidate.name] = [*score, *counts, *(values.get(key, "-") for key in keys)]
        others += [
            f"{candidate.name} trial {trial.number}: {_described(trial)}"
            for trial in trials
            if trial.state in (TrialState.FAIL, TrialState.RUNNING)
        ]
        fixed = [o for o in candidate.overrides if not o.startswith("seed=")]
        if best is not None:
            script = TRAIN.relative_to(Path.cwd()) if Path.cwd() in TRAIN.parents else TRAIN
            words = ["python", str(script), "-m", *fixed, *own, f"seed={SEEDS}"]
            commands.append(shlex.join(words))
    lines = [aligned(columns, rows), *others, f"trials: {out}"]
    lines += ["the best settings over seeds:", *commands] if commands else []
    return "\n".join(lines)
