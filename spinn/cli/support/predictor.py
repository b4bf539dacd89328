"""Examples to predictions: each sentence is encoded once, in a batch of similar lengths."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from spinn.analysis.trace import children_and_spans, in_order
from spinn.batch.sentences import Sentences
from spinn.cli.support.input_examples import MOST_WORDS, BadLine, InputExample
from spinn.cli.support.output_formats import NODES, UNKNOWN_SHARE
from spinn.cli.support.tree_options import TreeChoice
from spinn.data.text.tree_source import PREDICTED
from spinn.data.text.vocabulary import MANY_UNKNOWN, UNKNOWN, UNKNOWN_WARNING, Vocabulary
from spinn.errors import InputError
from spinn.tasks.text_task import TextTask
from spinn.trees.transitions import Parse, to_brackets

FIXED = ("line", "id", "trees", "words", NODES, UNKNOWN_SHARE, "unknown_words", "warnings", "error")


class Encoded(NamedTuple):
    """A sentence as the encoder read it.

    Attributes:
        vector: (D,) of the sentence.
        parse: its words, and the tree that the encoder followed.
        nodes: what the task predicts at each node; none for a task without classes at nodes.
    """

    vector: Tensor
    parse: Parse
    nodes: list[dict[str, Any]]


class Predictor:
    """Predicts the outputs of a task.

    Args:
        task: the trained model.
        vocabulary: its words.
        trees: which trees its encoder follows.
        batch_size: examples; all their sentences are encoded at once, or fewer if they are long.
        device: of the model.

    Attributes:
        outputs: what the task predicts for a dummy example, as keys and values.
        names: the keys of the sentences in a prediction; a sentence that is named like another
            entry has a key of its own.

    Raises: InputError: for a task that predicts classes at the nodes of several sentences.
    """

    def __init__(
        self,
        task: TextTask,
        vocabulary: Vocabulary,
        trees: TreeChoice,
        *,
        batch_size: int,
        device: torch.device | str = "cpu",
    ) -> None:
        if task.target == "nodes" and len(task.places) > 1:
            raise InputError("predict shows the labels at the nodes of one sentence alone")
        zeros = torch.zeros(len(task.places), task.encoder.size, device=device)
        with torch.no_grad():
            self.outputs = task.predictions(task.values(zeros))[0]
        taken = (*FIXED, *self.outputs)
        self.names = [f"sentence {name}" if name in taken else name for name in task.encoded_names]
        self._task = task
        self._vocabulary = vocabulary
        self._trees = trees
        self._device = device
        self._most = len(task.places) * batch_size

    @torch.no_grad()
    def predict(self, examples: Sequence[InputExample]) -> list[dict[str, Any]]:
        """Return a prediction for each example, in their order."""
        if not examples:
            return []
        # A premise is often in several pairs, and the vector of a sentence is the same in all.
        distinct = dict.fromkeys(parse for example in examples for parse in example.sentences)
        ordered = sorted(distinct, key=lambda parse: len(parse.words))
        encoded = dict(zip(ordered, self._encode(ordered), strict=True))
        vectors = [
            encoded[example.sentences[number]].vector
            for number in range(len(self.names))
            for example in examples
        ]
        predictions = self._task.predictions(self._task.values(torch.stack(vectors)))
        return [
            self._prediction(example, [encoded[parse] for parse in example.sentences], outputs)
            for example, outputs in zip(examples, predictions, strict=True)
        ]

    def _encode(self, sentences: Sequence[Parse]) -> Iterator[Encoded]:
        """Encode the sentences, in their order."""
        for batch in self._batches(sentences):
            packed = Sentences.from_lists(
                [self._vocabulary.encode(parse.words) for parse in batch],
                [parse.transitions for parse in batch],
            ).to(self._device)
            encoding = self._task.encoder(packed)
            transitions = encoding.followed_transitions(packed)
            sizes = [len(parse.transitions) for parse in batch]
            nodes: list[list[dict[str, Any]]] = [[]] * len(batch)
            if self._task.target == "nodes":
                values = self._task.values(in_order(encoding.nodes, transitions))
                nodes = [self._task.predictions(part) for part in values.split_with_sizes(sizes)]
            trees = transitions.split_with_sizes(sizes)
            for vector, parse, tree, at_nodes in zip(
                encoding.sentence, batch, trees, nodes, strict=True
            ):
                yield Encoded(vector, Parse(parse.words, tree.numpy().tobytes()), at_nodes)

    def _batches(self, sentences: Sequence[Parse]) -> Iterator[Sequence[Parse]]:
        """Cut at `_most` sentences or at MOST_WORDS words, as memory grows with both."""
        start = words = 0
        for end, parse in enumerate(sentences):
            if end - start == self._most or words + len(parse.words) > MOST_WORDS:
                yield sentences[start:end]
                start, words = end, 0
            words += len(parse.words)
        yield sentences[start:]

    def _prediction(
        self, example: InputExample, encoded: Sequence[Encoded], outputs: dict[str, Any]
    ) -> dict[str, Any]:
        words = [word for sentence in encoded for word in sentence.parse.words]
        ids = self._vocabulary.encode(words)
        unknown = [word for word, number in zip(words, ids, strict=True) if number == UNKNOWN]
        share = len(unknown) / len(words)
        origins = example.origins
        if self._trees.followed == PREDICTED:
            origins = (PREDICTED,) * len(origins)
        if self._trees.followed is None:
            texts, trees = [" ".join(sentence.parse.words) for sentence in encoded], None
        else:
            texts = [to_brackets(sentence.parse) for sentence in encoded]
            trees = dict(zip(self.names, origins, strict=True))
        warnings = dict.fromkeys(filter(None, map(self._trees.warning, origins)))
        if share > MANY_UNKNOWN:
            warnings[UNKNOWN_WARNING] = None
        return {
            **_place(example),
            **outputs,
            **dict(zip(self.names, texts, strict=True)),
            **_nodes(encoded[0]),
            "trees": trees,
            UNKNOWN_SHARE: round(share, 4),
            "unknown_words": list(dict.fromkeys(unknown)),
            "warnings": list(warnings),
        }


def _nodes(sentence: Encoded) -> dict[str, Any]:
    """Return the entries of a sentence with predictions at its nodes; none for another task."""
    if not sentence.nodes:
        return {}
    made = children_and_spans(sentence.parse.transitions)
    nodes = [
        {"span": list(span), **outputs}
        for (_, span), outputs in zip(made, sentence.nodes, strict=True)
    ]
    return {"words": list(sentence.parse.words), NODES: nodes}


def error_entry(bad: BadLine) -> dict[str, Any]:
    """Return the entry of a bad line, in place of a prediction."""
    return {**_place(bad), "error": bad.error}


def _place(item: InputExample | BadLine) -> dict[str, Any]:
    identity = {} if item.identity is None else {"id": item.identity}
    return {"line": item.line, **identity}
