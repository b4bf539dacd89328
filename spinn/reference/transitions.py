"""A batch's transitions as node numbers, so that all sentences take each step together.

Node 0 of a sentence is a constant zero vector, which stands for an empty stack or buffer entry.
Nodes 1 to T are the words. Node T+1+s is composed in step s. Unused nodes of a shorter sentence
are zero.

`( the ( old church ) )` is S S S R R, so T = 3. Before each of the five steps:

    buffer  1 2 3 0 0
    second  0 0 1 2 1     step 3 composes node 7 from nodes 2 and 3,
    top     0 1 2 3 7     step 4 composes node 8, the root, from nodes 1 and 7
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinn.reference.activations import Array
from spinn.trees.transitions import REDUCE, check_transitions

Pointers = NDArray[np.int64]


@dataclass(frozen=True)
class Steps:
    """Node numbers on stacks and buffers before each of S steps, in B sentences of up to T words.

    Attributes:
        words: T, the length of the longest sentence.
        lengths: (B,) words of each sentence.
        live: (S, B, 1) whether the sentence has a transition in this step.
        reduces: (S, B) whether the transition is REDUCE.
        buffer: (S, B) the word at the front of the buffer.
        second: (S, B) the entry below the top of the stack: the left child of a REDUCE.
        top: (S, B) the top of the stack: the right child of a REDUCE.
        roots: (B,) the only entry of each stack after the last transition.
    """

    words: int
    lengths: Pointers
    live: NDArray[np.bool_]
    reduces: NDArray[np.bool_]
    buffer: Pointers
    second: Pointers
    top: Pointers
    roots: Pointers

    def from_words(self, words: Array) -> Array:
        """Return all nodes, (N, B, D): the words, (T, B, D), and zeros elsewhere."""
        T, B, D = words.shape
        nodes = np.zeros((1 + T + len(self.live), B, D))
        is_word = np.arange(T)[:, None] < self.lengths
        nodes[1 : 1 + T][is_word] = words[is_word]
        return nodes

    def to_words(self, d_nodes: Array) -> Array:
        """Return the words' gradients, (T, B, D); zeros in the padding."""
        is_word = np.arange(self.words)[:, None, None] < self.lengths[:, None]
        return np.where(is_word, d_nodes[1 : 1 + self.words], 0)

    def reducing(
        self, step: int
    ) -> tuple[Pointers, tuple[Pointers, Pointers], tuple[Pointers, Pointers]]:
        """Return the R sentences that reduce in a step, and the indices of both children.

        Each index is (nodes, sentences), both (R,).
        """
        rows = np.flatnonzero(self.reduces[step])
        return rows, (self.second[step, rows], rows), (self.top[step, rows], rows)

    def gather(self, nodes: Array, pointers: Pointers) -> Array:
        """Return the nodes at pointers (S, B), shape (S, B, D)."""
        found: Array = nodes[pointers, np.arange(pointers.shape[1])]
        return found


def plan(transitions: Sequence[bytes], words: int) -> Steps:
    """Run all transitions once, with node numbers instead of vectors on the stacks.

    Args:
        transitions: of each sentence.
        words: T, the padded length.

    Raises: ValueError: if transitions do not build one tree over at most T words.
    """
    lengths = check(transitions, words)
    T, B, S = words, len(lengths), 2 * words - 1
    kind = np.frombuffer(b"".join(tree.ljust(S, b"\x00") for tree in transitions), np.uint8)
    reduces = kind.reshape(B, S).T == REDUCE
    live = np.arange(S)[:, None] < 2 * lengths - 1
    buffer, second, top = np.zeros((3, S, B), dtype=np.int64)
    stack = np.zeros((T + 2, B), dtype=np.int64)  # entries 0 and 1 are empty
    height, shifted, column = np.ones(B, dtype=np.int64), np.zeros(B, dtype=np.int64), np.arange(B)
    for s in range(S):
        buffer[s] = np.where(shifted < lengths, shifted + 1, 0)
        second[s], top[s] = stack[height - 1, column], stack[height, column]
        height += live[s] * np.where(reduces[s], -1, 1)
        shifted += live[s] & ~reduces[s]
        pushed = np.where(reduces[s], T + 1 + s, buffer[s])
        stack[height, column] = np.where(live[s], pushed, stack[height, column])
    return Steps(T, lengths, live[..., None], reduces, buffer, second, top, stack[2])


def check(transitions: Sequence[bytes], words: int) -> Pointers:
    """Return the lengths of the sentences, (B,).

    Raises: ValueError: if transitions do not build one tree over at most `words` words.
    """
    lengths = np.array([(len(tree) + 1) // 2 for tree in transitions], dtype=np.int64)
    for index, (tree, length) in enumerate(zip(transitions, lengths.tolist(), strict=True)):
        if length > words:
            raise ValueError(
                f"sentence {index}: transitions over {length} words; expected {words} at most"
            )
        try:
            check_transitions(tree, length)
        except ValueError as error:
            raise ValueError(f"sentence {index}: {error}") from None
    return lengths
