"""How every command ends: a message a person can act on, and an exit code a script can."""

import sys
from collections.abc import Callable

from spinn.cli import INTERRUPTED
from spinn.errors import InputError, Interrupted, TrainingError

BAD_INPUT = 2


def run(command: Callable[[], object]) -> int:
    """Run a command and return its exit code; what a user can mend is told without a traceback."""
    try:
        command()
    except InputError as error:
        return _say(f"error: {error}", BAD_INPUT)
    except TrainingError as error:
        return _say(f"error: {error}", 1)
    except Interrupted as error:
        return _say(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has left, as `| head` does
        sys.stderr.close()
        return 0
    return 0


def _say(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code
