"""Recurrent networks over packed batches against torch on one unpadded sentence."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from spinn.batch.sentences import Sentences
from spinn.encoders.recurrent import Recurrent
from spinn.layers.embedding import WordEmbedding


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_padding_changes_nothing(
    ragged_batch: Sentences,
    alone: Callable[[Sentences], list[Sentences]],
    cell: str,
    layers: int,
    bidirectional: bool,
    pooling: str,
) -> None:
    words = WordEmbedding(12, size=5, projection_size=None, dropout=0.0, trained=True)
    encoder = Recurrent(
        words,
        cell=cell,
        hidden_size=4,
        layers=layers,
        bidirectional=bidirectional,
        pooling=pooling,
        dropout=0.0,
    )
    encoding = encoder(ragged_batch)
    expected = []
    for sentence in alone(ragged_batch):
        outputs, _ = encoder.network(words(sentence.words)[:, None])
        outputs = outputs[:, 0]
        last = torch.cat([outputs[-1, :4], outputs[0, 4:]])
        pooled = {"last": last, "mean": outputs.mean(0), "max": outputs.amax(0)}
        expected.append((pooled[pooling], outputs))
    sentences, tokens = (list(column) for column in zip(*expected, strict=True))
    torch.testing.assert_close(encoding.sentence, torch.stack(sentences), rtol=0, atol=1e-12)
    torch.testing.assert_close(encoding.tokens, torch.cat(tokens), rtol=0, atol=1e-12)


def test_gradients_are_those_of_single_sentences(
    ragged_batch: Sentences, alone: Callable[[Sentences], list[Sentences]]
) -> None:
    words = WordEmbedding(12, size=5, projection_size=None, dropout=0.0, trained=True)
    encoder = Recurrent(
        words,
        cell="lstm",
        hidden_size=4,
        layers=1,
        bidirectional=True,
        pooling="max",
        dropout=0.0,
    )
    encoder(ragged_batch).sentence.square().sum().backward()
    together = {name: p.grad.clone() for name, p in encoder.named_parameters()}
    encoder.zero_grad()
    for sentence in alone(ragged_batch):
        encoder(sentence).sentence.square().sum().backward()
    for name, parameter in encoder.named_parameters():
        torch.testing.assert_close(together[name], parameter.grad, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cell": "lsmt"}, r"cell: 'lsmt'; expected one of \('rnn', 'gru', 'lstm'\)"),
        ({"pooling": "sum"}, r"pooling: 'sum'; expected one of \('last', 'mean', 'max'\)"),
    ],
)
def test_unknown_choices_are_named(changes: dict[str, str], message: str) -> None:
    settings = {"cell": "lstm", "pooling": "last"} | changes
    with pytest.raises(ValueError, match=message):
        Recurrent(
            nn.Identity(), hidden_size=4, layers=1, bidirectional=False, dropout=0.0, **settings
        )
