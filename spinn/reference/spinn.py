"""SPINN: a TreeLSTM whose Reduce also reads a Tracker, an LSTM over the stack machine's state.

The Tracker steps before each transition. It reads the front of the buffer and the two topmost
stack entries; an empty entry is zero. `transitions.py` defines the node numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spinn.reference import lstm, tree_lstm
from spinn.reference.activations import Array
from spinn.reference.sequences import flatten
from spinn.reference.transitions import Steps, plan


@dataclass(frozen=True)
class Weights:
    """The Tracker's weights, gates g, i, f, o, and Reduce's, gates g, i, f_left, f_right, o.

    Attributes:
        W_buffer: (4K, D) for the front of the buffer.
        W_second: (4K, D) for the entry below the top of the stack.
        W_top: (4K, D) for the top of the stack.
        U: (4K, K) for the Tracker's previous h.
        b_tracker: (4K,).
        U_left: (5D, D) for the left child.
        U_right: (5D, D) for the right child.
        V: (5D, K) for the Tracker's h.
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
    """Values saved for `backward`: of the nodes, and of the Tracker before and after each step.

    Attributes:
        gates: (S, B, 5D) of Reduce; zero where nothing was composed.
        h: (N, B, D) of the nodes.
        c: (N, B, D) of the nodes.
        tracker_gates: (S, B, 4K).
        tracker_h: (S+1, B, K), which starts with h_0.
        tracker_c: (S+1, B, K), which starts with c_0.
    """

    steps: Steps
    gates: Array
    h: Array
    c: Array
    tracker_gates: Array
    tracker_h: Array
    tracker_c: Array


def forward(
    weights: Weights, h: Array, c: Array, transitions: Sequence[bytes], h_0: Array, c_0: Array
) -> Trace:
    """Run the stack machine over a batch of sentences (Bowman et al. 2016, sections 3.1 to 3.3).

    Args:
        h: (T, B, D) hidden states of the words; values in the padding do not matter.
        c: (T, B, D) cell states of the words.
        transitions: of each sentence.
        h_0: (B, K) the Tracker's initial hidden states.
        c_0: (B, K) the Tracker's initial cell states.

    Raises: ValueError: if transitions do not build one tree over at most T words.
    """
    steps = plan(transitions, len(h))
    S, B = steps.reduces.shape
    tracker_h, tracker_c = np.empty((2, S + 1, B, weights.U.shape[1]))
    tracker_h[0], tracker_c[0] = h_0, c_0
    trace = Trace(
        steps,
        np.zeros((S, B, len(weights.b_reduce))),
        steps.from_words(h),
        steps.from_words(c),
        np.empty((S, B, len(weights.b_tracker))),
        tracker_h,
        tracker_c,
    )
    for s in range(S):
        track(weights, trace, s)
        reduce(weights, trace, s)
    return trace


def track(weights: Weights, trace: Trace, s: int) -> None:
    """Run the Tracker's step s in every sentence that has a transition then."""
    column, steps, h = np.arange(trace.h.shape[1]), trace.steps, trace.h
    a = weights.b_tracker + trace.tracker_h[s] @ weights.U.T  # (B, 4K)
    a += h[steps.buffer[s], column] @ weights.W_buffer.T
    a += h[steps.second[s], column] @ weights.W_second.T
    a += h[steps.top[s], column] @ weights.W_top.T
    trace.tracker_gates[s], h_next, c_next = lstm.step(a, trace.tracker_c[s])
    trace.tracker_h[s + 1] = np.where(steps.live[s], h_next, trace.tracker_h[s])
    trace.tracker_c[s + 1] = np.where(steps.live[s], c_next, trace.tracker_c[s])


def reduce(weights: Weights, trace: Trace, s: int) -> None:
    """Compose in every sentence whose transition s is REDUCE, given the Tracker's new h."""
    h, c = trace.h, trace.c
    rows, left, right = trace.steps.reducing(s)
    a = h[left] @ weights.U_left.T + h[right] @ weights.U_right.T + weights.b_reduce  # (R, 5D)
    a += trace.tracker_h[s + 1, rows] @ weights.V.T
    node = trace.steps.words + 1 + s, rows
    trace.gates[s, rows], h[node], c[node] = tree_lstm.step(a, c[left], c[right])


