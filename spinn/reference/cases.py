"""A small example of each cell, with random values, as the checks want it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
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
WORDS = 4  # of the longest sentence in TREES

W = TypeVar("W", elman.Weights, lstm.Weights, tree_lstm.Weights, spinn.Weights)


@dataclass(frozen=True)
class Case:
    """A cell with values for it.

    Attributes:
        name: of the cell.
        values: every weight, bias, input and initial state.
        run: from values to outputs, and to a function that takes the outputs' gradients to the
            values' gradients.
    """

    name: str
    values: Named
    run: Run


def cases(rng: np.random.Generator) -> list[Case]:
    """One example of every cell."""
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
        Case("Elman network, tanh", drawn(one, rng), run_elman(TANH)),
        Case("Elman network, sigmoid", drawn(one, rng), run_elman(SIGMOID)),
        Case("LSTM", drawn(four, rng), run_lstm),
        Case("TreeLSTM", drawn(tree, rng), run_tree_lstm),
        Case("SPINN", drawn(track | reduce | words | tracker, rng), run_spinn),
    ]


def drawn(shapes: dict[str, Any], rng: np.random.Generator) -> Named:
    """Normal values, padding too; small, lest the cells saturate and their gradients vanish."""
    return {name: rng.normal(scale=0.5, size=shape) for name, shape in shapes.items()}


def weights_of(kind: type[W], values: Named) -> W:
    """The weights among the values."""
    return kind(**{field.name: values[field.name] for field in fields(kind)})


def pick(values: Named, names: Iterable[str]) -> list[Array]:
    """Values in the order of their names."""
    return [values[name] for name in names]


def run_elman(activation: Activation) -> Run:
    """Outputs are h_1 to h_T."""

    def run(values: Named) -> tuple[Named, Callable[[Named], Named]]:
        weights = weights_of(elman.Weights, values)
        trace = elman.forward(weights, values["x"], LENGTHS, values["h_0"], activation)
        return {"h": trace.h[1:]}, lambda d: elman.backward(weights, trace, d["h"])

    return run


def run_lstm(values: Named) -> tuple[Named, Callable[[Named], Named]]:
    """Outputs are h_1 to h_T, and c_T."""
    weights = weights_of(lstm.Weights, values)
    trace = lstm.forward(weights, values["x"], LENGTHS, values["h_0"], values["c_0"])
    outputs = {"h": trace.h[1:], "c": trace.c[-1]}
    return outputs, lambda d: lstm.backward(weights, trace, d["h"], d["c"])


def run_tree_lstm(values: Named) -> tuple[Named, Callable[[Named], Named]]:
    """Outputs are h and c of all nodes."""
    weights = weights_of(tree_lstm.Weights, values)
    trace = tree_lstm.forward(weights, values["h"], values["c"], TREES)
    outputs = {"h": trace.h, "c": trace.c}
    return outputs, lambda d: tree_lstm.backward(weights, trace, d["h"], d["c"])


def run_spinn(values: Named) -> tuple[Named, Callable[[Named], Named]]:
    """Outputs are h and c of all nodes."""
    weights = weights_of(spinn.Weights, values)
    h, c, h_0, c_0 = pick(values, ("h", "c", "h_0", "c_0"))
    trace = spinn.forward(weights, h, c, TREES, h_0, c_0)
    outputs = {"h": trace.h, "c": trace.c}
    return outputs, lambda d: spinn.backward(weights, trace, d["h"], d["c"])
