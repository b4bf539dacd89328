"""Sequences as columns."""

import numpy as np
import pytest

from spinn.data.sequences.series import Series

EXAMPLES = [([[1.0, 2.0]], [0]), ([[3.0, 4.0], [5.0, 6.0]], [1, 2, 3]), ([[7.0, 8.0]], [])]


def test_examples_are_concatenated() -> None:
    series = Series.of(EXAMPLES)
    assert series.inputs.dtype == np.float32
    assert series.targets.dtype == np.int64
    np.testing.assert_array_equal(series.inputs, np.arange(1.0, 9.0).reshape(4, 2))
    np.testing.assert_array_equal(series.lengths, [1, 2, 1])
    np.testing.assert_array_equal(series.targets, [0, 1, 2, 3])
    np.testing.assert_array_equal(series.target_lengths, [1, 3, 0])


@pytest.mark.parametrize("rows", [np.array([1, 0, 1]), np.array([2]), np.array([0, 1, 2])])
def test_selected_rows_equal_the_selected_examples(rows: np.ndarray) -> None:
    found, expected = Series.of(EXAMPLES)[rows], Series.of([EXAMPLES[row] for row in rows])
    for column in ("inputs", "lengths", "targets", "target_lengths"):
        np.testing.assert_array_equal(getattr(found, column), getattr(expected, column))
    assert len(Series.of(EXAMPLES)[1:]) == 2


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ([], "no examples; expected at least one"),
        ([([[1.0]], [0]), ([[1.0, 2.0]], [0])], r"example 1: inputs of width \(2,\)"),
        (
            [([[1.0]], [0]), ([[1.0], [1.0, 2.0]], [0])],
            r"example 1, step 1: inputs of width \(2,\), expected \(1,\)",
        ),
        ([([[1.0]], [[1.0], 2.0])], r"example 0, step 1: targets of width \(\), expected"),
        ([([[1.0]], [0]), ([], [0])], "example 1: inputs of 0 steps; at least 1"),
        ([([[1.0]], [0]), ([[1.0], [np.nan]], [0])], r"example 1, step 1: inputs of \[nan\]"),
        ([([[1.0]], [[np.inf]])], r"example 0, step 0: targets of \[inf\]"),
    ],
)
def test_mismatching_examples_are_errors(examples: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Series.of(examples)


def test_columns_of_mismatching_sizes_are_an_error() -> None:
    one = np.ones(1, dtype=np.int64)
    with pytest.raises(ValueError, match="2 inputs for lengths that add up to 1"):
        Series(np.ones((2, 1)), one, one, one)
    with pytest.raises(ValueError, match="1 inputs and 2 targets"):
        Series(np.ones((1, 1)), one, np.ones(2), np.ones(2, dtype=np.int64))
