"""The LSTM, and its gradients by backpropagation through time.

The gates' order is g, i, f, o.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinn.reference.activations import Array, activate, slopes
from spinn.reference.sequences import live_steps, weight_gradients


@dataclass(frozen=True)
class Weights:
    """W (4H, E) multiplies the input, U (4H, H) the previous state; b (4H,)."""

    W: Array
    U: Array
    b: Array


@dataclass(frozen=True)
class Trace:
    """Values saved for `backward`; `h` and `c` (T+1, B, H) start with h_0 and c_0."""

    x: Array
    live: NDArray[np.bool_]
    gates: Array
    h: Array
    c: Array


def step(a: Array, c_before: Array) -> tuple[Array, Array, Array]:
    """Return gates, h and c, given preactivations (R, 4H) and the previous cell state (R, H)."""
    gates = activate(a, c_before.shape[1])
    g, i, f, o = np.split(gates, 4, axis=1)
    c = f * c_before + i * g
    return gates, o * np.tanh(c), c


def step_backward(
    gates: Array, c_before: Array, c: Array, d_h: Array, d_c: Array
) -> tuple[Array, Array]:
    """Return the gradients of preactivations and c_before, given those of h and c, (R, H) each."""
    g, i, f, o = np.split(gates, 4, axis=1)
    tanh_c = np.tanh(c)
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_gates = np.concatenate([d_c * i, d_c * g, d_c * c_before, d_h * tanh_c], axis=1)
    return d_gates * slopes(gates, c.shape[1]), d_c * f


def forward(weights: Weights, x: Array, lengths: Sequence[int], h_0: Array, c_0: Array) -> Trace:
    """Run a batch (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).

    Args:
        x: (T, B, E); values in the padding do not matter.
        lengths: of the sequences; the state stays the same after the end.
        h_0: (B, H) initial hidden states.
        c_0: (B, H) initial cell states.

    Raises: ValueError: if a length is not from 0 to T.
    """
    T, B, _ = x.shape
    live = live_steps(lengths, T)
    x = np.where(live, x, 0)
    gates = x @ weights.W.T  # (T, B, 4H); preactivations, replaced by gates step by step
    gates += weights.b
    h, c = np.empty((2, T + 1, B, h_0.shape[1]))
    h[0], c[0] = h_0, c_0
    for t in range(T):
        gates[t], h_t, c_t = step(gates[t] + h[t] @ weights.U.T, c[t])
        h[t + 1] = np.where(live[t], h_t, h[t])
        c[t + 1] = np.where(live[t], c_t, c[t])
    return Trace(x, live, gates, h, c)


def backward(weights: Weights, trace: Trace, d_h: Array, d_c: Array) -> dict[str, Array]:
    """Return the gradients of W, U, b, x, h_0 and c_0, by name.

    Args:
        d_h: (T, B, H) gradients of the loss by h_1 to h_T, without the path through later steps.
        d_c: (B, H) gradient of the loss by c_T.
    """
    live, gates, c = trace.live, trace.gates, trace.c
    delta = np.empty_like(gates)
    later = np.zeros_like(d_c)  # gradient of h_t through later steps
    for t in reversed(range(len(gates))):
        d_h_t = d_h[t] + later
        delta_t, d_c_before = step_backward(gates[t], c[t], c[t + 1], d_h_t, d_c)
        delta[t] = np.where(live[t], delta_t, 0)
        later = np.where(live[t], delta[t] @ weights.U, d_h_t)
        d_c = np.where(live[t], d_c_before, d_c)
    gradients = weight_gradients(delta, trace.x, trace.h[:-1])
    return gradients | {"x": delta @ weights.W, "h_0": later, "c_0": d_c}
