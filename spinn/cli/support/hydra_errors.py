"""Short messages for bad Hydra overrides, with the nearest known key."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import OmegaConf

from spinn.config import nearest
from spinn.training.old_runs import new_option

UNKNOWN_KEY = re.compile(r"Could not (?:override|delete from config)\W+'?(?P<key>[\w./@]+)")

NO_OPTION = re.compile(r"Could not find '(?P<group>[\w/]+)/(?P<option>[^/']+)'")


def explain(error: HydraException, conf: Path) -> str:
    """Return Hydra's error about an override in one or two sentences.

    Args:
        error: raised by Hydra.
        conf: the folder of the configuration.
    """
    message = str(error).split("\nConfig search path:")[0].split("\nSee https:")[0].strip()
    unknown = UNKNOWN_KEY.match(message)
    if unknown is None:
        return _with_nearest_option(message, conf)
    key = unknown["key"]
    renamed = new_option(key)
    if renamed is not None:
        return f"{key} is now {renamed}"
    groups = set(_groups(conf))
    if key in groups:
        return f"{key} is not a group of the chosen options; choose another model, or leave it out"
    known = groups if "." not in key else set(_known_keys(conf, groups))
    return f"unknown key {key}: {nearest(key, known)}"


def _with_nearest_option(message: str, conf: Path) -> str:
    """Add the nearest option, if the message is about an unknown one."""
    missing = NO_OPTION.search(message)
    if missing is None:
        return message
    renamed = new_option(missing["group"], missing["option"])
    if renamed is not None:
        return f"{missing['group']}={missing['option']} is now {renamed}"
    options = [path.stem for path in (conf / missing["group"]).glob("*.yaml")]
    hint = nearest(missing["option"], options)
    return message.replace(missing[0], f"{missing[0]}: {hint}") if "mean" in hint else message


def _groups(conf: Path) -> Iterator[str]:
    """Yield the groups, and the keys at the root."""
    yield from ("seed", "run")
    for folder in conf.rglob("*/"):
        yield folder.relative_to(conf).as_posix()


def _known_keys(conf: Path, groups: set[str]) -> Iterator[str]:
    """Yield every key of the configuration of the chosen groups."""
    chosen = [word for word in sys.argv[1:] if word.split("=")[0] in groups - {"seed", "run"}]
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(conf), version_base="1.3"):
            config = compose("train", overrides=[word for word in chosen if "," not in word])
    except HydraException:  # a second error; the first one is reported
        return
    yield from _flat(OmegaConf.to_container(config, resolve=False), "")


def _flat(value: Any, prefix: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield prefix
        return
    for name, inner in value.items():
        yield from _flat(inner, f"{prefix}.{name}" if prefix else str(name))
