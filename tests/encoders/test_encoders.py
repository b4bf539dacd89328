"""The contract of every encoder."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.bow import BagOfWords
from spinn.encoders.gumbel_treelstm import GumbelTreeLSTM
from spinn.encoders.recurrent import Recurrent
from spinn.encoders.spinn_pi import SPINNPI
from spinn.encoders.supervised_spinn import SupervisedSPINN
from spinn.layers.composition import CompositionSpec
from spinn.layers.embedding import Embedding, Vectors, WordEmbedding
from spinn.layers.grc import GRC
from spinn.layers.tree_rnn import TreeRNN


def recurrent(words: Embedding, **changes: object) -> Recurrent:
    settings = {
        "cell": "lstm",
        "hidden_size": 6,
        "layers": 1,
        "bidirectional": False,
        "pooling": "last",
        "dropout": 0.0,
    }
    return Recurrent(words, **(settings | changes))


def gumbel(words: Embedding, leaf: str) -> GumbelTreeLSTM:
    return GumbelTreeLSTM(words, hidden_size=6, leaf=leaf, temperature=1.0, dropout=0.0)


def composed(words: Embedding, spec: CompositionSpec, tracker_size: int | None) -> SPINNPI:
    return SPINNPI(words, hidden_size=6, tracker_size=tracker_size, dropout=0.0, composition=spec)


ENCODERS: dict[str, Callable[[Embedding], nn.Module]] = {
    "spinn_pi": lambda words: SPINNPI(words, hidden_size=6, tracker_size=4, dropout=0.0),
    "treelstm": lambda words: SPINNPI(words, hidden_size=6, tracker_size=None, dropout=0.0),
    "treernn": lambda words: composed(words, CompositionSpec(TreeRNN), None),
    "grc": lambda words: composed(words, CompositionSpec(GRC, {"cell_size": 2}), 4),
    "spinn": lambda words: SupervisedSPINN(
        words,
        hidden_size=6,
        tracker_size=4,
        dropout=0.0,
        beam=1,
        train_on="gold",
        sampling_probability=0.5,
        ramp=1,
        transition_weight=1.0,
    ),
    "gumbel": lambda words: gumbel(words, "linear"),
    "gumbel lstm": lambda words: gumbel(words, "lstm"),
    "gumbel bilstm": lambda words: gumbel(words, "bilstm"),
    "bow sum": lambda words: BagOfWords(words, pooling="sum", dropout=0.0),
    "bow mean": lambda words: BagOfWords(words, pooling="mean", dropout=0.0),
    "bow max": lambda words: BagOfWords(words, pooling="max", dropout=0.0),
    "rnn": lambda words: recurrent(words, cell="rnn"),
    "gru": lambda words: recurrent(words, cell="gru"),
    "lstm": lambda words: recurrent(words),
    "lstm mean": lambda words: recurrent(words, pooling="mean"),
    "deep lstm": lambda words: recurrent(words, layers=2, bidirectional=True),
    "bilstm": lambda words: recurrent(words, bidirectional=True, pooling="max"),
}


@pytest.fixture(params=ENCODERS)
def encoder(request: pytest.FixtureRequest) -> nn.Module:
    words = WordEmbedding(12, size=5, projection_size=7, dropout=0.0, trained=True)
    return ENCODERS[request.param](words)


def encode(encoder: nn.Module, sentences: Sentences) -> Encoding:
    torch.manual_seed(0)  # equal noise, where an encoder draws its trees in training
    encoding = encoder(sentences)
    assert isinstance(encoding, Encoding)
    return encoding


def without_sampling(encoder: nn.Module) -> nn.Module:
    """Evaluation mode for encoders that sample for the whole batch in training."""
    return encoder.eval() if isinstance(encoder, GumbelTreeLSTM) else encoder


def total(encoding: Encoding) -> Tensor:
    """A scalar that depends on every output."""
    whole = encoding.sentence.square().sum()
    if encoding.log_probs is not None:
        whole = whole + encoding.log_probs.masked_fill(encoding.log_probs == -torch.inf, 0).sum()
    return whole


def test_interface(encoder: nn.Module, batch: Sentences) -> None:
    encoding = encode(encoder, batch)
    N, B = len(batch.words), len(batch)
    assert encoding.sentence.shape == (B, encoder.size)
    assert encoding.tokens is None or encoding.tokens.shape == (N, encoder.size)
    assert encoding.nodes is None or encoding.nodes.shape == (2 * N - B, encoder.size)
    assert encoder.has_tokens == (encoding.tokens is not None)
    assert encoder.has_nodes == (encoding.nodes is not None)
    assert encoder.has_tokens or encoder.has_nodes
    predicted = encoding.transitions is not None
    assert encoder.tree_source == "predicted" or not predicted


def test_every_parameter_gets_a_gradient(encoder: nn.Module, ragged_batch: Sentences) -> None:
    total(encode(encoder, ragged_batch)).backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_is_bit_identical_when_repeated(encoder: nn.Module, ragged_batch: Sentences) -> None:
    results = []
    for _ in range(2):
        encoder.zero_grad()
        encoding = encode(encoder, ragged_batch)
        total(encoding).backward()
        results.append([encoding.sentence, *(parameter.grad for parameter in encoder.parameters())])
    assert all(map(torch.equal, *results))


def test_other_sentences_change_nothing(
    encoder: nn.Module, batch: Sentences, alone: Callable[[Sentences], list[Sentences]]
) -> None:
    together = encode(without_sampling(encoder), batch)
    apart = [encode(encoder, sentence) for sentence in alone(batch)]
    sentences = torch.cat([encoding.sentence for encoding in apart])
    torch.testing.assert_close(together.sentence, sentences, rtol=0, atol=1e-10)
    if together.tokens is not None:
        tokens = torch.cat([encoding.tokens for encoding in apart])
        torch.testing.assert_close(together.tokens, tokens, rtol=0, atol=1e-10)
    if together.nodes is not None:
        lengths = batch.lengths.tolist()
        words = [e.nodes[:length] for e, length in zip(apart, lengths, strict=True)]
        inner = [e.nodes[length:] for e, length in zip(apart, lengths, strict=True)]
        torch.testing.assert_close(together.nodes, torch.cat(words + inner), rtol=0, atol=1e-10)


def test_order_in_the_batch_changes_nothing(
    encoder: nn.Module, ragged_batch: Sentences, alone: Callable[[Sentences], list[Sentences]]
) -> None:
    parts = alone(ragged_batch)[::-1]
    turned = Sentences.from_lists(
        [part.words.tolist() for part in parts],
        [bytes(part.transitions.tolist()) for part in parts],
    )
    expected = encode(without_sampling(encoder), ragged_batch).sentence.flip(0)
    torch.testing.assert_close(encode(encoder, turned).sentence, expected, rtol=0, atol=1e-10)


def test_evaluation_needs_no_gradient(encoder: nn.Module, ragged_batch: Sentences) -> None:
    expected = encode(encoder.eval(), ragged_batch).sentence
    with torch.inference_mode():
        found = encode(encoder, ragged_batch).sentence
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ENCODERS)
def test_dropout_applies_to_the_sentence_in_training_only(
    name: str, ragged_batch: Sentences
) -> None:
    words = WordEmbedding(12, size=5, projection_size=None, dropout=0.0, trained=True)
    encoder = ENCODERS[name](words)
    encoder.dropout.p = 0.5
    dropped = (encode(encoder, ragged_batch).sentence == 0).double().mean()
    assert 0.3 < dropped < 0.7
    assert (encode(encoder.eval(), ragged_batch).sentence != 0).all()


@pytest.mark.parametrize("tracker_size", [None, 4])
def test_dropout_on_words_is_independent_for_every_word(tracker_size: int | None) -> None:
    words = WordEmbedding(12, size=50, projection_size=None, dropout=0.5, trained=True)
    encoder = SPINNPI(words, hidden_size=6, tracker_size=tracker_size, dropout=0.0)
    same = Sentences.from_lists([[3], [3]], [b"\x00", b"\x00"])
    first, second = encode(encoder, same).sentence
    assert not torch.equal(first, second)
    first, second = encode(encoder.eval(), same).sentence
    assert torch.equal(first, second)


@pytest.mark.parametrize("name", ENCODERS)
def test_vectors_give_the_same_as_words_with_these_vectors(name: str, batch: Sentences) -> None:
    N = len(batch.words)
    table = WordEmbedding(N + 1, size=5, projection_size=None, dropout=0.0, trained=True)
    distinct = Sentences.from_arrays(
        np.arange(1, N + 1), batch.lengths.numpy(), batch.transitions.numpy()
    )
    vectors = table.table.weight.detach()[1:].clone().numpy()
    sentences = Sentences.from_vectors(vectors, batch.lengths.numpy(), batch.transitions.numpy())
    sentences.words.requires_grad_()

    by_word = ENCODERS[name](table)
    by_vector = ENCODERS[name](Vectors(size=5, dropout=0.0))
    weights = {k: v for k, v in by_word.state_dict().items() if not k.startswith("embedding.")}
    by_vector.load_state_dict(weights)
    expected, found = encode(by_word, distinct), encode(by_vector, sentences)
    torch.testing.assert_close(found.sentence, expected.sentence, rtol=0, atol=1e-12)

    found.sentence.square().sum().backward()
    expected.sentence.square().sum().backward()
    gradient = table.table.weight.grad[1:]
    torch.testing.assert_close(sentences.words.grad, gradient, rtol=0, atol=1e-10)
    gradients = {key: parameter.grad for key, parameter in by_word.named_parameters()}
    for key, parameter in by_vector.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[key], rtol=0, atol=1e-10)
