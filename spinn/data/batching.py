"""Which examples form a batch: neighbours in length, in an order that the seed and epoch fix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class LengthBuckets:
    """Batches of examples of similar length, so that little of a batch waits for its longest.

    Args:
        lengths: (examples,) of each example.
        batch_size: examples in a batch; the last one in order may have fewer.
        seed: of the shuffling.
        pool_batches: batches sorted by length together. More give more even batches, fewer give
            a more random order.
    """

    def __init__(
        self,
        lengths: Sequence[int] | NDArray[np.int64],
        *,
        batch_size: int,
        seed: int = 0,
        pool_batches: int = 50,
    ) -> None:
        if batch_size < 1 or pool_batches < 1:
            raise ValueError(
                f"batch_size={batch_size}, pool_batches={pool_batches}, expected 1 or more"
            )
        self.lengths = np.asarray(lengths, dtype=np.int64)
        self.batch_size = batch_size
        self.seed = seed
        self.pool_batches = pool_batches

    def __len__(self) -> int:
        """Count the batches of an epoch."""
        return -(-len(self.lengths) // self.batch_size)

    def batches(self, epoch: int, *, shuffle: bool = True) -> list[NDArray[np.int64]]:
        """Part the examples into batches; every example is in exactly one.

        Args:
            epoch: with the seed, it fixes the order.
            shuffle: without it, all examples are sorted by length, in every epoch alike.

        Returns: for each batch the rows of its examples.
        """
        if not shuffle:
            return self._cut(np.argsort(self.lengths, kind="stable"))
        rng = np.random.default_rng((self.seed, epoch))
        order = rng.permutation(len(self.lengths))
        pool = self.batch_size * self.pool_batches
        batches: list[NDArray[np.int64]] = []
        for start in range(0, len(order), pool):
            members = order[start : start + pool]
            batches += self._cut(members[np.argsort(self.lengths[members], kind="stable")])
        return [batches[number] for number in rng.permutation(len(batches))]

    def _cut(self, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        return [rows[at : at + self.batch_size] for at in range(0, len(rows), self.batch_size)]
