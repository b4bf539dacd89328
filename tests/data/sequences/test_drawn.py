"""Addition, parity, copy and reverse: targets computed independently."""

from collections.abc import Iterator

import numpy as np
import pytest

from spinn.data.sequences.addition import Addition
from spinn.data.sequences.parity import Parity
from spinn.data.sequences.rewriting import Copy, Reverse
from spinn.data.sequences.series import Series, SeriesSplits


def examples_of(series: Series) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    inputs = np.split(series.inputs, np.cumsum(series.lengths)[:-1])
    return zip(inputs, np.split(series.targets, np.cumsum(series.target_lengths)[:-1]), strict=True)


def everything(splits: SeriesSplits) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for series in (*splits[:3], *splits.tests.values()):
        yield from examples_of(series)


def number(bits: np.ndarray) -> int:
    """Convert bits, the least significant first, to a number with Python."""
    return int("".join(str(int(bit)) for bit in bits[::-1]), 2)


def test_sums_equal_python_s() -> None:
    for numbers, total in everything(Addition(examples=500, held_out=100).load()):
        assert number(numbers[:, 0]) + number(numbers[:, 1]) == number(total)
        np.testing.assert_array_equal(numbers[-1], [0, 0])
        assert len(numbers) == len(total)


def test_numbers_to_add_are_of_all_lengths_and_uniform() -> None:
    splits = Addition(bits=6, examples=12_000, held_out=10).load()
    assert set(splits.train.lengths) == set(range(2, 8))
    added = [numbers for numbers, _ in examples_of(splits.train) if len(numbers) == 3]
    drawn = np.bincount([number(numbers[:, 1]) for numbers in added], minlength=4)
    assert np.abs(drawn / len(added) - 0.25).max() < 0.04


def test_longer_numbers_are_in_a_test_of_their_length() -> None:
    tests = Addition(examples=500, held_out=10, longer=[16, 64]).load().tests
    assert {name: set(series.lengths) for name, series in tests.items()} == {
        "test_16_bits": {17},
        "test_64_bits": {65},
    }
    largest = max(number(total) for _, total in examples_of(tests["test_64_bits"]))
    assert largest > 2**63  # Python's integers have no limit


def test_parity_counts_ones() -> None:
    splits = Parity(examples=500, held_out=100).load()
    for bits, parity in everything(splits):
        assert parity.tolist() == [bits.tolist().count(1) & 1]
    assert Parity().labels == ("even", "odd")
    assert 0.4 < splits.test.targets.mean() < 0.6
    assert set(splits.tests["test_80_bits"].lengths) == {80}


@pytest.mark.parametrize(("dataset", "step"), [(Copy, 1), (Reverse, -1)])
def test_symbols_are_copied_or_reversed(dataset: type[Copy] | type[Reverse], step: int) -> None:
    splits = dataset(alphabet="xyz", longest=8, examples=500, held_out=50, longer=[12]).load()
    for inputs, targets in everything(splits):
        assert "".join("xyz"[i] for i in targets) == "".join("xyz"[i] for i in inputs)[::step]
    assert set(splits.train.lengths) == set(range(1, 9))
    assert set(splits.train.inputs) == {0, 1, 2}
    assert set(splits.tests["test_12_symbols"].target_lengths) == {12}
    assert dataset(alphabet="xyz").symbols == dataset(alphabet="xyz").labels == ("x", "y", "z")
