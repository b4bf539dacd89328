"""PyTorch's recurrent modules equal the NumPy reference, forward and backward."""

from itertools import combinations

import numpy as np
import pytest
import torch
from closeness import close, leaves, numpy
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from spinn.reference import elman, lstm
from spinn.reference.activations import Array

E, H = 5, 4
LENGTHS = (7, 1, 4, 7, 2)
TORCHS_ORDER = (1, 2, 0, 3)  # torch's gate order is i, f, g, o; here it is g, i, f, o


def reordered(gates: Array) -> Array:
    """Reorder the gate blocks of torch's LSTM."""
    blocks = np.split(gates, 4)
    return np.concatenate([blocks[TORCHS_ORDER.index(gate)] for gate in range(4)])


def read(module: nn.Module, x: Tensor, *state: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run a module on packed sequences; return outputs (T, B, H), and the last h and c."""
    packed = pack_padded_sequence(x, torch.tensor(LENGTHS), enforce_sorted=False)
    first = tuple(value[None] for value in state)
    outputs, last = module(packed, first if len(first) > 1 else first[0])
    h, c = last if isinstance(last, tuple) else (last, None)
    return pad_packed_sequence(outputs)[0], h[0], None if c is None else c[0]


def random_gradients(outputs: Tensor, h: Tensor) -> tuple[Tensor, Tensor, Array]:
    """Random gradients of outputs and last h for torch, and as one (T, B, H) for NumPy."""
    on_outputs = torch.randn_like(outputs)
    for column, length in enumerate(LENGTHS):
        on_outputs[length:, column] = 0
    on_h = torch.randn_like(h)
    together = on_outputs.clone()
    together[-1] += on_h  # the state stays the same after the end
    return on_outputs, on_h, together.numpy()


def assert_same_outputs(found: Array, outputs: Tensor) -> None:
    for column, length in enumerate(LENGTHS):
        close(found[1 : 1 + length, column], outputs[:length, column], f"sequence {column}")


def test_elman_equals_torch_rnn() -> None:
    module = nn.RNN(E, H)
    x, h_0 = leaves((max(LENGTHS), len(LENGTHS), E), (len(LENGTHS), H))
    outputs, h, _ = read(module, x, h_0)
    on_outputs, on_h, d_h = random_gradients(outputs, h)
    ((outputs * on_outputs).sum() + (h * on_h).sum()).backward()

    b = numpy(module.bias_ih_l0 + module.bias_hh_l0)
    weights = elman.Weights(numpy(module.weight_ih_l0), numpy(module.weight_hh_l0), b)
    trace = elman.forward(weights, numpy(x), LENGTHS, numpy(h_0))
    assert_same_outputs(trace.h, outputs)
    close(trace.h[-1], h, "last h")
    gradients = elman.backward(weights, trace, d_h)
    close(gradients["W"], module.weight_ih_l0.grad, "W")
    close(gradients["U"], module.weight_hh_l0.grad, "U")
    close(gradients["b"], module.bias_ih_l0.grad, "b")
    close(gradients["b"], module.bias_hh_l0.grad, "b")
    close(gradients["x"], x.grad, "x")
    close(gradients["h_0"], h_0.grad, "h_0")


def test_lstm_equals_torch_lstm() -> None:
    module = nn.LSTM(E, H)
    B = len(LENGTHS)
    x, h_0, c_0 = leaves((max(LENGTHS), B, E), (B, H), (B, H))
    outputs, h, c = read(module, x, h_0, c_0)
    on_outputs, on_h, d_h = random_gradients(outputs, h)
    on_c = torch.randn_like(c)
    ((outputs * on_outputs).sum() + (h * on_h).sum() + (c * on_c).sum()).backward()

    given = (
        module.weight_ih_l0,
        module.weight_hh_l0,
        module.bias_ih_l0 + module.bias_hh_l0,
    )
    weights = lstm.Weights(*(reordered(numpy(value)) for value in given))
    trace = lstm.forward(weights, numpy(x), LENGTHS, numpy(h_0), numpy(c_0))
    assert_same_outputs(trace.h, outputs)
    close(trace.h[-1], h, "last h")
    close(trace.c[-1], c, "last c")
    gradients = lstm.backward(weights, trace, d_h, on_c.numpy())
    close(gradients["W"], reordered(numpy(module.weight_ih_l0.grad)), "W")
    close(gradients["U"], reordered(numpy(module.weight_hh_l0.grad)), "U")
    close(gradients["b"], reordered(numpy(module.bias_ih_l0.grad)), "b")
    close(gradients["b"], reordered(numpy(module.bias_hh_l0.grad)), "b")
    for name, value in {"x": x, "h_0": h_0, "c_0": c_0}.items():
        close(gradients[name], value.grad, name)


@pytest.mark.parametrize(("first", "second"), list(combinations(range(4), 2)))
def test_a_swap_of_two_gates_changes_the_output(first: int, second: int) -> None:
    module = nn.LSTM(E, H)
    x = torch.randn(3, 2, E)
    order = list(range(4))
    order[first], order[second] = second, first
    given = (
        module.weight_ih_l0,
        module.weight_hh_l0,
        module.bias_ih_l0 + module.bias_hh_l0,
    )
    ours = [np.split(reordered(numpy(value)), 4) for value in given]
    for blocks, seen in (([0, 1, 2, 3], False), (order, True)):
        weights = lstm.Weights(*(np.concatenate([gates[i] for i in blocks]) for gates in ours))
        trace = lstm.forward(weights, x.numpy(), (3, 3), np.zeros((2, H)), np.zeros((2, H)))
        assert (np.abs(trace.h[1:] - numpy(module(x)[0])).max() > 1e-3) == seen
