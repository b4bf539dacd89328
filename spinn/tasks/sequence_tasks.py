"""Sequences of numbers or symbols to a label or numbers, for every step or for the sequence."""

import random
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.data.sequences.series import Series
from spinn.data.text.corpus import Integers
from spinn.data.text.tree_source import RANDOM, SHAPES
from spinn.data.text.vocabulary import UNKNOWN, Vocabulary
from spinn.encoders.encoder import Encoder, need_tokens, tokens_of
from spinn.errors import InputError
from spinn.tasks.metrics import LabellingMetrics, RegressionMetrics
from spinn.tasks.task import Task
from spinn.text import plural
from spinn.trees.oracle import Transitions
from spinn.trees.transitions import random_tree

Per = Literal["step", "sequence"]
Reduction = Literal["mean", "none"]


@dataclass(frozen=True)
class SeriesBatch:
    """A batch of B sequences, one after the other, without padding.

    Attributes:
        sentences: the inputs: symbols as words, numbers as vectors.
        targets: (R,) classes or (R, O) numbers.
        target_lengths: (B,) how many of the R targets each sequence has; on the CPU.
    """

    sentences: Sentences
    targets: Tensor
    target_lengths: Tensor

    def to(self, device: torch.device) -> "SeriesBatch":
        """Return the batch on another device."""
        return replace(self, sentences=self.sentences.to(device), targets=self.targets.to(device))


@dataclass(frozen=True)
class PreparedSeries:
    """The sequences of a split as arrays of numbers.

    Attributes:
        series: inputs and targets.
        ids: (symbols + 1,) the vocabulary's id of each input symbol, and of an unknown one.
        trees: the shape of every sequence's tree; None for encoders that follow no given trees.
    """

    series: Series
    ids: Integers
    trees: str | None = None

    @classmethod
    def of(cls, series: Series, vocabulary: Vocabulary, trees: str | None) -> "PreparedSeries":
        """Take the ids from a vocabulary, whose words are the dataset's symbols in order."""
        ids = [*vocabulary.encode(vocabulary.words), UNKNOWN]
        return cls(series, np.array(ids, dtype=np.int64), trees)

    @property
    def lengths(self) -> Integers:
        """(examples,) steps of each input; length buckets sort by it."""
        return self.series.lengths

    def collate(self, rows: Integers) -> SeriesBatch:
        """Make a batch of these sequences."""
        chosen = self.series[rows]
        symbols = chosen.inputs.ndim == 1
        rows = self.ids[chosen.inputs] if symbols else chosen.inputs
        sentences = Sentences.from_sequences(rows, chosen.lengths, self._transitions(chosen))
        return SeriesBatch(
            sentences, torch.from_numpy(chosen.targets), torch.from_numpy(chosen.target_lengths)
        )

    def _transitions(self, chosen: Series) -> Transitions | None:
        """Return the transitions of each sequence's tree, one sequence after the other."""
        if self.trees is None:
            return None
        steps = np.split(chosen.inputs, np.cumsum(chosen.lengths)[:-1])
        if self.trees == RANDOM:  # the same sequence always has the same tree
            seeds = (random.Random(zlib.crc32(rows.tobytes())) for rows in steps)
            parses = [random_tree(len(rows), rng) for rows, rng in zip(steps, seeds, strict=True)]
        else:
            parses = [SHAPES[self.trees](len(rows)) for rows in steps]
        return np.frombuffer(b"".join(parses), dtype=np.uint8).copy()


class SequenceOutputs(NamedTuple):
    """The output of the head for a batch.

    Attributes:
        values: (R, width) logits or numbers, one row a step (R = N) or a sequence (R = B).
    """

    values: Tensor
    encoding: Encoding


def mean_of_each(values: Tensor, lengths: Tensor) -> Tensor:
    """(R,) values of the targets of B sequences to (B,) means, in float64.

    Values [1, 0, 1] of lengths [1, 2] give [1, 0.5].
    """
    rows = torch.arange(len(lengths)).repeat_interleave(lengths)
    sums = torch.bincount(rows, weights=values.double().cpu(), minlength=len(lengths))
    return sums / lengths


