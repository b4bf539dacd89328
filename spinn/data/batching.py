"""Which examples form a batch: similar lengths, in an order determined by seed and epoch.

`Prepared.collate` of the task then makes the batch, with `spinn.batch.sentences.Sentences`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class LengthBuckets:
    """Assigns examples of similar length to batches, which keeps padding and idle steps low.

    Args:
        lengths: (examples,) length of each example.
        batch_size: examples per batch; the last one may have fewer.
        seed: of the shuffling.
        pool_batches: number of batches whose examples are sorted by length together. A larger pool
            gives more even lengths, a smaller one a more random order.
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
        """Return the number of batches per epoch."""
        return -(-len(self.lengths) // self.batch_size)

    def batches(self, epoch: int, *, shuffle: bool = True) -> list[NDArray[np.int64]]:
        """Assign every example to one batch.

        Args:
            epoch: determines the order, together with the seed.
            shuffle: if false, examples are sorted by length, the same in every epoch.

        Returns: the rows of each batch's examples.
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
