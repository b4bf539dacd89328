"""Items taken as they come: a thread makes them, and whoever asks gets all that are there."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Arriving(Generic[T]):
    """The items of an iterable, in its order, made by one thread while others are in use.

    Unlike `spinn.training.batches.Prefetch` it hands out as many as have come, so that one that
    came alone, as when a person types, need not wait for others. Leaving the `with` block ends
    the thread as soon as the iterable gives it its next item.

    Args:
        items: used by the thread alone once the block is entered.
        size: of an item, in any unit.
        room: the sizes of those that wait add up to this at most, or one item waits.
    """

    def __init__(self, items: Iterable[T], *, size: Callable[[T], int], room: int) -> None:
        self._items = items
        self._size = size
        self._room = room
        self._waiting: deque[T] = deque()
        self._taken = 0  # of the room
        self._changed = threading.Condition()
        self._end: BaseException | None = None  # StopIteration, or what the iterable raised
        self._left = False
        # A daemon, because one that waits for input cannot be woken, and nobody waits for it.
        self._thread = threading.Thread(target=self._make, name="items arriving", daemon=True)

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
            self._left = True
            self._changed.notify_all()
        self._thread.join(timeout=0.2)  # enough for one that does not wait for input

    def take(self, most: int) -> list[T]:
        """Wait for an item, and return it with those that have come after it.

        Args: most: how many at most, 1 or more.

        Returns: the items; none at the end.

        Raises: what the iterable raised, once all items before it are taken.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._end is not None)
            if self._waiting:
                taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
                self._taken -= sum(map(self._size, taken))
                self._changed.notify_all()
                return taken
            assert self._end is not None  # what the wait was for
            if isinstance(self._end, StopIteration):
                return []
            raise self._end

    def _make(self) -> None:
        end: BaseException = StopIteration()
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except BaseException as error:  # it goes to whoever asks for the next item
            end = error
        with self._changed:
            self._end = end
            self._changed.notify_all()

    def _put(self, item: T) -> bool:
        """Add an item once there is room; False if nobody wants it any more."""
        size = self._size(item)
        with self._changed:
            self._changed.wait_for(
                lambda: self._left or not self._waiting or self._taken + size <= self._room
            )
            if self._left:
                return False
            self._waiting.append(item)
            self._taken += size
            self._changed.notify_all()
        return True
