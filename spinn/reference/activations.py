"""Activation functions, and their derivatives as functions of their values."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def tanh(a: Array) -> Array:
    """Return the hyperbolic tangent, of any shape."""
    y: Array = np.tanh(a)
    return y


def sigmoid(a: Array) -> Array:
    """Return 1 / (1 + exp(-a)), of any shape; computed from tanh, which cannot overflow."""
    return 0.5 + 0.5 * tanh(0.5 * a)


class Activation(NamedTuple):
    """An activation function: `of(a)` is y, `slope(y)` is dy/da."""

    of: Callable[[Array], Array]
    slope: Callable[[Array], Array]


TANH = Activation(tanh, lambda y: 1 - y * y)
SIGMOID = Activation(sigmoid, lambda y: y * (1 - y))


def activate(a: Array, size: int) -> Array:
    """Return gates (R, G): tanh of the first `size` preactivations, g, and sigmoid of the rest."""
    gates = np.empty_like(a)
    gates[:, :size] = tanh(a[:, :size])
    gates[:, size:] = sigmoid(a[:, size:])
    return gates


def slopes(gates: Array, size: int) -> Array:
    """Return the derivatives (R, G) of the gates that `activate` returned."""
    slope = np.empty_like(gates)
    slope[:, :size] = TANH.slope(gates[:, :size])
    slope[:, size:] = SIGMOID.slope(gates[:, size:])
    return slope
