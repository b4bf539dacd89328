"""The amplitude of a sine wave: a number at each step, or one class for a whole wave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spinn.data.dataset import SequenceDataset
from spinn.data.sequences.series import Series, SeriesSplits
from spinn.data.sequences.split_plan import Example, SplitPlan, at_least

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Amplitude(SequenceDataset):
    """A wave of alternately weak and strong segments; the target is the amplitude at each step.

    The classic demonstration of Elman's network: sin(1), sin(2), … sin(20), the same doubled, and
    both once more. The target of each of the 80 steps is the amplitude, 1 or 2. This classic wave
    is the first example of train and, by default, the only one. It is also dev, because the
    demonstration's goal is the error on it: 0.01 after 500 epochs. The other waves measure
    generalisation: each segment starts at a random phase, with an amplitude drawn from
    `amplitudes`. At the start of a segment a single value does not determine the amplitude, so no
    model is right at every step.

    Input and target have shape (stretches * stretch, 1). A step is one radian.

    Attributes:
        stretch: steps of a segment, which has one amplitude.
        stretches: segments per wave.
        amplitudes: of the classic wave's segments in turn, two or more.
        others: amplitudes that are absent from training, for the waves of the further test
            `test_others`; empty for no such test.
        examples: waves in train, the classic one included.
        held_out: waves in test and in the further test.
        seed: of the random waves.

    Raises: ValueError: for a setting out of range.
    """

    stretch: int = 20
    stretches: int = 4
    amplitudes: Sequence[float] = (1.0, 2.0)
    others: Sequence[float] = (1.2, 1.6)
    examples: int = 1
    held_out: int = 100
    seed: int = 1

    symbols: ClassVar[tuple[str, ...] | None] = None
    inputs: ClassVar[int | None] = 1
    labels: ClassVar[tuple[str, ...] | None] = None

    def __post_init__(self) -> None:
        at_least(1, stretch=self.stretch, stretches=self.stretches)
        at_least(1, examples=self.examples, held_out=self.held_out)
        at_least(0, seed=self.seed)
        _check_amplitudes("amplitudes", self.amplitudes, least=2)
        _check_amplitudes("others", self.others, least=0)
        if known := set(self.others) & set(self.amplitudes):
            raise ValueError(f"others holds {min(known):g}, which amplitudes holds too")

    def load(self) -> SeriesSplits:
        """Compute the classic wave and draw the others."""
        rng = np.random.default_rng(self.seed)
        turns = [self.amplitudes[turn % len(self.amplitudes)] for turn in range(self.stretches)]
        classic = self._wave(np.array(turns), np.zeros(self.stretches))

        def draw(amplitudes: Sequence[float], count: int) -> list[Example]:
            waves = []
            for _ in range(count):
                drawn = rng.choice(np.array(amplitudes), size=self.stretches)
                waves.append(self._wave(drawn, rng.uniform(0, 2 * math.pi, size=self.stretches)))
            return waves

        train = Series.of([classic, *draw(self.amplitudes, self.examples - 1)])
        test = Series.of(draw(self.amplitudes, self.held_out))
        tests = {"test_others": Series.of(draw(self.others, self.held_out))} if self.others else {}
        return SeriesSplits(train, Series.of([classic]), test, tests)

    def _wave(self, amplitudes: Numbers, phases: Numbers) -> Example:
        """Compute a wave from the amplitude and phase of each segment, both (stretches,)."""
        angles = phases[:, None] + np.arange(1, self.stretch + 1)  # (stretches, stretch)
        wave = amplitudes[:, None] * np.sin(angles)
        targets = np.repeat(amplitudes, self.stretch)
        return _steps(wave.ravel()), _steps(targets)


@dataclass(frozen=True, kw_only=True)
class WaveAmplitude(SequenceDataset):
    """A whole wave of one amplitude, of any length and phase; the target is the amplitude's class.

    The input has shape (steps, 1), one radian per step.

    Attributes:
        amplitudes: the classes; all are equally likely.
        shortest, longest: steps in training; all lengths between them are equally likely.
        examples, held_out, longer, seed: see `SplitPlan`; lengths are in steps.

    Raises: ValueError: for a setting out of range.
    """

    amplitudes: Sequence[float] = (0.5, 1.0, 1.5, 2.0)
    shortest: int = 5
    longest: int = 40
    examples: int = 2000
    held_out: int = 500
    longer: Sequence[int] = (80, 160)
    seed: int = 1

    symbols: ClassVar[tuple[str, ...] | None] = None
    inputs: ClassVar[int | None] = 1

    def __post_init__(self) -> None:
        _check_amplitudes("amplitudes", self.amplitudes, least=2)
        at_least(2, shortest=self.shortest)  # one value does not determine the amplitude
        at_least(self.shortest, longest=self.longest)
        self.plan()

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The amplitudes as text."""
        return tuple(f"{amplitude:g}" for amplitude in self.amplitudes)

    def plan(self) -> SplitPlan:
        """Return the splits' sizes and lengths, checked."""
        return SplitPlan(
            lengths=range(self.shortest, self.longest + 1),
            unit="steps",
            examples=self.examples,
            held_out=self.held_out,
            longer=self.longer,
            seed=self.seed,
        )

    def draw(self, rng: np.random.Generator, steps: int) -> Example:
        """Draw a wave's class and phase."""
        label = int(rng.integers(len(self.amplitudes)))
        angles = rng.uniform(0, 2 * math.pi) + np.arange(1, steps + 1)
        return _steps(self.amplitudes[label] * np.sin(angles)), (label,)

    def load(self) -> SeriesSplits:
        """Draw every split; see `SplitPlan.draw_splits`."""
        return self.plan().draw_splits(self.draw)


def _steps(values: Numbers) -> tuple[tuple[float], ...]:
    """Return values, (steps,), as steps of one number each."""
    return tuple((value,) for value in values.tolist())


def _check_amplitudes(name: str, amplitudes: Sequence[float], least: int) -> None:
    for amplitude in amplitudes:
        if not 0 < amplitude < math.inf:
            raise ValueError(f"{name} holds {amplitude:g}; expected finite numbers above 0")
    if len(amplitudes) < least or len({f"{amplitude:g}" for amplitude in amplitudes}) < len(
        amplitudes
    ):
        wanted = "two or more, each once" if least else "each once"
        raise ValueError(f"{name} is {list(amplitudes)}; expected {wanted}")
