"""The amplitude of a sine wave: told at each step, or one class for a whole wave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spinn.data.sequences.drawing import Example, Longer, at_least
from spinn.data.sequences.sequence_dataset import Source
from spinn.data.sequences.series import Series, SeriesSplits

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Amplitude(Source):
    """A wave in stretches that are weak and strong by turns; at each step, how strong is it now?

    The classic demonstration of Elman's network: sin(1), sin(2), … sin(20), the same doubled, and
    both once more, with their amplitude, 1 or 2, as the target of each of the 80 steps. That one
    wave is the first example of train and, unless `examples` says otherwise, the only one; it is
    dev too, for the demonstration's goal is the error on it: 0.01 after 500 epochs. So that
    one sees what has been learned beyond it, each stretch of every other wave begins at a phase of
    its own, and its amplitude is drawn from `amplitudes`. Where a stretch begins, a single value
    does not tell the amplitude, so that no model is right at every step.

    The input is (stretches · stretch, 1), a radian further at each step, the target as large.

    Attributes:
        stretch: steps of one amplitude.
        stretches: in each wave.
        amplitudes: those that take turns in the classic wave, two or more.
        others: amplitudes never seen in training, of the waves of the further test `test_others`;
            none for no such test.
        examples: waves in train, the classic one among them.
        held_out: waves in test and in the further test.
        seed: of the waves that are drawn.

    Raises: ValueError: for a setting out of its range.
    """

    stretch: int = 20
    stretches: int = 4
    amplitudes: Sequence[float] = (1.0, 2.0)
    others: Sequence[float] = (1.2, 1.6)
    examples: int = 1
    held_out: int = 100
    seed: int = 1

    symbols: ClassVar[tuple[str, ...] | None] = None
    inputs: ClassVar[int] = 1
    labels: ClassVar[tuple[str, ...] | None] = None
    outputs: ClassVar[int] = 1

    def __post_init__(self) -> None:
        at_least(1, stretch=self.stretch, stretches=self.stretches)
        at_least(1, examples=self.examples, held_out=self.held_out)
        at_least(0, seed=self.seed)
        _check_amplitudes("amplitudes", self.amplitudes, least=2)
        _check_amplitudes("others", self.others, least=0)
        if known := set(self.others) & set(self.amplitudes):
            raise ValueError(f"others holds {min(known):g}, which amplitudes holds too")

    def load(self) -> SeriesSplits:
        """Make the classic wave, and draw the others."""
        rng = np.random.default_rng(self.seed)
        classic = [self.amplitudes[turn % len(self.amplitudes)] for turn in range(self.stretches)]
        first = self._example(np.array(classic), np.zeros(self.stretches))
        more = [self._drawn(rng, self.amplitudes) for _ in range(self.examples - 1)]
        test = self._waves(rng, self.amplitudes)
        tests = {"test_others": self._waves(rng, self.others)} if self.others else {}
        return SeriesSplits(Series.of([first, *more]), Series.of([first]), test, tests)

    def _waves(self, rng: np.random.Generator, amplitudes: Sequence[float]) -> Series:
        return Series.of([self._drawn(rng, amplitudes) for _ in range(self.held_out)])

    def _drawn(self, rng: np.random.Generator, amplitudes: Sequence[float]) -> Example:
        drawn = rng.choice(np.array(amplitudes), size=self.stretches)
        return self._example(drawn, rng.uniform(0, 2 * math.pi, size=self.stretches))

    def _example(self, amplitudes: Numbers, phases: Numbers) -> Example:
        """Make one wave of the amplitudes and phases, each (stretches,)."""
        angles = phases[:, None] + np.arange(1, self.stretch + 1)  # (stretches, stretch)
        wave = amplitudes[:, None] * np.sin(angles)
        return wave.reshape(-1, 1).tolist(), np.repeat(amplitudes, self.stretch)[:, None].tolist()


@dataclass(frozen=True, kw_only=True)
class WaveAmplitude(Longer):
    """A whole wave of one amplitude, of any length and phase: which amplitude is it?

    The input is (steps, 1), a radian further at each step; the target is one class.

    Attributes:
        amplitudes: the classes, each as likely as another.
        shortest, longest: steps in training, each number between them as likely as another.
        longer: a further test for each of these numbers of steps.
        examples, held_out, seed: see `Drawing`.

    Raises: ValueError: for a setting out of its range.
    """

    amplitudes: Sequence[float] = (0.5, 1.0, 1.5, 2.0)
    shortest: int = 5
    longest: int = 40
    examples: int = 2000
    longer: Sequence[int] = (80, 160)

    unit: ClassVar[str] = "steps"
    symbols: ClassVar[tuple[str, ...] | None] = None
    inputs: ClassVar[int] = 1

    def __post_init__(self) -> None:
        _check_amplitudes("amplitudes", self.amplitudes, least=2)
        at_least(2, shortest=self.shortest)  # a single value does not tell the amplitude
        at_least(self.shortest, longest=self.longest)
        super().__post_init__()

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The amplitudes, written out."""
        return tuple(f"{amplitude:g}" for amplitude in self.amplitudes)

    def _lengths(self) -> range:
        return range(self.shortest, self.longest + 1)

    def _drawn(self, rng: np.random.Generator, steps: int) -> tuple[int, int, float]:
        return steps, int(rng.integers(len(self.amplitudes))), rng.uniform(0, 2 * math.pi)

    def _example(self, wave: tuple[int, int, float]) -> Example:
        steps, label, phase = wave
        values = self.amplitudes[label] * np.sin(phase + np.arange(1, steps + 1))
        return values[:, None].tolist(), [label]


def _check_amplitudes(name: str, amplitudes: Sequence[float], least: int) -> None:
    for amplitude in amplitudes:
        if not 0 < amplitude < math.inf:
            raise ValueError(f"{name} holds {amplitude:g}; expected finite numbers above 0")
    if len(amplitudes) < least or len({f"{amplitude:g}" for amplitude in amplitudes}) < len(
        amplitudes
    ):
        wanted = "two or more, each once" if least else "each once"
        raise ValueError(f"{name} is {list(amplitudes)}; expected {wanted}")
