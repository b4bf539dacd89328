"""SPINN: a TreeLSTM whose Reduce sees a Tracker, an LSTM that reads the stack machine's state.

Nodes are numbered as in moves.py. The Tracker steps before each move, from the buffer's front and
the stack's two topmost entries; an empty place is zeros.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spinn.reference import lstm, tree_lstm
from spinn.reference.activations import Array
from spinn.reference.moves import Transitions, plan
from spinn.reference.sequences import rows as flat


@dataclass(frozen=True)
class Weights:
    """First the Tracker's, gates g, i, f, o; then Reduce's, gates g, i, f_left, f_right, o.

    Attributes:
        W_buffer: (4K, D) reads the front of the buffer.
        W_second: (4K, D) reads the entry below the top of the stack.
        W_top: (4K, D) reads the top of the stack.
        U: (4K, K) reads the Tracker's own h.
        b_tracker: (4K,).
        U_left: (5D, D) reads the left child.
        U_right: (5D, D) reads the right child.
        V: (5D, K) reads the Tracker's h.
        b_reduce: (5D,).
    """

    W_buffer: Array
    W_second: Array
    W_top: Array
    U: Array
    b_tracker: Array
    U_left: Array
    U_right: Array
    V: Array
    b_reduce: Array


@dataclass(frozen=True)
class Trace:
    """What the way back needs: of the nodes, and of the Tracker before and after each step.

    Attributes:
        gates: (S, B, 5D) of Reduce; zeros where nothing was composed.
        h: (N, B, D) of the nodes.
        c: (N, B, D) of the nodes.
        tracker_gates: (S, B, 4K).
        tracker_h: (S+1, B, K), which starts with h_0.
        tracker_c: (S+1, B, K), which starts with c_0.
    """

    moves: Transitions
    gates: Array
    h: Array
    c: Array
    tracker_gates: Array
    tracker_h: Array
    tracker_c: Array


def start(
    weights: Weights, words: tuple[Array, Array], state: tuple[Array, Array], moves: Transitions
) -> Trace:
    """All words laid out, the Tracker at its first state, and room for everything else."""
    S, B = moves.reduces.shape
    tracker = np.empty((2, S + 1, B, weights.U.shape[1]))
    tracker[:, 0] = state
    return Trace(
        moves,
        np.zeros((S, B, len(weights.b_reduce))),
        moves.lay_out(words[0]),
        moves.lay_out(words[1]),
        np.empty((S, B, len(weights.b_tracker))),
        *tracker,
    )


def forward(
    weights: Weights, h: Array, c: Array, transitions: Sequence[bytes], h_0: Array, c_0: Array
) -> Trace:
    """Run the stack machine over a batch of sentences (Bowman et al. 2016, section 3.2).

    Args:
        h: (T, B, D) hidden states of the words, whatever stands behind a sentence's end.
        c: (T, B, D) cell states of the words.
        transitions: moves of each sentence.
        h_0: (B, K) the Tracker's hidden states before the first move.
        c_0: (B, K) the Tracker's cell states before the first move.

    Raises: ValueError: if moves do not build one tree over a sentence of at most T words.
    """
    moves = plan(transitions, len(h))
    trace = start(weights, (h, c), (h_0, c_0), moves)
    for s in range(len(trace.gates)):
        track(weights, trace, s)
        reduce(weights, trace, s)
    return trace


def track(weights: Weights, trace: Trace, s: int) -> None:
    """Step the Tracker of every sentence that still moves."""
    every, moves, h = np.arange(trace.h.shape[1]), trace.moves, trace.h
    a = weights.b_tracker + trace.tracker_h[s] @ weights.U.T  # (B, 4K)
    a += h[moves.buffer[s], every] @ weights.W_buffer.T
    a += h[moves.second[s], every] @ weights.W_second.T + h[moves.top[s], every] @ weights.W_top.T
    trace.tracker_gates[s], h_next, c_next = lstm.step(a, trace.tracker_c[s])
    trace.tracker_h[s + 1] = np.where(moves.live[s], h_next, trace.tracker_h[s])
    trace.tracker_c[s + 1] = np.where(moves.live[s], c_next, trace.tracker_c[s])


def reduce(weights: Weights, trace: Trace, s: int) -> None:
    """Compose in every sentence whose move is REDUCE; it sees the Tracker's new h."""
    h, c = trace.h, trace.c
    rows, left, right = trace.moves.at(s)
    a = h[left] @ weights.U_left.T + h[right] @ weights.U_right.T + weights.b_reduce  # (R, 5D)
    a += trace.tracker_h[s + 1, rows] @ weights.V.T
    node = trace.moves.words + 1 + s, rows
    trace.gates[s, rows], h[node], c[node] = tree_lstm.step(a, c[left], c[right])


