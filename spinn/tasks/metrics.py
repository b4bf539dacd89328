"""Metrics: accuracy, precision, recall and confusion of classes; errors of numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

BINS = 15  # of the confidence


class ClassificationMetrics:
    """Counts of gold against predicted labels over batches, and the calibration.

    Args:
        labels: the class names, in the order of the logits.
    """

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.labels = labels
        self._confusion = torch.zeros(len(labels), len(labels), dtype=torch.int64)
        self._loss = torch.zeros((), dtype=torch.float64)
        self._gaps = torch.zeros(BINS, dtype=torch.float64)  # sums of confidence - correct

    @torch.no_grad()
    def update(self, logits: Any, targets: Any, loss: Tensor) -> None:
        """Add a batch: logits (R, C), targets (R,), and their mean loss."""
        classes = len(self.labels)
        confidence, predicted = logits.softmax(dim=1).max(dim=1)
        bins = (confidence * BINS).ceil().long().clamp(1, BINS) - 1  # 1/15 and 2/15: bins 0 and 1
        gaps = confidence.double() - (predicted == targets).double()
        self._gaps.index_add_(0, bins.cpu(), gaps.cpu())
        pairs = targets * classes + predicted  # one number for each (gold, predicted)
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
    def calibration_error(self) -> float:
        """The expected calibration error (Guo et al. 2017, equation 3), 0 to 1.

        Examples are binned by the probability of their predicted class. The error is the mean over
        the examples of |mean probability - accuracy| of their bin.
        """
        return float(self._gaps.abs().sum()) / max(self.examples, 1)

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
        """Return accuracy, macro F1, loss, calibration, results per class, the confusion matrix.

        Rows of the matrix are gold labels, columns predictions. The precision of a class that was
        never predicted, and the recall of one that never occurred, are null. Macro F1 is the mean
        F1 of the classes that occur or were predicted.
        """
        correct = self._confusion.diagonal().tolist()
        gold = self._confusion.sum(dim=1).tolist()
        predicted = self._confusion.sum(dim=0).tolist()
        per_class = {
            label: {
                "precision": hits / guesses if guesses else None,
                "recall": hits / count if count else None,
                "f1": 2 * hits / (guesses + count) if guesses + count else None,
                "examples": count,
            }
            for label, hits, guesses, count in zip(
                self.labels, correct, predicted, gold, strict=True
            )
        }
        each = [found["f1"] for found in per_class.values() if found["f1"] is not None]
        return {
            "accuracy": self.accuracy,
            "macro_f1": sum(each) / max(len(each), 1),
            "loss": self.loss,
            "ece": self.calibration_error,
            "examples": self.examples,
            "per_class": per_class,
            "confusion": {"labels": list(self.labels), "counts": self._confusion.tolist()},
        }


class TransitionCounts:
    """Counts of predicted transitions that equal those of the data."""

    def __init__(self) -> None:
        self._all = self._correct = 0

    def update(self, outputs: Any, batch: Any) -> None:
        """Add a batch; without effect if its trees are not predicted, or it has no gold ones."""
        predicted = outputs.encoding.transitions
        if predicted is not None and batch.parsed:
            self._all += len(predicted)
            self._correct += int((predicted == batch.sentences.transitions).sum())

    def summary(self) -> dict[str, float]:
        """Return `transition_accuracy`, if trees were predicted and the data has trees.

        It is the proportion of the 2T-1 transitions of all sentences that equal the data's
        transition at the same step, steps with only one legal transition included.
        """
        return {"transition_accuracy": self._correct / self._all} if self._all else {}


class TextMetrics(ClassificationMetrics):
    """Counts of labels, and of predicted transitions against those of the data."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        super().__init__(labels)
        self._transitions = TransitionCounts()

    @torch.no_grad()
    def update(self, outputs: Any, batch: Any, loss: Tensor) -> None:
        """Add a batch: its values are logits (P, C)."""
        super().update(outputs.values, batch.targets, loss)
        self._transitions.update(outputs, batch)

    def summary(self) -> dict[str, Any]:
        """Return the summary of classification, and that of `TransitionCounts`."""
        return {**super().summary(), **self._transitions.summary()}


