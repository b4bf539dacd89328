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
from spinn.layers.heads import MLP, pair_features
from spinn.tasks.metrics import PairMetrics
from spinn.tasks.task import Task


@dataclass(frozen=True)
class PairBatch:
    """A batch of P pairs: 2P sentences, all premises and then all hypotheses, and P targets.

    Attributes:
        targets: (P,) the class of each pair.
        parsed: whether the sentences' transitions are trees that the data has.
    """

    sentences: Sentences
    targets: Tensor
    parsed: bool = True

    def to(self, device: torch.device) -> "PairBatch":
        """Return the batch on another device."""
        return replace(self, sentences=self.sentences.to(device), targets=self.targets.to(device))


class PairOutputs(NamedTuple):
    """The logits (P, C), and what the encoder made of the sentences."""

    logits: Tensor
    encoding: Encoding


@dataclass(frozen=True)
class Pairs:
    """The pairs of a split as numbers, ready to be put in batches.

    Attributes:
        corpus: words, trees and lengths.
        ids: (words,) the id of each of the corpus's words.
        targets: (examples,) the class of each pair.
        sides: the sentences that go into a batch: 0 for the premise, 1 for the hypothesis.
    """

    corpus: Corpus
    ids: Integers
    targets: Integers
    sides: tuple[int, ...]

    @property
    def lengths(self) -> Integers:
        """(examples,) words of each pair: what length buckets sort by."""
        words: Integers = self.corpus.lengths.sum(axis=1, dtype=np.int64)
        return words

    def collate(self, rows: Integers) -> PairBatch:
        """Pack pairs into a batch: premises first, so that one call encodes both sides."""
        packed = self.corpus.gather(np.concatenate([2 * rows + side for side in self.sides]))
        sentences = Sentences.from_arrays(
            self.ids[packed.tokens], packed.lengths, packed.transitions
        )
        return PairBatch(sentences, torch.from_numpy(self.targets[rows]), self.corpus.parsed)


class PairClassification(Task):
    """Classify a pair by an MLP over `[u; v; |u-v|; u*v]` (Bowman et al. 2016, eq. 6-8).

    Args:
        encoder: turns both sentences into vectors, in one call.
        labels: the class names; an example's target is one of them.
        hidden_size: units of each hidden layer of the MLP.
        layers: hidden layers of the MLP.
        dropout: probability of dropping a unit before each layer of the MLP.
        batch_norm: normalise the input of each hidden layer over the batch.
        sentences: `both`, or `hypothesis` for the control that never sees the premise: what it gets
            right, the data gives away.
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
        """Encode the sentences, both sides in one call, and classify the pairs."""
        encoding = self.encoder(batch.sentences)
        return PairOutputs(self.classify(encoding.sentence), encoding)

    def classify(self, sentence: Tensor) -> Tensor:
        """Return the logits (P, C) of P premises and then P hypotheses, (2P, D).

        For one side, sentence is (P, D).
        """
        if self.sentences == "hypothesis":
            logits: Tensor = self.mlp(sentence)
        else:
            u, v = sentence.chunk(2)  # premises, hypotheses: each (P, D)
            logits = self.mlp(pair_features(u, v))
        return logits

    def loss(self, outputs: PairOutputs, batch: PairBatch) -> Tensor:
        """Return the mean cross-entropy of a batch, in nats.

        In training it includes the encoder's auxiliary loss. The reward of a sentence is the
        log-probability of its pair's class.
        """
        loss = F.cross_entropy(outputs.logits, batch.targets)
        if not self.training:
            return loss
        rollouts = outputs.encoding.rollouts
        rewards = (
            None if rollouts is None else torch.stack([self._judge(t, batch) for t in rollouts])
        )
        auxiliary = self.encoder.auxiliary_loss(outputs.encoding, batch.sentences, rewards)
        return loss if auxiliary is None else loss + auxiliary

    @torch.no_grad()
    def _judge(self, sentence: Tensor, batch: PairBatch) -> Tensor:
        """(B,) the reward of each sentence, by a classifier that drops nothing out.

        So equal sentences have equal rewards, and nothing is learned from chance in the judge.
        """
        self.mlp.eval()
        losses = F.cross_entropy(self.classify(sentence), batch.targets, reduction="none")  # (P,)
        self.mlp.train()
        return -losses.repeat(1 if self.sentences == "hypothesis" else 2)

    def metrics(self) -> PairMetrics:
        """Return an empty count of gold label against prediction, and of moves."""
        return PairMetrics(self.labels)

    def prepare(self, split: Corpus, vocabulary: Vocabulary) -> Pairs:
        """Return a split as numbers.

        Raises: ValueError: if it does not consist of pairs, or a target is none of the labels.
        """
        if split.lengths.shape[1] != 2:
            raise ValueError(f"{split.lengths.shape[1]} sentences in an example, expected 2")
        ids = np.array(vocabulary.encode(split.words), dtype=np.int64)
        classes = np.array([self.labels.index(name) for name in split.target_names])
        sides = (1,) if self.sentences == "hypothesis" else (0, 1)
        return Pairs(split, ids, classes[split.targets], sides)
