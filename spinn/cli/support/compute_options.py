"""`--device` and `--threads`: where a command computes."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from spinn.errors import InputError

if TYPE_CHECKING:
    import torch

    from spinn.training.loading import Run

MOST_THREADS = 1024


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command."""
    parser.add_argument(
        "--device",
        default="cpu",
        metavar="NAME",
        help="where to compute: cpu, cuda, cuda:1, mps (default: %(default)s)",
    )
    parser.add_argument(
        "--threads", type=int, metavar="N", help="threads on the CPU (default: torch's choice)"
    )


def check(options: argparse.Namespace) -> None:
    """Raise InputError if the number of threads is out of range."""
    if options.threads is not None and not 1 <= options.threads <= MOST_THREADS:
        raise InputError(f"--threads is {options.threads}; expected 1 to {MOST_THREADS:,}")


def use(options: argparse.Namespace, run: Run) -> torch.device:
    """Set the threads, move the model of a run to the device, and return the device.

    Raises: InputError: if there is no such device, or the number of threads is out of range.
    """
    import torch

    check(options)
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    try:
        device = torch.device(options.device)
        run.task.to(device)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(
            f"--device {options.device} cannot be used here ({reason}); expected "
            f"{' or '.join(_found())}"
        ) from error
    return device


def _found() -> list[str]:
    """Return the names of the devices of this machine."""
    import torch

    names = ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
    return [*names, "mps"] if torch.backends.mps.is_available() else names
