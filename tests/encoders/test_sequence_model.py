"""Padded sequences against the networks of torch."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from spinn.encoders.sequence_model import SequenceModel

LENGTHS = torch.tensor([3, 7, 1, 5])
B, T, IN, OUT = 4, 7, 3, 2
NETWORKS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def model(**settings: Any) -> SequenceModel:
    return SequenceModel(inputs=IN, outputs=OUT, **{"cell": "lstm", "hidden_size": 5} | settings)


def padded(batch_first: bool, fill: float = 0.0) -> Tensor:
    """Inputs (B, T, I) or (T, B, I), with `fill` as padding; the same on every call."""
    torch.manual_seed(1)
    rows = torch.randn(B, T, IN).masked_fill(padding()[..., None], fill)
    return (rows if batch_first else rows.transpose(0, 1)).contiguous().requires_grad_()


def padding() -> Tensor:
    """(B, T) whether a place is padding."""
    return torch.arange(T) >= LENGTHS[:, None]


def torch_twin(model: SequenceModel, cell: str, batch_first: bool) -> nn.ModuleList:
    """Torch's network and a linear layer, with the weights of the model."""
    ours = model.encoder.network
    network = NETWORKS[cell](
        IN, 5, num_layers=ours.num_layers, bidirectional=ours.bidirectional, batch_first=batch_first
    )
    network.load_state_dict(ours.state_dict())
    linear = nn.Linear(model.head.in_features, OUT)
    linear.load_state_dict(model.head.state_dict())
    return nn.ModuleList([network, linear])


@pytest.mark.parametrize("cell", NETWORKS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
def test_outputs_and_gradients_agree_with_torch(
    cell: str, layers: int, bidirectional: bool, batch_first: bool
) -> None:
    ours = model(cell=cell, layers=layers, bidirectional=bidirectional, batch_first=batch_first)
    network, linear = theirs = torch_twin(ours, cell, batch_first)
    inputs, same = padded(batch_first), padded(batch_first)
    outputs = ours(inputs, LENGTHS)
    packed = pack_padded_sequence(same, LENGTHS, batch_first=batch_first, enforce_sorted=False)
    hidden, _ = pad_packed_sequence(network(packed)[0], batch_first=batch_first, total_length=T)
    ends = padding() if batch_first else padding().T
    expected = linear(hidden).masked_fill(ends[..., None], 0.0)
    torch.testing.assert_close(outputs, expected, rtol=0, atol=1e-12)
    weights = torch.randn_like(outputs)
    (outputs * weights).sum().backward()
    (expected * weights).sum().backward()
    torch.testing.assert_close(inputs.grad, same.grad, rtol=0, atol=1e-12)
    for (name, found), wanted in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(found.grad, wanted.grad, rtol=0, atol=1e-12, msg=name)


@pytest.mark.parametrize("batch_first", [False, True])
def test_without_lengths_every_place_is_read(batch_first: bool) -> None:
    ours = model(cell="gru", batch_first=batch_first)
    network, linear = torch_twin(ours, "gru", batch_first)
    inputs = padded(batch_first)
    expected = linear(network(inputs)[0])
    torch.testing.assert_close(ours(inputs), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(ours(inputs, [T] * B), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("fill", [7.0, 1e30, float("nan")])
def test_padding_changes_nothing(bidirectional: bool, fill: float) -> None:
    ours = model(layers=2, bidirectional=bidirectional, batch_first=True)
    found = []
    for value in (0.0, fill):
        inputs = padded(batch_first=True, fill=value)
        outputs = ours(inputs, LENGTHS)
        assert (outputs[padding()] == 0).all()
        gradients = torch.autograd.grad(outputs.square().sum(), [inputs, *ours.parameters()])
        assert (gradients[0][padding()] == 0).all()
        found.append([outputs, *gradients])
    for once, again in zip(*found, strict=True):
        assert torch.equal(once, again)


def test_a_sequence_is_the_same_alone_and_in_any_batch() -> None:
    ours, inputs = model(bidirectional=True, batch_first=True), padded(batch_first=True)
    together = ours(inputs, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        alone = ours(inputs[row : row + 1, :length])
        torch.testing.assert_close(alone[0], together[row, :length], rtol=0, atol=1e-12)


def test_dropout_is_for_training_alone() -> None:
    ours, inputs = model(dropout=0.5), padded(batch_first=False)
    assert not torch.equal(ours(inputs), ours(inputs))
    ours.eval()
    assert torch.equal(ours(inputs), ours(inputs))


@pytest.mark.parametrize(
    ("shape", "lengths", "message"),
    [
        ((T, B), None, r"inputs: .*float64 of shape \(7, 4\); expected .* of shape \(T, B, 3\)"),
        ((T, B, IN, 1), None, r"inputs: .* of shape \(7, 4, 3, 1\); expected .* \(T, B, 3\)"),
        ((T, B, IN + 1), None, r"inputs: .* of shape \(7, 4, 4\); expected .* \(T, B, 3\)"),
        ((T, 0, IN), [], r"inputs: shape \(7, 0, 3\); expected at least one sequence and one step"),
        ((0, B, IN), None, r"inputs: shape \(0, 4, 3\); expected at least one sequence and one"),
        ((T, B, IN), [3, 0, 1, 2], "lengths: sequence 1 has 0 steps; expected 1 to 7"),
        ((T, B, IN), [3, 7, 1, -2], "lengths: sequence 3 has -2 steps; expected 1 to 7"),
        ((T, B, IN), [3, 7, 8, 9], "lengths: sequence 2 has 8 steps; expected 1 to 7"),
        ((T, B, IN), [3, 7], r"lengths: .*int64 of shape \(2,\); expected .* of shape \(4,\), one"),
        ((T, B, IN), [1.0] * B, r"lengths: torch.float64 of shape \(4,\); expected whole numbers"),
        ((T, B, IN), [True] * B, r"lengths: torch.bool of shape \(4,\); expected whole numbers"),
    ],
)
def test_wrong_batches_are_named(
    shape: tuple[int, ...], lengths: list | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        model()(torch.zeros(shape), lengths)


def test_whole_numbers_and_the_other_layout_are_named() -> None:
    message = r"inputs: torch.int64 of shape \(4, 7, 3\); expected .* of shape \(B, T, 3\)"
    with pytest.raises(ValueError, match=message):
        model(batch_first=True)(torch.zeros(B, T, IN, dtype=torch.int64))
