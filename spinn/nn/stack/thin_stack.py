"""The stack machine with a Tracker: step by step, over one buffer of nodes and planned pointers.

The name and the idea of pushing every node to one buffer are those of Bowman et al. 2016, section
3.3. Rows are sorted, so those that still move are a prefix; what depends on a word alone is
computed once for all words; the backward pass gathers the gradients of all gates and forms each
weight's gradient in a single product at the end.
"""

from itertools import accumulate, pairwise
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from spinn.nn.composition import Reduce
from spinn.nn.stack import cell
from spinn.nn.tracker import Tracker
from spinn.schedule import Schedule


def encode(
    h: Tensor, c: Tensor, schedule: Schedule[Tensor], reduce: Reduce, tracker: Tracker
) -> Tensor:
    """Run the stack machine.

    Args:
        h: (N, D) hidden state of every word.
        c: (N, D) cell state of every word.

    Returns: (M, D) h of every node, numbered as in the schedule.

    Raises: ValueError: if `reduce` was made without a Tracker.
    """
    if reduce.track is None:
        raise ValueError("reduce: made with tracker_size=None; expected the Tracker's size")
    weights = (
        reduce.compose.weight,
        reduce.compose.bias,
        reduce.track.weight,
        tracker.read_buffer.weight,
        tracker.read_buffer.bias,
        tracker.read_stack.weight,
        tracker.recur.weight,
    )
    keep = torch.is_grad_enabled()
    nodes: Tensor = _ThinStack.apply(schedule, keep, h, c, *weights)  # type: ignore[no-untyped-call]
    return nodes


def _steps(schedule: Schedule[Tensor]) -> list[tuple[int, int, int, int, int]]:
    """For each step: its first and last move, its first and last REDUCE, the previous move."""
    moves = pairwise(accumulate(schedule.live, initial=0))
    reduces = pairwise(accumulate(schedule.reducing, initial=0))
    before = (0, *accumulate(schedule.live, initial=0))
    return [(*m, *r, p) for m, r, p in zip(moves, reduces, before, strict=False)]


