"""Compositions and Tracker against the papers' equations, written again in NumPy."""

from itertools import combinations

import numpy as np
import pytest
import torch

from spinn.layers.grc import GRC
from spinn.layers.tracker import Tracker
from spinn.layers.tree_lstm import TreeLSTM
from spinn.layers.tree_rnn import TreeRNN

D, K, ROWS = 4, 3, 5


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def inputs(*sizes: int) -> list[torch.Tensor]:
    return [torch.randn(ROWS, size) for size in sizes]


def scramble(module: torch.nn.Module) -> None:
    """Give every parameter, biases too, random values."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter))


def tree_lstm(module: TreeLSTM, *values: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
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
def test_tree_lstm_is_the_equation(tracker_size: int | None) -> None:
    module = TreeLSTM(D, tracker_size=tracker_size)
    scramble(module)
    h_left, c_left, h_right, c_right = inputs(D, D, D, D)
    context = inputs(K) if tracker_size else []
    h, c = module((h_left, c_left), (h_right, c_right), *context)
    expected_h, expected_c = tree_lstm(module, h_left, c_left, h_right, c_right, *context)
    np.testing.assert_allclose(h.detach(), expected_h, rtol=0, atol=1e-14)
    np.testing.assert_allclose(c.detach(), expected_c, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("first", "second"), list(combinations(range(5), 2)))
def test_swapping_two_gates_of_the_tree_lstm_is_noticed(first: int, second: int) -> None:
    module = TreeLSTM(D, tracker_size=None)
    scramble(module)
    values = inputs(D, D, D, D)
    expected, _ = tree_lstm(module, *values)
    order = list(range(5))
    order[first], order[second] = second, first
    with torch.no_grad():
        for parameter in (module.compose.weight, module.compose.bias):
            parameter.copy_(torch.cat([parameter.split(D)[gate].clone() for gate in order]))
    h, _ = module(tuple(values[:2]), tuple(values[2:]))
    assert np.abs(h.detach().numpy() - expected).max() > 1e-3


@pytest.mark.parametrize("tracker_size", [None, K])
def test_tree_rnn_is_the_equation(tracker_size: int | None) -> None:
    module = TreeRNN(D, tracker_size=tracker_size)
    scramble(module)
    left, right = inputs(D, D)
    context = inputs(K) if tracker_size else []
    (h,) = module((left,), (right,), *context)
    W, b = (value.detach().numpy() for value in (module.compose.weight, module.compose.bias))
    x = left.numpy() @ W[:, :D].T + right.numpy() @ W[:, D:].T + b
    for values in context:
        x = x + values.numpy() @ module.track.weight.detach().numpy().T
    np.testing.assert_allclose(h.detach(), np.tanh(x), rtol=0, atol=1e-14)


def grc(module: GRC, left: np.ndarray, right: np.ndarray, *context: np.ndarray) -> np.ndarray:
    """Shen et al. 2019, "Ordered Memory", the section on the cell, gate by gate."""
    weights = {name: value.detach().numpy() for name, value in module.named_parameters()}
    x = np.concatenate([left, right], axis=1) @ weights["hidden.weight"].T + weights["hidden.bias"]
    for values in context:
        x = x + values @ weights["track.weight"].T
    hidden = np.maximum(x, 0)
    gates = {}
    for index, name in enumerate(["f_left", "f_right", "i", "g"]):
        rows = slice(index * D, (index + 1) * D)
        gates[name] = hidden @ weights["gates.weight"][rows].T + weights["gates.bias"][rows]
    total = sigmoid(gates["f_left"]) * left + sigmoid(gates["f_right"]) * right
    total = total + sigmoid(gates["i"]) * gates["g"]
    mean, variance = total.mean(1, keepdims=True), total.var(1, keepdims=True)
    normal = (total - mean) / np.sqrt(variance + module.norm.eps)
    return weights["norm.weight"] * normal + weights["norm.bias"]


@pytest.mark.parametrize("tracker_size", [None, K])
@pytest.mark.parametrize("cell_size", [1, 4])
def test_grc_is_the_equation(tracker_size: int | None, cell_size: int) -> None:
    module = GRC(D, tracker_size=tracker_size, cell_size=cell_size)
    scramble(module)
    left, right = inputs(D, D)
    context = inputs(K) if tracker_size else []
    (h,) = module((left,), (right,), *context)
    expected = grc(module, *(value.numpy() for value in (left, right, *context)))
    np.testing.assert_allclose(h.detach(), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize(("first", "second"), list(combinations(range(4), 2)))
def test_swapping_two_gates_of_the_grc_is_noticed(first: int, second: int) -> None:
    module = GRC(D, tracker_size=None, cell_size=2)
    scramble(module)
    left, right = inputs(D, D)
    expected = grc(module, left.numpy(), right.numpy())
    order = list(range(4))
    order[first], order[second] = second, first
    with torch.no_grad():
        for parameter in (module.gates.weight, module.gates.bias):
            parameter.copy_(torch.cat([parameter.split(D)[gate].clone() for gate in order]))
    (h,) = module((left,), (right,))
    assert np.abs(h.detach().numpy() - expected).max() > 1e-3


def test_grc_needs_a_hidden_layer() -> None:
    with pytest.raises(ValueError, match="cell_size: 0; expected 1 or more"):
        GRC(D, tracker_size=None, cell_size=0)


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


def test_forget_gates_start_at_one() -> None:
    g, i, f_left, f_right, o = TreeLSTM(D, tracker_size=K).compose.bias.split(D)
    assert (f_left == 1).all()
    assert (f_right == 1).all()
    assert not torch.cat([i, o, g]).any()
    g, i, f, o = Tracker(D, tracker_size=K).read_buffer.bias.split(K)
    assert (f == 1).all()
    assert not torch.cat([i, o, g]).any()
