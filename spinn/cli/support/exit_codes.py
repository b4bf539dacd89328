"""Exit codes of all commands, and messages for user errors."""

import sys
from collections.abc import Callable

from spinn.errors import InputError, Interrupted, TrainingError

BAD_INPUT = 2
INTERRUPTED = 130  # what a shell expects after Ctrl-C


def run(command: Callable[[], object]) -> int:
    """Run a command and return its exit code; user errors are printed without a traceback."""
    try:
        command()
    except InputError as error:
        return _print_error(f"error: {error}", BAD_INPUT)
    except TrainingError as error:
        return _print_error(f"error: {error}", 1)
    except Interrupted as error:
        return _print_error(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _print_error("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader has closed the output, as `| head` does
        sys.stderr.close()
        return 0
    return 0


def _print_error(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code
