"""Sentence-pair classification: does the premise entail the hypothesis?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spinn.batch import Encoding, Sentences
from spinn.data.example import Example
from spinn.data.vocabulary import Vocabulary
from spinn.nn.heads import MLP, pair_features
from spinn.tasks.metrics import ClassificationMetrics


class Encoder(Protocol):
    """What the task asks of an encoder: sentences in, vectors (B, size) out."""

    size: int

    def __call__(self, sentences: Sentences) -> Encoding:
        """Encode a batch of sentences."""


class PairItem(NamedTuple):
    """One example as numbers, ready to be put in a batch."""

    words: tuple[Sequence[int], ...]  # ids of the premise and of the hypothesis
    transitions: tuple[bytes, ...]
    target: int

    @property
    def length(self) -> int:
        """How many words the pair has: what length buckets sort by."""
        return sum(map(len, self.words))


@dataclass(frozen=True)
class PairBatch:
    """A batch of P pairs: 2P sentences, all premises and then all hypotheses, and P targets."""

    sentences: Sentences
    targets: Tensor  # (P,)

    def to(self, device: torch.device) -> "PairBatch":
        """Return the batch on another device."""
        return replace(self, sentences=self.sentences.to(device), targets=self.targets.to(device))


class PairClassification(nn.Module):
    """Classify a pair by an MLP over `[u; v; |u-v|; u*v]` (Bowman et al. 2016, eq. 6-8).

    Args:
        encoder: turns both sentences into vectors, in one call.
        labels: the class names; an example's target is one of them.
        hidden_size: units of each hidden layer of the MLP.
        layers: hidden layers of the MLP.
        dropout: probability of dropping a unit before each layer of the MLP.
        batch_norm: normalise the input of each hidden layer over the batch.
        sides: `both`, or `hypothesis` for the control that never sees the premise: what it gets
            right, the data gives away.
    """

    def __init__(
        self,
        encoder: nn.Module,
        *,
        labels: tuple[str, ...],
        hidden_size: int,
        layers: int,
        dropout: float,
        batch_norm: bool,
        sides: Literal["both", "hypothesis"],
    ) -> None:
        super().__init__()
        self.labels = labels
        self.sides = sides
        self.encoder = encoder
        size = int(encoder.size)  # type: ignore[arg-type]
        self.mlp = MLP(
            4 * size if sides == "both" else size,
            hidden_size=hidden_size,
            layers=layers,
            dropout=dropout,
            output_size=len(labels),
            batch_norm=batch_norm,
        )

    def forward(self, batch: PairBatch) -> Tensor:
        """Return the logits, (P, C)."""
        sentence = self.encoder(batch.sentences).sentence  # (2P, D), or (P, D) for one side
        if self.sides == "hypothesis":
            logits: Tensor = self.mlp(sentence)
        else:
            u, v = sentence.chunk(2)  # premises, hypotheses: each (P, D)
            logits = self.mlp(pair_features(u, v))
        return logits

    def loss(self, logits: Tensor, batch: PairBatch) -> Tensor:
        """Return the mean cross-entropy of a batch, in nats."""
        return F.cross_entropy(logits, batch.targets)

    def metrics(self) -> ClassificationMetrics:
        """Return an empty count of gold label against prediction."""
        return ClassificationMetrics(self.labels)

    def numericalise(self, example: Example, vocabulary: Vocabulary) -> PairItem:
        """Return an example as numbers."""
        words = tuple(vocabulary.encode(parse.words) for parse in example.sentences)
        transitions = tuple(parse.transitions for parse in example.sentences)
        return PairItem(words, transitions, self.labels.index(example.target))

    def collate(self, items: Sequence[PairItem]) -> PairBatch:
        """Pack items into a batch: premises first, so that one call encodes both sides."""
        sides = (1,) if self.sides == "hypothesis" else (0, 1)
        sentences = Sentences.pack(
            [item.words[side] for side in sides for item in items],
            [item.transitions[side] for side in sides for item in items],
        )
        return PairBatch(sentences, torch.tensor([item.target for item in items]))
