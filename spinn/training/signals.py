"""Ctrl-C and SIGTERM: finish the step in hand, save, and leave."""

import signal
from types import FrameType, TracebackType
from typing import Self


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
