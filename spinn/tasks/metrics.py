"""How good a model is: of classes accuracy, precision, recall and confusion; of numbers errors."""

from typing import Any

import torch
from torch import Tensor


class ClassificationMetrics:
    """Counts gold label against prediction over batches.

    Args:
        labels: the class names, in the order of the logits.
    """

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.labels = labels
        self._confusion = torch.zeros(len(labels), len(labels), dtype=torch.int64)
        self._loss = torch.zeros((), dtype=torch.float64)

    @torch.no_grad()
    def update(self, outputs: Tensor, batch: Any, loss: Tensor) -> None:
        """Add a batch: logits (R, C), its targets (R,), and its mean loss."""
        logits, targets = outputs, batch.targets
        classes = len(self.labels)
        pairs = targets * classes + logits.argmax(dim=1)  # one number for each (gold, predicted)
        counts = torch.bincount(pairs, minlength=classes * classes).view(classes, classes)
        self._confusion += counts.cpu()
        self._loss += loss.double().cpu() * len(targets)

    @property
    def examples(self) -> int:
        """How many examples were counted."""
        return int(self._confusion.sum())

    @property
    def accuracy(self) -> float:
        """The part of the examples whose prediction is right, 0 to 1."""
        return int(self._confusion.trace()) / max(self.examples, 1)

    @property
    def score(self) -> float:
        """The accuracy."""
        return self.accuracy

    @property
    def told(self) -> str:
        """The accuracy in words."""
        return f"accuracy {100 * self.accuracy:.2f} %"

    @property
    def loss(self) -> float:
        """The mean loss of an example, in nats."""
        return float(self._loss) / max(self.examples, 1)

    def summary(self) -> dict[str, Any]:
        """Return accuracy, loss, examples, figures per class, and the confusion matrix.

        Rows of the matrix are gold labels, columns predictions. Precision of a class that was never
        predicted, and recall of one that never occurred, is null.
        """
        right = self._confusion.diagonal().tolist()
        gold = self._confusion.sum(dim=1).tolist()
        predicted = self._confusion.sum(dim=0).tolist()
        per_class = {
            label: {
                "precision": hit / guesses if guesses else None,
                "recall": hit / count if count else None,
                "examples": count,
            }
            for label, hit, guesses, count in zip(self.labels, right, predicted, gold, strict=True)
        }
        return {
            "accuracy": self.accuracy,
            "loss": self.loss,
            "examples": self.examples,
            "per_class": per_class,
            "confusion": {"labels": list(self.labels), "counts": self._confusion.tolist()},
        }


class PairMetrics(ClassificationMetrics):
    """Counts labels, and the moves of an encoder that parses for itself against the data's."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        super().__init__(labels)
        self._moves = self._oracle_transitions = 0

    @torch.no_grad()
    def update(self, outputs: Any, batch: Any, loss: Tensor) -> None:
        """Add a batch: its logits and encoding, as for classification."""
        super().update(outputs.logits, batch, loss)
        made = outputs.encoding.transitions
        if made is not None and batch.parsed:
            self._moves += len(made)
            self._oracle_transitions += int((made == batch.sentences.transitions).sum())

    def summary(self) -> dict[str, Any]:
        """Return what classification has, and where trees can be compared `transition_accuracy`.

        That is the part of all 2T-1 moves of a sentence that the data's tree has, too, move by
        move, those included that are the only legal ones.
        """
        summary = super().summary()
        if not self._moves:
            return summary
        return {**summary, "transition_accuracy": self._oracle_transitions / self._moves}


class LabellingMetrics(ClassificationMetrics):
    """Counts labels, and sequences all of whose labels are right.

    An example is a target, so that accuracy is that of a step where every step has one.
    """

    def __init__(self, labels: tuple[str, ...]) -> None:
        super().__init__(labels)
        self._sequences = self._exact = 0
        self._by_step = torch.zeros(0, 2, dtype=torch.float64)  # right ones, and all

    @torch.no_grad()
    def update(self, outputs: Tensor, batch: Any, loss: Tensor) -> None:
        """Add a batch, as for classification."""
        super().update(outputs, batch, loss)
        wrong = (outputs.argmax(dim=1) != batch.targets).cpu()
        rows = torch.arange(len(batch.target_lengths)).repeat_interleave(batch.target_lengths)
        mistakes = torch.bincount(rows, weights=wrong.double(), minlength=len(batch.target_lengths))
        self._exact += int((mistakes == 0).sum())
        self._count_steps(~wrong, batch.target_lengths)
        self._sequences += len(mistakes)

    def _count_steps(self, right: Tensor, lengths: Tensor) -> None:
        first = (lengths.cumsum(0) - lengths).repeat_interleave(lengths)
        steps = torch.arange(len(right)) - first
        longest = max(len(self._by_step), int(lengths.max()))
        counts = torch.zeros(longest, 2, dtype=torch.float64)
        counts[: len(self._by_step)] = self._by_step
        rows = torch.stack([right.double(), torch.ones(len(right), dtype=torch.float64)], dim=1)
        self._by_step = counts.index_add(0, steps, rows)

    def summary(self) -> dict[str, Any]:
        """Return what classification has, and of sequences two figures more.

        `exact` is the part of sequences without a mistake, `accuracy_by_step` the accuracy at the
        first step, the second, and so on.
        """
        exact = self._exact / max(self._sequences, 1)
        by_step = (self._by_step[:, 0] / self._by_step[:, 1]).tolist()
        figures = {"exact": exact, **super().summary(), "sequences": self._sequences}
        return {**figures, "accuracy_by_step": by_step}


class RegressionMetrics:
    """Sums of squared and absolute errors over batches; an example is one number."""

    def __init__(self) -> None:
        self._squared = torch.zeros((), dtype=torch.float64)
        self._absolute = torch.zeros((), dtype=torch.float64)
        self.examples = 0

    @torch.no_grad()
    def update(self, outputs: Tensor, batch: Any, loss: Tensor) -> None:
        """Add a batch: outputs and its targets, each (R, O)."""
        errors = (outputs - batch.targets).double().cpu()
        self._squared += errors.square().sum()
        self._absolute += errors.abs().sum()
        self.examples += errors.numel()

    @property
    def loss(self) -> float:
        """The mean squared error."""
        return float(self._squared) / max(self.examples, 1)

    @property
    def score(self) -> float:
        """The smaller the error, the better."""
        return -self.loss

    @property
    def told(self) -> str:
        """The mean squared error in words."""
        return f"mean squared error {self.loss:.4g}"

    def summary(self) -> dict[str, Any]:
        """Return mean absolute and mean squared error."""
        mae = float(self._absolute) / max(self.examples, 1)
        return {"mae": mae, "rmse": self.loss**0.5, "loss": self.loss, "examples": self.examples}
