"""Learn binary addition: ``python -m spinn.lessons.binary_addition``.

An Elman network reads one bit of each summand per step, the least significant first, and outputs
one bit of the sum. The carry is not part of the input: the network learns it by backpropagation
through time from sums of 8 bits, and then adds numbers of any length.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from spinn.errors import InputError, TrainingError
from spinn.files import write_atomically
from spinn.lessons.adder import RATE, Network, Numbers, to_bits, to_numbers
from spinn.reference.activations import Array

TRAINED_BITS = 8
MOST_BITS = 62  # of a sum, in NumPy's 64-bit integers
REPORT_EVERY = 1000  # rounds
TESTS = 10_000  # random sums, for lengths with too many sums to test all
INTERRUPTED = 130  # exit code after SIGINT


def train(rounds: int, rng: np.random.Generator) -> tuple[Network, Array]:
    """Train on one random sum per round; print a report every REPORT_EVERY rounds.

    Returns: the network, and the error (rounds,) of each sum before the training step on it.
    """
    network, errors = Network.drawn(rng), np.empty(rounds)
    summands = rng.integers(2 ** (TRAINED_BITS - 1), size=(rounds, 2, 1))
    for number, (a, b) in enumerate(summands, start=1):
        network, outputs = network.train_step(a, b, TRAINED_BITS, RATE)
        errors[number - 1] = np.abs(to_bits(a + b, TRAINED_BITS) - outputs).sum()
        if number % REPORT_EVERY == 0:
            print(f"{report(number, errors[number - 1], a, b, outputs)}\n", flush=True)
    return network, errors


def report(number: int, error: float, a: Numbers, b: Numbers, outputs: Array) -> str:
    """Format error, prediction and truth of one sum, the most significant bit first."""
    bits = (outputs > 0.5).astype(np.int64)
    prediction, truth = (
        " ".join(map(str, row[::-1, 0])) for row in (bits, to_bits(a + b, len(bits)))
    )
    return (
        f"round {number:,}\nerror       {error:.4f}\nprediction  {prediction}\n"
        f"truth       {truth}\n{a[0]} + {b[0]} = {to_numbers(bits)[0]}"
    )


def sums(bits: int, rng: np.random.Generator) -> tuple[Numbers, Numbers]:
    """Return summands of test sums: all up to 8 bits, random ones beyond.

    A carry of a random sum rarely goes far. So there is also one sum for each length of carry, such
    as 1 + 0111.
    """
    half = 2 ** (bits - 1)
    if bits <= TRAINED_BITS:
        a, b = np.divmod(np.arange(half * half), half)
        return a, b
    a, b = rng.integers(half, size=(2, TESTS))
    all_ones = 2 ** np.arange(bits) - 1
    return np.concatenate([a, np.ones_like(all_ones)]), np.concatenate([b, all_ones])


def test(network: Network, bits: int, rng: np.random.Generator) -> None:
    """Test the network on sums of this many bits.

    Raises: TrainingError: if a sum is wrong.
    """
    a, b = sums(bits, rng)
    wrong = np.flatnonzero(network.add(a, b, bits) != a + b)
    right = len(a) - len(wrong)
    which = "all sums" if bits <= TRAINED_BITS else "random sums and carries of every length"
    print(f"{bits} bits, {which}: {right:,} of {len(a):,} right ({right / len(a):.2%})")
    if len(wrong):
        first = wrong[:1]
        raise TrainingError(
            f"{a[first[0]]} + {b[first[0]]} gave {network.add(a[first], b[first], bits)[0]}; "
            "train longer with --rounds, or try another --seed"
        )


def draw(errors: Array, path: Path) -> None:
    """Plot the error of every round, and means over a hundredth of the rounds, as PNG.

    Raises: InputError: if the file cannot be written.
    """
    from matplotlib.figure import Figure

    width = max(1, len(errors) // 100)
    ends = np.arange(width, len(errors) + 1, width)
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(np.arange(1, len(errors) + 1), errors, ".", markersize=2, color="#9a9a9a")
    means = errors[: ends[-1]].reshape(len(ends), width).mean(axis=1)
    axes.plot(ends, means, color="#0072b2", label=f"mean of {width} rounds")
    axes.set(xlabel="round", ylabel=f"error, summed over {TRAINED_BITS} bits", ylim=(0, None))
    axes.legend(frameon=False)
    try:
        write_atomically(path, lambda draft: figure.savefig(draft, format="png", dpi=150))
    except OSError as error:
        raise InputError(f"--out {path}: {error.strerror}; expected a file to write") from error


def prepare(path: Path) -> None:
    """Check before training that the plot can be drawn and written.

    Raises: InputError: if matplotlib is missing, or the file cannot be written.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise InputError(
            '--out needs matplotlib, which is missing: run pip install -e ".[bench]"'
        ) from error
    if path.suffix != ".png" or path.is_dir():
        raise InputError(f"--out {path}; expected the name of a file that ends in .png")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {path}: {error.strerror}; expected a file in a folder") from error


def number(least: int, most: int) -> Callable[[str], int]:
    """Return a parser for an option that is a whole number in a range."""

    def parse(text: str) -> int:
        digits = text.isascii() and text.isdecimal() and len(text) <= 12
        if not (digits and least <= int(text) <= most):
            expected = f"a whole number from {least:,} to {most:,}"
            raise argparse.ArgumentTypeError(f"{text!r}; expected {expected}")
        return int(text)

    return parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lesson and return the exit code: 2 for bad input, 1 for a wrong sum."""
    parser = argparse.ArgumentParser(
        prog="python -m spinn.lessons.binary_addition",
        description="Train an Elman network to add 8-bit numbers, and test it on longer ones.",
    )
    parser.add_argument("--seed", type=number(0, 2**32), default=1, help="default: 1")
    parser.add_argument(
        "--rounds", type=number(1, 1_000_000), default=10_000, help="training sums (default: 10000)"
    )
    parser.add_argument(
        "--bits",
        type=number(2, MOST_BITS),
        default=TRAINED_BITS,
        help="of test sums (default: 8)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE.png", help="plot the error curve")
    options = parser.parse_args(arguments)
    try:
        lesson(options.seed, options.rounds, options.bits, options.out)
    except (InputError, TrainingError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    return 0


def lesson(seed: int, rounds: int, bits: int, out: Path | None) -> None:
    """Train on 8 bits and plot the errors; then test all sums of 8 bits, and longer ones."""
    if out is not None:
        prepare(out)
    rng = np.random.default_rng(seed)
    network, errors = train(rounds, rng)
    if out is not None:
        draw(errors, out)
        print(f"saved: {out}")
    for length in sorted({TRAINED_BITS, bits}):
        test(network, length, rng)


if __name__ == "__main__":
    sys.exit(main())
