"""Tracker: an LSTM over the states of the stack machine."""

import torch
from torch import Tensor, nn

from spinn.layers.composition import xavier_per_gate


class Tracker(nn.Module):
    """Steps once before each transition, from the buffer's front and the stack's two top entries.

    Bowman et al. 2016 (arXiv:1603.06021), section 3.3. The order of the gates is g, i, f, o.

    `stack_machine/fused_tracker.py` computes the same over a batch, with a backward pass written by
    hand; its cell is `fused_cell.step`. `stack_machine/parser.py` computes it without a gradient.

    Args:
        hidden_size: D, the width of an entry's h.
        tracker_size: K, the width of the Tracker's h and c.
    """

    def __init__(self, hidden_size: int, *, tracker_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.tracker_size = tracker_size
        self.read_buffer = nn.Linear(hidden_size, 4 * tracker_size)
        self.read_stack = nn.Linear(2 * hidden_size, 4 * tracker_size, bias=False)
        self.recur = nn.Linear(tracker_size, 4 * tracker_size, bias=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Xavier weights for each gate; the bias of the forget gate starts at 1."""
        K = self.tracker_size
        for linear in (self.read_buffer, self.read_stack, self.recur):
            xavier_per_gate(linear, K)
        with torch.no_grad():
            self.read_buffer.bias.zero_()
            self.read_buffer.bias[2 * K : 3 * K] = 1

    def forward(
        self, buffer: Tensor, second: Tensor, top: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Take one step.

        Args:
            buffer: (L, D) h of the word at the front of the buffer; zeros where there is none.
            second: (L, D) h of the entry below the top of the stack; zeros where there is none.
            top: (L, D) h of the top of the stack; zeros where there is none.
            state: the Tracker's h and c, each (L, K).

        Returns: the Tracker's next h and c, each (L, K).
        """
        h, c = state
        stack = torch.cat([second, top], dim=1)  # (L, 2D)
        gates = self.read_buffer(buffer) + self.read_stack(stack) + self.recur(h)  # (L, 4K)
        g = gates[:, : self.tracker_size].tanh()
        i, f, o = gates[:, self.tracker_size :].sigmoid().chunk(3, dim=1)
        c = f * c + i * g
        return o * torch.tanh(c), c
