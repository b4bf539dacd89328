"""The one exception for what a user can mend: bad data, bad settings, a folder that is no run."""


class InputError(ValueError):
    """Bad input from outside. The message names the place, what came, what was expected.

    The command line prints the message alone, without a traceback, and exits with code 2.
    """


class BrokenFileError(InputError):
    """A compressed file that ends early or is damaged."""


class ParserUnavailableError(InputError):
    """A parser that is not there or does not answer as one: no further sentence gets a tree."""


class TrainingError(RuntimeError):
    """Training cannot go on: the loss is no longer a number."""


class Interrupted(Exception):  # noqa: N818 - not an error: the user asked for it
    """Training was asked to stop, and has saved where it stands.

    Args:
        message: where it stopped, and where that is saved.
        number: the signal; a shell expects the exit code 128 + number.
    """

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number
        self.exit_code = 128 + number
