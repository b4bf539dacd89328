"""The stack machine in its plainest form: one Python list per stack and per buffer.

This is the specification. It reads the moves themselves, plans nothing ahead, and leaves the
gradients to autograd; the fast machines must agree with it.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from spinn.batch.sentences import Sentences
from spinn.layers.tracker import Tracker
from spinn.layers.tree_lstm import Reduce
from spinn.trees.transitions import REDUCE, SHIFT

Entry = tuple[Tensor, Tensor]  # h and c, each (D,)


@dataclass
class Row:
    """One sentence on its way through the machine.

    `tracking` is the Tracker's h and c, `tracked` its h before each move.
    """

    moves: list[int]
    buffer: list[Entry]
    tracking: Entry
    stack: list[Entry] = field(default_factory=list)
    composed: list[Tensor] = field(default_factory=list)
    tracked: list[Tensor] = field(default_factory=list)


def encode(
    h: Tensor, c: Tensor, sentences: Sentences, reduce: Reduce, tracker: Tracker | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run the stack machine over a batch.

    Args:
        h: (N, D) hidden state of every word.
        c: (N, D) cell state of every word.

    Returns: h of every sentence (B, D), of every node (M, D): words, then REDUCEs; and of the
        Tracker before every move (M, K), where there is one.
    """
    rows = start(h, c, sentences, h.new_zeros(tracker.tracker_size if tracker else 0))
    for step in range(max(len(row.moves) for row in rows)):
        live = [row for row in rows if step < len(row.moves)]
        if tracker is not None:
            track(live, tracker)
        for row in live:
            if row.moves[step] == SHIFT:
                row.stack.append(row.buffer.pop(0))
        reducing = [row for row in live if row.moves[step] == REDUCE]
        if reducing:
            compose(reducing, reduce)
    sentence = torch.stack([row.stack[-1][0] for row in rows])
    nodes = torch.stack([*h, *(node for row in rows for node in row.composed)])
    tracking = None if tracker is None else torch.stack([h for row in rows for h in row.tracked])
    return sentence, nodes, tracking


def start(h: Tensor, c: Tensor, sentences: Sentences, zeros: Tensor) -> list[Row]:
    """All words in the buffer, nothing on the stack, the Tracker at zero."""
    lengths = sentences.lengths
    words = list(zip(h, c, strict=True))
    rows = []
    for end, T, moves in zip(
        lengths.cumsum(0).tolist(),
        lengths.tolist(),
        torch.split(sentences.transitions, (2 * lengths - 1).tolist()),
        strict=True,
    ):
        rows.append(Row(moves.tolist(), buffer=words[end - T : end], tracking=(zeros, zeros)))
    return rows


def track(rows: list[Row], tracker: Tracker) -> None:
    """Step the Tracker of every row; an empty place is a vector of zeros."""
    zeros = rows[0].tracking[0].new_zeros(tracker.hidden_size)
    empty = (zeros, zeros)
    buffer, _ = columns([row.buffer[0] if row.buffer else empty for row in rows])
    second, _ = columns([row.stack[-2] if len(row.stack) > 1 else empty for row in rows])
    top, _ = columns([row.stack[-1] if row.stack else empty for row in rows])
    h, c = tracker(buffer, second, top, columns([row.tracking for row in rows]))
    for row, tracking in zip(rows, zip(h, c, strict=True), strict=True):
        row.tracking = tracking
        row.tracked.append(tracking[0])


def compose(rows: list[Row], reduce: Reduce) -> None:
    """Pop two entries of every row and push their composition."""
    right = [row.stack.pop() for row in rows]
    left = [row.stack.pop() for row in rows]
    tracking, _ = columns([row.tracking for row in rows])
    h, c = reduce(columns(left), columns(right), tracking)
    for row, h_row, c_row in zip(rows, h, c, strict=True):
        row.stack.append((h_row, c_row))
        row.composed.append(h_row)


def columns(entries: list[Entry]) -> tuple[Tensor, Tensor]:
    """Entries below one another: h and c, each (R, D)."""
    return torch.stack([h for h, _ in entries]), torch.stack([c for _, c in entries])
