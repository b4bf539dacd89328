"""The stack machine that decides its moves while it runs.

Rows are sorted as in `thin_stack`, so that those which still move are a prefix; stack and buffer of
each are rows of integers that point into one buffer of nodes. Nothing here has a gradient: once the
moves are known, `thin_stack` computes the same with one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag

from spinn.batch.sentences import Sentences
from spinn.layers.tracker import Tracker
from spinn.layers.tree_lstm import Reduce
from spinn.stack_machine import fused_cell
from spinn.trees.transitions import REDUCE, SHIFT

Result = TypeVar("Result")

# What to do at a step, from the scores of SHIFT and of REDUCE (L, 2): a move for each row (L,).
Policy = Callable[[int, Tensor], Tensor]


@dataclass(frozen=True)
class Parses:
    """Transitions and what came of them, sentence after sentence.

    Attributes:
        transitions: (M,) the moves, as uint8, on the CPU.
        choices: (M, 2) log-probabilities of SHIFT and of REDUCE before each; -inf if not legal.
        tracking: (M, K) the Tracker's h before each.
        sentence: (B, D) h of the last entry on each stack.
        gather_nodes: makes h of every word and then of every REDUCE, (M, D).
    """

    transitions: Tensor
    log_probs: Tensor
    tracking: Tensor
    sentence: Tensor
    gather_nodes: Callable[[], Tensor]


class Machine:
    """The rows of a batch on their way through the machine, each `copies` times.

    Args:
        h: (N, D) hidden states of the words.
        c: (N, D) cell states of the words.
        predict: (L, K) the Tracker's h to the scores of SHIFT and REDUCE (L, 2).
        copies: rows of a sentence, side by side.
    """

    def __init__(
        self,
        h: Tensor,
        c: Tensor,
        sentences: Sentences,
        reduce: Reduce,
        tracker: Tracker,
        predict: nn.Linear,
        *,
        copies: int = 1,
    ) -> None:
        assert reduce.track is not None
        self.reduce, self.tracker, self.predict = reduce, tracker, predict
        schedule, (N, D) = sentences.schedule, h.shape
        lengths, ends = sentences.lengths, sentences.lengths.cumsum(0)
        order = schedule.reading.rows.repeat_interleave(copies)
        self.live = [copies * rows for rows in schedule.tracking.live]
        self.end = ends.to(h.device).index_select(0, order)
        self.front = (ends - lengths).to(h.device).index_select(0, order)

        # Words, then nodes in the order in which they are composed; zeros last, for an empty place.
        # A sentence of T words needs T-1; copies that are dropped on the way may have made as many.
        nodes = (N - len(sentences)) * (1 if copies == 1 else 2 * copies)
        self.none = N + nodes
        self.used = N
        self.h, self.c = h.new_empty(2, self.none + 1, D).unbind()
        self.h[:N], self.c[:N] = h, c
        self.h[-1] = self.c[-1] = 0
        self.numbers = torch.arange(self.none, device=h.device)
        self.parts = self._parts(h)

        # The stack of each row, on two empty places; `depth` entries lie above them.
        rows, longest = len(order), int(lengths.max())
        self.stack = torch.full((rows, longest + 2), self.none, device=h.device)
        self.depth = torch.zeros(rows, dtype=torch.int64, device=h.device)
        self.places = torch.arange(2, device=h.device)
        self.tracking = h.new_zeros(2, rows, tracker.tracker_size).unbind()  # h and c

    def _parts(self, h: Tensor) -> Tensor:
        """What every entry adds to the Tracker's gates: as second on the stack, as top, in front.

        An entry is looked at by several moves, but multiplied by each weight once.
        """
        K, D, N = self.tracker.tracker_size, h.shape[1], len(h)
        second, top = torch.split(self.tracker.read_stack.weight, D, dim=1)
        self.seen = torch.cat([second, top]).t().contiguous()  # (D, 8K)
        self.composed = self.reduce.compose.weight.t().contiguous()
        entries = self.none + 1
        parts = h.new_empty(2 * entries + N + 1, 4 * K)
        self.on_stack = parts[: 2 * entries].view(entries, 8 * K)
        self.on_stack[-1] = 0
        torch.mm(h, self.seen, out=self.on_stack[:N])
        self.in_front = 2 * entries  # where the words begin as those in front; last, none
        self.no_word = 2 * entries + N
        in_front = parts[self.in_front :]
        bias = self.tracker.read_buffer.bias
        torch.addmm(bias, h, self.tracker.read_buffer.weight.t(), out=in_front[:N])
        in_front[N] = bias
        return parts

    def look(self, step: int) -> tuple[Tensor, Tensor]:
        """Step the Trackers of the rows that still move.

        Returns: scores of SHIFT and REDUCE (L, 2), -inf if not legal, and the Trackers' h (L, K).
        """
        L = self.live[step]
        front, depth, (h, c) = self.front[:L], self.depth[:L], (s[:L] for s in self.tracking)
        self.children = self.stack[:L].gather(1, depth[:, None] + self.places)  # second, top
        waiting = front < self.end[:L]
        buffer = torch.where(waiting, front + self.in_front, self.no_word)
        seen = torch.cat([2 * self.children + self.places, buffer[:, None]], dim=1)  # (L, 3)
        gates = embedding_bag(seen, self.parts, mode="sum")
        gates.addmm_(h, self.tracker.recur.weight.t())
        fused_cell.step(gates, [c.clone()], h, c, torch.empty_like(h))
        illegal = ~torch.stack([waiting, depth > 1], dim=1)
        return self.predict(h).masked_fill(illegal, -torch.inf), h

    def move(self, step: int, moves: Tensor) -> Tensor:
        """Make a move in every row: (L,) the entry that each has pushed."""
        L = self.live[step]
        front, depth, stack = self.front[:L], self.depth[:L], self.stack[:L]
        reducing = moves.nonzero()[:, 0]  # the one wait for the device in a step
        entries = front.clone()
        if len(reducing):
            entries[reducing] = self._compose(reducing)
        depth += 1 - 2 * moves
        front += 1 - moves
        stack.scatter_(1, depth[:, None] + 1, entries[:, None])
        return entries

    def _compose(self, rows: Tensor) -> Tensor:
        """Push the composition of the two topmost entries of these rows; where it lies."""
        D, first, last = self.h.shape[1], self.used, self.used + len(rows)
        self.used = last
        children = self.children.index_select(0, rows)
        h = self.h.index_select(0, children.flatten()).view(len(rows), 2 * D)
        left, right = self.c.index_select(0, children.flatten()).view(-1, 2, D).unbind(1)
        gates = torch.addmm(self.reduce.compose.bias, h, self.composed)
        assert self.reduce.track is not None
        tracking = self.tracking[0].index_select(0, rows)
        gates.addmm_(tracking, self.reduce.track.weight.t())
        h_new, c_new = self.h[first:last], self.c[first:last]
        fused_cell.step(gates, [left, right], h_new, c_new, torch.empty_like(h_new))
        torch.mm(h_new, self.seen, out=self.on_stack[first:last])
        return self.numbers[first:last]

    def take_over(self, rows: Tensor) -> None:
        """Let each of the first rows go on from where another one stands."""
        L = len(rows)
        for state in (self.stack, self.depth, self.front, *self.tracking, self.children):
            state[:L] = state.index_select(0, rows)

    def tops(self) -> Tensor:
        """(R,) the last entry on each stack, when all moves are made."""
        return self.stack[:, 2]


def _exactly(function: Callable[..., Result]) -> Callable[..., Result]:
    """Without a gradient, and in the weights' own precision whatever autocast says."""

    @wraps(function)
    def run(machine: Machine, *arguments: Any, **settings: Any) -> Result:
        with torch.no_grad(), torch.autocast(machine.h.device.type, enabled=False):
            return function(machine, *arguments, **settings)

    return run


