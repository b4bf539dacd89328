"""Length buckets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinn.data.batching import LengthBuckets


@given(
    st.lists(st.integers(1, 80), max_size=200),
    st.integers(1, 20),
    st.integers(1, 4),
    st.integers(0, 5),
    st.booleans(),
)
def test_every_example_is_in_exactly_one_batch(
    lengths: list[int], batch_size: int, pool_batches: int, epoch: int, shuffle: bool
) -> None:
    buckets = LengthBuckets(lengths, batch_size=batch_size, seed=3, pool_batches=pool_batches)
    batches = buckets.batches(epoch, shuffle=shuffle)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    sizes = sorted((len(batch) for batch in batches), reverse=True)
    assert all(size == batch_size for size in sizes[:-1])
    assert len(batches) == len(buckets)


def as_lists(batches: list[np.ndarray]) -> list[list[int]]:
    return [batch.tolist() for batch in batches]


def test_order_follows_seed_and_epoch_alone() -> None:
    lengths = np.random.default_rng(0).integers(1, 50, 300)

    def order(seed: int, epoch: int) -> list[list[int]]:
        return as_lists(LengthBuckets(lengths, batch_size=8, seed=seed).batches(epoch))

    buckets = LengthBuckets(lengths, batch_size=8, seed=1)
    buckets.batches(0)
    assert as_lists(buckets.batches(1)) == order(1, 1)
    assert order(1, 1) != order(1, 2)
    assert order(1, 1) != order(2, 1)


def test_batches_are_even_in_length_and_mixed_in_order() -> None:
    lengths = np.random.default_rng(0).integers(1, 60, 4000)
    buckets = LengthBuckets(lengths, batch_size=16)
    batches = buckets.batches(0)
    spread = np.mean([np.ptp(lengths[batch]) for batch in batches])
    assert spread < 3
    means = [lengths[batch].mean() for batch in batches]
    assert abs(np.corrcoef(means[:-1], means[1:])[0, 1]) < 0.3


def test_without_shuffling_every_epoch_has_the_same_sorted_order() -> None:
    buckets = LengthBuckets([3, 1, 2, 1, 5], batch_size=2)
    assert as_lists(buckets.batches(0, shuffle=False)) == [[1, 3], [2, 0], [4]]
    assert as_lists(buckets.batches(9, shuffle=False)) == [[1, 3], [2, 0], [4]]


@pytest.mark.parametrize(("batch_size", "pool_batches"), [(0, 1), (1, 0)])
def test_sizes_are_positive(batch_size: int, pool_batches: int) -> None:
    with pytest.raises(ValueError, match=f"batch_size={batch_size}, pool_batches={pool_batches}"):
        LengthBuckets([1], batch_size=batch_size, pool_batches=pool_batches)
