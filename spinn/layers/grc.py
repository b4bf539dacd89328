"""GRC: the gated recursive cell."""

import torch
from torch import Tensor, nn

from spinn.layers.composition import Composition, State, xavier_per_gate


class GRC(Composition):
    """The gated recursive cell of Shen et al. 2019, "Ordered Memory" (arXiv:1910.13466).

    The two equations of its section on the cell, with LN for layer norm (Ba et al. 2016):

        [f_left; f_right; i; g] = W2 ReLU(W1 [left; right] + b1) + b2
        h = LN(sigmoid(f_left) * left + sigmoid(f_right) * right + sigmoid(i) * g)

    The paper calls the gates vg, hg and cg, and the candidate g the cell. It has no Tracker; here
    the Tracker's h enters as in SPINN's Reduce: V h_tracker is added before the ReLU.

    Args:
        hidden_size: D, the width of h.
        tracker_size: K, the width of the Tracker's h; None without a Tracker.
        cell_size: width of the ReLU layer as a multiple of D; 4 in the authors' code.
    """

    def __init__(self, hidden_size: int, *, tracker_size: int | None, cell_size: int) -> None:
        if cell_size < 1:
            raise ValueError(f"cell_size: {cell_size}; expected 1 or more")
        super().__init__(hidden_size, tracker_size=tracker_size)
        width = cell_size * hidden_size
        self.hidden = nn.Linear(2 * hidden_size, width)
        self.track = None if tracker_size is None else nn.Linear(tracker_size, width, bias=False)
        self.gates = nn.Linear(width, 4 * hidden_size)
        self.norm = nn.LayerNorm(hidden_size)
        for linear in filter(None, (self.hidden, self.track)):
            nn.init.xavier_uniform_(linear.weight)
        xavier_per_gate(self.gates, hidden_size)
        nn.init.zeros_(self.hidden.bias)
        nn.init.zeros_(self.gates.bias)

    def forward(self, left: State, right: State, context: Tensor | None = None) -> State:
        """Compose h of the children, (R, D), into h of their parents."""
        D = self.hidden_size
        (h_left,), (h_right,) = left, right
        hidden = self.hidden(torch.cat([h_left, h_right], dim=1))  # (R, cell_size * D)
        if self.track is not None:
            hidden = hidden + self.track(context)
        gates = self.gates(hidden.relu())  # (R, 4D)
        f_left, f_right, i = gates[:, : 3 * D].sigmoid().chunk(3, dim=1)
        g = gates[:, 3 * D :]
        return (self.norm(f_left * h_left + f_right * h_right + i * g),)
