"""The binary TreeLSTM, and its gradients by backpropagation through structure.

Gates lie in the order g, i, f_left, f_right, o; nodes are numbered as in moves.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spinn.reference.activations import Array, activate, slopes
from spinn.reference.moves import Transitions, plan
from spinn.reference.sequences import rows as flat


@dataclass(frozen=True)
class Weights:
    """U_left and U_right (5D, D) read the children's h; b (5D,)."""

    U_left: Array
    U_right: Array
    b: Array


@dataclass(frozen=True)
class Trace:
    """What the way back needs; `h` and `c` (N, B, D) of all nodes, `gates` (S, B, 5D)."""

    moves: Transitions
    gates: Array
    h: Array
    c: Array


def step(a: Array, c_left: Array, c_right: Array) -> tuple[Array, Array, Array]:
    """From preactivations (R, 5D) and the children's cell states: gates, h and c."""
    gates = activate(a, c_left.shape[1])
    g, i, f_left, f_right, o = np.split(gates, 5, axis=1)
    c = i * g + f_left * c_left + f_right * c_right  # Tai et al. 2015, eq. 13
    return gates, o * np.tanh(c), c  # eq. 14


def step_back(
    gates: Array, c_left: Array, c_right: Array, c: Array, d_h: Array, d_c: Array
) -> tuple[Array, Array, Array]:
    """From the gradients of h and c: those of the preactivations, c_left and c_right."""
    g, i, f_left, f_right, o = np.split(gates, 5, axis=1)
    tanh_c = np.tanh(c)
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_gates = [d_c * i, d_c * g, d_c * c_left, d_c * c_right, d_h * tanh_c]
    delta = np.concatenate(d_gates, axis=1) * slopes(gates, c.shape[1])
    return delta, d_c * f_left, d_c * f_right


def forward(weights: Weights, h: Array, c: Array, transitions: Sequence[bytes]) -> Trace:
    """Compose a batch of sentences along their trees (Tai et al. 2015, eqs. 9-14).

    Args:
        h: (T, B, D) hidden states of the words, whatever stands behind a sentence's end.
        c: (T, B, D) cell states of the words.
        transitions: moves of each sentence.

    Raises: ValueError: if moves do not build one tree over a sentence of at most T words.
    """
    moves = plan(transitions, len(h))
    h, c = moves.lay_out(h), moves.lay_out(c)
    gates = np.zeros((*moves.reduces.shape, len(weights.b)))
    for s in range(len(gates)):
        rows, left, right = moves.at(s)
        a = h[left] @ weights.U_left.T + h[right] @ weights.U_right.T + weights.b  # (R, 5D)
        node = moves.words + 1 + s
        gates[s, rows], h[node, rows], c[node, rows] = step(a, c[left], c[right])
    return Trace(moves, gates, h, c)


def backward(weights: Weights, trace: Trace, d_h: Array, d_c: Array) -> dict[str, Array]:
    """Gradients of U_left, U_right, b, and of the words' h and c, by name.

    Args:
        d_h: (N, B, D) gradient of the loss by each node's h, its parents left aside.
        d_c: (N, B, D) gradient of the loss by each node's c.
    """
    moves, gates, h, c = trace.moves, trace.gates, trace.h, trace.c
    d_h, d_c, delta = d_h.copy(), d_c.copy(), np.zeros_like(gates)
    for s in reversed(range(len(gates))):
        rows, left, right = moves.at(s)
        node = moves.words + 1 + s, rows
        delta[s, rows], d_c_left, d_c_right = step_back(
            gates[s, rows], c[left], c[right], c[node], d_h[node], d_c[node]
        )
        d_h[left] += delta[s, rows] @ weights.U_left
        d_h[right] += delta[s, rows] @ weights.U_right
        d_c[left] += d_c_left
        d_c[right] += d_c_right
    gradients = weight_gradients(delta, moves.read(h, moves.second), moves.read(h, moves.top))
    return gradients | {"h": moves.words_of(d_h), "c": moves.words_of(d_c)}


def weight_gradients(delta: Array, left: Array, right: Array) -> dict[str, Array]:
    """Gradients of U_left, U_right and b: sums over all nodes of all sentences.

    Args:
        delta: (S, B, 5D) gradients of the preactivations; zeros where nothing was composed.
        left: (S, B, D) h of the left children.
        right: (S, B, D) h of the right children.
    """
    delta = flat(delta)
    return {
        "U_left": delta.T @ flat(left),
        "U_right": delta.T @ flat(right),
        "b": delta.sum(axis=0),
    }
