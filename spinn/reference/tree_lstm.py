"""The binary TreeLSTM, and its gradients by backpropagation through structure.

The gates' order is g, i, f_left, f_right, o. `transitions.py` defines the node numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spinn.reference.activations import Array, activate, slopes
from spinn.reference.sequences import flatten
from spinn.reference.transitions import Steps, plan


@dataclass(frozen=True)
class Weights:
    """U_left and U_right (5D, D) multiply the children's h; b (5D,)."""

    U_left: Array
    U_right: Array
    b: Array


@dataclass(frozen=True)
class Trace:
    """Values saved for `backward`; `h` and `c` (N, B, D) of all nodes, `gates` (S, B, 5D)."""

    steps: Steps
    gates: Array
    h: Array
    c: Array


def step(a: Array, c_left: Array, c_right: Array) -> tuple[Array, Array, Array]:
    """Return gates, h and c, given preactivations (R, 5D) and the children's cell states (R, D)."""
    gates = activate(a, c_left.shape[1])
    g, i, f_left, f_right, o = np.split(gates, 5, axis=1)
    c = i * g + f_left * c_left + f_right * c_right  # Tai et al. 2015, eq. 13
    return gates, o * np.tanh(c), c  # eq. 14


def step_backward(
    gates: Array, c_left: Array, c_right: Array, c: Array, d_h: Array, d_c: Array
) -> tuple[Array, Array, Array]:
    """Return the gradients of preactivations, c_left and c_right, given those of h and c."""
    g, i, f_left, f_right, o = np.split(gates, 5, axis=1)
    tanh_c = np.tanh(c)
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_gates = [d_c * i, d_c * g, d_c * c_left, d_c * c_right, d_h * tanh_c]
    delta = np.concatenate(d_gates, axis=1) * slopes(gates, c.shape[1])
    return delta, d_c * f_left, d_c * f_right


def forward(weights: Weights, h: Array, c: Array, transitions: Sequence[bytes]) -> Trace:
    """Compose a batch of sentences along their trees (Tai et al. 2015, eqs. 9-14).

    Args:
        h: (T, B, D) hidden states of the words; values in the padding do not matter.
        c: (T, B, D) cell states of the words.
        transitions: of each sentence.

    Raises: ValueError: if transitions do not build one tree over at most T words.
    """
    steps = plan(transitions, len(h))
    h, c = steps.from_words(h), steps.from_words(c)
    gates = np.zeros((*steps.reduces.shape, len(weights.b)))
    for s in range(len(gates)):
        rows, left, right = steps.reducing(s)
        a = h[left] @ weights.U_left.T + h[right] @ weights.U_right.T + weights.b  # (R, 5D)
        node = steps.words + 1 + s
        gates[s, rows], h[node, rows], c[node, rows] = step(a, c[left], c[right])
    return Trace(steps, gates, h, c)


def backward(weights: Weights, trace: Trace, d_h: Array, d_c: Array) -> dict[str, Array]:
    """Return the gradients of U_left, U_right, b, and of the words' h and c, by name.

    Args:
        d_h: (N, B, D) gradient of the loss by each node's h, without the path through its parent.
        d_c: (N, B, D) gradient of the loss by each node's c, likewise.
    """
    steps, gates, h, c = trace.steps, trace.gates, trace.h, trace.c
    d_h, d_c, delta = d_h.copy(), d_c.copy(), np.zeros_like(gates)
    for s in reversed(range(len(gates))):
        rows, left, right = steps.reducing(s)
        node = steps.words + 1 + s, rows
        delta[s, rows], d_c_left, d_c_right = step_backward(
            gates[s, rows], c[left], c[right], c[node], d_h[node], d_c[node]
        )
        d_h[left] += delta[s, rows] @ weights.U_left
        d_h[right] += delta[s, rows] @ weights.U_right
        d_c[left] += d_c_left
        d_c[right] += d_c_right
    gradients = weight_gradients(delta, steps.gather(h, steps.second), steps.gather(h, steps.top))
    return gradients | {"h": steps.to_words(d_h), "c": steps.to_words(d_c)}


def weight_gradients(delta: Array, left: Array, right: Array) -> dict[str, Array]:
    """Return the gradients of U_left, U_right and b: sums over all nodes of all sentences.

    Args:
        delta: (S, B, 5D) gradients of the preactivations; zero where nothing was composed.
        left: (S, B, D) h of the left children.
        right: (S, B, D) h of the right children.
    """
    delta = flatten(delta)
    return {
        "U_left": delta.T @ flatten(left),
        "U_right": delta.T @ flatten(right),
        "b": delta.sum(axis=0),
    }
