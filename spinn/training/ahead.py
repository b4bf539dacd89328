"""Batches made ahead: while a step trains, a thread packs and plans the batches that follow."""

import queue
import threading
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """The items of an iterable, in its order, made by one thread while the last one is in use.

    Leaving the `with` block ends the thread, however many items are still to come. What the
    iterable raises is raised where the next item is asked for.

    Args:
        items: used by the thread alone once the block is entered.
        depth: how many items wait at most.
    """

    def __init__(self, items: Iterable[T], *, depth: int = 3) -> None:
        self._items = items
        self._made: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(depth)
        self._left = threading.Event()
        self._end: BaseException | None = None
        # A daemon, so that a second Ctrl-C need not wait for the batch in hand.
        self._thread = threading.Thread(target=self._make, name="batches ahead", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left.set()
        while not self._made.empty():  # a thread that waits for room finds it
            self._made.get_nowait()
        self._thread.join()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._end is None:
            item, self._end = self._made.get()
        if self._end is not None:
            raise self._end
        return item  # type: ignore[return-value]

    def _make(self) -> None:
        end: BaseException = StopIteration()
        try:
            for item in self._items:
                self._made.put((item, None))
                if self._left.is_set():
                    return
        except BaseException as error:  # it goes to whoever asks for the next item
            end = error
        self._made.put((None, end))
