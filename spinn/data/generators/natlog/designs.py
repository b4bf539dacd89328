"""Balanced designs: pairs in which each row and each column has each label exactly once."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

SMALLEST = 3  # rows: two would need two labels for one pair


def balanced_design(
    costs: Mapping[str, NDArray[np.float64]],
    rows: Sequence[Hashable],
    columns: Sequence[Hashable],
) -> list[tuple[int, int, str]]:
    """Choose rows, as many columns, and pairs of them such that each has each label exactly once.

    For each label, the chosen pairs are a perfect matching of the chosen rows and columns, and of
    all matchings one of least cost. While a row or a column has no partner for a label, the unit
    with most such gaps is left out.

    The labels of four rows and four columns, in units of two, and a design of all of them::

        E C N N        E C N .
        C E N N   ->   C E . N
        N N E C        N . E C
        N N C E        . N C E

    Args:
        costs: (rows, columns) for each label; infinite where a pair does not have the label.
        rows: the unit of each row.
        columns: the unit of each column.

    Returns:
        (row, column, label) of each chosen pair, by label; empty if there is no such design.
    """
    left = [list(range(len(rows))), list(range(len(columns)))]
    while min(map(len, left)) >= SMALLEST:
        chosen = [
            (left[0][row], left[1][column], label)
            for label, cost in costs.items()
            for row, column in _matching(cost[np.ix_(*left)])
        ]
        gaps: Counter[Hashable] = Counter()
        for axis, units in enumerate((rows, columns)):
            partners = Counter(pair[axis] for pair in chosen)
            for place in left[axis]:
                gaps[units[place]] += len(costs) - partners[place]
        worst, count = gaps.most_common(1)[0]
        if count == 0:
            return chosen
        left = [
            [place for place in places if units[place] != worst]
            for places, units in zip(left, (rows, columns), strict=True)
        ]
    return []


def _matching(cost: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return a largest matching of rows and columns over finite entries, of least cost."""
    from scipy.optimize import linear_sum_assignment  # of the extra `generators`

    allowed = np.isfinite(cost)
    forbidden = 1.0 + 2 * np.abs(cost[allowed]).sum()  # dearer than all allowed entries together
    pairs = zip(*linear_sum_assignment(np.where(allowed, cost, forbidden)), strict=True)
    return [(int(row), int(column)) for row, column in pairs if allowed[row, column]]
