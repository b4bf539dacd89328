from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.cli.support import predictor as module
from spinn.cli.support.input_examples import Question, Row, question
from spinn.cli.support.predictor import Answerer
from spinn.data.text.corpus import Corpus, Example
from spinn.data.text.tree_source import TreeSource
from spinn.data.text.vocabulary import Vocabulary
from spinn.tasks.pair_classification import PairClassification
from spinn.training.loading import load_run
from spinn.trees.transitions import left_branching

PAIRS = [
    ("dogs move", "dogs stop"), ("cats", "( ( many ( old dogs ) ) move )"),
    ("dogs move", "many old birds stop"), ("( dogs move )", "dogs move"), ("dogs move", "cats"),
]  # fmt: skip


def ask(pairs: list[tuple[str, str]]) -> list[Question]:
    items = [question(n, Row(None, *pair), TreeSource("balanced")) for n, pair in enumerate(pairs)]
    return [item for item in items if isinstance(item, Question)]


@pytest.mark.parametrize("most_words", [10_000, 5])
@pytest.mark.parametrize("batch_size", [1, 2, 64])
@pytest.mark.parametrize("sides", ["both", "hypothesis"])
def test_the_answers_are_those_of_the_task_itself(
    trained_run: Path, monkeypatch: pytest.MonkeyPatch, batch_size: int, most_words: int, sides: str
) -> None:
    monkeypatch.setattr(module, "MOST_WORDS", most_words)
    run = load_run(trained_run)
    task = run.task
    assert isinstance(task, PairClassification)
    if sides == "hypothesis":
        task.sentences = "hypothesis"
        task.mlp = nn.Linear(16, 3)
    asked = ask(PAIRS)
    corpus = Corpus.of(Example(item.sentences, task.labels[0]) for item in asked)
    batch = task.prepare(corpus, run.vocabulary).collate(np.arange(len(asked)))
    with torch.no_grad():
        expected = task(batch).logits.softmax(dim=1).tolist()
    found = Answerer(task, run.vocabulary, batch_size=batch_size).answer(asked)
    assert [answer["line"] for answer in found] == list(range(len(PAIRS)))
    for answer, row in zip(found, expected, strict=True):
        assert list(answer["probabilities"].values()) == pytest.approx(row, abs=2e-6)


class Counting(nn.Module):
    """An encoder that finds left-branching trees, and notes what it was given."""

    size = 1

    def __init__(self) -> None:
        super().__init__()
        self.given: list[list[int]] = []

    def forward(self, sentences: Sentences) -> Encoding:
        lengths = sentences.lengths.tolist()
        self.given.append(lengths)
        moves = b"".join(map(left_branching, lengths))
        own = torch.from_numpy(np.frombuffer(moves, dtype=np.uint8).copy())
        vectors: Tensor = sentences.lengths[:, None].float()
        return Encoding(vectors, transitions=own)


def counting_answerer(batch_size: int) -> tuple[Answerer, Counting]:
    encoder = Counting()
    task = PairClassification(
        encoder, labels=("a", "b"), hidden_size=2, layers=0, dropout=0.0, batch_norm=False,
        sentences="both",
    )  # fmt: skip
    return Answerer(task, Vocabulary(["dogs"]), batch_size=batch_size), encoder


def test_a_sentence_is_encoded_once_and_beside_those_of_its_length() -> None:
    answerer, encoder = counting_answerer(batch_size=1)
    answerer.answer(ask([("x x x", "y"), ("x x x", "z z"), ("w w w w", "y")]))
    assert encoder.given == [[1, 2], [3, 4]]


def test_few_long_sentences_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WORDS", 5)
    answerer, encoder = counting_answerer(batch_size=64)
    answerer.answer(ask([("x x x", "y"), ("w w w w w", "z z")]))
    assert encoder.given == [[1, 2], [3], [5]]


def test_the_tree_shown_is_the_one_that_was_followed() -> None:
    answerer, _ = counting_answerer(batch_size=4)
    (answer,) = answerer.answer(ask([("( dogs ( b c ) )", "d e dogs")]))
    assert answer["premise"] == "( ( dogs b ) c )"
    assert answer["hypothesis"] == "( ( d e ) dogs )"
    assert answer["trees"] == {"premise": "predicted", "hypothesis": "predicted"}
    assert answer["unknown_words"] == ["b", "c", "d", "e"]


def test_nothing_asked() -> None:
    answerer, encoder = counting_answerer(batch_size=4)
    assert answerer.answer([]) == []
    assert encoder.given == []
