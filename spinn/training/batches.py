"""The batches of an epoch, from a split that is already numbers."""

from collections.abc import Iterator

from spinn.data.batching import LengthBuckets
from spinn.data.corpus import Integers
from spinn.tasks.task import Batch, Prepared


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
