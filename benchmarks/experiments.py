"""The measurements: several batch sizes, and the growth of cost with length and width."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from torch import nn

from benchmarks.encoders import ENCODERS, build
from benchmarks.machine import unsteady
from benchmarks.measure import Stopwatch, Times, measure, summary
from benchmarks.sentences import of_length, snli_like
from benchmarks.settings import Settings
from spinn.batch.sentences import Sentences

GROWING = ("spinn_pi", "treelstm", "lstm packed")
MICRO = 1e6


class Progress(Protocol):
    """Wraps an iterable, to show a progress bar with a title."""

    def __call__(self, turns: Iterable[int], title: str) -> Iterable[int]: ...


class Bench:
    """Measurements with the same settings.

    Args:
        settings: sizes and repeats.
        progress: shows turns.
        peaks: MiB of a training step of an encoder, one for each of `settings.pairs`.
    """

    def __init__(
        self,
        settings: Settings,
        progress: Progress,
        peaks: Callable[[str, Settings], Sequence[float | None]],
    ) -> None:
        self.settings = settings
        self.stopwatch = Stopwatch(settings)
        self.progress = progress
        self.peaks = peaks
        self.warnings: list[str] = []

    def memory(self) -> dict[str, Sequence[float | None]]:
        """Peak memory of every encoder; one that fails becomes a warning."""
        found: dict[str, Sequence[float | None]] = {}
        for name in ENCODERS:
            for _ in self.progress(range(1), f"memory of {name}"):
                try:
                    found[name] = self.peaks(name, self.settings)
                except RuntimeError as error:
                    self.warnings.append(str(error))
                    found[name] = [None] * len(self.settings.pairs)
        return found

    def batch_size(
        self, encoders: Mapping[str, nn.Module], pairs: int, memory: Mapping[str, float | None]
    ) -> dict[str, Any]:
        """Sentences per second of every encoder, with ratios and memory, at one batch size."""
        rng = random.Random(self.settings.seed)
        batches = [snli_like(pairs, rng) for _ in range(self.settings.batches)]
        times, probe = self._measure(encoders, batches, f"{pairs} pairs")
        rows = rates(times, sum(map(len, batches)))
        for name, row in rows.items():
            row["peak_memory_mib"] = memory[name]
        return {"probe_seconds": summary(probe), "rows": rows}

    def length(self, encoders: Mapping[str, nn.Module], length: int) -> dict[str, Any]:
        """Microseconds per word in sentences of one length."""
        rng = random.Random(self.settings.seed)
        batch = of_length(length, self.settings.words, rng)
        return self._per_word(encoders, batch, f"length {length}")

    def width(self, width: int) -> dict[str, Any]:
        """Microseconds per word at one width of words and h."""
        encoders = self.build(GROWING, width)
        batch = snli_like(self.settings.width_pairs, random.Random(self.settings.seed))
        return self._per_word(encoders, batch, f"width {width}")

    def build(self, names: Iterable[str], size: int) -> dict[str, nn.Module]:
        """Build encoders on the device that is measured."""
        encoders = build(tuple(names), size, self.settings.tracker_size, self.settings.seed)
        return {name: encoder.to(self.stopwatch.device) for name, encoder in encoders.items()}

    def _per_word(
        self, encoders: Mapping[str, nn.Module], batch: Sentences, title: str
    ) -> dict[str, Any]:
        times, probe = self._measure(encoders, [batch], title)
        words = len(batch.words)
        rows = {
            name: {
                kind: summary([MICRO * seconds / words for seconds in times[name][kind]])
                for kind in times[name]
            }
            for name in encoders
        }
        return {"probe_seconds": summary(probe), "rows": rows}

    def _measure(
        self, encoders: Mapping[str, nn.Module], batches: Sequence[Sentences], title: str
    ) -> tuple[Times, list[float]]:
        there = [sentences.to(self.stopwatch.device) for sentences in batches]
        times, probe = measure(
            self.stopwatch,
            encoders,
            there,
            self.settings.repeats,
            lambda turns: self.progress(turns, title),
        )
        warning = unsteady(probe, title)
        if warning:
            self.warnings.append(warning)
        return times, probe


def rates(times: Times, sentences: int) -> dict[str, dict[str, Any]]:
    """Sentences per second, and the ratios of training to the packed LSTM and the reference."""
    rows: dict[str, dict[str, Any]] = {
        name: {kind: summary([sentences / s for s in taken[kind]]) for kind in taken}
        for name, taken in times.items()
    }
    for row in rows.values():
        for key, name in (("of_lstm_packed", "lstm packed"), ("of_reference", "reference")):
            row[key] = row["training"]["median"] / rows[name]["training"]["median"]
    return rows
