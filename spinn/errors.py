"""The one exception for what a user can mend: bad data, bad settings, a folder that is no run."""


class InputError(ValueError):
    """Bad input from outside. The message names the place, what came, what was expected.

    The command line prints the message alone, without a traceback, and exits with code 2.
    """
