"""Whether a run can go on from another, found out before any data is read."""

import json
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf

from spinn.errors import InputError
from spinn.training.loading import config_of
from spinn.training.run_folder import RunFolder

NOTHING = object()
# Where the data lies, and how it gets here, may change.
MAY_MOVE = {f"data.{name}" for name in ("root", "source", "csv", "cache", "parser_url")}


def check_resumed(config: DictConfig, resume: str | None) -> None:
    """Hold a run's model, task and data against those of the run that it goes on from, if any.

    Epochs, device and what else does not shape the weights may change.

    Raises: InputError: naming the first key that differs, or what is missing of that run.
    """
    if resume is None:
        return
    source = RunFolder(resume)
    if not source.path.is_dir():
        raise InputError(f"trainer.resume: no folder {source.path}; expected that of a run")
    for file in (source.config, source.last):
        if not file.is_file():
            raise InputError(f"trainer.resume: {file.name} is not in {source.path}; train anew")
    before, now = dict(_shaping(config_of(source))), dict(_shaping(config))
    for key in sorted({*before, *now}):
        had, has = before.get(key, NOTHING), now.get(key, NOTHING)
        if had != has:
            raise InputError(_differing(source, key, had, has))


def _differing(source: RunFolder, key: str, had: Any, has: Any) -> str:
    trained = f"without {key}" if had is NOTHING else f"with {key}={_told(had)}"
    says = "leaves it out" if has is NOTHING else f"says {_told(has)}"
    return f"{source.path} was trained {trained}, and this command {says}; give the same settings"


def _told(value: Any) -> str:
    """A value as it is written on the command line."""
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def _shaping(config: DictConfig) -> Iterator[tuple[str, Any]]:
    """Yield each key that must stay the same, and its value."""
    yield "data", OmegaConf.select(config, "names.data")
    for name in ("data", "model", "task"):
        for key, value in _flat(OmegaConf.to_container(config[name], resolve=True), name):
            if key not in MAY_MOVE:
                yield key, value


def _flat(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield key, value
        return
    for name, inner in value.items():
        yield from _flat(inner, f"{key}.{name}")
