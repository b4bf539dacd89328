"""A small random example of each cell, for the gradient checks."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

import numpy as np

from spinn.reference import elman, lstm, spinn, tree_lstm
from spinn.reference.activations import SIGMOID, TANH, Activation, Array
from spinn.trees.transitions import balanced, left_branching, right_branching

Named = dict[str, Array]
Run = Callable[[Named], tuple[Named, Callable[[Named], Named]]]
E, H, K = 3, 4, 3  # inputs, hidden state, Tracker
LENGTHS = (5, 2, 4)
TREES = (balanced(4), left_branching(1), right_branching(3), left_branching(3))
T, B = max(LENGTHS), len(LENGTHS)
LSTM_GATES = ("g", "i", "f", "o")
TREE = ("g", "i", "f_left", "f_right", "o")
WORDS = 4  # of the longest sentence in TREES

W = TypeVar("W", elman.Weights, lstm.Weights, tree_lstm.Weights, spinn.Weights)


@dataclass(frozen=True)
class Case:
    """A cell and its values.

    Attributes:
        name: of the cell.
        values: every weight, bias, input and initial state.
        gates: of the arrays whose rows are those of gates, one after the other: their names.
        run: computes the outputs from the values; also returns a function that computes the values'
            gradients from the outputs' gradients.
    """

    name: str
    values: Named
    run: Run
    gates: dict[str, tuple[str, ...]] = field(default_factory=dict)


def cases(rng: np.random.Generator) -> list[Case]:
    """Return one example of every cell."""
    sequence = {"x": (T, B, E), "h_0": (B, H)}
    words = dict.fromkeys(("h", "c"), (WORDS, len(TREES), H))
    tracker = dict.fromkeys(("h_0", "c_0"), (len(TREES), K))
    one = {"W": (H, E), "U": (H, H), "b": (H,)} | sequence
    four = {"W": (4 * H, E), "U": (4 * H, H), "b": (4 * H,)} | sequence | {"c_0": (B, H)}
    five = {"U_left": (5 * H, H), "U_right": (5 * H, H)}
    tree = five | {"b": (5 * H,)} | words
    reads = dict.fromkeys(("W_buffer", "W_second", "W_top"), (4 * K, H))
    track = reads | {"U": (4 * K, K), "b_tracker": (4 * K,)}
    reduce = five | {"V": (5 * H, K), "b_reduce": (5 * H,)}
    return [
        Case("Elman network, tanh", random_values(one, rng), run_elman(TANH)),
        Case("Elman network, sigmoid", random_values(one, rng), run_elman(SIGMOID)),
        Case("LSTM", random_values(four, rng), run_lstm, dict.fromkeys("WUb", LSTM_GATES)),
        Case(
            "TreeLSTM", random_values(tree, rng), run_tree_lstm, dict.fromkeys([*five, "b"], TREE)
        ),
        Case(
            "SPINN",
            random_values(track | reduce | words | tracker, rng),
            run_spinn,
            dict.fromkeys(track, LSTM_GATES) | dict.fromkeys(reduce, TREE),
        ),
    ]


def random_values(shapes: dict[str, Any], rng: np.random.Generator) -> Named:
    """Draw normal values, also for padding; small, because saturated cells have no gradient."""
    return {name: rng.normal(scale=0.5, size=shape) for name, shape in shapes.items()}


def weights_of(kind: type[W], values: Named) -> W:
    """Return the weights among the values."""
    return kind(**{field.name: values[field.name] for field in fields(kind)})


def run_elman(activation: Activation) -> Run:
    """Return a run of an Elman network; the outputs are h_1 to h_T."""

    def run(values: Named) -> tuple[Named, Callable[[Named], Named]]:
        weights = weights_of(elman.Weights, values)
        trace = elman.forward(weights, values["x"], LENGTHS, values["h_0"], activation)
        return {"h": trace.h[1:]}, lambda d: elman.backward(weights, trace, d["h"])

    return run


def run_lstm(values: Named) -> tuple[Named, Callable[[Named], Named]]:
    """Run an LSTM; the outputs are h_1 to h_T, and c_T."""
    weights = weights_of(lstm.Weights, values)
    trace = lstm.forward(weights, values["x"], LENGTHS, values["h_0"], values["c_0"])
    outputs = {"h": trace.h[1:], "c": trace.c[-1]}
    return outputs, lambda d: lstm.backward(weights, trace, d["h"], d["c"])


def run_tree_lstm(values: Named) -> tuple[Named, Callable[[Named], Named]]:
    """Run a TreeLSTM; the outputs are h and c of all nodes."""
    weights = weights_of(tree_lstm.Weights, values)
    trace = tree_lstm.forward(weights, values["h"], values["c"], TREES)
    outputs = {"h": trace.h, "c": trace.c}
    return outputs, lambda d: tree_lstm.backward(weights, trace, d["h"], d["c"])


def run_spinn(values: Named) -> tuple[Named, Callable[[Named], Named]]:
    """Run SPINN; the outputs are h and c of all nodes."""
    weights = weights_of(spinn.Weights, values)
    trace = spinn.forward(weights, values["h"], values["c"], TREES, values["h_0"], values["c_0"])
    outputs = {"h": trace.h, "c": trace.c}
    return outputs, lambda d: spinn.backward(weights, trace, d["h"], d["c"])
