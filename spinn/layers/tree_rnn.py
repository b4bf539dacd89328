"""TreeRNN: the simplest composition, one layer with tanh."""

import torch
from torch import Tensor, nn

from spinn.layers.composition import Composition, State, xavier_per_gate


class TreeRNN(Composition):
    """h = tanh(W [h_left; h_right] + b), the recursive network of Socher et al. 2011.

    "Parsing Natural Scenes and Natural Language with Recursive Neural Networks", section 4.

    A Tracker's h enters as in SPINN's Reduce: V h_tracker is added before the tanh.

    Args:
        hidden_size: D, the width of h.
        tracker_size: K, the width of the Tracker's h; None without a Tracker.
    """

    def __init__(self, hidden_size: int, *, tracker_size: int | None) -> None:
        super().__init__(hidden_size, tracker_size=tracker_size)
        self.compose = nn.Linear(2 * hidden_size, hidden_size)
        self.track = (
            None if tracker_size is None else nn.Linear(tracker_size, hidden_size, bias=False)
        )
        for linear in filter(None, (self.compose, self.track)):
            xavier_per_gate(linear, hidden_size)
        nn.init.zeros_(self.compose.bias)

    def forward(self, left: State, right: State, context: Tensor | None = None) -> State:
        """Compose h of the children, (R, D), into h of their parents."""
        (h_left,), (h_right,) = left, right
        activation = self.compose(torch.cat([h_left, h_right], dim=1))  # (R, D)
        if self.track is not None:
            activation = activation + self.track(context)
        return (activation.tanh(),)
