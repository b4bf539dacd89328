"""Questions -> answers by a model: each sentence is encoded once, beside others of its length."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from spinn.batch.sentences import Sentences
from spinn.cli.support.input_examples import MOST_WORDS, BadLine, Question
from spinn.data.text.tree_source import PREDICTED
from spinn.data.text.vocabulary import UNKNOWN, Vocabulary
from spinn.tasks.pair_classification import PairClassification
from spinn.trees.transitions import Parse, to_brackets

SIDES = ("premise", "hypothesis")


class Answerer:
    """Judges pairs of sentences.

    Args:
        task: the trained model.
        vocabulary: its words.
        batch_size: pairs; twice as many sentences are encoded at once, or fewer if they are long.

    Attributes: labels: in the order of each answer's probabilities.
    """

    def __init__(
        self, task: PairClassification, vocabulary: Vocabulary, *, batch_size: int
    ) -> None:
        self.labels = task.labels
        self._task = task
        self._vocabulary = vocabulary
        self._most = 2 * batch_size

    @torch.no_grad()
    def answer(self, asked: Sequence[Question]) -> list[dict[str, Any]]:
        """Return an answer to each question, in their order."""
        if not asked:
            return []
        # A premise often stands in several pairs, and a sentence's vector is the same in all.
        distinct = dict.fromkeys(parse for question in asked for parse in question.sentences)
        ordered = sorted(distinct, key=lambda parse: len(parse.words))
        place = {parse: number for number, parse in enumerate(ordered)}
        vectors, followed = self._encode(ordered)
        rows = [
            place[question.sentences[side]]
            for side in ((1,) if self._task.sentences == "hypothesis" else (0, 1))
            for question in asked
        ]
        logits = self._task.classify(vectors[torch.tensor(rows)])  # (P, C)
        return [
            self._answer(question, [followed[place[parse]] for parse in question.sentences], row)
            for question, row in zip(asked, logits.softmax(dim=1).tolist(), strict=True)
        ]

    def _encode(self, sentences: Sequence[Parse]) -> tuple[Tensor, list[Parse | None]]:
        """Return (B, D) vectors, and the trees of an encoder that finds its own."""
        vectors: list[Tensor] = []
        followed: list[Parse | None] = []
        for batch in self._batches(sentences):
            encoding = self._task.encoder(
                Sentences.from_lists(
                    [self._vocabulary.encode(parse.words) for parse in batch],
                    [parse.transitions for parse in batch],
                )
            )
            vectors.append(encoding.sentence)
            if encoding.transitions is None:
                followed += [None] * len(batch)
            else:
                moves = encoding.transitions.split([len(parse.transitions) for parse in batch])
                followed += [
                    Parse(parse.words, own.numpy().tobytes())
                    for parse, own in zip(batch, moves, strict=True)
                ]
        return torch.cat(vectors), followed

    def _batches(self, sentences: Sequence[Parse]) -> Iterator[Sequence[Parse]]:
        """Cut at so many sentences, or at MOST_WORDS words: memory grows with them."""
        start = words = 0
        for end, parse in enumerate(sentences):
            if end - start == self._most or words + len(parse.words) > MOST_WORDS:
                yield sentences[start:end]
                start, words = end, 0
            words += len(parse.words)
        yield sentences[start:]

    def _answer(
        self, question: Question, followed: Sequence[Parse | None], probabilities: Sequence[float]
    ) -> dict[str, Any]:
        by_label = dict(zip(self.labels, probabilities, strict=True))
        words = [word for parse in question.sentences for word in parse.words]
        ids = self._vocabulary.encode(words)
        shown = [own or given for own, given in zip(followed, question.sentences, strict=True)]
        sources = [
            PREDICTED if own else given
            for own, given in zip(followed, question.sources, strict=True)
        ]
        return {
            **_place(question),
            "label": max(by_label, key=lambda label: by_label[label]),
            "probabilities": {label: round(p, 6) for label, p in by_label.items()},
            **dict(zip(SIDES, map(to_brackets, shown), strict=True)),
            "trees": dict(zip(SIDES, sources, strict=True)),
            "unknown_words": list(
                dict.fromkeys(w for w, number in zip(words, ids, strict=True) if number == UNKNOWN)
            ),
        }


def refusal(bad: BadLine) -> dict[str, Any]:
    """Return what stands in place of an answer to a bad line."""
    return {**_place(bad), "error": bad.error}


def _place(item: Question | BadLine) -> dict[str, Any]:
    known = {} if item.identity is None else {"id": item.identity}
    return {"line": item.line, **known}
