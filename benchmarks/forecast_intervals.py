"""Coverage of prediction intervals, measured: `python -m benchmarks.forecast_intervals`.

For each of ten series (`spinn.data.generators.hourly`, another noise each) it trains a small model,
takes the residuals on dev for the intervals, and counts the values of test inside them.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from spinn.analysis.forecasting import Forecaster, WalkForward, dev_intervals, walk_forward
from spinn.cli.support import exit_codes
from spinn.cli.support.composing import composed_run
from spinn.errors import InputError
from spinn.training.loading import load_run
from spinn.training.run import train

SMALL = (
    "data=forecast", "data.look_back=24", "model=gru", "model.hidden_size=16", "trainer.epochs=4",
    "trainer.threads=1", "trainer.device=cpu", "trainer.progress=false",
)  # fmt: skip


def measure(seed: int, values: int, steps: int, level: float) -> WalkForward:
    """Train on a generated series, and forecast from every origin in its test set.

    Args: seed: of the series and of the model; values: in the series; steps: of a forecast.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        settings = (f"data.steps={values}", f"data.seed={seed}", f"seed={seed}", f"run={run}")
        with composed_run([*SMALL, *settings]) as config:
            train(config)
        forecaster = Forecaster(load_run(run), batch_size=256, device=torch.device("cpu"))
        return walk_forward(forecaster, steps, dev_intervals(forecaster, steps, level))


def report(series: int, seed: int, values: int, steps: int, level: float) -> None:
    """Print the coverage of each series, and the mean.

    Raises: InputError: without a series.
    """
    if series < 1:
        raise InputError(f"--series is {series}; expected 1 or more")
    found, by_step = [], []
    for number in range(seed, seed + series):
        result = measure(number, values, steps, level)
        inside = result.inside()
        assert inside is not None
        found.append(inside.mean())
        by_step.append(inside.mean(axis=0))
        print(
            f"series {number}: coverage {found[-1]:.1%} of {inside.size:,} values from "
            f"{len(inside)} origins in test",
            flush=True,
        )
    lowest, highest = min(found), max(found)
    of_steps = np.mean(by_step, axis=0)
    print(
        f"intervals at {level:.4g}, {steps} steps, mean coverage over {series} series: "
        f"{np.mean(found):.1%} (single series {lowest:.1%} to {highest:.1%}; single steps ahead "
        f"{of_steps.min():.1%} to {of_steps.max():.1%})"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.forecast_intervals",
        description="Measured coverage of prediction intervals over generated series.",
    )
    parser.add_argument("--series", type=int, default=10, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="of the first series")
    parser.add_argument(
        "--values",
        type=int,
        default=2240,
        help="of a series (default: %(default)s, of which dev and test are two weeks each, so that "
        "every hour of the week counts equally in both)",
    )
    parser.add_argument("--steps", type=int, default=24, help="of a forecast; beyond 12 recursive")
    parser.add_argument("--interval", type=float, default=0.9, help="default: %(default)s")
    options = parser.parse_args(arguments)
    logging.getLogger().setLevel(logging.WARNING)
    return exit_codes.run(
        partial(
            report, options.series, options.seed, options.values, options.steps, options.interval
        )
    )


if __name__ == "__main__":
    sys.exit(main())
