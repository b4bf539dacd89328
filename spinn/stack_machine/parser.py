"""The stack machine that predicts its transitions while it runs.

SPINN of Bowman et al. 2016 (arXiv:1603.06021), section 3.4: a linear layer over the Tracker's h
gives the scores of SHIFT and REDUCE. Rows are sorted by length, so that those which still have a
transition are a prefix. Stack and buffer of a row are integers that point into one buffer of
entries. Nothing here has a gradient: once the transitions are known, the machines of
`spinn.stack_machine.machines` compute the same with one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag

from spinn.batch.sentences import Sentences
from spinn.layers.composition import Composition, State
from spinn.layers.tracker import Tracker
from spinn.layers.tree_lstm import TreeLSTM
from spinn.stack_machine import fused_cell
from spinn.trees.transitions import REDUCE, SHIFT

Result = TypeVar("Result")

# Chooses the transitions of a step, (L,), from the scores of SHIFT and REDUCE, (L, 2).
Policy = Callable[[int, Tensor], Tensor]


@dataclass(frozen=True)
class Parses:
    """Predicted transitions and the vectors along them, sentence after sentence.

    Attributes:
        transitions: (M,) as uint8, on the CPU.
        log_probs: (M, 2) log-probabilities of SHIFT and REDUCE before each; -inf if not legal.
        tracking: (M, K) the Tracker's h before each.
        sentence: (B, D) h of the last entry on each stack.
        gather_nodes: makes h of every word and then of every REDUCE, (M, D).
    """

    transitions: Tensor
    log_probs: Tensor
    tracking: Tensor
    sentence: Tensor
    gather_nodes: Callable[[], Tensor]


class Parser:
    """The state of the machine for a batch, each sentence `copies` times.

    Entries are numbered: words 0 to N-1, then nodes in the order in which they are composed; the
    last entry is zeros, for an empty place. In the batch `( the ( old church ) )`,
    `( robins sing )`, N = 5 and there is room for 3 nodes, so the empty place is entry 8. If the
    first three transitions are SHIFT SHIFT SHIFT and SHIFT SHIFT REDUCE, then after them
    stack = [[8, 8, 0, 1, 2], [8, 8, 5, 4, 8]]: two empty places, then `depth` = [3, 1] entries, and
    old values above them.

    Args:
        state: of the words, each part (N, D).
        composition: makes nodes, with the Tracker's h as context.
        predict: (L, K) the Tracker's h to the scores of SHIFT and REDUCE (L, 2).
        copies: rows of each sentence, next to each other.
    """

    def __init__(
        self,
        state: State,
        sentences: Sentences,
        composition: Composition,
        tracker: Tracker,
        predict: nn.Linear,
        *,
        copies: int = 1,
    ) -> None:
        self.composition, self.tracker, self.predict = composition, tracker, predict
        words, schedule = state[0], sentences.schedule
        N, device = len(words), words.device
        lengths, ends = sentences.lengths, sentences.lengths.cumsum(0)
        order = schedule.sequence.rows.repeat_interleave(copies)
        self.live = [copies * rows for rows in schedule.tracking.live]
        self.end = ends.to(device).index_select(0, order)
        self.front = (ends - lengths).to(device).index_select(0, order)

        # A sentence of T words needs T-1 nodes; copies that beam search drops need room as well.
        nodes = (N - len(sentences)) * (1 if copies == 1 else 2 * copies)
        self.none = N + nodes
        self.used = N
        self.state = words.new_empty(len(state), self.none + 1, words.shape[1]).unbind()
        for entries, part in zip(self.state, state, strict=True):
            entries[:N] = part
            entries[-1] = 0
        self.numbers = torch.arange(self.none, device=device)
        if isinstance(composition, TreeLSTM):
            self.compose_weight = composition.compose.weight.t().contiguous()
        self._project_words(words)

        # The stack of each row: two empty places, and `depth` entries above them.
        rows, longest = len(order), int(lengths.max())
        self.stack = torch.full((rows, longest + 2), self.none, device=device)
        self.depth = torch.zeros(rows, dtype=torch.int64, device=device)
        self.places = torch.arange(2, device=device)
        self.tracking = words.new_zeros(2, rows, tracker.tracker_size).unbind()  # h and c

    def _project_words(self, h: Tensor) -> None:
        """Make `parts`: the product of every entry with each of the Tracker's weights.

        Several transitions read an entry, but it is multiplied by each weight once. Rows 2e and
        2e + 1 of `parts` belong to entry e as second on the stack and as top. After them, from
        `in_front`, come the words at the buffer's front, then the row of an empty buffer.
        """
        K, D, N = self.tracker.tracker_size, h.shape[1], len(h)
        second, top = torch.split(self.tracker.read_stack.weight, D, dim=1)
        self.stack_weight = torch.cat([second, top]).t().contiguous()  # (D, 8K)
        entries = self.none + 1
        self.parts = h.new_empty(2 * entries + N + 1, 4 * K)
        self.on_stack = self.parts[: 2 * entries].view(entries, 8 * K)
        self.on_stack[-1] = 0
        torch.mm(h, self.stack_weight, out=self.on_stack[:N])
        self.in_front, self.empty_buffer = 2 * entries, 2 * entries + N
        in_front = self.parts[self.in_front :]
        bias = self.tracker.read_buffer.bias
        torch.addmm(bias, h, self.tracker.read_buffer.weight.t(), out=in_front[:N])
        in_front[N] = bias

    def score(self, step: int) -> tuple[Tensor, Tensor]:
        """Step the Trackers of the rows that still have a transition.

        The equation is that of `Tracker.forward`.

        Returns: scores of SHIFT and REDUCE (L, 2), -inf if not legal, and the Trackers' h (L, K).
        """
        L = self.live[step]
        front, depth, (h, c) = self.front[:L], self.depth[:L], (s[:L] for s in self.tracking)
        self.children = self.stack[:L].gather(1, depth[:, None] + self.places)  # second, top
        waiting = front < self.end[:L]
        buffer = torch.where(waiting, front + self.in_front, self.empty_buffer)
        visible = torch.cat([2 * self.children + self.places, buffer[:, None]], dim=1)  # (L, 3)
        gates = embedding_bag(visible, self.parts, mode="sum")  # (L, 4K)
        gates.addmm_(h, self.tracker.recur.weight.t())
        fused_cell.step(gates, [c.clone()], h, c, torch.empty_like(h))
        illegal = ~torch.stack([waiting, depth > 1], dim=1)
        return self.predict(h).masked_fill(illegal, -torch.inf), h

    def apply(self, step: int, transitions: Tensor) -> Tensor:
        """Apply a transition (L,) to every row; the entry (L,) that each has pushed."""
        L = self.live[step]
        front, depth, stack = self.front[:L], self.depth[:L], self.stack[:L]
        reducing = transitions.nonzero()[:, 0]  # the one synchronisation with the device in a step
        entries = front.clone()
        if len(reducing):
            entries[reducing] = self._compose(reducing)
        depth += 1 - 2 * transitions
        front += 1 - transitions
        stack.scatter_(1, depth[:, None] + 1, entries[:, None])
        return entries

    def _compose(self, rows: Tensor) -> Tensor:
        """Compose the two topmost entries of these rows; return the entries of the nodes."""
        first, last = self.used, self.used + len(rows)
        self.used = last
        children = self.children.index_select(0, rows).flatten()  # (2R,) left, right in turn
        context = self.tracking[0].index_select(0, rows)  # (R, K)
        D = self.state[0].shape[1]
        pairs = [part.index_select(0, children).view(-1, 2, D) for part in self.state]
        new = [part[first:last] for part in self.state]
        if isinstance(self.composition, TreeLSTM):  # TreeLSTM.forward, into place
            assert self.composition.track is not None
            h = pairs[0].view(-1, 2 * D)
            gates = torch.addmm(self.composition.compose.bias, h, self.compose_weight)
            gates.addmm_(context, self.composition.track.weight.t())
            h_new, c_new = new
            fused_cell.step(gates, pairs[1].unbind(1), h_new, c_new, torch.empty_like(h_new))
        else:
            left, right = (tuple(pair[:, side] for pair in pairs) for side in (0, 1))
            for part, composed in zip(new, self.composition(left, right, context), strict=True):
                part.copy_(composed)
        torch.mm(new[0], self.stack_weight, out=self.on_stack[first:last])
        return self.numbers[first:last]

    def continue_from(self, rows: Tensor) -> None:
        """Replace the state of each of the first rows by that of another row."""
        L = len(rows)
        for state in (self.stack, self.depth, self.front, *self.tracking, self.children):
            state[:L] = state.index_select(0, rows)

    def tops(self) -> Tensor:
        """(R,) the last entry on each stack, after all transitions."""
        return self.stack[:, 2]


def _exactly(function: Callable[..., Result]) -> Callable[..., Result]:
    """Run without a gradient and, under autocast too, in the precision of the weights."""

    @wraps(function)
    def run(parser: Parser, *arguments: Any, **settings: Any) -> Result:
        with torch.no_grad(), torch.autocast(parser.state[0].device.type, enabled=False):
            return function(parser, *arguments, **settings)

    return run


@_exactly
def parse_batch(parser: Parser, sentences: Sentences, policy: Policy) -> Parses:
    """Parse and encode a batch along the transitions that `policy` chooses."""
    made, scores, tracking, entries = [], [], [], []
    for step in range(len(parser.live)):
        step_scores, h = parser.score(step)
        transitions = policy(step, step_scores)
        scores.append(step_scores)
        tracking.append(h.clone())
        made.append(transitions)
        entries.append(parser.apply(step, transitions))
    schedule = sentences.schedule
    packed, rows = schedule.tracking.packed, schedule.sequence.rows
    pushed = torch.cat(entries).index_select(0, packed)
    transitions = torch.cat(made).index_select(0, packed)
    h, N = parser.state[0], len(sentences.words)  # the parser itself is not kept
    tops = h.index_select(0, parser.tops())

    def gather_nodes() -> Tensor:
        return torch.cat([h[:N], h.index_select(0, pushed[transitions == REDUCE])])

    return Parses(
        transitions=transitions.to("cpu", torch.uint8),
        log_probs=torch.cat(scores).log_softmax(dim=1).index_select(0, packed),
        tracking=torch.cat(tracking).index_select(0, packed),
        sentence=torch.empty_like(tops).index_copy(0, rows, tops),
        gather_nodes=gather_nodes,
    )


@_exactly
def beam_search(parser: Parser, sentences: Sentences, *, width: int) -> Tensor:
    """Find likely parses by beam search: (M,) transitions as uint8, on the CPU.

    Args:
        parser: made with `width` copies.
        width: parses kept of each sentence.
    """
    steps, device = len(parser.live), parser.end.device
    scores = torch.full((parser.live[0],), -torch.inf, device=device)
    scores[::width] = 0  # at first all copies of a sentence are the same, so one of them counts
    history = torch.zeros(parser.live[0], steps, dtype=torch.uint8, device=device)
    for step, L in enumerate(parser.live):
        log_probs = parser.score(step)[0].log_softmax(dim=1)
        totals = (scores[:L, None] + log_probs).view(-1, 2 * width)
        best, which = totals.topk(width, dim=1)  # (sentences, width)
        first = torch.arange(0, L, width, device=device)[:, None]
        rows = (first + which // 2).flatten()
        # With fewer parses than copies, a copy of probability 0 still needs a legal transition.
        legal = log_probs.index_select(0, rows) > -torch.inf
        transitions = which.flatten() % 2
        transitions = torch.where(
            legal.gather(1, transitions[:, None])[:, 0], transitions, 1 - transitions
        )
        parser.continue_from(rows)
        history[:L] = history.index_select(0, rows)
        history[:L, step] = transitions
        scores[:L] = best.flatten()
        parser.apply(step, transitions)
    best_row = scores.view(-1, width).argmax(dim=1) + torch.arange(
        0, len(scores), width, device=device
    )
    best_history = history.index_select(0, best_row)
    by_step = [best_history[: L // width, step] for step, L in enumerate(parser.live)]
    return torch.cat(by_step).index_select(0, sentences.schedule.tracking.packed).cpu()


def greedy(step: int, scores: Tensor) -> Tensor:
    """Choose the likelier transition; SHIFT where both are equally likely."""
    return (scores[:, REDUCE] > scores[:, SHIFT]).long()


def sample(step: int, scores: Tensor) -> Tensor:
    """Draw each transition with its probability."""
    return scores.softmax(dim=1).multinomial(1)[:, 0]