class Backward:
    """The backward pass over a trace, from the last step to the first.

    Attributes:
        d_h: (N, B, D) gradients of the nodes' h, complete for nodes without further readers.
        d_c: (N, B, D) gradients of the nodes' c.
        d_tracker: gradients of the Tracker's h and c after the step that is next, each (B, K).
        delta_reduce: (S, B, 5D) gradients of Reduce's preactivations.
        delta_tracker: (S, B, 4K) gradients of the Tracker's preactivations.
    """

    def __init__(self, weights: Weights, trace: Trace, d_h: Array, d_c: Array) -> None:
        self.weights, self.trace = weights, trace
        self.d_h, self.d_c = d_h.copy(), d_c.copy()
        zeros = np.zeros_like(trace.tracker_h[0])
        self.d_tracker = zeros, zeros
        self.delta_reduce = np.zeros_like(trace.gates)
        self.delta_tracker = np.empty_like(trace.tracker_gates)

    def reduce(self, s: int) -> None:
        """Propagate from the composed nodes to their children and to the Tracker's h."""
        trace, weights, c = self.trace, self.weights, self.trace.c
        rows, left, right = trace.steps.reducing(s)
        node = trace.steps.words + 1 + s, rows
        delta, d_c_left, d_c_right = tree_lstm.step_backward(
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
        """Propagate from the Tracker's h and c to the previous state and to the nodes it reads."""
        trace, weights, steps = self.trace, self.weights, self.trace.steps
        c, (d_h, d_c), live = trace.tracker_c, self.d_tracker, steps.live[s]
        delta, d_c_before = lstm.step_backward(trace.tracker_gates[s], c[s], c[s + 1], d_h, d_c)
        self.delta_tracker[s] = delta = np.where(live, delta, 0)
        self.d_tracker = np.where(live, delta @ weights.U, d_h), np.where(live, d_c_before, d_c)
        column = np.arange(len(d_h))
        # Node 0 is a constant; its gradient is never used.
        self.d_h[steps.buffer[s], column] += delta @ weights.W_buffer
        self.d_h[steps.second[s], column] += delta @ weights.W_second
        self.d_h[steps.top[s], column] += delta @ weights.W_top


def backward(weights: Weights, trace: Trace, d_h: Array, d_c: Array) -> dict[str, Array]:
    """Return the gradients of all weights, the words' h and c, and h_0 and c_0, by name.

    Args:
        d_h: (N, B, D) gradient of the loss by each node's h, without the paths through its parent
            and the Tracker.
        d_c: (N, B, D) gradient of the loss by each node's c, without the path through its parent.
    """
    passed = Backward(weights, trace, d_h, d_c)
    for s in reversed(range(len(trace.gates))):
        passed.reduce(s)
        passed.track(s)
    words = {"h": trace.steps.to_words(passed.d_h), "c": trace.steps.to_words(passed.d_c)}
    h_0, c_0 = passed.d_tracker
    gradients = weight_gradients(trace, passed.delta_tracker, passed.delta_reduce)
    return gradients | words | {"h_0": h_0, "c_0": c_0}


def weight_gradients(trace: Trace, tracker: Array, reduce: Array) -> dict[str, Array]:
    """Return the gradients of all weights: sums over all steps of all sentences.

    Args:
        tracker: (S, B, 4K) gradients of the Tracker's preactivations; zero in the padding.
        reduce: (S, B, 5D) gradients of Reduce's; zero where nothing was composed.
    """
    steps, h = trace.steps, trace.h
    second, top = flatten(steps.gather(h, steps.second)), flatten(steps.gather(h, steps.top))
    tracker, reduce = flatten(tracker), flatten(reduce)
    return {
        "W_buffer": tracker.T @ flatten(steps.gather(h, steps.buffer)),
        "W_second": tracker.T @ second,
        "W_top": tracker.T @ top,
        "U": tracker.T @ flatten(trace.tracker_h[:-1]),
        "b_tracker": tracker.sum(axis=0),
        "U_left": reduce.T @ second,
        "U_right": reduce.T @ top,
        "V": reduce.T @ flatten(trace.tracker_h[1:]),
        "b_reduce": reduce.sum(axis=0),
    }
