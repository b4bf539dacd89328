"""Sentence-pair classification: does the premise entail the hypothesis?"""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.data.text.corpus import Corpus, Integers
from spinn.data.text.vocabulary import Vocabulary
from spinn.encoders.encoder import Encoder
from spinn.errors import InputError
from spinn.layers.heads import MLP, pair_features
from spinn.tasks.metrics import PairMetrics
from spinn.tasks.task import Task
from spinn.text import plural


@dataclass(frozen=True)
class PairBatch:
    """A batch of P pairs.

    Attributes:
        sentences: B = 2P sentences, all premises and then all hypotheses; or P hypotheses.
        targets: (P,) the class of each pair.
        parsed: whether the sentences' transitions are trees of the data.
    """

    sentences: Sentences
    targets: Tensor
    parsed: bool = True

    def to(self, device: torch.device) -> "PairBatch":
        """Return the batch on another device."""
        return replace(self, sentences=self.sentences.to(device), targets=self.targets.to(device))


class PairOutputs(NamedTuple):
    """The logits (P, C), and the encoding of the sentences."""

    logits: Tensor
    encoding: Encoding


@dataclass(frozen=True)
class Pairs:
    """The pairs of a split as arrays of numbers.

    Attributes:
        corpus: words, trees and lengths.
        ids: (words,) the vocabulary's id of each word of the corpus.
        targets: (examples,) the class of each pair.
        places: the sentences of a pair that are encoded: 0 is the premise, 1 the hypothesis.
    """

    corpus: Corpus
    ids: Integers
    targets: Integers
    places: tuple[int, ...]

    @property
    def lengths(self) -> Integers:
        """(examples,) words of each pair; length buckets sort by it."""
        words: Integers = self.corpus.lengths.sum(axis=1, dtype=np.int64)
        return words

    def collate(self, rows: Integers) -> PairBatch:
        """Make a batch of these pairs: premises first, so that one call encodes all sentences.

        The corpus holds the sentences of pair i as its sentences 2i and 2i+1, so that rows [3, 1]
        are the sentences [6, 2, 7, 3].
        """
        packed = self.corpus.gather(np.concatenate([2 * rows + place for place in self.places]))
        sentences = Sentences.from_arrays(
            self.ids[packed.tokens], packed.lengths, packed.transitions
        )
        return PairBatch(sentences, torch.from_numpy(self.targets[rows]), self.corpus.parsed)


class PairClassification(Task):
    """Classify a pair by an MLP over `[u; v; |u-v|; u*v]` (see `pair_features`).

    Args:
        encoder: turns both sentences into vectors, in one call.
        labels: the class names; an example's target is one of them.
        hidden_size: units of each hidden layer of the MLP.
        layers: hidden layers of the MLP.
        dropout: probability of dropping a unit before each layer of the MLP.
        batch_norm: normalise the input of each hidden layer over the batch.
        sentences: `both`; or `hypothesis` for the control without the premise, whose accuracy
            above chance measures how much the hypotheses alone reveal about the labels (Gururangan
            et al. 2018).
    """

    split = Corpus

    def __init__(
        self,
        encoder: Encoder,
        *,
        labels: tuple[str, ...],
        hidden_size: int,
        layers: int,
        dropout: float,
        batch_norm: bool,
        sentences: Literal["both", "hypothesis"],
    ) -> None:
        super().__init__()
        self.labels = labels
        self.sentences = sentences
        self.encoder = encoder
        size = encoder.size
        self.mlp = MLP(
            4 * size if sentences == "both" else size,
            hidden_size=hidden_size,
            layers=layers,
            dropout=dropout,
            output_size=len(labels),
            batch_norm=batch_norm,
        )

    def forward(self, batch: PairBatch) -> PairOutputs:
        """Encode premises and hypotheses in one call, and classify the pairs."""
        encoding = self.encoder(batch.sentences)
        return PairOutputs(self.classify(encoding.sentence), encoding)

    def classify(self, sentence: Tensor) -> Tensor:
        """Return the logits (P, C) of P pairs.

        Args: sentence: (2P, D) all premises and then all hypotheses; or (P, D) the hypotheses.
        """
        if self.sentences == "hypothesis":
            logits: Tensor = self.mlp(sentence)
        else:
            u, v = sentence.chunk(2)  # premises, hypotheses: each (P, D)
            logits = self.mlp(pair_features(u, v))
        return logits

    def task_loss(self, outputs: PairOutputs, batch: PairBatch) -> Tensor:
        """Return the mean cross-entropy of a pair, in nats."""
        return F.cross_entropy(outputs.logits, batch.targets)

    @torch.no_grad()
    def sentence_rewards(self, sentence: Tensor, batch: PairBatch) -> Tensor:
        """Return (B,) the log-probability of the gold class of each sentence's pair.

        The classifier runs without dropout, so that equal sentences have equal rewards.
        """
        self.mlp.eval()
        losses = F.cross_entropy(self.classify(sentence), batch.targets, reduction="none")  # (P,)
        self.mlp.train()
        return -losses.repeat(1 if self.sentences == "hypothesis" else 2)

    def metrics(self) -> PairMetrics:
        """Return empty counts of gold against predicted labels, and of transitions."""
        return PairMetrics(self.labels)

    def prepare(self, split: Corpus, vocabulary: Vocabulary) -> Pairs:
        """Return a split as arrays of numbers.

        Raises: InputError: if an example is not a pair, or has an unknown label.
        """
        if split.lengths.shape[1] != 2:
            raise InputError(
                f"task: {plural(split.lengths.shape[1], 'sentence')} in an example; "
                "PairClassification expects 2"
            )
        for name in split.target_names:
            if name not in self.labels:
                raise InputError(f"task: label {name!r}; expected one of {', '.join(self.labels)}")
        ids = np.array(vocabulary.encode(split.words), dtype=np.int64)
        classes = np.array([self.labels.index(name) for name in split.target_names])
        places = (1,) if self.sentences == "hypothesis" else (0, 1)
        return Pairs(split, ids, classes[split.targets], places)
