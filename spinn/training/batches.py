"""The batches of an epoch, from items that are already numbers."""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Protocol, Self, TypeVar

import torch

from spinn.data.batching import LengthBuckets


class Item(Protocol):
    """One example as numbers; its length in words says which others it is batched with."""

    @property
    def length(self) -> int:
        """Words in all of the example's sentences."""


class Batch(Protocol):
    """What a task's `collate` returns."""

    def to(self, device: torch.device) -> Self:
        """Return the batch on another device."""


ItemT = TypeVar("ItemT", bound=Item)
BatchT = TypeVar("BatchT", bound=Batch)


class Batches(Generic[ItemT, BatchT]):
    """Cuts items into batches of similar length, in an order that (seed, epoch) decides.

    Args:
        items: the examples of one split.
        collate: packs items into a batch.
        batch_size: items in a batch; the last batch may hold fewer.
        seed: decides the order in every epoch.
    """

    def __init__(
        self,
        items: Sequence[ItemT],
        collate: Callable[[Sequence[ItemT]], BatchT],
        *,
        batch_size: int,
        seed: int = 0,
    ) -> None:
        self._items = items
        self._collate = collate
        lengths = [item.length for item in items]
        self._buckets = LengthBuckets(lengths, batch_size=batch_size, seed=seed)

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
        for indices in self._buckets.batches(epoch, shuffle=shuffle)[start:]:
            yield self._collate([self._items[index] for index in indices])