class Decoding(ABC):
    """A task over sequences, whose outputs are sequences of their own."""

    @abstractmethod
    def placeholder(self, steps: int) -> NDArray[Any]:
        """Return targets for an input of some steps whose targets are unknown."""

    @abstractmethod
    def decode(self, outputs: Any, batch: SeriesBatch) -> list[Tensor]:
        """Return the output for each sequence of a batch, on the CPU.

        (T,) classes or symbols, or (T, O) numbers, as in `Series.targets`.
        """


class SequenceTask(Task, Decoding):
    """A linear head over the vector of every step, or over that of the sequence.

    Args:
        encoder: turns sequences into vectors; with `per=step` it needs a vector for every step.
        width: of the head's output.
        per: `step` where every step has a target, `sequence` where the sequence has one.
        dropout: probability with which an entry of the head's input becomes zero in training.
        trees: the shape of the trees that the encoder follows, if any.
    """

    split = Series

    def __init__(
        self, encoder: Encoder, width: int, *, per: Per, dropout: float, trees: str | None
    ) -> None:
        if per == "step":
            need_tokens(encoder)
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.size, width)
        self.per = per
        self.trees = trees

    def forward(self, batch: SeriesBatch) -> SequenceOutputs:
        """Encode the sequences, and apply the head to every step or sequence.

        Raises: InputError: if the encoder has no vector for a step.
        """
        encoding = self.encoder(batch.sentences)
        per_step = self.per == "step"
        vectors = tokens_of(encoding, self.encoder) if per_step else encoding.sentence
        return SequenceOutputs(self.head(self.dropout(vectors)), encoding)

    def task_loss(self, outputs: SequenceOutputs, batch: SeriesBatch) -> Tensor:
        """Return the mean loss of a target."""
        return self.target_loss(outputs.values, batch.targets, "mean")

    def placeholder(self, steps: int) -> NDArray[Any]:
        """Return zeros: one target a step, or one a sequence."""
        return self.zeros(steps if self.per == "step" else 1)

    @abstractmethod
    def zeros(self, count: int) -> NDArray[Any]:
        """Return targets of the value zero."""

    def decode(self, outputs: SequenceOutputs, batch: SeriesBatch) -> list[Tensor]:
        """Return the output for each sequence; see `Decoding`."""
        decoded = self.decode_rows(outputs.values).cpu()
        return list(torch.split(decoded, batch.target_lengths.tolist()))

    @abstractmethod
    def decode_rows(self, values: Tensor) -> Tensor:
        """Return the outputs (R,) or (R, O) of the head's values, (R, width)."""

    @abstractmethod
    def target_loss(self, values: Tensor, targets: Tensor, reduction: Reduction) -> Tensor:
        """Return the mean loss (), or with `none` that of each target, (R,) or (R, O)."""

    @torch.no_grad()
    def sentence_rewards(self, sentence: Tensor, batch: SeriesBatch) -> Tensor:
        """Return (B,) the loss of each sequence with its sign reversed, without dropout.

        Raises: InputError: with `per=step`, whose loss takes the vectors of steps.
        """
        if self.per == "step":
            return super().sentence_rewards(sentence, batch)
        losses = self.target_loss(self.head(sentence), batch.targets, "none")  # (B,) or (B, O)
        return -losses.view(len(sentence), -1).mean(dim=1)

    def prepare(self, split: Series, vocabulary: Vocabulary) -> PreparedSeries:
        """Return a split as arrays of numbers, its symbols as ids of the vocabulary.

        Raises: InputError: if it has other targets than this task expects.
        """
        expected = split.lengths if self.per == "step" else np.ones_like(split.lengths)
        wrong = np.flatnonzero(split.target_lengths != expected)
        if len(wrong):
            bad = int(wrong[0])
            steps = plural(int(split.lengths[bad]), "step")
            targets = plural(int(split.target_lengths[bad]), "target")
            raise InputError(
                f"task.per is {self.per}, but example {bad} has {steps} and {targets}; expected "
                f"{expected[bad]}, one a {self.per}: leave out task=… and task.per=… to use "
                "those of the data"
            )
        self.check_targets(split.targets)
        return PreparedSeries.of(split, vocabulary, self.trees)

    @abstractmethod
    def check_targets(self, targets: np.ndarray) -> None:
        """Raise InputError unless these are targets of this task."""


