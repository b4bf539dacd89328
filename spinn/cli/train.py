"""`python train.py`: train with the configuration that Hydra composed, and print the results."""

import contextlib
import logging
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from spinn.cli.draw import draw
from spinn.cli.support import (
    exit_codes,
    help_page,
    hydra_errors,
    hydra_overrides,
    resume_command,
    sequence_inputs,
    sweep,
    sweep_job,
)
from spinn.cli.support.text_tables import results_table
from spinn.errors import InputError, Interrupted, TrainingError
from spinn.project import PROJECT_ROOT

log = logging.getLogger(__name__)

OmegaConf.register_new_resolver("spinn.stem", lambda files: _stem(files), replace=True)
OmegaConf.register_new_resolver("spinn.job_name", sweep_job.current_job_name, replace=True)
OmegaConf.register_new_resolver("spinn.parallel_jobs", sweep.parallel_jobs, replace=True)
hydra_overrides.install()


def _stem(files: Any) -> str:
    """Return the name of the first file without suffixes, for the name of a run's folder."""
    from spinn.data.text.table_reading import table_name

    first = files if isinstance(files, str) else next(iter(files), "")
    return table_name(str(first))


def launch(main: Callable[[], object]) -> int:
    """Run Hydra's main and return the exit code: 0, 2 for bad input, 130 for Ctrl-C.

    That of a sweep is 2 if all its failed jobs have bad input, and 1 if another one failed.
    """
    # Makes Hydra raise its errors; by default it prints them and exits with 1.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    conf = PROJECT_ROOT / "conf"
    if help_page.is_wanted():
        return exit_codes.run(lambda: hydra_errors.run(lambda: help_page.show(main, conf), conf))
    return sweep.supervise(lambda: exit_codes.run(lambda: hydra_errors.run(main, conf)))


def train(config: DictConfig) -> float:
    """Train, print the results, and return the best score on dev.

    Raises:
        SystemExit: with the exit code, after the error is printed; in a sweep, if it was stopped.
    """
    if sweep_job.in_sweep():
        whole = sweep.current()
        if whole is not None:
            log.info("%s", whole.announce(HydraConfig.get().job.num))
        _link_latest(Path(config.run).parent)
        return sweep_job.run_job(config, _train)
    scores: list[float] = []
    code = exit_codes.run(lambda: scores.append(_train(config)))
    if code:
        with contextlib.suppress(OSError):  # a run that failed before training leaves no folder
            Path(HydraConfig.get().runtime.output_dir).rmdir()
        raise SystemExit(code)
    return scores[0]


def _train(config: DictConfig) -> float:
    from spinn.data.dataset import TextDataset
    from spinn.data.sequences.forecast import Forecast
    from spinn.training.build import build_dataset

    folder = Path(config.run)
    with contextlib.suppress(ValueError):
        folder = folder.relative_to(Path.cwd())
    results = _results(config, folder)
    sets = {"dev": results["dev"], "test": results["test"], **results["tests"]}
    log.info("%s", results_table({name: row for name, row in sets.items() if row is not None}))
    run = shlex.quote(str(folder))
    dataset = build_dataset(config)
    if isinstance(dataset, TextDataset):
        # Two words have one tree, so that models that follow gold trees read them, too.
        others = ['"another sentence"'] * (len(dataset.sentence_names) - 1)
        next_command = " ".join(["spinn predict", run, '"a sentence"', *others])
    else:
        forecasts = isinstance(dataset, Forecast)
        next_command = f"spinn predict {run}" + ("" if forecasts else ' "an input"')
        _draw(folder)
        if not forecasts:
            log.info("%s", _examples(folder))
    log.info("saved in %s; next: %s", folder, next_command)
    return float(results["dev_score"])


def _results(config: DictConfig, folder: Path) -> dict[str, Any]:
    """Train, and point `latest` at the folder; a stopped run names the command that resumes it."""
    from spinn.training.run import train as train_run

    if sweep_job.in_sweep():  # whose link and command are those of the whole sweep
        return train_run(config, command=resume_command.of_run())
    try:
        results = train_run(config, command=resume_command.of_run())
    except Interrupted as stop:
        _link_latest(folder)
        command = resume_command.command(HydraConfig.get().overrides.task, folder)
        raise Interrupted(f"{stop}. Resume with: {command}", stop.number) from None
    except TrainingError:
        _link_latest(folder)
        raise
    _link_latest(folder)
    return results


def _examples(run: Path) -> str:
    """Return ten examples with the outputs of the trained model."""
    import torch

    from spinn.training.loading import load_run

    return sequence_inputs.examples_text(load_run(run), torch.device("cpu"))


def _draw(run: Path) -> None:
    """Draw the run; a run without a picture is complete, too."""
    try:
        log.info("drawn: %s", draw(run))
    except InputError as error:
        log.warning("no picture: %s", error)


def _link_latest(run: Path) -> None:
    """Point the link `latest`, beside the run folder, at it, so that commands need no date."""
    link = run.parent / "latest"
    if link.exists() and not link.is_symlink():
        return
    draft = run.parent / f".latest.{os.getpid()}"
    draft.symlink_to(run.name, target_is_directory=True)
    draft.replace(link)
