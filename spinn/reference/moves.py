"""A batch's moves as numbers of nodes, so that each step moves all sentences together.

Node 0 of a sentence is the empty place, nodes 1 to T are its words, and node T+1+s is what step s
composes. Nodes that a shorter sentence has no use for stay zeros, as the empty place does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinn.reference.activations import Array
from spinn.trees.transitions import REDUCE, check_transitions

Pointers = NDArray[np.int64]
Places = tuple[Pointers, Pointers]  # node and sentence, (R,) each


@dataclass(frozen=True)
class Transitions:
    """What stands where before each of S steps, in B sentences of up to T words.

    Attributes:
        words: T, of the longest sentence.
        lengths: (B,) words of each sentence.
        live: (S, B, 1) whether the sentence still moves.
        reduces: (S, B) whether its move is REDUCE.
        buffer: (S, B) the word at the front of the buffer.
        second: (S, B) the entry below the top of the stack, and left child of a REDUCE.
        top: (S, B) the top of the stack, and right child of a REDUCE.
        roots: (B,) the last entry left on each stack.
    """

    words: int
    lengths: Pointers
    live: NDArray[np.bool_]
    reduces: NDArray[np.bool_]
    buffer: Pointers
    second: Pointers
    top: Pointers
    roots: Pointers

    def lay_out(self, words: Array) -> Array:
        """(N, B, D) all nodes: words (T, B, D), and zeros for everything else."""
        T, B, D = words.shape
        nodes = np.zeros((1 + T + len(self.live), B, D))
        there = np.arange(T)[:, None] < self.lengths
        nodes[1 : 1 + T][there] = words[there]
        return nodes

    def words_of(self, d_nodes: Array) -> Array:
        """(T, B, D) the words' part of all nodes' gradients; zeros behind a sentence's end."""
        there = np.arange(self.words)[:, None, None] < self.lengths[:, None]
        return np.where(there, d_nodes[1 : 1 + self.words], 0)

    def at(
        self, step: int
    ) -> tuple[Pointers, tuple[Pointers, Pointers], tuple[Pointers, Pointers]]:
        """The sentences that reduce in a step, and where their left and right children lie."""
        rows = np.flatnonzero(self.reduces[step])
        return rows, (self.second[step, rows], rows), (self.top[step, rows], rows)

    def read(self, nodes: Array, pointers: Pointers) -> Array:
        """(S, B, D) the nodes that pointers (S, B) point to."""
        found: Array = nodes[pointers, np.arange(pointers.shape[1])]
        return found


def plan(transitions: Sequence[bytes], words: int) -> Transitions:
    """Play all moves once, with numbers of nodes on the stacks.

    Args:
        transitions: moves of each sentence.
        words: T, to which the sentences are padded.

    Raises: ValueError: if moves do not build one tree over a sentence of at most T words.
    """
    lengths = check(transitions, words)
    T, B, S = words, len(lengths), 2 * words - 1
    kind = np.frombuffer(b"".join(moves.ljust(S, b"\x00") for moves in transitions), np.uint8)
    reduces = kind.reshape(B, S).T == REDUCE
    live = np.arange(S)[:, None] < 2 * lengths - 1
    buffer, second, top = np.zeros((3, S, B), dtype=np.int64)
    stack = np.zeros((T + 2, B), dtype=np.int64)  # entries 0 and 1 are the empty place
    height, shifted, every = np.ones(B, dtype=np.int64), np.zeros(B, dtype=np.int64), np.arange(B)
    for s in range(S):
        buffer[s] = np.where(shifted < lengths, shifted + 1, 0)
        second[s], top[s] = stack[height - 1, every], stack[height, every]
        height += live[s] * np.where(reduces[s], -1, 1)
        shifted += live[s] & ~reduces[s]
        pushed = np.where(reduces[s], T + 1 + s, buffer[s])
        stack[height, every] = np.where(live[s], pushed, stack[height, every])
    return Transitions(T, lengths, live[..., None], reduces, buffer, second, top, stack[2])


def check(transitions: Sequence[bytes], words: int) -> Pointers:
    """Lengths of the sentences, (B,).

    Raises: ValueError: if moves do not build one tree over a sentence of at most `words` words.
    """
    lengths = np.array([(len(moves) + 1) // 2 for moves in transitions], dtype=np.int64)
    for index, (moves, length) in enumerate(zip(transitions, lengths.tolist(), strict=True)):
        if length > words:
            raise ValueError(f"sentence {index}: moves over {length} words, but {words} words came")
        try:
            check_transitions(moves, length)
        except ValueError as error:
            raise ValueError(f"sentence {index}: {error}") from None
    return lengths
