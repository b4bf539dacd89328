"""What an encoder gives."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from spinn.batch.sentences import Sentences


@dataclass(frozen=True)
class Encoding:
    """What an encoder makes of a batch.

    Attributes:
        sentence: (B, D) one vector a sentence.
        tokens: (N, D) one vector a word in its context, where the encoder has them.
        gather_nodes: makes `nodes`, where the encoder follows the tree.
        transitions: (2N-B,) the moves as uint8, on the CPU, where the encoder chose its own.
        choices: (2N-B, 2) log-probabilities of SHIFT and of REDUCE before each move, where the
            encoder predicts moves; -inf for one that is not legal.
        gather_tracking: makes `tracking`, where there is a Tracker.
        rollouts: (R, B, D) what a task is to judge for an encoder that learns from rewards: the
            sentences along one choice of trees and another, without dropout and gradient.
    """

    sentence: Tensor
    tokens: Tensor | None = None
    gather_nodes: Callable[[], Tensor] | None = None
    transitions: Tensor | None = None
    log_probs: Tensor | None = None
    gather_tracking: Callable[[], Tensor] | None = None
    rollouts: Tensor | None = None

    @cached_property
    def nodes(self) -> Tensor | None:
        """(M, D) one vector a word, then one a REDUCE, each sentence after sentence.

        Laid out when asked for: a classifier of sentences does without, and their gradient alone
        takes a twentieth of a step.
        """
        return None if self.gather_nodes is None else self.gather_nodes()

    @cached_property
    def tracking(self) -> Tensor | None:
        """(2N-B, K) the Tracker's h before each move, sentence after sentence."""
        return None if self.gather_tracking is None else self.gather_tracking()

    def followed_transitions(self, sentences: Sentences) -> Tensor:
        """(2N-B,) the moves that were made: the encoder's own, or those given with `sentences`."""
        return sentences.transitions if self.transitions is None else self.transitions
