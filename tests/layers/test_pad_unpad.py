"""Padding and packing against torch."""

import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from spinn.layers.padding import pad, places, unpad

LENGTHS = torch.tensor([2, 0, 4, 1])


def test_places_are_those_of_a_padded_grid() -> None:
    assert places(LENGTHS, 5).tolist() == [0, 1, 10, 11, 12, 13, 15]
    assert places(torch.tensor([0, 0]), 3).tolist() == []


def test_padding_agrees_with_torch() -> None:
    packed = torch.randn(7, 3, requires_grad=True)
    rows, filled = pad(packed, LENGTHS)
    assert torch.equal(rows, pad_sequence(packed.split(LENGTHS.tolist()), batch_first=True))
    assert filled.sum(1).tolist() == LENGTHS.tolist()
    assert torch.equal(rows[filled], packed)
    weights = torch.randn_like(rows)
    (gradient,) = torch.autograd.grad((rows * weights).sum(), packed)
    assert torch.equal(gradient, weights[filled])


@pytest.mark.parametrize("width", [None, 4, 6])
def test_unpadding_undoes_padding(width: int | None) -> None:
    packed = torch.randn(7, 3)
    rows, filled = pad(packed, LENGTHS, width)
    assert rows.shape == (4, width or 4, 3)
    assert torch.equal(unpad(rows.masked_fill(~filled[..., None], float("nan")), LENGTHS), packed)