class _ThinStack(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        schedule: Schedule[Tensor],
        keep: bool,
        h: Tensor,
        c: Tensor,
        weight: Tensor,
        bias: Tensor,
        weight_tracking: Tensor,
        weight_buffer: Tensor,
        bias_tracker: Tensor,
        weight_stack: Tensor,
        weight_state: Tensor,
    ) -> Tensor:
        D, K = h.shape[1], weight_state.shape[1]
        M, internal = len(schedule.nodes), len(schedule.reduces)
        H = h.new_empty(M + 1, D).index_copy_(0, schedule.shifts, h)
        C = h.new_empty(M, D).index_copy_(0, schedule.shifts, c)
        H[M] = 0  # an empty place
        track_h, track_c = h.new_empty(M + 1, K), h.new_empty(M + 1, K)
        track_h[M] = track_c[M] = 0  # before the first move
        gates, tanh_c = h.new_empty(internal, 5 * D), h.new_empty(internal, D)
        track_tanh = h.new_empty(M, K)

        words = h.new_zeros(len(h) + 1, 4 * K)  # each word at the front of the buffer; then none
        torch.mm(h, weight_buffer.t(), out=words[:-1])
        track_gates = (words + bias_tracker).index_select(0, schedule.buffer)
        W = weight.t().contiguous()
        W_tracking = weight_tracking.t().contiguous()
        W_stack = weight_stack.t().contiguous()
        W_state = weight_state.t().contiguous()
        for s, e, first, last, before in _steps(schedule):
            stack = H.index_select(0, schedule.stack[s:e].flatten()).view(-1, 2 * D)
            previous = slice(before, before + e - s) if s else slice(M, M + 1)
            a = track_gates[s:e]
            a.addmm_(stack, W_stack)
            if s:
                a.addmm_(track_h[previous], W_state)
            cells = track_c[previous].expand(e - s, K)
            track_h[s:e], track_c[s:e] = cell.forward(a, cells, track_tanh[s:e])
            if last > first:
                nodes = schedule.reduces[first:last]
                pair = schedule.stack.index_select(0, nodes).flatten()
                g = gates[first:last]
                torch.addmm(bias, stack.index_select(0, schedule.rows[first:last]), W, out=g)
                g.addmm_(track_h.index_select(0, nodes), W_tracking)
                cells = C.index_select(0, pair).view(-1, 2 * D)
                h_new, c_new = cell.forward(g, cells, tanh_c[first:last])
                H.index_copy_(0, nodes, h_new)
                C.index_copy_(0, nodes, c_new)
        if keep:
            ctx.schedule = schedule
            ctx.save_for_backward(
                h,
                H,
                C,
                gates,
                tanh_c,
                track_h,
                track_c,
                track_gates,
                track_tanh,
                weight,
                weight_tracking,
                weight_buffer,
                weight_stack,
                weight_state,
            )
        return H[:M]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (
            h,
            H,
            C,
            gates,
            tanh_c,
            track_h,
            track_c,
            track_gates,
            track_tanh,
            weight,
            weight_tracking,
            weight_buffer,
            weight_stack,
            weight_state,
        ) = ctx.saved_tensors
        schedule = ctx.schedule
        M, D = C.shape
        K = track_h.shape[1]
        dH = torch.cat([grad, grad.new_zeros(1, D)])
        dC = torch.zeros_like(C)
        dgates = torch.empty_like(gates)
        dtrack_gates = torch.empty_like(track_gates)
        B = len(schedule.roots)
        dtrack_h, dtrack_c = h.new_zeros(B, K), h.new_zeros(B, K)
        for s, e, first, last, before in reversed(_steps(schedule)):
            L = e - s
            if last > first:
                nodes, rows = schedule.reduces[first:last], schedule.rows[first:last]
                pair = schedule.stack.index_select(0, nodes).flatten()
                dg = dgates[first:last]
                dcells = cell.backward(
                    dH.index_select(0, nodes),
                    dC.index_select(0, nodes),
                    gates[first:last],
                    C.index_select(0, pair).view(-1, 2 * D),
                    tanh_c[first:last],
                    dg,
                )
                dC.index_copy_(0, pair, dcells.view(-1, D))
                dtrack_h.index_add_(0, rows, dg @ weight_tracking)
            previous = slice(before, before + L) if s else slice(M, M + 1)
            da = dtrack_gates[s:e]
            dtrack_c[:L] = cell.backward(
                dtrack_h[:L],
                dtrack_c[:L],
                track_gates[s:e],
                track_c[previous].expand(L, K),
                track_tanh[s:e],
                da,
            )
            torch.mm(da, weight_state, out=dtrack_h[:L])
            dstack = da @ weight_stack
            if last > first:
                dstack.index_add_(0, rows, dg @ weight)
            dH.index_add_(0, schedule.stack[s:e].flatten(), dstack.view(-1, D))
        words = schedule.shifts
        dwords = h.new_zeros(len(h) + 1, 4 * K).index_add_(0, schedule.buffer, dtrack_gates)[:-1]
        children = H.index_select(0, schedule.stack[schedule.reduces].flatten()).view(-1, 2 * D)
        return (
            None,
            None,
            dH.index_select(0, words) + dwords @ weight_buffer,
            dC.index_select(0, words),
            dgates.t() @ children,
            dgates.sum(0),
            dgates.t() @ track_h.index_select(0, schedule.reduces),
            dwords.t() @ h,
            dtrack_gates.sum(0),
            dtrack_gates.t() @ H.index_select(0, schedule.stack.flatten()).view(-1, 2 * D),
            dtrack_gates.t() @ track_h.index_select(0, schedule.stack[:, 1]),
        )
