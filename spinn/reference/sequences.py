"""What the cells that read a padded batch from left to right have in common."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spinn.reference.activations import Array


def alive(lengths: Sequence[int], steps: int) -> NDArray[np.bool_]:
    """(T, B, 1) whether a sequence still has an entry at a step.

    Raises: ValueError: if a length is not from 0 to T.
    """
    given = np.asarray(lengths)
    if given.ndim != 1 or ((given < 0) | (given > steps)).any():
        raise ValueError(f"lengths: {given.tolist()}; expected one from 0 to {steps} a sequence")
    live: NDArray[np.bool_] = np.arange(steps)[:, None, None] < given[:, None]
    return live


def rows(steps: Array) -> Array:
    """Let all steps' rows lie below one another: (T, B, G) to (TB, G)."""
    return steps.reshape(-1, steps.shape[-1])


def weight_gradients(delta: Array, x: Array, h: Array) -> dict[str, Array]:
    """Gradients of W, U and b: sums over all steps and sequences, since each uses them anew.

    Args:
        delta: (T, B, G) gradients of the preactivations.
        x: (T, B, E) what W was multiplied with.
        h: (T, B, H) what U was multiplied with: the states before each step.
    """
    delta = rows(delta)
    return {"W": delta.T @ rows(x), "U": delta.T @ rows(h), "b": delta.sum(axis=0)}
