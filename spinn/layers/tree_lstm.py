"""Reduce: two children become their parent."""

import torch
from torch import Tensor, nn


class Reduce(nn.Module):
    """A binary TreeLSTM that may see a Tracker's state.

    Tai et al. 2015 (arXiv:1503.00075), eqs. 9-14 with two children; the Tracker's part is Bowman
    et al. 2016 (arXiv:1603.06021), eq. 5. Gates lie in the order g, i, f_left, f_right, o.

    Args:
        hidden_size: D, the width of h and of c.
        tracker_size: K, the width of the Tracker's h; None for a TreeLSTM without Tracker.
    """

    def __init__(self, hidden_size: int, *, tracker_size: int | None) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.tracker_size = tracker_size
        self.compose = nn.Linear(2 * hidden_size, 5 * hidden_size)
        self.track = (
            None if tracker_size is None else nn.Linear(tracker_size, 5 * hidden_size, bias=False)
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Xavier weights for every gate on its own, and forget gates that start by keeping."""
        D = self.hidden_size
        for linear in (self.compose, self.track) if self.track is not None else (self.compose,):
            for gate in torch.split(linear.weight, D):
                nn.init.xavier_uniform_(gate)
        with torch.no_grad():
            self.compose.bias.zero_()
            self.compose.bias[2 * D : 4 * D] = 1

    def forward(
        self,
        left: tuple[Tensor, Tensor],
        right: tuple[Tensor, Tensor],
        tracking: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Compose children into parents.

        Args:
            left: h and c of the left children, each (R, D).
            right: h and c of the right children, each (R, D).
            tracking: (R, K) the Tracker's h, where there is a Tracker.

        Returns: h and c of the parents, each (R, D).
        """
        (h_left, c_left), (h_right, c_right) = left, right
        gates = self.compose(torch.cat([h_left, h_right], dim=1))  # (R, 5D)
        if self.track is not None:
            gates = gates + self.track(tracking)
        g = gates[:, : self.hidden_size].tanh()  # Tai et al. call it u
        i, f_left, f_right, o = gates[:, self.hidden_size :].sigmoid().chunk(4, dim=1)
        c = i * g + f_left * c_left + f_right * c_right  # Tai et al. 2015, eq. 13
        h = o * torch.tanh(c)  # eq. 14
        return h, c
