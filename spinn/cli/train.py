"""`python train.py`: what Hydra composed goes to a training run; a person is told how it went."""

import contextlib
import logging
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from spinn.cli.draw import draw
from spinn.cli.support import exit_codes, resume_command
from spinn.cli.support.hydra_errors import explain
from spinn.cli.support.project_root import HOME
from spinn.cli.support.tables import results_table
from spinn.data.dataset import PairFiles
from spinn.errors import InputError, Interrupted, TrainingError
from spinn.training.build import build_dataset
from spinn.training.run import train as train_run

log = logging.getLogger(__name__)

OmegaConf.register_new_resolver("spinn.home", lambda: str(HOME), replace=True)


def launch(main: Callable[[], object]) -> int:
    """Run Hydra's main and return the exit code: 0, 2 for bad input, 130 for Ctrl-C."""
    # Hydra itself prints what it finds wrong and exits with 1; this makes it raise instead.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    return exit_codes.run(lambda: _composed(main))


def _composed(main: Callable[[], object]) -> None:
    try:
        main()
    except HydraException as error:
        raise InputError(explain(error, HOME / "conf")) from error


def train(config: DictConfig) -> float:
    """Train, tell the results, and return the best score on dev.

    Raises:
        SystemExit: with the exit code, once a person has been told what went wrong.
    """
    scores: list[float] = []
    code = exit_codes.run(lambda: scores.append(_train(config)))
    if code:
        with contextlib.suppress(OSError):  # a run that failed before it began leaves no folder
            Path(HydraConfig.get().runtime.output_dir).rmdir()
        raise SystemExit(code)
    return scores[0]


def _train(config: DictConfig) -> float:
    folder = Path(config.run)
    with contextlib.suppress(ValueError):
        folder = folder.relative_to(Path.cwd())
    results = _results(config, folder)
    sets = {"dev": results["dev"], "test": results["test"], **results["tests"]}
    log.info("%s", results_table({name: row for name, row in sets.items() if row is not None}))
    run = shlex.quote(str(folder))
    if isinstance(build_dataset(config), PairFiles):
        following = f"spinn predict {run} --help"
    else:
        following = f"spinn draw {run}"
        _draw(folder)
    log.info("saved in %s; next: %s", folder, following)
    return float(results["dev_score"])


def _results(config: DictConfig, folder: Path) -> dict[str, Any]:
    """Train, and let `latest` point at the folder; if the run is stopped, say how to go on."""
    try:
        results = train_run(config)
    except Interrupted as stop:
        _link_latest(folder)
        command = resume_command.command(HydraConfig.get().overrides.task, folder)
        raise Interrupted(f"{stop}. Go on with: {command}", stop.number) from None
    except TrainingError:
        _link_latest(folder)
        raise
    _link_latest(folder)
    return results


def _draw(run: Path) -> None:
    """Draw the run; it stands without a picture too."""
    try:
        log.info("drawn: %s", draw(run))
    except InputError as error:
        log.warning("no picture: %s", error)


def _link_latest(run: Path) -> None:
    """Point `latest`, beside the run folder, at it, so that other commands need no date."""
    link = run.parent / "latest"
    if link.exists() and not link.is_symlink():
        return
    draft = run.parent / f".latest.{os.getpid()}"
    draft.symlink_to(run.name, target_is_directory=True)
    draft.replace(link)
