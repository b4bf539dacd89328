"""The `spinn` command."""

import argparse
import sys
from collections.abc import Sequence

from spinn import __version__

INTERRUPTED = 130  # what a shell expects after Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `spinn COMMAND ...` and return its exit code."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:  # before a command has begun, as while torch is loaded
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def _run(arguments: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(
        prog="spinn",
        description="Use models that train.py has trained. A run is the folder that training left.",
    )
    parser.add_argument("--version", action="version", version=f"spinn {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    # Imported here, so that --version does not wait for torch.
    from spinn.cli import data, draw, evaluate, inspect, parse_eval, predict
    from spinn.cli.support import exit_codes

    for command in (evaluate, parse_eval, predict, inspect, draw, data):
        command.add_to(commands)
    chosen, rest = parser.parse_known_args(arguments)
    # argparse does not take `RUN --json PREMISE HYPOTHESIS`: sentences may follow options, too.
    if rest and getattr(chosen, "sentences", None) == [] and not any(map(_is_option, rest)):
        chosen.sentences = rest
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return exit_codes.run(lambda: chosen.run(chosen))


def _is_option(argument: str) -> bool:
    return argument.startswith("-")


if __name__ == "__main__":
    sys.exit(main())
