"""The LSTM, and its gradients by backpropagation through time.

Gates lie in the order g, i, f, o.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinn.reference.activations import Array, activate, slopes
from spinn.reference.sequences import alive, weight_gradients


@dataclass(frozen=True)
class Weights:
    """W (4H, E) reads the input, U (4H, H) the state before; b (4H,)."""

    W: Array
    U: Array
    b: Array


@dataclass(frozen=True)
class Trace:
    """What the way back needs; `h` and `c` (T+1, B, H) start with h_0 and c_0."""

    x: Array
    live: NDArray[np.bool_]
    gates: Array
    h: Array
    c: Array


def step(a: Array, c_before: Array) -> tuple[Array, Array, Array]:
    """From preactivations (R, 4H) and the cell state before: gates, h and c."""
    gates = activate(a, c_before.shape[1])
    g, i, f, o = np.split(gates, 4, axis=1)
    c = f * c_before + i * g
    return gates, o * np.tanh(c), c


def step_back(
    gates: Array, c_before: Array, c: Array, d_h: Array, d_c: Array
) -> tuple[Array, Array]:
    """From the gradients of h and c, each (R, H): those of the preactivations and of c_before."""
    g, i, f, o = np.split(gates, 4, axis=1)
    tanh_c = np.tanh(c)
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_gates = np.concatenate([d_c * i, d_c * g, d_c * c_before, d_h * tanh_c], axis=1)
    return d_gates * slopes(gates, c.shape[1]), d_c * f


def forward(weights: Weights, x: Array, lengths: Sequence[int], h_0: Array, c_0: Array) -> Trace:
    """Read a batch (Hochreiter and Schmidhuber 1997, with Gers et al.'s forget gate).

    Args:
        x: (T, B, E), whatever stands behind a sequence's end.
        lengths: entries of each sequence; one that has ended keeps its state.
        h_0: (B, H) the hidden states before the first entry.
        c_0: (B, H) the cell states before the first entry.

    Raises: ValueError: if a length is not from 0 to T.
    """
    T, B, _ = x.shape
    live = alive(lengths, T)
    x = np.where(live, x, 0)
    gates = x @ weights.W.T  # (T, B, 4H), preactivations until their step
    gates += weights.b
    h, c = np.empty((2, T + 1, B, h_0.shape[1]))
    h[0], c[0] = h_0, c_0
    for t in range(T):
        gates[t], h_t, c_t = step(gates[t] + h[t] @ weights.U.T, c[t])
        h[t + 1] = np.where(live[t], h_t, h[t])
        c[t + 1] = np.where(live[t], c_t, c[t])
    return Trace(x, live, gates, h, c)


def backward(weights: Weights, trace: Trace, d_h: Array, d_c: Array) -> dict[str, Array]:
    """Gradients of W, U, b, x, h_0 and c_0, by name.

    Args:
        d_h: (T, B, H) gradient of the loss by each of h_1 to h_T, later steps left aside.
        d_c: (B, H) gradient of the loss by c_T.
    """
    live, gates, c = trace.live, trace.gates, trace.c
    delta = np.empty_like(gates)
    later = np.zeros_like(d_c)  # what reaches h_t from the steps behind it
    for t in reversed(range(len(gates))):
        d_h_t = d_h[t] + later
        delta_t, d_c_before = step_back(gates[t], c[t], c[t + 1], d_h_t, d_c)
        delta[t] = np.where(live[t], delta_t, 0)
        later = np.where(live[t], delta[t] @ weights.U, d_h_t)
        d_c = np.where(live[t], d_c_before, d_c)
    gradients = weight_gradients(delta, trace.x, trace.h[:-1])
    return gradients | {"x": delta @ weights.W, "h_0": later, "c_0": d_c}
