"""Streaming input: a thread reads items, and the caller takes all that are ready."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class InputStream(Generic[T]):
    """The items of an iterable, in its order, read by one thread while others are in use.

    Unlike `spinn.training.batches.Prefetch` it returns the items that are ready, so that a user's
    line is processed before others follow. Leaving the `with` block ends the thread as soon as the
    iterable returns its next item.

    Args:
        items: used by the thread alone once the block is entered.
        size: of an item, in any unit.
        room: largest sum of the sizes of the items that wait; a larger item waits alone.
    """

    def __init__(self, items: Iterable[T], *, size: Callable[[T], int], room: int) -> None:
        self._items = items
        self._size = size
        self._room = room
        self._waiting: deque[T] = deque()
        self._used = 0  # of the room
        self._changed = threading.Condition()
        self._end: BaseException | None = None  # StopIteration, or what the iterable raised
        self._closed = False
        # A daemon, because a thread that waits for input cannot be woken.
        self._thread = threading.Thread(target=self._read, name="input stream", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(timeout=0.2)  # enough if it does not wait for input

    def take(self, most: int) -> list[T]:
        """Wait for an item, and return it with all others that are ready.

        Args: most: the largest number to return, 1 or more.

        Returns: the items; none at the end.

        Raises: what the iterable raised, once all items before it are taken.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._end is not None)
            if self._waiting:
                taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
                self._used -= sum(map(self._size, taken))
                self._changed.notify_all()
                return taken
            assert self._end is not None  # the wait ends with an item or with `_end`
            if isinstance(self._end, StopIteration):
                return []
            raise self._end

    def _read(self) -> None:
        end: BaseException = StopIteration()
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except BaseException as error:  # raised by the next `take`
            end = error
        with self._changed:
            self._end = end
            self._changed.notify_all()

    def _put(self, item: T) -> bool:
        """Add an item once there is room; False if the stream is closed."""
        size = self._size(item)
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or not self._waiting or self._used + size <= self._room
            )
            if self._closed:
                return False
            self._waiting.append(item)
            self._used += size
            self._changed.notify_all()
        return True
