"""On what the figures were measured, and whether it was quiet."""

import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path

import torch

STEADY = 1.2  # upper quartile of the probe over its fastest


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load() -> float | None:
    """Processes that wanted a core in the last minute, on average; None where nobody counts."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def busy(load: float | None, cores: int, threads: int) -> str | None:
    """A warning, if others leave fewer cores than the measurement will use.

    Args:
        load: as it was before the first measurement.
    """
    if load is None or load + threads <= cores + 0.5:
        return None
    return (
        f"the machine is busy: load {load:.1f} on {cores} cores before anything was measured, "
        f"which wants {threads} more; wait for a quiet machine, or lower --threads"
    )


def unsteady(probes: Sequence[float], where: str) -> str | None:
    """A warning, if the product that is always the same did not always take the same time."""
    fastest, upper = min(probes), statistics.quantiles(probes, n=4)[2]
    if upper <= STEADY * fastest:
        return None
    return (
        f"{where}: the machine did other work: one and the same matrix product took "
        f"{1000 * fastest:.3g} ms at best and more than {1000 * upper:.3g} ms one time in four"
    )


def machine(device: str) -> dict[str, str | int]:
    """The machine in words: figures mean nothing without it."""
    described: dict[str, str | int] = {
        "device": device,
        "cpu": _cpu(),
        "cores": cores(),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }
    if torch.device(device).type == "cuda":
        described["gpu"] = torch.cuda.get_device_name(device)
    return described


def _cpu() -> str:
    listing = Path("/proc/cpuinfo")  # Linux; platform.processor() is empty there
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
