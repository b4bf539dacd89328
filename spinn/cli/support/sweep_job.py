"""One job of a sweep, in any process: it is skipped, continued or trained, and fails alone."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from spinn.cli.support import exit_codes
from spinn.cli.support.sweep_folder import BASIC, FAILURE, RESULTS, job_name, read_results
from spinn.config import flat
from spinn.errors import InputError, Interrupted, TrainingError
from spinn.files import write_json, write_text

JOB = "job.yaml"  # the settings of the job, as Hydra composed them
LAST = "last.safetensors"  # the state of an unfinished run
# Settings that change no result.
FREE = ("run", "trainer.progress", "trainer.threads", "data.cache")

log = logging.getLogger(__name__)


def in_sweep() -> bool:
    """Whether this is a job of a sweep."""
    return bool(HydraConfig.get().mode == RunMode.MULTIRUN)


def current_job_name(hashed: bool, *varied: str) -> str:
    """Return the name of this job's folder: the resolver in `hydra.sweep.subdir`."""
    return job_name(HydraConfig.get().overrides.task, varied, hashed=hashed)


def run_job(config: DictConfig, train: Callable[[DictConfig], float]) -> float:
    """Train a job, unless its folder holds its finished run.

    A job that was stopped continues from its last state. An error is logged and written to the
    folder, and ends this job alone.

    Returns: the best score on dev; not a number if the job failed.

    Raises: SystemExit: if the job was stopped, which ends the sweep.
    """
    folder = Path(config.run)
    (folder / FAILURE).unlink(missing_ok=True)
    try:
        settings = _settings(config)
        if (folder / RESULTS).is_file():
            return _finished_score(folder, settings)
        config = _continued(config, folder, settings)
        if HydraConfig.get().runtime.choices["hydra/launcher"] != BASIC:
            config.trainer.progress = False  # jobs that run at once would write over each other
        write_text(folder / JOB, OmegaConf.to_yaml(OmegaConf.create(settings)))
        return train(config)
    except Interrupted as stop:
        log.info("%s", stop)
        raise SystemExit(stop.exit_code) from None
    except Exception as error:
        expected = isinstance(error, (InputError, TrainingError))
        text = str(error) if expected else f"{type(error).__name__}: {error}"
        log.error("error: %s", text, exc_info=not expected)
        failure = {"error": text, "exit_code": exit_codes.of_error(error)}
        write_json(folder / FAILURE, failure)
        return math.nan


def _settings(config: DictConfig) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    except OmegaConfBaseException as error:
        raise InputError(str(error)) from error
    return settings


def _finished_score(folder: Path, settings: dict[str, Any]) -> float:
    """Return the best score on dev of the finished run in a folder.

    Raises: InputError: if it has other settings.
    """
    difference = next(_differences(folder, settings), None)
    if difference:
        raise InputError(
            f"{folder} holds a finished run of other settings ({difference}), which is kept; name "
            "another folder with hydra.sweep.dir=FOLDER"
        )
    log.info("finished before, and not trained again: %s", folder)
    return float(read_results(folder)["dev_score"])


def _continued(config: DictConfig, folder: Path, settings: dict[str, Any]) -> DictConfig:
    """Return the configuration that continues the run in a folder, if it has an unfinished one."""
    if not (folder / LAST).is_file():
        return config
    difference = next(_differences(folder, settings), None)
    if difference:
        log.warning("%s: an unfinished run of other settings is replaced: %s", folder, difference)
        (folder / LAST).unlink()  # the next command must not take it for a state of this run
        return config
    config = copy.deepcopy(config)
    # The unfinished run has copied the weights that it started from.
    config.trainer.update({"resume": str(folder), "init_from": None})
    return config


def _differences(folder: Path, settings: dict[str, Any]) -> Iterator[str]:
    """Yield how settings differ from those of the job that the folder holds."""
    if not (folder / JOB).is_file():
        yield f"no {JOB}: it is not of a sweep"
        return
    before, now = (
        dict(flat(OmegaConf.to_container(OmegaConf.load(folder / JOB)))),
        dict(flat(settings)),
    )
    for key in sorted({*before, *now} - {*FREE}):
        # A key of a later version is absent from the file; null has no effect.
        old, new = before.get(key), now.get(key)
        if old != new:
            yield f"{key} was {old} and is {new}"