class NodeMetrics:
    """Counts of labels at the roots of the trees, and at all nodes; nodes without one are left out.

    Args:
        labels: the class names, in the order of the logits.
        root_nodes: from (B,) lengths to (B,) rows of the roots among the nodes.
    """

    def __init__(self, labels: tuple[str, ...], root_nodes: Callable[[Tensor], Tensor]) -> None:
        self._roots, self._nodes = ClassificationMetrics(labels), ClassificationMetrics(labels)
        self._root_nodes = root_nodes

    @torch.no_grad()
    def update(self, outputs: Any, batch: Any, loss: Tensor) -> None:
        """Add a batch: its values are logits (M, C), its targets (M,), negative without a class."""
        rows = self._root_nodes(batch.sentences.lengths).to(batch.targets.device)
        for counts, logits, targets in (
            (self._nodes, outputs.values, batch.targets),
            (self._roots, outputs.values[rows], batch.targets[rows]),
        ):
            labelled = targets >= 0
            counts.update(logits[labelled], targets[labelled], loss)

    @property
    def score(self) -> float:
        """The accuracy at the roots."""
        return self._roots.accuracy

    @property
    def score_text(self) -> str:
        """Both accuracies, for the log."""
        return (
            f"root accuracy {100 * self._roots.accuracy:.2f} %, "
            f"all nodes {100 * self._nodes.accuracy:.2f} %"
        )

    @property
    def loss(self) -> float:
        """The mean loss of a node, in nats."""
        return self._nodes.loss

    def summary(self) -> dict[str, Any]:
        """Return the summary of the roots, and the accuracy and number of all nodes."""
        nodes = {"node_accuracy": self._nodes.accuracy, "nodes": self._nodes.examples}
        return {**self._roots.summary(), **nodes, "loss": self.loss}


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
        super().update(outputs.values, batch.targets, loss)
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


class ScoreMetrics:
    """Agreement of predicted numbers with targets: correlations and squared error.

    Args: predict: from the output of the head to (P,) predicted numbers.
    """

    def __init__(self, predict: Callable[[Tensor], Tensor]) -> None:
        self._predict = predict
        self._scores: list[Tensor] = []
        self._targets: list[Tensor] = []
        self._loss = torch.zeros((), dtype=torch.float64)
        self._transitions = TransitionCounts()

    @torch.no_grad()
    def update(self, outputs: Any, batch: Any, loss: Tensor) -> None:
        """Add a batch: the outputs' values, and its targets (P,)."""
        self._scores.append(self._predict(outputs.values).double().cpu())
        self._targets.append(batch.targets.double().cpu())
        self._loss += loss.double().cpu() * len(batch.targets)
        self._transitions.update(outputs, batch)

    @property
    def examples(self) -> int:
        """The number of examples."""
        return sum(map(len, self._targets))

    @property
    def pearson(self) -> float | None:
        """Pearson's correlation of predictions and targets; None if one of them is constant."""
        return _correlation(torch.cat(self._scores), torch.cat(self._targets))

    @property
    def spearman(self) -> float | None:
        """Spearman's correlation, that of the ranks; equal numbers share their mean rank."""
        return _correlation(_ranks(torch.cat(self._scores)), _ranks(torch.cat(self._targets)))

    @property
    def score(self) -> float:
        """Pearson's correlation; -1 where it is not defined."""
        return -1.0 if self.pearson is None else self.pearson

    @property
    def score_text(self) -> str:
        """Pearson's correlation, for the log."""
        return "Pearson undefined" if self.pearson is None else f"Pearson {self.pearson:.4f}"

    @property
    def loss(self) -> float:
        """The mean loss of an example."""
        return float(self._loss) / max(self.examples, 1)

    def summary(self) -> dict[str, Any]:
        """Return both correlations, mean squared error, loss, and the summary of transitions."""
        errors = torch.cat(self._scores) - torch.cat(self._targets)
        return {
            "pearson": self.pearson,
            "spearman": self.spearman,
            "mse": float(errors.square().mean()),
            "loss": self.loss,
            "examples": self.examples,
            **self._transitions.summary(),
        }


def _correlation(x: Tensor, y: Tensor) -> float | None:
    x, y = x - x.mean(), y - y.mean()
    scale = float(x.norm() * y.norm())
    return float(x @ y) / scale if scale else None


def _ranks(values: Tensor) -> Tensor:
    """Ranks from 0: [0.3, 0.1, 0.3] gives [1.5, 0, 1.5]."""
    _, places, counts = np.unique(values.numpy(), return_inverse=True, return_counts=True)
    means = np.cumsum(counts) - 1 - (counts - 1) / 2.0
    return torch.from_numpy(means[places])