@_exactly
def parse_batch(machine: Machine, sentences: Sentences, policy: Policy) -> Parses:
    """Parse and encode a batch, the moves chosen by `policy`."""
    made, scores, tracking, entries = [], [], [], []
    for step in range(len(machine.live)):
        seen, h = machine.look(step)
        moves = policy(step, seen)
        scores.append(seen)
        tracking.append(h.clone())
        made.append(moves)
        entries.append(machine.move(step, moves))
    schedule = sentences.schedule
    packed, rows = schedule.tracking.packed, schedule.reading.rows
    pushed = torch.cat(entries).index_select(0, packed)
    transitions = torch.cat(made).index_select(0, packed)
    h, N = machine.h, len(sentences.words)  # all that is kept of the machine
    tops = h.index_select(0, machine.tops())

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
def search(machine: Machine, sentences: Sentences, *, width: int) -> Tensor:
    """Find likely parses by beam search: (M,) moves as uint8, on the CPU.

    Args:
        machine: made with `width` copies.
        width: parses that are kept of each sentence.
    """
    steps, device = len(machine.live), machine.h.device
    scores = torch.full((machine.live[0],), -torch.inf, device=device)
    scores[::width] = 0  # all copies of a sentence are the same at first
    history = torch.zeros(machine.live[0], steps, dtype=torch.uint8, device=device)
    for step, L in enumerate(machine.live):
        chances = machine.look(step)[0].log_softmax(dim=1)
        totals = (scores[:L, None] + chances).view(-1, 2 * width)
        best, which = totals.topk(width, dim=1)  # (sentences, width)
        first = torch.arange(0, L, width, device=device)[:, None]
        rows = (first + which // 2).flatten()
        # Where there are fewer parses than places, a copy that counts for nothing must still move.
        legal = chances.index_select(0, rows) > -torch.inf
        moves = which.flatten() % 2
        moves = torch.where(legal.gather(1, moves[:, None])[:, 0], moves, 1 - moves)
        machine.take_over(rows)
        history[:L] = history.index_select(0, rows)
        history[:L, step] = moves
        scores[:L] = best.flatten()
        machine.move(step, moves)
    best_row = scores.view(-1, width).argmax(dim=1) + torch.arange(
        0, len(scores), width, device=device
    )
    best_history = history.index_select(0, best_row)
    by_step = [best_history[: L // width, step] for step, L in enumerate(machine.live)]
    return torch.cat(by_step).index_select(0, sentences.schedule.tracking.packed).cpu()


def greedy(step: int, scores: Tensor) -> Tensor:
    """Choose the likelier move; where both are as likely, SHIFT."""
    return (scores[:, REDUCE] > scores[:, SHIFT]).long()


def sample(step: int, scores: Tensor) -> Tensor:
    """Draw each move with its probability."""
    return scores.softmax(dim=1).multinomial(1)[:, 0]
