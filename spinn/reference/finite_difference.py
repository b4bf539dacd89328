"""Check gradients by central differences: ``python -m spinn.reference.finite_difference``.

A check of one matrix proves nothing of the others: here every entry of every weight, bias, input
and initial state is moved, and the one that fits worst is shown.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from spinn.reference.activations import Array
from spinn.reference.cases import Case, Named, cases

STEP = 1e-3  # where rounding, which grows as it shrinks, and its fourth power weigh about the same
TOLERANCE = 1e-7
LEAST = 1e-3  # of an array's largest entry: the differences' rounding drowns what is smaller


class Row(NamedTuple):
    """The entry of one array whose gradient fits worst: by differences, by hand."""

    name: str
    entry: tuple[int, ...]
    expected: float
    actual: float
    error: float


def differences(loss: Callable[[], float], values: Array) -> Array:
    """Gradient of `loss` by an array, each entry moved up and down, once and twice.

    Two central differences, of which the second cancels the first one's error: what is left goes
    with the fourth power of STEP.
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
    """The entry with the largest relative error; two zeros have none."""
    size = np.maximum(np.abs(expected), np.abs(actual))
    size = np.maximum(size, LEAST * size.max())
    error = np.abs(expected - actual) / np.where(size > 0, size, 1)
    entry = tuple(int(place) for place in np.unravel_index(np.argmax(error), error.shape))
    return Row(name, entry, float(expected[entry]), float(actual[entry]), float(error[entry]))


def check(case: Case, rng: np.random.Generator) -> list[Row]:
    """Compare all gradients of a cell, under a loss that pulls each output its own way."""
    outputs, _ = case.run(case.values)
    pulls = {name: rng.normal(size=output.shape) for name, output in outputs.items()}
    return compare(by_differences(case, pulls), by_hand(case, pulls))


def by_differences(case: Case, pulls: Named) -> Named:
    """Gradients of all values, under the sum of all outputs, each times its pull."""
    values = {name: value.copy() for name, value in case.values.items()}

    def loss() -> float:
        outputs, _ = case.run(values)
        return float(sum(np.sum(outputs[name] * pulls[name]) for name in outputs))

    return {name: differences(loss, value) for name, value in values.items()}


def by_hand(case: Case, pulls: Named) -> Named:
    """The same gradients as the cell's own way back finds them."""
    _, backward = case.run(case.values)
    return backward(pulls)


def compare(expected: Named, actual: Named) -> list[Row]:
    """The worst entry of each array."""
    return [worst(name, expected[name], actual[name]) for name in expected]


def table(case: Case, rows: Sequence[Row]) -> str:
    """A line for each array."""
    lines = [
        f"{case.name}\n{'weight':<10}{'worst entry':<14}{'expected':>16}{'actual':>16}"
        f"{'relative error':>17}"
    ]
    for row in rows:
        entry = f"[{', '.join(map(str, row.entry))}]"
        lines.append(
            f"{row.name:<10}{entry:<14}{row.expected:>16.10f}{row.actual:>16.10f}{row.error:>17.1e}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check every cell; return 1 if a gradient is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m spinn.reference.finite_difference",
        description="Check the gradients derived by hand: every entry of every array.",
    )
    parser.add_argument("--seed", type=int, default=0, help="decides all values (default: 0)")
    seed = parser.parse_args(arguments).seed
    if seed < 0:
        parser.error(f"--seed is {seed}; expected 0 or more")
    rng = np.random.default_rng(seed)
    wrong = []
    for case in cases(rng):
        rows = check(case, rng)
        print(f"{table(case, rows)}\n")
        wrong += [f"{row.name} of {case.name}" for row in rows if row.error > TOLERANCE]
    if wrong:
        print(f"wrong by more than {TOLERANCE:g}: {', '.join(wrong)}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