class SequenceLabelling(SequenceTask):
    """A class for every step, or for the sequence.

    Args:
        encoder, per, dropout, trees: as in `SequenceTask`.
        labels: the class names.
    """

    target = "class"

    def __init__(
        self,
        encoder: Encoder,
        *,
        labels: tuple[str, ...],
        per: Per,
        dropout: float,
        trees: str | None = None,
    ) -> None:
        super().__init__(encoder, len(labels), per=per, dropout=dropout, trees=trees)
        self.labels = labels

    def zeros(self, count: int) -> NDArray[Any]:
        """Return the first class, (count,)."""
        return np.zeros(count, dtype=np.int64)

    def decode_rows(self, values: Tensor) -> Tensor:
        """Return the likeliest classes, (R,)."""
        return values.argmax(dim=1)

    def target_loss(self, values: Tensor, targets: Tensor, reduction: Reduction) -> Tensor:
        """Return the cross-entropy of targets, in nats."""
        return F.cross_entropy(values, targets, reduction=reduction)

    def example_results(self, outputs: SequenceOutputs, batch: SeriesBatch) -> dict[str, Tensor]:
        """Return whether all labels of a sequence are correct."""
        correct = outputs.values.argmax(dim=1) == batch.targets
        return {"exact": mean_of_each(correct, batch.target_lengths) == 1.0}

    def metrics(self) -> LabellingMetrics:
        """Return empty counts of gold against predicted labels."""
        return LabellingMetrics(self.labels)

    def check_targets(self, targets: np.ndarray) -> None:
        """Raise InputError unless these are targets of this task."""
        if targets.ndim != 1 or (len(targets) and targets.max() >= len(self.labels)):
            raise InputError(f"task: targets are not classes from 0 to {len(self.labels) - 1}")


class SequenceRegression(SequenceTask):
    """Numbers for every step, or for the sequence.

    Args:
        encoder, per, dropout, trees: as in `SequenceTask`.
        outputs: how many numbers a target has.
    """

    target = "score"

    def __init__(
        self,
        encoder: Encoder,
        *,
        outputs: int,
        per: Per,
        dropout: float,
        trees: str | None = None,
    ) -> None:
        super().__init__(encoder, outputs, per=per, dropout=dropout, trees=trees)

    def zeros(self, count: int) -> NDArray[Any]:
        """Return the number 0, (count, O)."""
        return np.zeros((count, self.head.out_features), dtype=np.float32)

    def decode_rows(self, values: Tensor) -> Tensor:
        """Return the numbers, (R, O)."""
        return values

    def target_loss(self, values: Tensor, targets: Tensor, reduction: Reduction) -> Tensor:
        """Return the squared error of targets."""
        return F.mse_loss(values, targets, reduction=reduction)

    def example_results(self, outputs: SequenceOutputs, batch: SeriesBatch) -> dict[str, Tensor]:
        """Return the mean squared error of each sequence's numbers."""
        errors = (outputs.values - batch.targets).square().mean(dim=1)  # (R,)
        return {"squared_error": mean_of_each(errors, batch.target_lengths)}

    def metrics(self) -> RegressionMetrics:
        """Return empty sums of errors."""
        return RegressionMetrics()

    def check_targets(self, targets: np.ndarray) -> None:
        """Raise InputError unless these are targets of this task."""
        if targets.ndim != 2 or targets.shape[1] != self.head.out_features:
            raise InputError(f"task: targets are not rows of {self.head.out_features} numbers")
