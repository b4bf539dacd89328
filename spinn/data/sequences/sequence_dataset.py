"""What training asks of a dataset of sequences."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from spinn.data.sequences.series import Series, SeriesSplits


class Source(ABC):
    """Sequences with their targets. What a subclass's constructor takes are its settings."""

    @property
    @abstractmethod
    def symbols(self) -> tuple[str, ...] | None:
        """What the symbols of an input stand for; None where its steps are numbers."""

    @property
    @abstractmethod
    def inputs(self) -> int:
        """How many numbers a step of the input has; 1 for a symbol."""

    @property
    @abstractmethod
    def labels(self) -> tuple[str, ...] | None:
        """What classes, or symbols to be written, stand for; None where targets are numbers."""

    @property
    @abstractmethod
    def outputs(self) -> int:
        """How many numbers a target has; 1 for a class or a symbol."""

    @abstractmethod
    def load(self) -> SeriesSplits:
        """Make or read every split.

        Raises: InputError: for what cannot be read or made.
        """

    def errors(self, predicted: Any, split: Series) -> dict[str, float]:
        """How far a model is off, where the dataset has a unit of its own; else nothing.

        Args: predicted: (R, O) in the order of the split, as its targets are.
        """
        return {}

    def baselines(self, split: Series) -> dict[str, dict[str, float]]:
        """The same figures of what needs no training, by name, where there is such."""
        return {}
