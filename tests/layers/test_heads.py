"""The MLP over a pair, layer by layer."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from spinn.layers.heads import MLP


@pytest.mark.parametrize("layers", [0, 1, 2])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_dropout_applies_before_every_layer_and_before_the_last(
    layers: int, batch_norm: bool
) -> None:
    mlp = MLP(6, hidden_size=5, layers=layers, dropout=0.4, output_size=3, batch_norm=batch_norm)
    *hidden, last = (module for module in mlp if isinstance(module, nn.Linear))
    assert len(hidden) == layers
    expected = inputs = torch.randn(7, 6)
    torch.manual_seed(1)
    found = mlp(inputs)
    torch.manual_seed(1)  # the same masks
    for layer in hidden:
        if batch_norm:
            spread = (expected.var(dim=0, correction=0) + 1e-5).sqrt()
            expected = (expected - expected.mean(dim=0)) / spread
        expected = layer(F.dropout(expected, 0.4)).relu()
    torch.testing.assert_close(found, last(F.dropout(expected, 0.4)))
