"""How much memory a training step needs at its peak, beyond what was there before.

On the CPU every contestant is measured in a process of its own, which this module is, too: the
highest mark of a process never falls, so batches come in rising order of size.
"""

import json
import random
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.encoders import build
from benchmarks.measure import Stopwatch
from benchmarks.sentences import snli_like
from benchmarks.settings import Settings

MIB = 2**20
LONGEST = 900  # seconds for one contestant


def peaks(name: str, settings: Settings) -> list[float | None]:
    """MiB of a training step of the contestant, for each of `settings.pairs`; None if not known.

    Raises: RuntimeError: if the process that measures did not end well.
    """
    device = torch.device(settings.device).type
    if device != "cpu":
        return _peaks_here(name, settings) if device == "cuda" else [None] * len(settings.pairs)
    task = json.dumps({"name": name, "settings": asdict(settings)})
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", task],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    if process.returncode:
        last = process.stderr.strip().splitlines()[-1:] or ["no message"]
        raise RuntimeError(f"peak memory of {name}: exit code {process.returncode}: {last[0]}")
    found: list[float | None] = json.loads(process.stdout)
    return found


def _peaks_here(name: str, settings: Settings) -> list[float | None]:
    stopwatch = Stopwatch(settings)
    encoder = build((name,), settings.size, settings.tracker_size)[name].to(stopwatch.device)
    rng = random.Random(settings.seed)
    small, *batches = (
        snli_like(pairs, rng).to(stopwatch.device) for pairs in (1, *settings.pairs)
    )
    stopwatch.train(encoder, [small])  # what a first step prepares is not the step's
    encoder.zero_grad(set_to_none=True)
    before, found = _held(stopwatch.device), []
    for sentences in batches:
        stopwatch.train(encoder, [sentences])
        found.append((_highest(stopwatch.device) - before) / MIB)
    return list(found)


def _held(device: torch.device) -> int:
    """Bytes in use; on the CPU the most there ever were, because none were given back."""
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else _highest(device)


def _highest(device: torch.device) -> int:
    """Bytes at the highest mark so far."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    status = Path("/proc/self/status")
    if status.is_file():
        # Not getrusage: on Linux its mark starts where the process that started this one stood.
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource  # not on Windows

    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else highest * 1024


def main() -> None:
    """Measure what the first argument says, and print a list."""
    task: dict[str, Any] = json.loads(sys.argv[1])
    settings = Settings(**task["settings"])
    torch.set_num_threads(settings.threads)
    print(json.dumps(_peaks_here(task["name"], settings)))


if __name__ == "__main__":
    main()
