"""The configuration that train.py composes for some overrides, in another command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from spinn.errors import InputError
from spinn.project import PROJECT_ROOT

if TYPE_CHECKING:
    from omegaconf import DictConfig

CONF = PROJECT_ROOT / "conf"


@contextmanager
def composed(overrides: Sequence[str]) -> Iterator[DictConfig]:
    """Yield the configuration of train.py; in the block, `${hydra:…}` resolves.

    Raises: HydraException: for a bad override.
    """
    from hydra import compose, initialize_config_dir
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    from spinn.cli import train  # noqa: F401 - registers what the files of conf/ use

    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", overrides=list(overrides), return_hydra_config=True)
    whole = config.copy()
    OmegaConf.set_struct(config, False)
    del config["hydra"]
    hydra = HydraConfig.instance()
    before = hydra.cfg
    hydra.cfg = whole  # type: ignore[assignment]  # as Hydra does
    try:
        yield config
    finally:
        hydra.cfg = before


@contextmanager
def composed_run(overrides: Sequence[str]) -> Iterator[DictConfig]:
    """Yield the configuration of a run: that of train.py, with the folder that it would have.

    Raises: InputError: for a bad override.
    """
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import HydraException

    from spinn.cli.support.hydra_errors import explain

    try:
        with composed(overrides) as config:
            if not any(word.partition("=")[0] == "run" for word in overrides):
                config.run = HydraConfig.get().run.dir
            yield config
    except HydraException as error:
        raise InputError(explain(error, CONF, overrides)) from error
