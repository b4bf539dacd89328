import numpy as np
import pytest
import torch

from spinn.data.example import Example
from spinn.data.vocabulary import Vocabulary
from spinn.nn.embedding import WordEmbedding
from spinn.nn.spinn import SPINN
from spinn.tasks.pair_classification import PairBatch, PairClassification
from spinn.trees import parse_brackets

LABELS = ("entailment", "neutral", "contradiction")
PAIRS = [
    ("( ( all dogs ) move )", "( ( some dogs ) move )", "entailment"),
    ("( ( some dogs ) move )", "( ( all dogs ) move )", "neutral"),
    ("( ( no dogs ) ( move fast ) )", "move", "contradiction"),
]


def make_task(sides: str = "both", **changed: object) -> tuple[PairClassification, PairBatch]:
    torch.manual_seed(0)
    examples = [Example((parse_brackets(p), parse_brackets(h)), y) for p, h, y in PAIRS]
    words = [parse.words for example in examples for parse in example.sentences]
    vocabulary = Vocabulary.build(words)
    embedding = WordEmbedding(
        len(vocabulary), size=6, projection_size=None, dropout=0.0, trained=True
    )
    encoder = SPINN(embedding, hidden_size=5, tracker_size=3, dropout=0.0)
    settings = {"hidden_size": 7, "layers": 1, "dropout": 0.0, "batch_norm": False, **changed}
    task = PairClassification(encoder, labels=LABELS, sides=sides, **settings)  # type: ignore[arg-type]
    return task, task.collate([task.numericalise(example, vocabulary) for example in examples])


def test_premises_come_first_and_both_sides_in_one_call() -> None:
    task, batch = make_task()
    assert batch.sentences.lengths.tolist() == [3, 3, 4, 3, 3, 1]
    assert batch.targets.tolist() == [0, 1, 2]
    assert task(batch).shape == (3, 3)


def test_logits_are_those_of_the_equations() -> None:
    task, batch = make_task()
    u, v = task.encoder(batch.sentences).sentence.detach().numpy().reshape(2, 3, 5)
    features = np.concatenate([u, v, np.abs(u - v), u * v], axis=1)
    hidden, last = (layer for layer in task.mlp if isinstance(layer, torch.nn.Linear))
    h = np.maximum(features @ hidden.weight.detach().numpy().T + hidden.bias.detach().numpy(), 0)
    expected = h @ last.weight.detach().numpy().T + last.bias.detach().numpy()
    np.testing.assert_allclose(task(batch).detach().numpy(), expected, atol=1e-6)


def test_loss_is_cross_entropy() -> None:
    task, batch = make_task()
    logits = task(batch).detach().numpy().astype(np.float64)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    expected = -log_p[np.arange(3), batch.targets.numpy()].mean()
    assert task.loss(task(batch), batch).item() == pytest.approx(expected, abs=1e-6)


def test_the_hypothesis_only_control_never_sees_a_premise() -> None:
    task, batch = make_task("hypothesis")
    assert batch.sentences.lengths.tolist() == [3, 3, 1]
    assert task(batch).shape == (3, 3)


@pytest.mark.parametrize("sides", ["both", "hypothesis"])
def test_every_weight_is_trained(sides: str) -> None:
    task, batch = make_task(sides)
    task.loss(task(batch), batch).backward()
    for name, weight in task.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name


def test_batch_norm_and_layers_reach_the_mlp() -> None:
    task, batch = make_task(layers=3, batch_norm=True)
    kinds = [type(layer).__name__ for layer in task.mlp]
    assert kinds.count("BatchNorm1d") == 3
    assert kinds.count("Linear") == 4
    assert task(batch).shape == (3, 3)
