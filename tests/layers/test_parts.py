"""Embedding, bag and head."""

import pytest
import torch

from spinn.batch.sentences import Sentences
from spinn.encoders.bow import BagOfWords
from spinn.layers.embedding import Vectors, WordEmbedding
from spinn.layers.heads import MLP, pair_features

S, R = b"\x00", b"\x01"


def embedding(**changes: object) -> WordEmbedding:
    settings = {"size": 3, "projection_size": None, "dropout": 0.0, "trained": True} | changes
    return WordEmbedding(6, **settings)


def test_embedding_looks_up_and_keeps_padding_at_zero() -> None:
    words = embedding()
    assert words.size == 3
    assert torch.equal(words(torch.tensor([4, 2, 4])), words.table.weight[[4, 2, 4]])
    assert not words(torch.tensor([0])).any()
    words(torch.arange(6)).sum().backward()
    assert not words.table.weight.grad[0].any()
    assert words.table.weight.grad[1:].all()


def test_embedding_starts_with_the_given_spread() -> None:
    torch.manual_seed(1)
    wide = embedding(size=1000).table.weight.detach()
    torch.manual_seed(1)
    narrow = embedding(size=1000, initial_std=0.1).table.weight.detach()
    torch.testing.assert_close(narrow, 0.1 * wide)
    assert wide[1:].std() == pytest.approx(1.0, abs=0.05)


def test_embedding_projects() -> None:
    words = embedding(projection_size=8)
    assert words.size == 8
    vectors = words(torch.tensor([2, 3]))
    expected = (words.table.weight[2:4] @ words.projection.weight.T + words.projection.bias).relu()
    torch.testing.assert_close(vectors, expected)


def test_embedding_may_be_left_untrained() -> None:
    words = embedding(projection_size=8, trained=False)
    assert not words.table.weight.requires_grad
    assert words.projection.weight.requires_grad


def test_equal_words_get_equal_vectors_unless_dropped_out() -> None:
    assert embedding().repeats
    words = embedding(dropout=0.5)
    assert not words.repeats
    assert words.eval().repeats


def test_vectors_are_unchanged_except_for_dropout() -> None:
    numbers, vectors = torch.rand(50, 3) + 1, Vectors(size=3, dropout=0.5)
    assert (vectors.size, vectors.repeats, vectors.trained) == (3, False, False)
    kept = vectors(numbers)
    assert 0 < (kept == 0).sum() < 150
    torch.testing.assert_close(kept[kept != 0], 2 * numbers[kept != 0])
    assert torch.equal(vectors.eval()(numbers), numbers)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (torch.zeros(2, 4), r"torch.float32 of shape \(2, 4\)"),
        (torch.zeros(3), r"torch.float32 of shape \(3,\)"),
        (torch.tensor([[1, 2, 3]]), r"torch.int64 of shape \(1, 3\)"),
    ],
)
def test_vectors_of_another_kind_are_named(given: torch.Tensor, found: str) -> None:
    message = rf"vectors: {found}; expected floating point numbers of shape \(N, 3\)"
    with pytest.raises(ValueError, match=message):
        Vectors(size=3, dropout=0.0)(given)


@pytest.mark.parametrize("pooling", ["sum", "mean", "max"])
def test_bag_pools_each_sentence(pooling: str) -> None:
    words = embedding()
    bag = BagOfWords(words, pooling=pooling, dropout=0.0)
    sentences = Sentences.from_lists([[2, 3, 4], [5], [1, 2]], [S + S + R + S + R, S, S + S + R])
    rows = [words.table.weight[ids] for ids in ([2, 3, 4], [5], [1, 2])]
    pooled = {"sum": lambda x: x.sum(0), "mean": lambda x: x.mean(0), "max": lambda x: x.amax(0)}
    expected = torch.stack([pooled[pooling](row) for row in rows])
    torch.testing.assert_close(bag(sentences).sentence, expected)


def test_bag_names_an_unknown_pooling() -> None:
    with pytest.raises(ValueError, match=r"pooling: 'last'; expected one of \('sum', 'mean'"):
        BagOfWords(embedding(), pooling="last", dropout=0.0)


def test_pair_features_are_both_difference_and_product() -> None:
    u, v = torch.tensor([[1.0, -2.0]]), torch.tensor([[3.0, 5.0]])
    assert pair_features(u, v).tolist() == [[1, -2, 3, 5, 2, 7, 3, -10]]


@pytest.mark.parametrize("layers", [0, 1, 3])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_mlp_has_the_given_number_of_layers(layers: int, batch_norm: bool) -> None:
    mlp = MLP(5, hidden_size=4, layers=layers, dropout=0.2, output_size=3, batch_norm=batch_norm)
    assert mlp(torch.randn(7, 5)).shape == (7, 3)
    kinds = [type(module).__name__ for module in mlp]
    assert kinds.count("Linear") == layers + 1
    assert kinds.count("ReLU") == layers
    assert kinds.count("BatchNorm1d") == layers * batch_norm
    assert kinds[-1] == "Linear"
