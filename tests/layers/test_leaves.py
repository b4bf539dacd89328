"""Leaf LSTMs over packed batches against torch's cell, one sentence at a time."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from spinn.batch.sentences import Sentences
from spinn.layers.embedding import WordEmbedding
from spinn.layers.leaves import RecurrentLeaf, linear_leaf


def stepped(cell: nn.LSTMCell, vectors: Tensor) -> tuple[Tensor, Tensor]:
    """The h and c after each vector, each (T, D)."""
    states, state = [], None
    for vector in vectors:
        state = cell(vector[None], state)
        states.append(state)
    h, c = zip(*states, strict=True)
    return torch.cat(h), torch.cat(c)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_leaves_are_the_states_of_the_cell(
    bidirectional: bool, batch: Sentences, alone: Callable[[Sentences], list[Sentences]]
) -> None:
    table = torch.randn(12, 5)
    leaf = RecurrentLeaf(5, 6, bidirectional=bidirectional)
    expected = []
    for sentence in alone(batch):
        h, c = stepped(leaf.onward, table[sentence.words])
        if bidirectional:
            back_h, back_c = stepped(leaf.back, table[sentence.words].flip(0))
            h, c = torch.cat([h, back_h.flip(0)], 1), torch.cat([c, back_c.flip(0)], 1)
        expected.append(torch.cat([h, c], 1))
    found = leaf(table[batch.words], batch)
    assert found.shape == (len(batch.words), 12)
    torch.testing.assert_close(found, torch.cat(expected), rtol=0, atol=1e-12)


def test_an_odd_width_is_refused_in_two_directions() -> None:
    with pytest.raises(ValueError, match=r"hidden_size: 7; .* expected an even number"):
        RecurrentLeaf(5, 7, bidirectional=True)


@pytest.mark.parametrize(
    ("size", "trained", "direct"), [(12, True, True), (12, False, False), (11, True, False)]
)
def test_trained_vectors_of_the_width_of_a_state_need_no_layer(
    size: int, trained: bool, direct: bool
) -> None:
    words = WordEmbedding(9, size=size, projection_size=None, dropout=0.0, trained=trained)
    assert isinstance(linear_leaf(words, 12), nn.Identity) == direct
