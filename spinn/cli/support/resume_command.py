"""The command that goes on from a run, as a shell and Hydra take it."""

import shlex
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException

RESUME = "trainer.resume"


def command(overrides: Iterable[str], run: Path) -> str:
    """Return the whole command that goes on from a run.

    Args:
        overrides: those of the run, as Hydra took them.
        run: its folder.
    """
    kept = [word for word in overrides if word.split("=")[0].lstrip("+~") != RESUME]
    words = [*kept, f"{RESUME}={_value(str(run))}"]
    return shlex.join([_python(), sys.argv[0], *words])


def _python() -> str:
    """`python`, where that is the one that runs this."""
    found = shutil.which("python")
    ours = found is not None and Path(found).parent == Path(sys.executable).parent
    return "python" if ours else sys.executable


def _value(text: str) -> str:
    """Write a text as a value of Hydra's grammar, in quotes where it would else be another."""
    try:
        plain = OverridesParser.create().parse_override(f"{RESUME}={text}").value() == text
    except HydraException:
        plain = False
    return text if plain else QuotedString(text, Quote.single).with_quotes()
