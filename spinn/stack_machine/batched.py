"""The stack machine for a whole batch in plain autograd: it calls the modules themselves.

With a Tracker it goes step by step, over all sentences that still have a transition. Without one
only the children of a node matter, so all nodes of one height are composed at once. In both cases
integers planned by `spinn.batch.planning` select the rows to read, and any `Composition` works.

States are kept row by row, each a tensor of its own, and stacked where they are composed together.
Gathering them from one tensor of all nodes would give that tensor a gradient of its full size at
every step.
"""

import torch
from torch import Tensor

from spinn.batch.encoding import Encoding
from spinn.batch.schedule import Groups, Leaves, Schedule
from spinn.batch.sentences import Sentences
from spinn.layers.composition import Composition, State
from spinn.layers.tracker import Tracker


class Rows:
    """States row by row: first the N words, then one empty place of zeros, then the nodes.

    Example, the batch `( the ( old church ) )`, `( robins sing )`. Rows 0 to 4 are the words, and
    row 5 is the empty place. Rows 6, 7 and 8 are the nodes in the order of their composition.

    Args:
        state: of the leaves, each part (U, D).
        which: (N,) the leaf that represents each word.
        dtype: of all rows, also where autocast computes in bf16.
    """

    def __init__(self, state: State, which: Tensor, dtype: torch.dtype) -> None:
        leaves = torch.cat(state, dim=1).to(dtype)  # (U, PD): all parts of a leaf in one row
        rows, zeros = leaves.unbind(), leaves.new_zeros(leaves.shape[1])
        self.rows = [*(rows[leaf] for leaf in which.tolist()), zeros]
        self.parts, self.dtype = len(state), dtype

    def __getitem__(self, places: list[int]) -> State:
        """Stack rows: each part (R, D)."""
        return torch.stack([self.rows[place] for place in places]).chunk(self.parts, dim=1)

    def append(self, state: State) -> None:
        """Add composed nodes, each part (R, D)."""
        self.rows += torch.cat(state, dim=1).to(self.dtype).unbind()


def encode(
    state: State,
    leaves: Leaves[Tensor],
    sentences: Sentences,
    composition: Composition,
    tracker: Tracker | None,
) -> Encoding:
    """Run the stack machine over a batch; arguments and result as in `reference.encode`."""
    schedule, dtype = sentences.schedule, next(composition.parameters()).dtype
    rows = Rows(state, leaves.which, dtype)
    if tracker is None:
        groups, gather_tracking = schedule.levels, None
        by_height(rows, schedule, composition)
    else:
        groups, packed = schedule.steps, schedule.tracking.packed
        tracked = by_step(rows, schedule, composition, tracker)

        def gather_tracking() -> Tensor:
            return torch.cat(tracked).index_select(0, packed)  # (M, K)

    N = len(leaves.which)
    order = torch.cat([torch.arange(N, device=groups.nodes.device), N + 1 + groups.nodes])  # (M,)
    return Encoding(
        rows[order.index_select(0, schedule.roots).tolist()][0],  # (B, D)
        gather_nodes=lambda: rows[order.tolist()][0],  # (M, D)
        gather_tracking=gather_tracking,
    )


def by_height(rows: Rows, schedule: Schedule[Tensor], composition: Composition) -> None:
    """Compose all nodes of one height at once, the lowest first."""
    groups = schedule.levels
    places = torch.split(children(groups), [sum(sizes) for sizes in groups.sizes])
    for left, right in (place.t().tolist() for place in places if len(place)):
        rows.append(composition(rows[left], rows[right]))


def by_step(
    rows: Rows, schedule: Schedule[Tensor], composition: Composition, tracker: Tracker
) -> list[Tensor]:
    """Step the Tracker, then compose where the transition is REDUCE.

    Returns: the Tracker's h before the transitions of each step, (L, K) each.
    """
    tracking, sizes = schedule.tracking, [sum(sizes) for sizes in schedule.steps.sizes]
    places = torch.split(visible(schedule), list(tracking.live))
    reducing = torch.split(tracking.rows, sizes)
    reducing_here = torch.split(tracking.rows.cpu(), sizes)  # so that no step waits for the device
    h = c = rows.rows[0].new_zeros(tracking.live[0], tracker.tracker_size)
    tracked = []
    for place, which, which_here in zip(places, reducing, reducing_here, strict=True):
        buffer, second, top = (rows[column][0] for column in place.t().tolist())  # (L, D) each
        h, c = tracker(buffer, second, top, (h[: len(place)], c[: len(place)]))
        tracked.append(h)
        if len(which):
            _, left, right = place.index_select(0, which_here).t().tolist()
            rows.append(composition(rows[left], rows[right], h.index_select(0, which)))
    return tracked


def children(groups: Groups[Tensor]) -> Tensor:
    """(I, 2) the rows of each node's left and right child, on the CPU."""
    words, nodes = len(groups.word_places), len(groups.nodes)
    places = torch.empty(2 * nodes + 1, dtype=torch.int64)  # the last: roots and one-word sentences
    places[groups.word_places.cpu()] = torch.arange(words)
    places[groups.places.cpu()] = words + 1 + torch.arange(nodes)
    return places[:-1].view(-1, 2)


def visible(schedule: Schedule[Tensor]) -> Tensor:
    """(M, 3) the rows of the buffer's front, of the stack's second and top, on the CPU."""
    tracking, steps = schedule.tracking, schedule.steps
    words, nodes = len(steps.word_places), len(steps.nodes)
    places = torch.cat([tracking.words.cpu(), torch.zeros(1, 3, dtype=torch.int64)])  # roots last
    places[tracking.tops.cpu(), 2] = words + 1 + torch.arange(nodes)
    starts = torch.tensor([0, *steps.left_groups[:-1]]).cumsum(0)
    first = starts.repeat_interleave(torch.tensor(tracking.second_sizes))
    seconds = steps.lefts.cpu()[first + tracking.second_nodes.cpu()]
    places[tracking.seconds.cpu(), 1] = words + 1 + seconds
    return places[:-1]
