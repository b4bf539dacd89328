"""SPINN and TreeLSTM batched as far as torch alone does it, with no backward written by hand.

They share parameters and schedule with `spinn.nn`; the way back is autograd's. What steps together
is stacked row by row: gathering from one tensor of all nodes, the other plain way, costs autograd a
gradient of that tensor's size at every step, and was slower in batches of 32 pairs and of 128.
"""

import torch
from torch import Tensor

from spinn.batch.encoding import Encoding
from spinn.batch.schedule import Groups, Schedule
from spinn.batch.sentences import Sentences
from spinn.encoders.spinn_pi import SPINNPI
from spinn.stack_machine.fused_reduce import totals

Rows = list[Tensor]  # (2D,) each, h and c: words, then zeros for an empty place, then nodes


class AutogradTreeLSTM(SPINNPI):
    """TreeLSTM, all nodes of one height at once."""

    def forward(self, sentences: Sentences) -> Encoding:
        """Encode a batch."""
        schedule = sentences.schedule
        rows = start(self.leaf(self.embedding(sentences.words)))
        sizes = totals(schedule.levels)[1:]  # words have height 0
        places = torch.split(children(schedule.levels, len(sentences.words)).cpu(), sizes)
        for left, right in (place.t().tolist() for place in places):
            rows += compose(self, rows, left, right, None)
        return Encoding(read(rows, schedule, schedule.levels))


class AutogradSPINN(SPINNPI):
    """SPINN, step by step, each over all sentences that still move."""

    def forward(self, sentences: Sentences) -> Encoding:
        """Encode a batch."""
        assert self.tracker is not None
        schedule, steps = sentences.schedule, totals(sentences.schedule.steps)
        rows = start(self.leaf(self.embedding(sentences.words)))
        h = c = rows[0].new_zeros(len(sentences), self.tracker.tracker_size)
        live = schedule.tracking.live
        seen = torch.split(found(schedule, len(sentences.words)).cpu(), list(live))
        reducing = torch.split(schedule.tracking.rows, steps)
        reducing_here = torch.split(schedule.tracking.rows.cpu(), steps)  # no step waits for it
        for count, places, which, here in zip(live, seen, reducing, reducing_here, strict=True):
            buffer, second, top = (stack(rows, place)[0] for place in places.t().tolist())
            h, c = self.tracker(buffer, second, top, (h[:count], c[:count]))
            if len(which):
                _, left, right = places.index_select(0, here).t().tolist()
                rows += compose(self, rows, left, right, h.index_select(0, which))
        return Encoding(read(rows, schedule, schedule.steps))


def start(words: Tensor) -> Rows:
    """The words (N, 2D), and an empty place."""
    return [*words.unbind(), words.new_zeros(words.shape[1])]


def stack(rows: Rows, which: list[int]) -> tuple[Tensor, Tensor]:
    """Rows below one another: h and c, each (R, D)."""
    h, c = torch.stack([rows[index] for index in which]).chunk(2, dim=1)
    return h, c


def compose(
    encoder: SPINNPI, rows: Rows, left: list[int], right: list[int], tracking: Tensor | None
) -> Rows:
    """New nodes of their children."""
    parents = encoder.reduce(stack(rows, left), stack(rows, right), tracking)
    return list(torch.cat(parents, dim=1).unbind())


def read(rows: Rows, schedule: Schedule[Tensor], groups: Groups[Tensor]) -> Tensor:
    """(B, D) h of every sentence's last node."""
    nodes = len(groups.nodes)
    words = len(rows) - nodes - 1
    order = torch.cat([torch.arange(words, device=groups.nodes.device), words + 1 + groups.nodes])
    return stack(rows, order.index_select(0, schedule.roots).tolist())[0]


def children(groups: Groups[Tensor], words: int) -> Tensor:
    """(I, 2) where in the rows each node's left and right child stand."""
    places = groups.places.new_empty(2 * len(groups.nodes) + 1)  # what is no child goes last
    places[groups.word_places] = torch.arange(words, device=places.device)
    places[groups.places] = words + 1 + torch.arange(len(groups.nodes), device=places.device)
    return places[:-1].view(-1, 2)


def found(schedule: Schedule[Tensor], words: int) -> Tensor:
    """(M, 3) where each move finds buffer's front, second and top of the stack in the rows."""
    tracking, steps = schedule.tracking, schedule.steps
    device = tracking.words.device
    places = torch.cat([tracking.words, tracking.words.new_empty(1, 3)])  # roots go last
    places[tracking.tops, 2] = words + 1 + torch.arange(len(tracking.tops), device=device)
    turns = torch.tensor([0, *steps.turns[:-1]], device=device).cumsum(0)  # first of each
    of_turn = turns.repeat_interleave(torch.tensor(tracking.second_sizes, device=device))
    seconds = steps.lefts.index_select(0, of_turn + tracking.second_nodes)
    places[tracking.seconds, 1] = words + 1 + seconds
    return places[:-1]
