"""The batches of an epoch, and the thread that prefetches them during the training step."""

import queue
import threading
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

from spinn.data.batching import LengthBuckets
from spinn.data.text.corpus import Integers
from spinn.tasks.task import Batch, Prepared

T = TypeVar("T")


class Prefetch(Generic[T]):
    """The items of an iterable, in its order, made by a thread while earlier ones are in use.

    Leaving the `with` block ends the thread, even before the last item. An exception of the
    iterable is raised by `next`.

    Args:
        items: used by the thread alone once the block is entered.
        depth: the largest number of items in the queue.
    """

    def __init__(self, items: Iterable[T], *, depth: int = 3) -> None:
        self._items = items
        self._queue: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(depth)
        self._left = threading.Event()
        self._end: BaseException | None = None
        # A daemon, so that a second Ctrl-C need not wait for the current batch.
        self._thread = threading.Thread(target=self._fill, name="prefetch", daemon=True)

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
        while not self._queue.empty():  # makes room for a thread that waits for it
            self._queue.get_nowait()
        self._thread.join()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._end is None:
            item, self._end = self._queue.get()
        if self._end is not None:
            raise self._end
        return item  # type: ignore[return-value]

    def _fill(self) -> None:
        end: BaseException = StopIteration()
        try:
            for item in self._items:
                self._queue.put((item, None))
                if self._left.is_set():
                    return
        except BaseException as error:  # `next` raises it
            end = error
        self._queue.put((None, end))


class Batches:
    """Cuts a split into batches of similar length; their order depends on (seed, epoch) alone.

    Args:
        prepared: the examples of the split.
        batch_size: examples in a batch; the last batch may hold fewer.
        seed: decides the order in every epoch.
    """

    def __init__(self, prepared: Prepared, *, batch_size: int, seed: int = 0) -> None:
        self._prepared = prepared
        self._buckets = LengthBuckets(prepared.lengths, batch_size=batch_size, seed=seed)

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        return len(self._buckets)

    def shuffled(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch in its seeded order, from batch `start` on."""
        return self._collated(epoch, shuffle=True, start=start)

    def __iter__(self) -> Iterator[Batch]:
        """Yield all batches in a fixed order, for evaluation."""
        return self._collated(0, shuffle=False, start=0)

    def rows(self) -> list[Integers]:
        """Return the rows of the examples in each batch, in the order of `__iter__`."""
        return self._buckets.batches(0, shuffle=False)

    def _collated(self, epoch: int, *, shuffle: bool, start: int) -> Iterator[Batch]:
        for rows in self._buckets.batches(epoch, shuffle=shuffle)[start:]:
            yield self._prepared.collate(rows)
