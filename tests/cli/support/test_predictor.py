from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.cli.support import predictor as module
from spinn.cli.support.input_examples import Fields, InputExample, Row, read_example
from spinn.cli.support.predictor import Predictor
from spinn.cli.support.tree_options import TreeChoice, choose_trees
from spinn.data.text.corpus import Corpus, Example
from spinn.data.text.tree_source import TreeSource
from spinn.data.text.vocabulary import Vocabulary
from spinn.encoders.encoder import Encoder
from spinn.tasks.classification import Classification
from spinn.training.loading import load_run
from spinn.trees.transitions import left_branching

NAMES = ("premise", "hypothesis")
PAIRS = [
    ("dogs move", "dogs stop"), ("cats", "( ( many ( old dogs ) ) move )"),
    ("dogs move", "many old birds stop"), ("( dogs move )", "dogs move"), ("dogs move", "cats"),
]  # fmt: skip


def examples_of(pairs: list[tuple[str, str]]) -> list[InputExample]:
    trees, fields = TreeSource("balanced"), Fields.of(NAMES, (0, 1)).encoded
    items = [read_example(n, Row(None, pair), fields, trees) for n, pair in enumerate(pairs)]
    return [item for item in items if isinstance(item, InputExample)]


@pytest.mark.parametrize("most_words", [10_000, 5])
@pytest.mark.parametrize("batch_size", [1, 2, 64])
@pytest.mark.parametrize("sentences", ["both", "hypothesis"])
def test_predictions_are_those_of_the_task_itself(
    trained_run: Path,
    monkeypatch: pytest.MonkeyPatch,
    batch_size: int,
    most_words: int,
    sentences: str,
) -> None:
    monkeypatch.setattr(module, "MOST_WORDS", most_words)
    run = load_run(trained_run)
    task = run.task
    assert isinstance(task, Classification)
    if sentences == "hypothesis":
        task.places = (1,)
        task.mlp = nn.Linear(16, 3)  # type: ignore[assignment]
    examples = examples_of(PAIRS)
    corpus = Corpus.of(Example(item.sentences, task.labels[0]) for item in examples)
    examples = [
        item._replace(
            sentences=tuple(item.sentences[place] for place in task.places),
            origins=item.origins[: len(task.places)],
        )
        for item in examples
    ]
    batch = task.prepare(corpus, run.vocabulary).collate(np.arange(len(examples)))
    with torch.no_grad():
        expected = task(batch).values.softmax(dim=1).tolist()
    trees = choose_trees(run, "balanced", None)
    found = Predictor(task, run.vocabulary, trees, batch_size=batch_size).predict(examples)
    assert [prediction["line"] for prediction in found] == list(range(len(PAIRS)))
    for prediction, row in zip(found, expected, strict=True):
        assert list(prediction["probabilities"].values()) == pytest.approx(row, abs=2e-6)


class Counting(Encoder):
    """An encoder that predicts left-branching trees, and records the lengths of its batches."""

    size = 1
    tree_source: ClassVar[Literal["none", "given", "predicted"]] = "predicted"

    def __init__(self) -> None:
        super().__init__()
        self.given: list[list[int]] = []

    def forward(self, sentences: Sentences) -> Encoding:
        lengths = sentences.lengths.tolist()
        self.given.append(lengths)
        predicted = bytearray(b"".join(map(left_branching, lengths)))
        vectors: Tensor = sentences.lengths[:, None].float()
        return Encoding(vectors, transitions=torch.frombuffer(predicted, dtype=torch.uint8))


def counting_predictor(batch_size: int) -> tuple[Predictor, Counting]:
    encoder = Counting()
    task = Classification(
        encoder, sentence_names=NAMES, labels=("a", "b"), hidden_size=2, layers=0, dropout=0.0,
        batch_norm=False,
    )  # fmt: skip
    trees = TreeChoice(
        read="gold", followed="predicted", trained="gold", seed=0, parser_url="", optional=True,
        advice="",
    )  # fmt: skip
    return Predictor(task, Vocabulary(["dogs"]), trees, batch_size=batch_size), encoder


def test_a_sentence_is_encoded_once_in_a_batch_of_its_length() -> None:
    predictor, encoder = counting_predictor(batch_size=1)
    predictor.predict(examples_of([("x x x", "y"), ("x x x", "z z"), ("w w w w", "y")]))
    assert encoder.given == [[1, 2], [3, 4]]


def test_few_long_sentences_are_encoded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WORDS", 5)
    predictor, encoder = counting_predictor(batch_size=64)
    predictor.predict(examples_of([("x x x", "y"), ("w w w w w", "z z")]))
    assert encoder.given == [[1, 2], [3], [5]]


def test_the_tree_shown_is_the_one_that_was_followed() -> None:
    predictor, _ = counting_predictor(batch_size=4)
    (prediction,) = predictor.predict(examples_of([("( dogs ( b c ) )", "d e dogs")]))
    assert prediction["premise"] == "( ( dogs b ) c )"
    assert prediction["hypothesis"] == "( ( d e ) dogs )"
    assert prediction["trees"] == {"premise": "predicted", "hypothesis": "predicted"}
    assert prediction["unknown_words"] == ["b", "c", "d", "e"]


def test_no_examples() -> None:
    predictor, encoder = counting_predictor(batch_size=4)
    assert predictor.predict([]) == []
    assert encoder.given == []


def test_many_unknown_words_are_a_warning() -> None:
    predictor, _ = counting_predictor(batch_size=4)
    few, half, most = predictor.predict(
        examples_of([("dogs dogs", "dogs x"), ("dogs x", "dogs y"), ("dogs x", "y z")])
    )
    assert [p["unknown_share"] for p in (few, half, most)] == [0.25, 0.5, 0.75]
    assert few["warnings"] == half["warnings"] == []
    (warning,) = most["warnings"]
    assert warning.startswith("more than half of the words do not occur in training")
