"""Metrics: accuracy, precision, recall and confusion of classes; errors of numbers."""

from typing import Any

import torch
from torch import Tensor


class ClassificationMetrics:
    """Counts of gold against predicted labels over batches.

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
        """The number of examples counted."""
        return int(self._confusion.sum())

    @property
    def accuracy(self) -> float:
        """The proportion of examples with a correct prediction, 0 to 1."""
        return int(self._confusion.trace()) / max(self.examples, 1)

    @property
    def score(self) -> float:
        """The accuracy."""
        return self.accuracy

    @property
    def score_text(self) -> str:
        """The accuracy, for the log."""
        return f"accuracy {100 * self.accuracy:.2f} %"

    @property
    def loss(self) -> float:
        """The mean loss of an example, in nats."""
        return float(self._loss) / max(self.examples, 1)

    def summary(self) -> dict[str, Any]:
        """Return accuracy, loss, examples, precision and recall per class, the confusion matrix.

        Rows of the matrix are gold labels, columns predictions. The precision of a class that was
        never predicted, and the recall of one that never occurred, are null.
        """
        correct = self._confusion.diagonal().tolist()
        gold = self._confusion.sum(dim=1).tolist()
        predicted = self._confusion.sum(dim=0).tolist()
        per_class = {
            label: {
                "precision": hits / guesses if guesses else None,
                "recall": hits / count if count else None,
                "examples": count,
            }
            for label, hits, guesses, count in zip(
                self.labels, correct, predicted, gold, strict=True
            )
        }
        return {
            "accuracy": self.accuracy,
            "loss": self.loss,
            "examples": self.examples,
            "per_class": per_class,
            "confusion": {"labels": list(self.labels), "counts": self._confusion.tolist()},
        }


class PairMetrics(ClassificationMetrics):
    """Counts of labels, and of predicted transitions against those of the data."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        super().__init__(labels)
        self._transitions = self._correct_transitions = 0

    @torch.no_grad()
    def update(self, outputs: Any, batch: Any, loss: Tensor) -> None:
        """Add a batch: its logits and encoding, as for classification."""
        super().update(outputs.logits, batch, loss)
        predicted = outputs.encoding.transitions
        if predicted is not None and batch.parsed:
            self._transitions += len(predicted)
            self._correct_transitions += int((predicted == batch.sentences.transitions).sum())

    def summary(self) -> dict[str, Any]:
        """Return the summary of classification, and `transition_accuracy` of predicted trees.

        It is the proportion of the 2T-1 transitions of all sentences that equal the data's
        transition at the same step, steps with only one legal transition included.
        """
        summary = super().summary()
        if not self._transitions:
            return summary
        return {**summary, "transition_accuracy": self._correct_transitions / self._transitions}


class LabellingMetrics(ClassificationMetrics):
    """Counts of labels, and of sequences with all labels correct.

    An example is a target: where every step has one, `accuracy` is the accuracy of a step.
    """

    def __init__(self, labels: tuple[str, ...]) -> None:
        super().__init__(labels)
        self._sequences = self._exact = 0
        self._by_step = torch.zeros(0, 2, dtype=torch.float64)  # correct, all

    @torch.no_grad()
    def update(self, outputs: Any, batch: Any, loss: Tensor) -> None:
        """Add a batch: its values are logits (R, C)."""
        super().update(outputs.values, batch, loss)
        wrong = (outputs.values.argmax(dim=1) != batch.targets).cpu()
        rows = torch.arange(len(batch.target_lengths)).repeat_interleave(batch.target_lengths)
        mistakes = torch.bincount(rows, weights=wrong.double(), minlength=len(batch.target_lengths))
        self._exact += int((mistakes == 0).sum())
        self._count_steps(~wrong, batch.target_lengths)
        self._sequences += len(mistakes)

    def _count_steps(self, correct: Tensor, lengths: Tensor) -> None:
        """Add to the counts of each step; of lengths [1, 3], the steps are [0, 0, 1, 2]."""
        first = (lengths.cumsum(0) - lengths).repeat_interleave(lengths)
        steps = torch.arange(len(correct)) - first
        longest = max(len(self._by_step), int(lengths.max()))
        counts = torch.zeros(longest, 2, dtype=torch.float64)
        counts[: len(self._by_step)] = self._by_step
        rows = torch.stack([correct.double(), torch.ones(len(correct), dtype=torch.float64)], dim=1)
        self._by_step = counts.index_add(0, steps, rows)

    def summary(self) -> dict[str, Any]:
        """Return the summary of classification, `exact` and `accuracy_by_step`.

        `exact` is the proportion of sequences with all labels correct; `accuracy_by_step` lists the
        accuracy at the first step, the second, and so on.
        """
        exact = self._exact / max(self._sequences, 1)
        by_step = (self._by_step[:, 0] / self._by_step[:, 1]).tolist()
        summary = {"exact": exact, **super().summary(), "sequences": self._sequences}
        return {**summary, "accuracy_by_step": by_step}


class RegressionMetrics:
    """Sums of squared and absolute errors over batches; each number is an example."""

    def __init__(self) -> None:
        self._squared = torch.zeros((), dtype=torch.float64)
        self._absolute = torch.zeros((), dtype=torch.float64)
        self.examples = 0

    @torch.no_grad()
    def update(self, outputs: Any, batch: Any, loss: Tensor) -> None:
        """Add a batch: the outputs' values and its targets, each (R, O)."""
        errors = (outputs.values - batch.targets).double().cpu()
        self._squared += errors.square().sum()
        self._absolute += errors.abs().sum()
        self.examples += errors.numel()

    @property
    def loss(self) -> float:
        """The mean squared error."""
        return float(self._squared) / max(self.examples, 1)

    @property
    def score(self) -> float:
        """The mean squared error with its sign reversed."""
        return -self.loss

    @property
    def score_text(self) -> str:
        """The mean squared error, for the log."""
        return f"mean squared error {self.loss:.4g}"

    def summary(self) -> dict[str, Any]:
        """Return mean absolute and mean squared error."""
        mae = float(self._absolute) / max(self.examples, 1)
        return {"mae": mae, "rmse": self.loss**0.5, "loss": self.loss, "examples": self.examples}
