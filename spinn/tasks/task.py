"""What a task is to training: a head over an encoder, its loss, its metrics, its batches."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol, Self

import torch
from torch import Tensor, nn

from spinn.batch.sentences import Sentences
from spinn.data.text.corpus import Integers
from spinn.data.text.vocabulary import Vocabulary
from spinn.encoders.encoder import Encoder


class Batch(Protocol):
    """What a task's forward takes."""

    @property
    def sentences(self) -> Sentences:
        """What the encoder takes."""

    @property
    def targets(self) -> Tensor:
        """What the loss and the metrics compare with."""

    def to(self, device: torch.device) -> Self:
        """Return the batch on another device."""


class Prepared(Protocol):
    """A split as numbers."""

    @property
    def lengths(self) -> Integers:
        """(examples,) steps in each; they say which examples are batched together."""

    def collate(self, rows: Integers) -> Batch:
        """Pack the examples of these rows into a batch."""


class Metrics(Protocol):
    """Counts of how good a model is."""

    @property
    def score(self) -> float:
        """What the best weights have most of."""

    @property
    def told(self) -> str:
        """The score in words: `accuracy 85.86 %`."""

    @property
    def loss(self) -> float:
        """The mean loss."""

    def update(self, outputs: Any, batch: Any, loss: Tensor) -> None:
        """Add a batch: what forward gave, what it was given, and the mean loss."""

    def summary(self) -> dict[str, Any]:
        """Return all figures, ready for JSON; those of one number make the table."""


class Task(nn.Module, ABC):
    """A head over an encoder.

    A task's constructor takes `encoder`, and of what a dataset offers (`labels`, `outputs`) what it
    asks for by name; the rest of its arguments are settings.
    """

    split: ClassVar[type]  # what `prepare` takes
    encoder: Encoder

    @abstractmethod
    def prepare(self, split: Any, vocabulary: Vocabulary) -> Prepared:
        """Return a split as numbers.

        Raises: InputError: if it is not of the task's kind.
        """

    @abstractmethod
    def loss(self, outputs: Any, batch: Any) -> Tensor:
        """Return the mean loss of a batch."""

    @abstractmethod
    def metrics(self) -> Metrics:
        """Return empty counts."""
