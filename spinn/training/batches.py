"""The batches of an epoch, and the thread that prepares them ahead of the training step."""

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


class Batches:
    """Cuts a split into batches of similar length, in an order that (seed, epoch) decides.

    Args:
        prepared: the examples of the split.
        batch_size: examples in a batch; the last batch may hold fewer.
        seed: decides the order in every epoch.
    """

    def __init__(self, prepared: Prepared, *, batch_size: int, seed: int = 0) -> None:
        self._prepared = prepared
        self._buckets = LengthBuckets(prepared.lengths, batch_size=batch_size, seed=seed)

    def __len__(self) -> int:
        """How many batches an epoch has."""
        return len(self._buckets)

    def shuffled(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch in its seeded order, from batch `start` on."""
        return self._collated(epoch, shuffle=True, start=start)

    def __iter__(self) -> Iterator[Batch]:
        """Yield all batches in a fixed order, for evaluation."""
        return self._collated(0, shuffle=False, start=0)

    def rows(self) -> list[Integers]:
        """Return which examples are in each of these."""
        return self._buckets.batches(0, shuffle=False)

    def _collated(self, epoch: int, *, shuffle: bool, start: int) -> Iterator[Batch]:
        for rows in self._buckets.batches(epoch, shuffle=shuffle)[start:]:
            yield self._prepared.collate(rows)
