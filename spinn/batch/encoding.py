"""The output of an encoder."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from spinn.batch.sentences import Sentences


@dataclass(frozen=True)
class Encoding:
    """An encoded batch.

    Attributes:
        sentence: (B, D) one vector per sentence.
        tokens: (N, D) one vector per word in its context, where the encoder has them.
        gather_nodes: computes `nodes`, where the encoder follows trees.
        transitions: (2N-B,) predicted SHIFT and REDUCE as uint8, on the CPU; None where the encoder
            followed the given ones, or uses none.
        log_probs: (2N-B, 2) log-probabilities of SHIFT and REDUCE before each transition, where the
            encoder predicts them; -inf for an illegal one.
        gather_tracking: computes `tracking`, where there is a Tracker.
        rollouts: (R, B, D) sentence vectors along R choices of trees, without a gradient and
            without dropout on the sentence vector. The task computes a reward for each.
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
        """(M, D) the N words of the batch, then all its REDUCEs.

        Computed on first use: sentence classifiers do not need them, and their gradient takes 5 %
        of a training step.
        """
        return None if self.gather_nodes is None else self.gather_nodes()

    @cached_property
    def tracking(self) -> Tensor | None:
        """(2N-B, K) the Tracker's h before each transition, sentence after sentence."""
        return None if self.gather_tracking is None else self.gather_tracking()

    def followed_transitions(self, sentences: Sentences) -> Tensor:
        """(2N-B,) the transitions that were followed: predicted, or given with `sentences`."""
        return sentences.transitions if self.transitions is None else self.transitions
