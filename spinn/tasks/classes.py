"""The classes of a task: their loss, their weights, and their merging in evaluation."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spinn.data.text.corpus import NO_CLASS, Integers
from spinn.errors import InputError

ClassWeights = Literal["equal", "balanced"]


class Classes(nn.Module):
    """From logits of a model's C classes to a loss and to predictions.

    Args:
        labels: the class names, in the order of the logits.
        class_weights: of the examples of each class in the training loss: `equal`, or `balanced`
            for weights in inverse proportion to the class's frequency in train, with mean 1.
        label_smoothing: probability that the target of the training loss spreads over all classes
            (Szegedy et al. 2016, arXiv:1512.00567, section 7).

    Raises: ValueError: if `label_smoothing` is out of its range.
    """

    def __init__(
        self, labels: tuple[str, ...], *, class_weights: ClassWeights, label_smoothing: float
    ) -> None:
        if not 0.0 <= label_smoothing < 1.0:
            raise ValueError(f"label_smoothing is {label_smoothing}; expected 0 to below 1")
        super().__init__()
        self.labels = labels
        self.balanced = class_weights == "balanced"
        self.label_smoothing = label_smoothing
        self.weights: Tensor  # (C,)
        self.register_buffer("weights", torch.ones(len(labels)), persistent=False)
        self.temperature = 1.0  # of the logits in evaluation, see `spinn.training.calibration`
        self._new: list[list[int]] | None = None  # the model's classes that each new one sums

    def count(self, targets: Integers) -> None:
        """Set the weights from the classes (R,) of train."""
        if self.balanced:
            counts = np.bincount(targets, minlength=len(self.labels))
            weights = len(targets) / (np.count_nonzero(counts) * np.maximum(counts, 1))
            self.weights = torch.from_numpy(weights).float()

    def merge(self, labels: tuple[str, ...], merged: Mapping[str, str | None]) -> None:
        """Predict other classes from now on, each the sum of some of the model's classes.

        Args:
            labels: the new classes.
            merged: the new class of a class, where it is another; HANS has `{neutral:
                non-entailment, contradiction: non-entailment}`. The probability of a class that
                is mapped to None is left out, and the others are scaled to add up to 1.

        Raises: InputError: if a class has no new one, or a new class none that it sums.
        """
        new = [merged.get(label, label) for label in self.labels]
        for label, name in zip(self.labels, new, strict=True):
            if name is not None and name not in labels:
                raise InputError(
                    f"data.labels: the model's class {label!r} is none of the data's, "
                    f"{', '.join(labels)}; name it with data.labels.map={{{label}: …}}"
                )
        for name in labels:
            if name not in new:
                raise InputError(
                    f"data.labels: {name!r} is none of the model's classes, "
                    f"{', '.join(self.labels)}; name those that it sums with data.labels.map=…"
                )
        self._new = [[c for c, name in enumerate(new) if name == label] for label in labels]
        self.labels = labels

    def forward(self, logits: Tensor) -> Tensor:
        """(R, C) logits of the model's classes to those of the merged classes, if there are any.

        In evaluation they are divided by the temperature.
        """
        if not self.training and self.temperature != 1.0:
            logits = logits / self.temperature
        if self._new is None:
            return logits
        # The probability of a merged class is the sum of its classes' probabilities.
        return torch.stack([logits[:, summed].logsumexp(dim=1) for summed in self._new], dim=1)

    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Return the mean cross-entropy of the R targets that have a class, in nats; 0 without any.

        In training it is the mean of weight times weight of the class times cross-entropy, with
        label smoothing; in evaluation the cross-entropy itself, so that the losses of runs compare.

        Args:
            logits: (R, C).
            targets: (R,), NO_CLASS without one.
            weights: (R,).
        """
        smoothing = self.label_smoothing if self.training else 0.0
        losses = F.cross_entropy(
            logits, targets, ignore_index=NO_CLASS, reduction="none", label_smoothing=smoothing
        )  # (R,), zero without a class
        if self.training:
            losses = losses * weights * self.weights[targets.clamp(min=0)]
        return losses.sum() / (targets != NO_CLASS).sum().clamp(min=1)

    def predictions(self, logits: Tensor) -> list[dict[str, Any]]:
        """Return the likeliest label and all probabilities for each row of logits."""
        found = []
        for row in logits.softmax(dim=1).tolist():
            by_label = dict(zip(self.labels, row, strict=True))
            label = max(by_label, key=lambda name: by_label[name])
            rounded = {name: round(p, 6) for name, p in by_label.items()}
            found.append({"label": label, "probabilities": rounded})
        return found
