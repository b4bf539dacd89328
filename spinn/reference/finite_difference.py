"""Check gradients by central differences: ``python -m spinn.reference.finite_difference``.

Every entry of every weight, bias, input and initial state is checked, because a check of one matrix
does not cover the others. The table shows the entry with the largest error in each array.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from spinn.reference.activations import Array
from spinn.reference.cases import Case, Named, cases

STEP = 1e-3  # balances rounding, which grows as STEP shrinks, and truncation, STEP to the fourth
TOLERANCE = 1e-7
LEAST = 1e-3  # smallest divisor of an error, relative to the array's largest entry (rounding)


class Row(NamedTuple):
    """The entry of an array with the largest error: by differences (expected), by hand (actual)."""

    name: str
    entry: tuple[int, ...]
    expected: float
    actual: float
    error: float


def differences(loss: Callable[[], float], values: Array) -> Array:
    """Return the gradient of `loss` by an array, by five-point central differences.

    The wider difference cancels the leading error of the narrower one; the remaining error is
    proportional to STEP to the fourth power.
    """
    gradient = np.empty_like(values)
    for entry, value in np.ndenumerate(values):
        found = {}
        for steps in (-2, -1, 1, 2):
            values[entry] = value + steps * STEP
            found[steps] = loss()
        values[entry] = value
        gradient[entry] = (8 * (found[1] - found[-1]) - (found[2] - found[-2])) / (12 * STEP)
    return gradient


def worst(name: str, expected: Array, actual: Array) -> Row:
    """Return the entry with the largest relative error; it is 0 for two zeros."""
    size = np.maximum(np.abs(expected), np.abs(actual))
    size = np.maximum(size, LEAST * size.max())
    error = np.abs(expected - actual) / np.where(size > 0, size, 1)
    entry = tuple(int(index) for index in np.unravel_index(np.argmax(error), error.shape))
    return Row(name, entry, float(expected[entry]), float(actual[entry]), float(error[entry]))


def check(case: Case, rng: np.random.Generator) -> list[Row]:
    """Compare all gradients of a cell, under the sum of all outputs times random factors."""
    outputs, _ = case.run(case.values)
    factors = {name: rng.normal(size=output.shape) for name, output in outputs.items()}
    return compare(by_differences(case, factors), by_hand(case, factors))


def by_differences(case: Case, factors: Named) -> Named:
    """Return the gradients of all values by differences, under the sum of outputs times factors."""
    values = {name: value.copy() for name, value in case.values.items()}

    def loss() -> float:
        outputs, _ = case.run(values)
        return float(sum(np.sum(outputs[name] * factors[name]) for name in outputs))

    return {name: differences(loss, value) for name, value in values.items()}


def by_hand(case: Case, factors: Named) -> Named:
    """Return the same gradients from the cell's `backward`."""
    _, backward = case.run(case.values)
    return backward(factors)


def compare(expected: Named, actual: Named) -> list[Row]:
    """Return the worst entry of each array."""
    return [worst(name, expected[name], actual[name]) for name in expected]


def gate_of(case: Case, row: Row) -> str:
    """Return the gate that an entry belongs to; empty for an array without gates.

    With four gates and four units, the rows 0 to 3 of W are those of g, and row 9 is one of f.
    """
    gates = case.gates.get(row.name)
    if gates is None:
        return ""
    units = len(case.values[row.name]) // len(gates)
    return gates[row.entry[0] // units]


def table(case: Case, rows: Sequence[Row]) -> str:
    """Format a table with one line per array."""
    lines = [
        f"{case.name}\n{'weight':<10}{'gate':<9}{'worst entry':<14}{'expected':>16}{'actual':>16}"
        f"{'relative error':>17}"
    ]
    for row in rows:
        entry = f"[{', '.join(map(str, row.entry))}]"
        lines.append(
            f"{row.name:<10}{gate_of(case, row):<9}{entry:<14}{row.expected:>16.10f}"
            f"{row.actual:>16.10f}{row.error:>17.1e}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check every cell; return 1 if a gradient is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m spinn.reference.finite_difference",
        description="Check the gradients derived by hand: every entry of every array.",
    )
    parser.add_argument("--seed", type=int, default=0, help="of all random values (default: 0)")
    seed = parser.parse_args(arguments).seed
    if seed < 0:
        parser.error(f"--seed is {seed}; expected 0 or more")
    rng = np.random.default_rng(seed)
    wrong, checked, largest = [], 0, 0.0
    for case in cases(rng):
        rows = check(case, rng)
        print(f"{table(case, rows)}\n")
        wrong += [
            " ".join(filter(None, (row.name, f"(gate {gate})" if gate else "", f"of {case.name}")))
            for row in rows
            if row.error > TOLERANCE
            for gate in [gate_of(case, row)]
        ]
        checked += sum(values.size for values in case.values.values())
        largest = max(largest, *(row.error for row in rows))
    if not wrong:
        print(
            f"All {checked:,} entries agree with central differences: the largest relative error "
            f"is {largest:.1e}, and {TOLERANCE:g} is allowed."
        )
    if wrong:
        print(f"wrong by more than {TOLERANCE:g}: {', '.join(wrong)}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
