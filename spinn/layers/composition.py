"""The contract of every composition: how two children become their parent."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

# A state of R nodes: `state_parts` tensors (R, D). The first is h, the vector that others read.
State = tuple[Tensor, ...]


class Composition(nn.Module, ABC):
    """Composes children into parents; `reference` and `batched` run any composition.

    Attributes:
        state_parts: number of tensors in a node's state: 1 for (h,), 2 for (h, c).
        hidden_size: D, the width of each part.
        tracker_size: K, the width of the Tracker's h that is the context; None without a Tracker.
    """

    state_parts: ClassVar[int] = 1

    def __init__(self, hidden_size: int, *, tracker_size: int | None) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.tracker_size = tracker_size

    @abstractmethod
    def forward(self, left: State, right: State, context: Tensor | None = None) -> State:
        """Compose R pairs of children.

        Args:
            left: states of the left children, each part (R, D).
            right: states of the right children, each part (R, D).
            context: (R, K) the Tracker's h, where there is a Tracker.

        Returns: states of the parents, each part (R, D).
        """


@dataclass(frozen=True)
class CompositionSpec:
    """A composition that an encoder builds once it knows the sizes.

    Attributes:
        kind: the class.
        settings: its arguments, apart from hidden_size and tracker_size.
    """

    kind: type[Composition]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def build(self, hidden_size: int, tracker_size: int | None) -> Composition:
        """Build the module."""
        return self.kind(hidden_size, tracker_size=tracker_size, **self.settings)


def xavier_per_gate(linear: nn.Linear, size: int) -> None:
    """Initialise the weight of every gate, `size` rows each, as a separate matrix."""
    for gate in torch.split(linear.weight, size):
        nn.init.xavier_uniform_(gate)
