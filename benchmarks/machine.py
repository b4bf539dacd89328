"""The machine of a measurement, and whether other work disturbed it."""

import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path

import torch

STEADY = 1.2  # maximum ratio of the probe's upper quartile to its minimum


def cores() -> int:
    """Return the number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def load() -> float | None:
    """Return the load average of the last minute; None if the system has none."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def busy(load: float | None, cores: int, threads: int) -> str | None:
    """Return a warning if other processes leave too few cores for the measurement.

    Args:
        load: the load average before the first measurement.
    """
    if load is None or load + threads <= cores + 0.5:
        return None
    return (
        f"the machine is busy: load {load:.1f} on {cores} cores before the measurement, which "
        f"needs {threads} more; wait for a quiet machine, or lower --threads"
    )


def unsteady(probes: Sequence[float], where: str) -> str | None:
    """Return a warning if the time of the probe, a fixed matrix product, varies too much."""
    fastest, upper = min(probes), statistics.quantiles(probes, n=4)[2]
    if upper <= STEADY * fastest:
        return None
    return (
        f"{where}: the machine did other work: a fixed matrix product took "
        f"{1000 * fastest:.3g} ms at best and more than {1000 * upper:.3g} ms one time in four"
    )


def machine(device: str) -> dict[str, str | int]:
    """Describe the machine and the software versions."""
    description: dict[str, str | int] = {
        "device": device,
        "cpu": _cpu(),
        "cores": cores(),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }
    if torch.device(device).type == "cuda":
        description["gpu"] = torch.cuda.get_device_name(device)
    return description


def _cpu() -> str:
    listing = Path("/proc/cpuinfo")  # Linux; platform.processor() is empty there
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
