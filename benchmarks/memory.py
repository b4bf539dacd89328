"""Peak memory of a training step, beyond the memory in use before it.

On the CPU every encoder is measured in a separate process, which runs this module. The peak of a
process never falls, so batches come in rising order of size.
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
LONGEST = 900  # seconds for one encoder


def peaks(name: str, settings: Settings) -> list[float | None]:
    """MiB of a training step of the encoder, for each of `settings.pairs`; None if not known.

    Raises: RuntimeError: if the process that measures failed.
    """
    device = torch.device(settings.device).type
    if device != "cpu":
        return _peaks_here(name, settings) if device == "cuda" else [None] * len(settings.pairs)
    task = json.dumps({"name": name, "settings": asdict(settings)})
    try:
        process = subprocess.run(
            [sys.executable, "-m", "benchmarks.memory", task],
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"peak memory of {name}: no result after {LONGEST} seconds") from error
    if process.returncode:
        last = process.stderr.strip().splitlines()[-1:] or ["no message"]
        raise RuntimeError(f"peak memory of {name}: exit code {process.returncode}: {last[0]}")
    found: list[float | None] = json.loads(process.stdout)
    return found


def _peaks_here(name: str, settings: Settings) -> list[float | None]:
    stopwatch = Stopwatch(settings)
    device, rng = stopwatch.device, random.Random(settings.seed)
    # The first step allocates memory once for all. This encoder is so small that it leaves no free
    # memory that later steps could use.
    tiny = build((name,), size=8, tracker_size=8)[name].to(device)
    stopwatch.train(tiny, [snli_like(1, rng).to(device)])
    encoder = build((name,), settings.size, settings.tracker_size)[name].to(device)
    batches = [snli_like(pairs, rng).to(device) for pairs in settings.pairs]
    before, found = _bytes(device)[0], []
    for sentences in batches:
        stopwatch.train(encoder, [sentences])
        found.append((_bytes(device)[1] - before) / MIB)
    return list(found)


def _bytes(device: torch.device) -> tuple[int, int]:
    """Memory in use, and its peak so far."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device), torch.cuda.max_memory_allocated(device)
    status = Path("/proc/self/status")
    if status.is_file():
        # Not getrusage: on Linux its peak starts at that of the parent process.
        lines = (line.split() for line in status.read_text(encoding="utf-8").splitlines())
        kib = {line[0]: int(line[1]) for line in lines if line[0] in ("VmRSS:", "VmHWM:")}
        return 1024 * kib["VmRSS:"], 1024 * kib["VmHWM:"]
    import resource  # not on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    highest = unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest, highest


def main() -> None:
    """Measure the encoder that the first argument names, and print a list."""
    task: dict[str, Any] = json.loads(sys.argv[1])
    settings = Settings(**task["settings"])
    torch.set_num_threads(settings.threads)
    print(json.dumps(_peaks_here(task["name"], settings)))


if __name__ == "__main__":
    main()
