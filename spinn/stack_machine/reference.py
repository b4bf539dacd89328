"""The stack machine in its plainest form: one Python list per stack and per buffer.

This is the specification: section 3.1 of Bowman et al. 2016 (arXiv:1603.06021), with the Tracker of
section 3.3. It follows the transitions one by one, plans nothing and leaves the gradients to
autograd. `batched` and `fused` must agree with it in every output and every gradient.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from spinn.batch.encoding import Encoding
from spinn.batch.schedule import Leaves
from spinn.batch.sentences import Sentences
from spinn.layers.composition import Composition, State
from spinn.layers.tracker import Tracker
from spinn.trees.transitions import REDUCE, SHIFT


@dataclass
class Row:
    """The machine of one sentence; an entry of buffer and stack is a state, each part (D,).

    Attributes:
        transitions: SHIFT and REDUCE.
        buffer: words not yet shifted.
        tracking: the Tracker's h and c, each (K,).
        stack: entries, the top last.
        composed: h (D,) of each REDUCE.
        tracked: the Tracker's h (K,) before each transition.
    """

    transitions: list[int]
    buffer: list[State]
    tracking: State
    stack: list[State] = field(default_factory=list)
    composed: list[Tensor] = field(default_factory=list)
    tracked: list[Tensor] = field(default_factory=list)


def encode(
    state: State,
    leaves: Leaves[Tensor],
    sentences: Sentences,
    composition: Composition,
    tracker: Tracker | None,
) -> Encoding:
    """Run the stack machine over a batch; the signature of every machine.

    Args:
        state: of the leaves, each part (U, D).
        leaves: which word each leaf represents.
        sentences: the batch, with the transitions to follow.
        composition: makes nodes.
        tracker: steps before every transition; None without one.

    Returns: `sentence` (B, D), h of the last entry on each stack; `nodes`; `tracking` where there
        is a Tracker.
    """
    dtype = next(composition.parameters()).dtype  # of all states, also under autocast
    state = tuple(part.to(dtype).index_select(0, leaves.which) for part in state)
    words = list(zip(*state, strict=True))
    zeros = state[0].new_zeros(tracker.tracker_size if tracker else 0)
    rows, start = [], 0
    for T, transitions in zip(
        sentences.lengths.tolist(),
        torch.split(sentences.transitions, (2 * sentences.lengths - 1).tolist()),
        strict=True,
    ):
        rows.append(Row(transitions.tolist(), words[start : start + T], tracking=(zeros, zeros)))
        start += T

    for step in range(max(len(row.transitions) for row in rows)):
        live = [row for row in rows if step < len(row.transitions)]
        if tracker is not None:
            track(live, tracker)
        for row in live:
            if row.transitions[step] == SHIFT:
                row.stack.append(row.buffer.pop(0))
        reducing = [row for row in live if row.transitions[step] == REDUCE]
        if reducing:
            compose(reducing, composition, tracker)

    nodes = torch.stack([*(h for h, *_ in words), *(h for row in rows for h in row.composed)])
    tracked = [h for row in rows for h in row.tracked]
    return Encoding(
        torch.stack([row.stack[-1][0] for row in rows]),
        gather_nodes=lambda: nodes,
        gather_tracking=None if tracker is None else lambda: torch.stack(tracked),
    )


def track(rows: list[Row], tracker: Tracker) -> None:
    """Step the Tracker of every row; an empty place is a vector of zeros."""
    zeros = rows[0].tracking[0].new_zeros(tracker.hidden_size)
    buffer = torch.stack([row.buffer[0][0] if row.buffer else zeros for row in rows])
    second = torch.stack([row.stack[-2][0] if len(row.stack) > 1 else zeros for row in rows])
    top = torch.stack([row.stack[-1][0] if row.stack else zeros for row in rows])
    h, c = tracker(buffer, second, top, columns([row.tracking for row in rows]))
    for row, tracking in zip(rows, zip(h, c, strict=True), strict=True):
        row.tracking = tracking
        row.tracked.append(tracking[0])


def compose(rows: list[Row], composition: Composition, tracker: Tracker | None) -> None:
    """Pop two entries of every row and push their composition."""
    right = columns([row.stack.pop() for row in rows])
    left = columns([row.stack.pop() for row in rows])
    context = None if tracker is None else torch.stack([row.tracking[0] for row in rows])  # (R, K)
    parents = tuple(part.to(left[0].dtype) for part in composition(left, right, context))
    for row, parent in zip(rows, zip(*parents, strict=True), strict=True):
        row.stack.append(parent)
        row.composed.append(parent[0])


def columns(entries: list[State]) -> State:
    """States of single entries as one state of R rows, each part (R, D)."""
    return tuple(map(torch.stack, zip(*entries, strict=True)))
