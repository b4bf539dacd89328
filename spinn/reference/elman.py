"""The Elman network (simple recurrent network) and its gradients through time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinn.reference.activations import TANH, Activation, Array
from spinn.reference.sequences import live_steps, weight_gradients


@dataclass(frozen=True)
class Weights:
    """W (H, E) multiplies the input, U (H, H) the previous state; b (H,)."""

    W: Array
    U: Array
    b: Array


@dataclass(frozen=True)
class Trace:
    """Values saved for `backward`; `h` (T+1, B, H) holds h_0 to h_T."""

    x: Array
    live: NDArray[np.bool_]
    h: Array
    activation: Activation


def forward(
    weights: Weights, x: Array, lengths: Sequence[int], h_0: Array, activation: Activation = TANH
) -> Trace:
    """Compute h_t = f(W x_t + U h_{t-1} + b) (Elman 1990) for a batch.

    Args:
        x: (T, B, E); values in the padding do not matter.
        lengths: of the sequences; the state stays the same after the end.
        h_0: (B, H) initial states.

    Raises: ValueError: if a length is not from 0 to T.
    """
    T, B, _ = x.shape
    live = live_steps(lengths, T)
    x = np.where(live, x, 0)
    a = x @ weights.W.T + weights.b  # (T, B, H); the term with U is added step by step
    h = np.empty((T + 1, B, len(weights.U)))
    h[0] = h_0
    for t in range(T):
        h[t + 1] = np.where(live[t], activation.of(a[t] + h[t] @ weights.U.T), h[t])
    return Trace(x, live, h, activation)


def backward(weights: Weights, trace: Trace, d_h: Array) -> dict[str, Array]:
    """Return the gradients of W, U, b, x and h_0, by name.

    Args:
        d_h: (T, B, H) gradients of the loss by h_1 to h_T, without the path through later steps.
    """
    live, h = trace.live, trace.h
    T, B, H = d_h.shape
    delta = np.empty((T, B, H))
    later = np.zeros((B, H))  # gradient of h_t through later steps
    for t in reversed(range(T)):
        d_h_t = d_h[t] + later
        delta[t] = np.where(live[t], d_h_t * trace.activation.slope(h[t + 1]), 0)
        later = np.where(live[t], delta[t] @ weights.U, d_h_t)
    gradients = weight_gradients(delta, trace.x, h[:-1])
    return gradients | {"x": delta @ weights.W, "h_0": later}
