"""How good a classifier is: accuracy, precision and recall per class, the confusion matrix."""

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
    def update(self, logits: Tensor, targets: Tensor, loss: Tensor) -> None:
        """Add a batch: logits (B, C), targets (B,), and its mean loss."""
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
