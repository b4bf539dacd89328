"""Squashing functions, and their slopes told from their own values."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def tanh(a: Array) -> Array:
    """Of any shape."""
    y: Array = np.tanh(a)
    return y


def sigmoid(a: Array) -> Array:
    """1 / (1 + exp(-a)), of any shape; through tanh, which never overflows."""
    return 0.5 + 0.5 * tanh(0.5 * a)


class Activation(NamedTuple):
    """A squashing function: `of(a)` is y, `slope(y)` is dy/da."""

    of: Callable[[Array], Array]
    slope: Callable[[Array], Array]


TANH = Activation(tanh, lambda y: 1 - y * y)
SIGMOID = Activation(sigmoid, lambda y: y * (1 - y))


def activate(a: Array, size: int) -> Array:
    """Gates of preactivations (R, G): tanh in the first `size` columns, g, and sigmoid behind."""
    gates = np.empty_like(a)
    gates[:, :size] = tanh(a[:, :size])
    gates[:, size:] = sigmoid(a[:, size:])
    return gates


def slopes(gates: Array, size: int) -> Array:
    """Slopes (R, G) of what `activate` has made."""
    slope = np.empty_like(gates)
    slope[:, :size] = TANH.slope(gates[:, :size])
    slope[:, size:] = SIGMOID.slope(gates[:, size:])
    return slope
