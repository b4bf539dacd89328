"""Sequences of numbers or symbols: a label or numbers for every step, or for the whole."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from spinn.batch.sentences import Sentences
from spinn.data.sequences.series import Series
from spinn.data.text.corpus import Integers
from spinn.data.text.vocabulary import Vocabulary
from spinn.encoders.encoder import Encoder
from spinn.encoders.encoder_with_head import EncoderWithHead, need_tokens
from spinn.errors import InputError
from spinn.tasks.metrics import LabellingMetrics, RegressionMetrics
from spinn.tasks.task import Task
from spinn.text import plural

Per = Literal["step", "sequence"]


@dataclass(frozen=True)
class SeriesBatch:
    """A batch of B sequences, one after the other, none padded.

    Attributes:
        sentences: their inputs, as words are where they are symbols, as vectors where numbers.
        targets: (R,) classes or (R, O) numbers.
        target_lengths: (B,) how many of the R belong to each; on the CPU.
    """

    sentences: Sentences
    targets: Tensor
    target_lengths: Tensor

    def to(self, device: torch.device) -> "SeriesBatch":
        """Return the batch on another device."""
        return replace(self, sentences=self.sentences.to(device), targets=self.targets.to(device))


@dataclass(frozen=True)
class PreparedSeries:
    """The sequences of a split, ready to be put in batches.

    Attributes:
        series: inputs and targets.
        ids: (symbols,) the vocabulary's id of each input symbol; none where inputs are numbers.
    """

    series: Series
    ids: Integers

    @property
    def lengths(self) -> Integers:
        """(examples,) steps of each input: what length buckets sort by."""
        return self.series.lengths

    def collate(self, rows: Integers) -> SeriesBatch:
        """Pack sequences into a batch."""
        chosen = self.series[rows]
        symbols = chosen.inputs.ndim == 1
        rows = self.ids[chosen.inputs] if symbols else chosen.inputs
        sentences = Sentences.from_sequences(rows, chosen.lengths)
        return SeriesBatch(
            sentences, torch.from_numpy(chosen.targets), torch.from_numpy(chosen.target_lengths)
        )


class SequenceTask(EncoderWithHead, Task):
    """A linear head over the vector of every step, or over that of the whole sequence.

    Args:
        encoder: turns sequences into vectors; for targets at every step one that has a vector for
            every step.
        width: of what the head gives.
        per: `step` where every step has a target, `sequence` where the whole has one.
        dropout: probability with which an entry of the head's input becomes zero in training.
    """

    split = Series

    def __init__(self, encoder: Encoder, width: int, *, per: Per, dropout: float) -> None:
        if per == "step":
            need_tokens(encoder)
        super().__init__(encoder, width, dropout=dropout)
        self.per = per

    def forward(self, batch: SeriesBatch) -> Tensor:
        """Return (R, width): what the head makes of every step (R = N) or sequence (R = B).

        Raises: InputError: if the encoder has no vector for a step.
        """
        if self.per == "step":
            return self.step_outputs(batch.sentences)
        return self.sequence_outputs(batch.sentences)

    def prepare(self, split: Series, vocabulary: Vocabulary) -> PreparedSeries:
        """Return a split with its symbols as the vocabulary numbers them.

        Raises: InputError: if it is not of this task's kind.
        """
        expected = split.lengths if self.per == "step" else np.ones_like(split.lengths)
        wrong = np.flatnonzero(split.target_lengths != expected)
        if len(wrong):
            bad = int(wrong[0])
            steps = plural(int(split.lengths[bad]), "step")
            targets = plural(int(split.target_lengths[bad]), "target")
            raise InputError(
                f"task.per is {self.per}, but example {bad} has {steps} and {targets}; expected "
                f"{expected[bad]}, one a {self.per}: leave out task=… and task.per=… to get the "
                "data's own"
            )
        self._check(split.targets)
        ids = np.array(vocabulary.encode(vocabulary.words), dtype=np.int64)
        return PreparedSeries(split, ids)

    @abstractmethod
    def _check(self, targets: np.ndarray) -> None:
        """Raise InputError unless these can be targets."""


class SequenceLabelling(SequenceTask):
    """A class for every step, or for the whole sequence.

    Args:
        encoder, per, dropout: as in `SequenceTask`.
        labels: the class names.
    """

    def __init__(
        self, encoder: Encoder, *, labels: tuple[str, ...], per: Per, dropout: float
    ) -> None:
        super().__init__(encoder, len(labels), per=per, dropout=dropout)
        self.labels = labels

    def loss(self, outputs: Tensor, batch: SeriesBatch) -> Tensor:
        """Return the mean cross-entropy of a target, in nats."""
        return F.cross_entropy(outputs, batch.targets)

    def metrics(self) -> LabellingMetrics:
        """Return an empty count of gold label against prediction."""
        return LabellingMetrics(self.labels)

    def _check(self, targets: np.ndarray) -> None:
        if targets.ndim != 1 or (len(targets) and targets.max() >= len(self.labels)):
            raise InputError(f"task: targets are no classes from 0 to {len(self.labels) - 1}")


class SequenceRegression(SequenceTask):
    """Numbers for every step, or for the whole sequence.

    Args:
        encoder, per, dropout: as in `SequenceTask`.
        outputs: how many numbers a target has.
    """

    def __init__(self, encoder: Encoder, *, outputs: int, per: Per, dropout: float) -> None:
        super().__init__(encoder, outputs, per=per, dropout=dropout)

    def loss(self, outputs: Tensor, batch: SeriesBatch) -> Tensor:
        """Return the mean squared error."""
        return F.mse_loss(outputs, batch.targets)

    def metrics(self) -> RegressionMetrics:
        """Return empty sums of errors."""
        return RegressionMetrics()

    def _check(self, targets: np.ndarray) -> None:
        if targets.ndim != 2 or targets.shape[1] != self.head.out_features:
            raise InputError(f"task: targets are no rows of {self.head.out_features} numbers")
