"""Exit codes of all commands, and messages for user errors.

Every message passes `spinn.text.message` or `printable_lines`: it may quote a file or an argument,
whose control characters would control the terminal.
"""

import argparse
import logging
import sys
from collections.abc import Callable
from typing import NoReturn

from spinn.errors import InputError, Interrupted, TrainingError
from spinn.text import message, printable_lines

BAD_INPUT = 2
INTERRUPTED = 130  # what a shell expects after Ctrl-C


def run(command: Callable[[], object]) -> int:
    """Run a command and return its exit code; user errors are printed without a traceback."""
    try:
        command()
    except (InputError, TrainingError) as error:
        return _print_error(message(f"error: {error}"), of_error(error))
    except Interrupted as error:  # not cut: it names the command that continues
        return _print_error(printable_lines(str(error)), error.exit_code)
    except KeyboardInterrupt:
        return _print_error("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader has closed the output, as `| head` does
        sys.stderr.close()
        return 0
    return 0


def of_error(error: Exception) -> int:
    """Return the exit code for an error: 2 for bad input, 1 for any other."""
    return BAD_INPUT if isinstance(error, InputError) else 1


def warn(text: str) -> None:
    """Print a warning."""
    print(message(f"warning: {text}"), file=sys.stderr)


class Parser(argparse.ArgumentParser):
    """A parser of arguments whose errors quote them with escapes, and cut long ones."""

    def error(self, text: str) -> NoReturn:
        """Print usage and error, and exit with 2."""
        super().error(message(text))


class LogFormatter(logging.Formatter):
    """Control characters of the messages in a log are escapes."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record."""
        return printable_lines(super().format(record))


def _print_error(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code
