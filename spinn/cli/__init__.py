"""The `spinn` command. Arguments are parsed before torch is imported."""

import runpy
import sys
from collections.abc import Sequence

from spinn import __version__
from spinn.cli import (
    compare,
    data,
    draw,
    encode,
    evaluate,
    inspect,
    parse_eval,
    predict,
    reproduce,
    search,
)
from spinn.cli.support import exit_codes
from spinn.project import PROJECT_ROOT
from spinn.text import quick_import

COMMANDS = (evaluate, compare, reproduce, search, parse_eval, predict, encode, inspect, draw, data)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `spinn COMMAND ...` and return its exit code."""
    parser = exit_codes.Parser(
        prog="spinn",
        description="Train models, and use trained ones. RUN is the folder of a training run. "
        "`spinn train …` is `python train.py …`, also without a checkout of the project.",
    )
    parser.add_argument("--version", action="version", version=f"spinn {__version__}")
    parser.set_defaults(further=None)  # the argument of a command that may stand after options
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
    words = sys.argv[1:] if arguments is None else arguments
    if words and words[0] == "train":
        return _train(words[1:])
    quick_import()
    options, rest = parser.parse_known_args(arguments)
    # argparse does not accept `RUN --json PREMISE HYPOTHESIS`: sentences may follow options, too.
    has_option = any(argument.startswith("-") for argument in rest)
    if rest and not has_option and options.further:
        setattr(options, options.further, [*vars(options)[options.further], *rest])
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return exit_codes.run(lambda: options.run(options))


def _train(overrides: Sequence[str]) -> int:
    """Run train.py of the project or of the installed package, and return its exit code."""
    script = PROJECT_ROOT / "train.py"
    sys.argv = [str(script), *overrides]
    try:
        runpy.run_path(str(script), run_name="__main__")
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0
