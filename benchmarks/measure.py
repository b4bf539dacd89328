"""Times, measured in turns, and their summaries.

Encoders take turns, so that other work on the machine affects all of them alike. Before each
turn a matrix product of fixed size is timed; if its time varies, so do all others.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import torch
from torch import nn

from benchmarks.settings import LEAST_REPEATS, Settings
from spinn.batch.sentences import Sentences

Times = dict[str, dict[str, list[float]]]  # encoder -> "forward" or "training" -> seconds
PROBE_SIZE = 1024
PATIENCE = 10.0  # seconds for all repeats of one encoder, if enough repeats fit


class Stopwatch:
    """Time work on a device.

    Args:
        settings: the device and the precision.
    """

    def __init__(self, settings: Settings) -> None:
        self.device = torch.device(settings.device)
        self.bf16 = settings.precision == "bf16"
        square = torch.ones(PROBE_SIZE, PROBE_SIZE, device=self.device)
        self._square = square / PROBE_SIZE

    def seconds(self, work: Callable[[], object]) -> float:
        """Seconds of `work`, until the device has finished it."""
        self._wait()
        start = time.perf_counter()
        work()
        self._wait()
        return time.perf_counter() - start

    def probe(self) -> float:
        """Seconds of a matrix product of fixed size."""
        return self.seconds(lambda: torch.mm(self._square, self._square))

    def forward(self, encoder: nn.Module, batches: Sequence[Sentences]) -> None:
        """Encode every batch, as prediction does."""
        with torch.no_grad(), self._precision():
            for sentences in batches:
                encoder(sentences)

    def train(self, encoder: nn.Module, batches: Sequence[Sentences]) -> None:
        """Encode every batch and backpropagate a fixed gradient through the sentence vectors."""
        for sentences in batches:
            encoder.zero_grad(set_to_none=True)
            with self._precision():
                vectors = encoder(sentences).sentence.float()  # (B, D)
            (vectors @ direction(vectors.shape[1], vectors.device)).sum().backward()

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16)

    def _wait(self) -> None:
        if self.device.type != "cpu":
            torch.accelerator.synchronize(self.device)


@cache
def direction(size: int, device: torch.device) -> torch.Tensor:
    """(D,) the gradient of every sentence vector: random, from a fixed seed."""
    generator = torch.Generator().manual_seed(size)
    return torch.randn(size, generator=generator).to(device)


def measure(
    stopwatch: Stopwatch,
    encoders: Mapping[str, nn.Module],
    batches: Sequence[Sentences],
    repeats: int,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> tuple[Times, list[float]]:
    """Time forward and training of every encoder over all batches.

    Args:
        progress: wraps the turns, to show a progress bar.

    Returns: the seconds of every encoder, and those of the probe.
    """
    names = list(encoders)
    times: Times = {name: {"forward": [], "training": []} for name in names}
    probes: list[float] = []
    share = dict.fromkeys(names, repeats)
    for turn in progress(range(-1, repeats)):
        start = turn % len(names)  # no encoder always follows the same other one
        for name in names[start:] + names[:start]:
            if not takes_part(turn, share[name], repeats):
                continue
            probe, taken = stopwatch.probe(), _both(stopwatch, encoders[name], batches)
            if turn < 0:  # the warm-up
                share[name] = affordable(sum(taken.values()), repeats)
                continue
            probes.append(probe)
            for kind, seconds in taken.items():
                times[name][kind].append(seconds)
    return times, probes


def _both(
    stopwatch: Stopwatch, encoder: nn.Module, batches: Sequence[Sentences]
) -> dict[str, float]:
    return {
        "forward": stopwatch.seconds(lambda: stopwatch.forward(encoder, batches)),
        "training": stopwatch.seconds(lambda: stopwatch.train(encoder, batches)),
    }


def affordable(seconds: float, repeats: int) -> int:
    """The number of repeats of an encoder that takes so many seconds for one."""
    return max(LEAST_REPEATS, min(repeats, int(PATIENCE / seconds)))


def takes_part(turn: int, share: int, turns: int) -> bool:
    """Whether an encoder with `share` repeats, spread evenly, is measured in this turn."""
    return turn < 0 or turn * share // turns != (turn + 1) * share // turns


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Median, spread (half the interquartile range) and number of repeats."""
    low, median, high = statistics.quantiles(values, n=4)
    return {"median": median, "spread": (high - low) / 2, "repeats": len(values)}
