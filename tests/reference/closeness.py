"""Comparisons of NumPy with torch."""

import numpy as np
import torch
from torch import Tensor

from spinn.reference.activations import Array

EXACT = 1e-9


def close(found: Array, expected: Tensor | Array, what: str) -> None:
    """Fail, naming what differs."""
    if isinstance(expected, Tensor):
        expected = expected.detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=EXACT, atol=EXACT, err_msg=what)


def numpy(value: Tensor) -> Array:
    """The values alone."""
    return value.detach().numpy()


def leaves(*shapes: tuple[int, ...]) -> list[Tensor]:
    """Random values that require a gradient."""
    return [torch.randn(shape, requires_grad=True) for shape in shapes]
