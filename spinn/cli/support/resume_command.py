"""Commands that train or resume a run or a sweep, quoted for the shell and for Hydra."""

import shlex
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException
from hydra.types import RunMode

from spinn.project import IN_CHECKOUT

INSTALLED = ("spinn", "train")  # the command without a checkout
RESUME = "trainer.resume"
INIT_FROM = "trainer.init_from"
SWEEP_FOLDER = "hydra.sweep.dir"


def command(overrides: Iterable[str], run: Path) -> str:
    """Return the whole command that resumes a run.

    Args:
        overrides: those of the run, as Hydra read them.
        run: its folder.
    """
    left_out = (RESUME, INIT_FROM)  # a resumed run has the weights of that run already
    kept = [word for word in overrides if word.split("=")[0].lstrip("+~") not in left_out]
    return _train([*kept, f"{RESUME}={hydra_value(str(run))}"])


def of_sweep(folder: Path) -> str:
    """Return this command with the folder of its sweep, which runs what is missing there."""
    kept = [word for word in sys.argv[1:] if word.split("=")[0].lstrip("+") != SWEEP_FOLDER]
    return _train([*kept, f"{SWEEP_FOLDER}={hydra_value(str(folder))}"])


def of_run() -> str:
    """Return the command that trains this run, from the project's folder; in a sweep, alone."""
    alone = HydraConfig.get().mode != RunMode.MULTIRUN
    overrides = sys.argv[1:] if alone else HydraConfig.get().overrides.task
    return shlex.join([*(["python", "train.py"] if IN_CHECKOUT else INSTALLED), *overrides])


def _train(arguments: Iterable[str]) -> str:
    if not IN_CHECKOUT:
        return shlex.join([*INSTALLED, *arguments])
    found = shutil.which("python")
    ours = found is not None and Path(found).parent == Path(sys.executable).parent
    python = "python" if ours else sys.executable
    return shlex.join([python, sys.argv[0], *arguments])


def hydra_value(text: str) -> str:
    """Write a text as a value of Hydra's grammar, quoted where it would be read as another."""
    try:
        plain = OverridesParser.create().parse_override(f"{RESUME}={text}").value() == text
    except HydraException:
        plain = False
    return text if plain else QuotedString(text, Quote.single).with_quotes()
