"""Exceptions: user errors, a failed training, a requested stop."""


class InputError(ValueError):
    """Bad data, a bad setting, or a bad folder. The message names the place and what was expected.

    The command line prints the message alone, without a traceback, and exits with code 2.
    """


class BrokenFileError(InputError):
    """A compressed file that ends early or is damaged."""


class ParserUnavailableError(InputError):
    """A parser that is missing or gives no valid answer: no further sentence gets a tree."""


class TrainingError(RuntimeError):
    """Training cannot continue: the loss or the gradient is not finite."""


class Interrupted(Exception):  # noqa: N818 - not an error, but a request of the user
    """Training stopped on request, and saved its state.

    Args:
        message: the step at which it stopped, and the folder of the saved state.
        number: the signal; a shell expects the exit code 128 + number.
    """

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number
        self.exit_code = 128 + number
