"""The LSTM in NumPy beside torch's on the CPU: ``python -m benchmarks.reference``.

Forward and backward over one batch, with gradients of all weights, inputs and initial states; NumPy
in float64, torch in float64 and in float32. Both use their default number of threads, which compete
on a busy machine. For stable results, set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks import machine
from benchmarks.measure import Stopwatch, summary
from benchmarks.settings import LEAST_REPEATS, Settings, at_least
from spinn.cli.support import exit_codes
from spinn.reference import lstm
from spinn.reference.activations import Array

SEQUENCES, STEPS, WIDTH = 64, 50, 128
NUMPY = "numpy float64"
GATES = (2, 0, 1, 3)  # from torch's order i, f, g, o to g, i, f, o

Named = dict[str, Array]


class TorchLSTM:
    """`nn.LSTM` in one precision, with random values."""

    def __init__(self, dtype: torch.dtype, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)

        def draw(*shape: int) -> Tensor:
            return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)

        self.network = nn.LSTM(WIDTH, WIDTH, dtype=dtype)
        with torch.no_grad():
            for weight in self.network.parameters():
                weight.copy_(draw(*weight.shape) / WIDTH**0.5)
        self.x = draw(STEPS, SEQUENCES, WIDTH).requires_grad_()
        self.state = [draw(1, SEQUENCES, WIDTH).requires_grad_() for _ in range(2)]
        self.d_outputs = draw(STEPS, SEQUENCES, WIDTH)

    def run(self) -> Named:
        """Run forward and backward; return the gradients, gates in the order g, i, f, o."""
        for value in (*self.network.parameters(), self.x, *self.state):
            value.grad = None
        outputs, _ = self.network(self.x, tuple(self.state))
        outputs.backward(self.d_outputs)
        W, U, b, _ = map(gradient, self.network.parameters())
        found = {"W": in_order(W), "U": in_order(U), "b": in_order(b), "x": gradient(self.x)}
        h_0, c_0 = map(gradient, self.state)
        found |= {"h_0": h_0[0], "c_0": c_0[0]}
        return {name: value.numpy() for name, value in found.items()}


def gradient(value: Tensor) -> Tensor:
    """Return the gradient of a value."""
    assert value.grad is not None
    return value.grad


def in_order(gates: Tensor) -> Tensor:
    """Reorder torch's gate blocks to g, i, f, o."""
    blocks = gates.detach().chunk(4)
    return torch.cat([blocks[gate] for gate in GATES])


class NumpyLSTM:
    """The NumPy LSTM in float64, with the values of a `TorchLSTM`."""

    def __init__(self, of: TorchLSTM) -> None:
        W, U, *biases = of.network.parameters()
        given = (W, U, biases[0] + biases[1])
        self.weights = lstm.Weights(*(in_order(value).double().numpy() for value in given))
        self.x, self.d_outputs, self.h_0, self.c_0 = (
            value.detach().double().numpy()
            for value in (of.x, of.d_outputs, of.state[0][0], of.state[1][0])
        )

    def run(self) -> Named:
        """Run forward and backward; return the gradients."""
        lengths = [STEPS] * SEQUENCES
        trace = lstm.forward(self.weights, self.x, lengths, self.h_0, self.c_0)
        return lstm.backward(self.weights, trace, self.d_outputs, np.zeros_like(self.c_0))


def implementations() -> dict[str, Callable[[], Named]]:
    """Return the implementations to measure, all with the same values."""
    double, single = TorchLSTM(torch.float64), TorchLSTM(torch.float32)
    return {NUMPY: NumpyLSTM(double).run, "torch float64": double.run, "torch float32": single.run}


def check_agreement(work: Mapping[str, Callable[[], Named]]) -> None:
    """Check that all implementations agree.

    Raises: AssertionError: naming the implementation and the gradient that differ.
    """
    expected = work[NUMPY]()
    for name, run in work.items():
        tolerance = 1e-3 if name.endswith("32") else 1e-9
        for what, value in run().items():
            scale = np.abs(expected[what]).max()
            if np.abs(value - expected[what]).max() > tolerance * scale:
                raise AssertionError(f"{name} differs from {NUMPY} in the gradient of {what}")


def measure(
    stopwatch: Stopwatch, work: Mapping[str, Callable[[], Named]], repeats: int
) -> tuple[dict[str, list[float]], list[float]]:
    """Time all implementations in turns, after a warm-up turn; return seconds, and the probe's."""
    names = list(work)
    times: dict[str, list[float]] = {name: [] for name in names}
    probes = []
    for turn in range(-1, repeats):
        start = turn % len(names)  # rotate the order
        for name in names[start:] + names[:start]:
            probe, seconds = stopwatch.probe(), stopwatch.seconds(work[name])
            if turn >= 0:
                probes.append(probe)
                times[name].append(seconds)
    return times, probes


def table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Format milliseconds of each implementation, and NumPy's time relative to it."""
    lines = [f"{'':<15}{'ms per batch':>18}{'numpy takes':>14}"]
    for name, row in results.items():
        ms = f"{1000 * row['median']:.1f} ± {1000 * row['spread']:.1f}"
        lines.append(f"{name:<15}{ms:>18}{results[NUMPY]['median'] / row['median']:>13.2f}x")
    return "\n".join(lines)


def run(repeats: int) -> None:
    """Measure and print."""
    load, work = machine.load(), implementations()
    check_agreement(work)
    times, probes = measure(Stopwatch(Settings()), work, repeats)
    host = machine.machine("cpu")
    print(
        f"{host['cpu']}, {host['cores']} cores, torch {host['torch']} with "
        f"{torch.get_num_threads()} threads, numpy {np.__version__}\n{SEQUENCES} sequences of "
        f"{STEPS} steps, width {WIDTH}, forward and backward; median of {repeats} turns ± half "
        "the range between quartiles"
    )
    print(table({name: summary(seconds) for name, seconds in times.items()}))
    busy = machine.busy(load, machine.cores(), torch.get_num_threads())
    for warning in (busy, machine.unsteady(probes, "LSTM")):
        if warning:
            print(f"warning: {warning}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reference",
        description="The NumPy LSTM beside torch's on the CPU, forward and backward.",
    )
    parser.add_argument(
        "--repeats", type=at_least(LEAST_REPEATS), default=15, help="turns (default: 15)"
    )
    repeats = parser.parse_args(arguments).repeats
    return exit_codes.run(lambda: run(repeats))


if __name__ == "__main__":
    sys.exit(main())