class Back:
    """The way back over a trace, step after step, from the last one on.

    Attributes:
        d_h: (N, B, D) gradients of the nodes' h, complete for those that nothing more reads.
        d_c: (N, B, D) gradients of the nodes' c.
        d_tracker: gradients of the Tracker's h and c behind the step that is next, each (B, K).
        delta_reduce: (S, B, 5D) gradients of Reduce's preactivations.
        delta_tracker: (S, B, 4K) gradients of the Tracker's preactivations.
    """

    def __init__(self, weights: Weights, trace: Trace, d_h: Array, d_c: Array) -> None:
        self.weights, self.trace = weights, trace
        self.d_h, self.d_c = d_h.copy(), d_c.copy()
        nothing = np.zeros_like(trace.tracker_h[0])
        self.d_tracker = nothing, nothing
        self.delta_reduce = np.zeros_like(trace.gates)
        self.delta_tracker = np.empty_like(trace.tracker_gates)

    def reduce(self, s: int) -> None:
        """From the composed nodes to their children and to the Tracker's h."""
        trace, weights, c = self.trace, self.weights, self.trace.c
        rows, left, right = trace.moves.at(s)
        node = trace.moves.words + 1 + s, rows
        delta, d_c_left, d_c_right = tree_lstm.step_back(
            trace.gates[s, rows], c[left], c[right], c[node], self.d_h[node], self.d_c[node]
        )
        self.delta_reduce[s, rows] = delta
        self.d_h[left] += delta @ weights.U_left
        self.d_h[right] += delta @ weights.U_right
        self.d_c[left] += d_c_left
        self.d_c[right] += d_c_right
        d_h = self.d_tracker[0].copy()
        d_h[rows] += delta @ weights.V
        self.d_tracker = d_h, self.d_tracker[1]

    def track(self, s: int) -> None:
        """From the Tracker's h and c to those before, and to the nodes that it has read."""
        trace, weights, moves = self.trace, self.weights, self.trace.moves
        c, (d_h, d_c), live = trace.tracker_c, self.d_tracker, moves.live[s]
        delta, d_c_before = lstm.step_back(trace.tracker_gates[s], c[s], c[s + 1], d_h, d_c)
        self.delta_tracker[s] = delta = np.where(live, delta, 0)
        self.d_tracker = np.where(live, delta @ weights.U, d_h), np.where(live, d_c_before, d_c)
        every = np.arange(len(d_h))
        # What falls on node 0, the empty place, is never read.
        self.d_h[moves.buffer[s], every] += delta @ weights.W_buffer
        self.d_h[moves.second[s], every] += delta @ weights.W_second
        self.d_h[moves.top[s], every] += delta @ weights.W_top


def backward(weights: Weights, trace: Trace, d_h: Array, d_c: Array) -> dict[str, Array]:
    """Gradients of every weight, of the words' h and c, and of the Tracker's h_0 and c_0, by name.

    Args:
        d_h: (N, B, D) gradient of the loss by each node's h, whatever reads it left aside.
        d_c: (N, B, D) gradient of the loss by each node's c, its parents left aside.
    """
    back = Back(weights, trace, d_h, d_c)
    for s in reversed(range(len(trace.gates))):
        back.reduce(s)
        back.track(s)
    words = {"h": trace.moves.words_of(back.d_h), "c": trace.moves.words_of(back.d_c)}
    h_0, c_0 = back.d_tracker
    gradients = weight_gradients(trace, back.delta_tracker, back.delta_reduce)
    return gradients | words | {"h_0": h_0, "c_0": c_0}


def weight_gradients(trace: Trace, tracker: Array, reduce: Array) -> dict[str, Array]:
    """Gradients of every weight: sums over all steps of all sentences.

    Args:
        tracker: (S, B, 4K) gradients of the Tracker's preactivations; zeros behind an end.
        reduce: (S, B, 5D) gradients of Reduce's; zeros where nothing was composed.
    """
    moves, h = trace.moves, trace.h
    second, top = flat(moves.read(h, moves.second)), flat(moves.read(h, moves.top))
    tracker, reduce = flat(tracker), flat(reduce)
    return {
        "W_buffer": tracker.T @ flat(moves.read(h, moves.buffer)),
        "W_second": tracker.T @ second,
        "W_top": tracker.T @ top,
        "U": tracker.T @ flat(trace.tracker_h[:-1]),
        "b_tracker": tracker.sum(axis=0),
        "U_left": reduce.T @ second,
        "U_right": reduce.T @ top,
        "V": reduce.T @ flat(trace.tracker_h[1:]),
        "b_reduce": reduce.sum(axis=0),
    }
