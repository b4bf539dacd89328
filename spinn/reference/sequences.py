"""Functions shared by the cells that read a padded batch from left to right."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spinn.reference.activations import Array


def live_steps(lengths: Sequence[int], steps: int) -> NDArray[np.bool_]:
    """Return whether each sequence has an entry at each step, (T, B, 1).

    Raises: ValueError: if a length is not from 0 to T.
    """
    given = np.asarray(lengths)
    if given.ndim != 1 or ((given < 0) | (given > steps)).any():
        raise ValueError(f"lengths: {given.tolist()}; expected one from 0 to {steps} a sequence")
    live: NDArray[np.bool_] = np.arange(steps)[:, None, None] < given[:, None]
    return live


def flatten(steps: Array) -> Array:
    """Reshape (T, B, G) to (TB, G)."""
    return steps.reshape(-1, steps.shape[-1])


def weight_gradients(delta: Array, x: Array, h: Array) -> dict[str, Array]:
    """Return the gradients of W, U and b: sums over all steps and sequences, which share them.

    Args:
        delta: (T, B, G) gradients of the preactivations.
        x: (T, B, E) inputs, the factor of W.
        h: (T, B, H) states before each step, the factor of U.
    """
    delta = flatten(delta)
    return {"W": delta.T @ flatten(x), "U": delta.T @ flatten(h), "b": delta.sum(axis=0)}
