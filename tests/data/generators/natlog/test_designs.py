"""Balanced designs, against an enumeration of all assignments."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from spinn.data.generators.natlog.designs import balanced_design

LABELS = "ENC"


def costs_of(labels: list[str], rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """Give each entry of a table of labels a random cost; a dot may not be chosen."""
    table = np.array([list(row) for row in labels])
    return {
        label: np.where(table == label, rng.normal(size=table.shape), np.inf) for label in LABELS
    }


def least_cost(costs: dict[str, NDArray[np.float64]]) -> float:
    """The least cost of a perfect matching for each label, by enumeration."""
    size = len(costs["E"])
    return sum(
        min(sum(cost[row, column] for row, column in enumerate(order)) for order in orders)
        for cost in costs.values()
        for orders in [permutations(range(size))]
    )


@pytest.mark.parametrize("seed", range(20))
def test_a_design_has_each_label_once_and_the_least_cost(seed: int) -> None:
    """Each label fills three blocks of two rows and columns, so it has eight perfect matchings."""
    rng = np.random.default_rng(seed)
    table = np.add.outer(rng.permutation(6), rng.permutation(6)) % 3
    costs = costs_of(["".join(LABELS[one] for one in row) for row in table], rng)
    design = balanced_design(costs, range(6), range(6, 12))
    cost = sum(costs[label][row, column] for row, column, label in design)
    assert cost == pytest.approx(least_cost(costs))
    for axis in (0, 1):
        assert set(Counter((one[axis], one[2]) for one in design).values()) == {1}
        assert set(Counter(one[axis] for one in design).values()) == {3}


def test_what_is_left_of_a_table_with_gaps_is_balanced() -> None:
    rng = np.random.default_rng(1)
    found = 0
    for _ in range(40):
        table = rng.choice(list("ENC."), size=(9, 18), p=[0.3, 0.3, 0.3, 0.1])
        costs = costs_of(["".join(row) for row in table], rng)
        design = balanced_design(costs, range(9), range(9, 27))
        found += len(design) > 0
        for axis in (0, 1):
            assert set(Counter((one[axis], one[2]) for one in design).values()) <= {1}
            assert set(Counter(one[axis] for one in design).values()) <= {3}
        assert all(table[row, column] == label for row, column, label in design)
    assert found >= 10


def test_the_example_of_the_docstring() -> None:
    costs = costs_of(["ECNN", "CENN", "NNEC", "NNCE"], np.random.default_rng(1))
    assert len(balanced_design(costs, [0, 0, 1, 1], [0, 0, 1, 1])) == 12


def test_a_unit_without_partners_is_left_out_whole() -> None:
    costs = costs_of(
        ["ECNN.E", "CENN..", "NNEC..", "NNCE..", "....EC", "....CE"], np.random.default_rng(1)
    )
    design = balanced_design(costs, [0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 2, 2])
    assert {row for row, _, _ in design} == {column for _, column, _ in design} == {0, 1, 2, 3}


def test_two_rows_have_no_design() -> None:
    assert balanced_design(costs_of(["EN", "NE"], np.random.default_rng(1)), [0, 1], [0, 1]) == []
