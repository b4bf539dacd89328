"""TreeLSTM: a gated composition with a memory cell, SPINN's Reduce."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from spinn.layers.composition import Composition, CompositionSpec, State, xavier_per_gate


class TreeLSTM(Composition):
    """The binary TreeLSTM of Tai et al. 2015 (arXiv:1503.00075), eqs. 9-14 with N = 2.

    With a Tracker it is SPINN's Reduce (Bowman et al. 2016, arXiv:1603.06021, section 3.2): the
    Tracker's h is a further input of the gates. The order of the gates is g, i, f_left, f_right, o.

    With `machine=batched` or `reference` this `forward` trains. The default, `fused`, computes the
    same with a backward pass written by hand: `stack_machine/fused_reduce.py` the gates,
    `fused_cell.step` eqs. 13 and 14. `stack_machine/parser.py` computes it without a gradient.

    Args:
        hidden_size: D, the width of h and of c.
        tracker_size: K, the width of the Tracker's h; None without a Tracker.
    """

    state_parts: ClassVar[int] = 2  # h and c

    def __init__(self, hidden_size: int, *, tracker_size: int | None) -> None:
        super().__init__(hidden_size, tracker_size=tracker_size)
        self.compose = nn.Linear(2 * hidden_size, 5 * hidden_size)
        self.track = (
            None if tracker_size is None else nn.Linear(tracker_size, 5 * hidden_size, bias=False)
        )
        for linear in filter(None, (self.compose, self.track)):
            xavier_per_gate(linear, hidden_size)
        with torch.no_grad():
            self.compose.bias.zero_()
            self.compose.bias[2 * hidden_size : 4 * hidden_size] = 1  # forget gates start open

    def forward(self, left: State, right: State, context: Tensor | None = None) -> State:
        """Compose (h, c) of the children, each (R, D), into (h, c) of their parents."""
        D = self.hidden_size
        (h_left, c_left), (h_right, c_right) = left, right
        gates = self.compose(torch.cat([h_left, h_right], dim=1))  # (R, 5D)
        if self.track is not None:
            gates = gates + self.track(context)
        g = gates[:, :D].tanh()  # Tai et al. call it u, eq. 12
        i, f_left, f_right, o = gates[:, D:].sigmoid().chunk(4, dim=1)  # eqs. 9-11
        c = i * g + f_left * c_left + f_right * c_right  # eq. 13
        h = o * torch.tanh(c)  # eq. 14
        return h, c


TREE_LSTM = CompositionSpec(TreeLSTM)  # the default of every encoder with a stack machine
