"""Ctrl-C and SIGTERM: finish the step in hand, save, and leave."""

import signal
from types import FrameType, TracebackType
from typing import Self


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


class StopSignals:
    """While entered, notes the first SIGINT or SIGTERM in `received` instead of dying of it.

    A second one acts at once, for a user who does not want to wait.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._previous: dict[int, object] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
