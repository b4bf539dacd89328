"""The batches of an epoch, from a split that is already numbers."""

from collections.abc import Iterator
from typing import Generic, Protocol, Self, TypeVar

import torch

from spinn.data.batching import LengthBuckets
from spinn.data.corpus import Integers


class Batch(Protocol):
    """What a split's `collate` returns."""

    def to(self, device: torch.device) -> Self:
        """Return the batch on another device."""


BatchT = TypeVar("BatchT", bound=Batch)
BatchT_co = TypeVar("BatchT_co", bound=Batch, covariant=True)


class Prepared(Protocol[BatchT_co]):
    """A split as numbers: what a task's `prepare` returns."""

    @property
    def lengths(self) -> Integers:
        """(examples,) words in each; they say which examples are batched together."""

    def collate(self, rows: Integers) -> BatchT_co:
        """Pack the examples of these rows into a batch."""


class Batches(Generic[BatchT]):
    """Cuts a split into batches of similar length, in an order that (seed, epoch) decides.

    Args:
        prepared: the examples of the split.
        batch_size: examples in a batch; the last batch may hold fewer.
        seed: decides the order in every epoch.
    """

    def __init__(self, prepared: Prepared[BatchT], *, batch_size: int, seed: int = 0) -> None:
        self._prepared = prepared
        self._buckets = LengthBuckets(prepared.lengths, batch_size=batch_size, seed=seed)

    def __len__(self) -> int:
        """How many batches an epoch has."""
        return len(self._buckets)

    def shuffled(self, epoch: int, start: int = 0) -> Iterator[BatchT]:
        """Yield the batches of an epoch in its seeded order, from batch `start` on."""
        return self._collated(epoch, shuffle=True, start=start)

    def __iter__(self) -> Iterator[BatchT]:
        """Yield all batches in a fixed order, for evaluation."""
        return self._collated(0, shuffle=False, start=0)

    def _collated(self, epoch: int, *, shuffle: bool, start: int) -> Iterator[BatchT]:
        for rows in self._buckets.batches(epoch, shuffle=shuffle)[start:]:
            yield self._prepared.collate(rows)
