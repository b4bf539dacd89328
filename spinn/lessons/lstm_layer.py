"""An LSTM layer on a small example, step by step: ``python -m spinn.lessons.lstm_layer``.

It prints the gates and states of the forward pass (Hochreiter and Schmidhuber 1997, with the forget
gate of Gers et al. 2000), and the gradients of backpropagation through time. The loss is the sum of
the last hidden state, so that its gradient by h_T is 1.
"""

import argparse
import sys
from collections.abc import Sequence

import numpy as np

from spinn.reference import lstm
from spinn.reference.activations import Array

GATES = ("g", "i", "f", "o")  # the order in spinn.reference.lstm


def example(steps: int, inputs: int, units: int, seed: int) -> tuple[lstm.Weights, Array]:
    """Return random weights, and one input sequence (T, 1, E)."""
    rng = np.random.default_rng(seed)
    weights = lstm.Weights(
        W=rng.normal(scale=0.5, size=(4 * units, inputs)),
        U=rng.normal(scale=0.5, size=(4 * units, units)),
        b=np.zeros(4 * units),
    )
    return weights, rng.normal(size=(steps, 1, inputs))


def forward_text(trace: lstm.Trace) -> str:
    """Return a line for input, each gate, cell and hidden state of every step."""
    lines = []
    for t, gates in enumerate(trace.gates[:, 0], start=1):
        lines.append(f"step {t}")
        lines.append(f"  x    {_row(trace.x[t - 1, 0])}")
        values = dict(zip(GATES, np.split(gates, len(GATES)), strict=True))
        for name, formula in (
            ("i", "sigmoid: how much of g enters the cell"),
            ("f", "sigmoid: how much of the cell is kept"),
            ("g", "tanh: the new content"),
            ("o", "sigmoid: how much of the cell is output"),
        ):
            lines.append(f"  {name}    {_row(values[name])}   {formula}")
        lines.append(f"  c    {_row(trace.c[t, 0])}   f * c before + i * g")
        lines.append(f"  h    {_row(trace.h[t, 0])}   o * tanh(c)")
    return "\n".join(lines)


def backward_text(weights: lstm.Weights, trace: lstm.Trace) -> str:
    """Return the gradients of the sum of the last hidden state, the last step first."""
    d_h = np.zeros_like(trace.h[1:])
    d_h[-1] = 1.0
    gradients = lstm.backward(weights, trace, d_h, np.zeros_like(trace.c[-1]))
    lines = []
    for t in reversed(range(len(d_h))):
        lines.append(f"  x, step {t + 1}   {_row(gradients['x'][t, 0])}")
    for name in ("h_0", "c_0"):
        lines.append(f"  {name:11}  {_row(gradients[name][0])}")
    for name in ("W", "U", "b"):
        for gate, part in zip(GATES, np.split(gradients[name], len(GATES)), strict=True):
            for number, row in enumerate(np.atleast_2d(part.T if part.ndim == 1 else part)):
                label = f"{name}_{gate}" + ("" if part.ndim == 1 else f" row {number}")
                lines.append(f"  {label:11}  {_row(row)}")
    return "\n".join(lines)


def _row(values: Array) -> str:
    return "  ".join(f"{value:8.4f}" for value in values)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the example."""
    parser = argparse.ArgumentParser(
        prog="python -m spinn.lessons.lstm_layer",
        description="Print gates, states and gradients of an LSTM layer on a small example.",
    )
    for name, default, text in (
        ("steps", 3, "of the sequence"),
        ("inputs", 2, "numbers in a step"),
        ("units", 2, "of the hidden state"),
        ("seed", 0, "of weights and inputs"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{text} ({default})")
    options = parser.parse_args(arguments)
    for name in ("steps", "inputs", "units"):
        if vars(options)[name] < 1:
            parser.error(f"--{name} is {vars(options)[name]}; expected 1 or more")
    if options.seed < 0:
        parser.error(f"--seed is {options.seed}; expected 0 or more")
    weights, x = example(options.steps, options.inputs, options.units, options.seed)
    zeros = np.zeros((1, options.units))
    trace = lstm.forward(weights, x, [options.steps], zeros, zeros)
    print(f"Forward pass; h and c before step 1 are 0\n{forward_text(trace)}\n")
    print(f"Gradients of the sum of h at step {options.steps}, by")
    print(backward_text(weights, trace))
    return 0


if __name__ == "__main__":
    sys.exit(main())
