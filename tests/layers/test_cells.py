"""Reduce and Tracker against the papers' equations, written in NumPy a second time."""

from itertools import combinations

import numpy as np
import pytest
import torch

from spinn.layers.tracker import Tracker
from spinn.layers.tree_lstm import Reduce

D, K, ROWS = 4, 3, 5


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def inputs(*sizes: int) -> list[torch.Tensor]:
    return [torch.randn(ROWS, size) for size in sizes]


def scramble(module: torch.nn.Module) -> None:
    """Give every parameter, biases too, a value of its own."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter))


def tree_lstm(module: Reduce, *values: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Tai et al. 2015, eqs. 9-14 for N = 2, gate by gate, with Bowman et al.'s context."""
    h_left, c_left, h_right, c_right, *context = (value.numpy() for value in values)
    U = module.compose.weight.detach().numpy()
    b = module.compose.bias.detach().numpy()
    gates = {}
    for index, name in enumerate(["u", "i", "f_left", "f_right", "o"]):
        rows = slice(index * D, (index + 1) * D)
        gates[name] = h_left @ U[rows, :D].T + h_right @ U[rows, D:].T + b[rows]
        if context:
            gates[name] += context[0] @ module.track.weight.detach().numpy()[rows].T
    i, o, u = sigmoid(gates["i"]), sigmoid(gates["o"]), np.tanh(gates["u"])
    c = i * u + sigmoid(gates["f_left"]) * c_left + sigmoid(gates["f_right"]) * c_right
    return o * np.tanh(c), c


@pytest.mark.parametrize("tracker_size", [None, K])
def test_reduce_is_the_equation(tracker_size: int | None) -> None:
    reduce = Reduce(D, tracker_size=tracker_size)
    scramble(reduce)
    h_left, c_left, h_right, c_right = inputs(D, D, D, D)
    context = inputs(K) if tracker_size else []
    h, c = reduce((h_left, c_left), (h_right, c_right), *context)
    expected_h, expected_c = tree_lstm(reduce, h_left, c_left, h_right, c_right, *context)
    np.testing.assert_allclose(h.detach(), expected_h, rtol=0, atol=1e-14)
    np.testing.assert_allclose(c.detach(), expected_c, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("first", "second"), list(combinations(range(5), 2)))
def test_no_two_gates_of_reduce_can_be_swapped_unnoticed(first: int, second: int) -> None:
    reduce = Reduce(D, tracker_size=None)
    scramble(reduce)
    values = inputs(D, D, D, D)
    expected, _ = tree_lstm(reduce, *values)
    order = list(range(5))
    order[first], order[second] = second, first
    with torch.no_grad():
        for parameter in (reduce.compose.weight, reduce.compose.bias):
            parameter.copy_(torch.cat([parameter.split(D)[gate].clone() for gate in order]))
    h, _ = reduce(tuple(values[:2]), tuple(values[2:]))
    assert np.abs(h.detach().numpy() - expected).max() > 1e-3


def test_tracker_is_the_equation() -> None:
    tracker = Tracker(D, tracker_size=K)
    scramble(tracker)
    buffer, second, top, h_before, c_before = inputs(D, D, D, K, K)
    h, c = tracker(buffer, second, top, (h_before, c_before))

    x = np.concatenate([buffer, second, top], axis=1)
    W = np.concatenate(
        [tracker.read_buffer.weight.detach(), tracker.read_stack.weight.detach()], axis=1
    )
    U, b = tracker.recur.weight.detach().numpy(), tracker.read_buffer.bias.detach().numpy()
    g, i, f, o = np.split(x @ W.T + h_before.numpy() @ U.T + b, 4, axis=1)
    expected_c = sigmoid(f) * c_before.numpy() + sigmoid(i) * np.tanh(g)
    np.testing.assert_allclose(c.detach(), expected_c, rtol=0, atol=1e-14)
    np.testing.assert_allclose(h.detach(), sigmoid(o) * np.tanh(expected_c), rtol=0, atol=1e-14)


def test_forget_gates_start_by_keeping() -> None:
    g, i, f_left, f_right, o = Reduce(D, tracker_size=K).compose.bias.split(D)
    assert (f_left == 1).all()
    assert (f_right == 1).all()
    assert not torch.cat([i, o, g]).any()
    g, i, f, o = Tracker(D, tracker_size=K).read_buffer.bias.split(K)
    assert (f == 1).all()
    assert not torch.cat([i, o, g]).any()
