"""Generate the bundled series: ``python -m spinn.data.generators.hourly``.

The value of hour t is the sum of a trend, a daily wave, a weekly wave and noise:

    100 + t / 100 + 10 sin(2π t / 24) + 5 sin(2π t / 168) + e(t),    e(t) normal, deviation 2,

rounded to three decimals, so that the file holds exactly these values.
"""

import argparse
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinn.files import write_text

DEFAULT_OUT = Path("data/series/series.csv")
DEFAULT_SEED = 1
DEFAULT_STEPS = 12 * 168  # twelve weeks of hours
START = datetime(2024, 1, 1)


def generated(steps: int, seed: int) -> NDArray[np.float64]:
    """Return hourly values, (steps,)."""
    hours = np.arange(steps)
    noise = np.random.default_rng(seed).normal(0, 2, size=steps)
    day, week = (np.sin(2 * np.pi * hours / period) for period in (24, 168))
    values: NDArray[np.float64] = np.round(100 + hours / 100 + 10 * day + 5 * week + noise, 3)
    return values


def write(out: Path, steps: int, seed: int) -> None:
    """Write a CSV file of times and values, atomically."""
    rows = (
        f"{(START + timedelta(hours=hour)).isoformat()},{value:.3f}\n"
        for hour, value in enumerate(generated(steps, seed).tolist())
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    write_text(out, "time,value\n" + "".join(rows))


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, write the file, and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="the file")
    parser.add_argument("--steps", type=int, default=DEFAULT_STEPS, help="hours")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    options = parser.parse_args(arguments)
    if options.steps < 1:
        parser.error(f"--steps is {options.steps}; expected 1 or more")
    if options.seed < 0:
        parser.error(f"--seed is {options.seed}; expected 0 or more")
    write(options.out, options.steps, options.seed)
    size = options.out.stat().st_size / 1e3
    print(f"{options.steps} hours, {size:.0f} kB, to {options.out}")


if __name__ == "__main__":
    main()
