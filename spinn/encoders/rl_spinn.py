"""SPINN that learns to parse from the reward of the task."""

from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.spinn import SPINN
from spinn.layers.composition import CompositionSpec
from spinn.layers.embedding import Embedding
from spinn.layers.tree_lstm import TREE_LSTM
from spinn.stack_machine.machines import MachineName
from spinn.stack_machine.parser import greedy, sample


class RLSPINN(SPINN):
    """SPINN that learns to parse from the task's reward alone (Yogatama et al. 2017).

    In training it samples transitions. REINFORCE (Williams 1992) raises the probability of those
    whose reward exceeds the baseline; arXiv:1611.09100, eq. 3.

    Args:
        embedding, hidden_size, tracker_size, dropout, beam, composition, machine: as in `SPINN`.
        baseline: what is subtracted from a reward. `average`: the running average of rewards.
            `self_critical`: the reward of the greedy trees of the same sentences (Rennie et al.
            2017, arXiv:1612.00563).
        decay: of the running average, per batch.
        policy_weight: of the policy's loss beside the task's.
        entropy_weight: of the mean entropy of a transition, in nats, which encourages exploration.

    Raises: ValueError: as in `SPINN`, or if `decay` is out of range.
    """

    def __init__(
        self,
        embedding: Embedding,
        *,
        hidden_size: int,
        tracker_size: int,
        dropout: float,
        beam: int,
        baseline: Literal["average", "self_critical"],
        decay: float,
        policy_weight: float,
        entropy_weight: float,
        composition: CompositionSpec = TREE_LSTM,
        machine: MachineName = "auto",
    ) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"decay is {decay}; expected 0 or more, and less than 1")
        super().__init__(
            embedding,
            hidden_size=hidden_size,
            tracker_size=tracker_size,
            dropout=dropout,
            beam=beam,
            composition=composition,
            machine=machine,
        )
        self.baseline = baseline
        self.decay = decay
        self.policy_weight = policy_weight
        self.entropy_weight = entropy_weight
        self.register_buffer("average", torch.tensor(torch.nan))  # of rewards; NaN before the first
        self.average: Tensor

    def encode_in_training(self, sentences: Sentences, words: Tensor | None) -> Encoding:
        """Encode a batch along sampled trees, with the rollouts that the task rewards."""
        sampled = self.parse_batch(sentences, words, sample)
        rollouts = [sampled.sentence]
        if self.baseline == "self_critical":
            rollouts.append(self.parse_batch(sentences, words, greedy).sentence)
        encoding = self.encode_along(sentences, words, sampled.transitions)
        return replace(encoding, rollouts=torch.stack(rollouts))

    def auxiliary_loss(
        self, encoding: Encoding, sentences: Sentences, rewards: Tensor | None
    ) -> Tensor:
        """The policy's loss, minus the weighted entropy of the transitions.

        Args:
            rewards: (R, B) the reward of each of `encoding.rollouts`, without a gradient: of the
                sampled trees and, if R = 2, of the greedy ones.
        """
        assert encoding.log_probs is not None
        assert encoding.transitions is not None
        assert rewards is not None
        legal = encoding.log_probs > -torch.inf
        log_probs = encoding.log_probs.masked_fill(~legal, 0)
        made = encoding.transitions.to(log_probs.device, torch.int64)
        chosen = log_probs.gather(1, made[:, None])[:, 0]  # (M,)
        sentence = torch.arange(len(sentences)).repeat_interleave(2 * sentences.lengths - 1)
        parses = chosen.new_zeros(len(sentences)).index_add(0, sentence.to(made.device), chosen)
        advantage = rewards[0] - self._baseline(rewards)
        policy = -(advantage * parses).mean()
        entropy = -(log_probs.exp() * log_probs).sum() / legal.all(dim=1).sum().clamp(min=1)
        return self.policy_weight * policy - self.entropy_weight * entropy

    def _baseline(self, rewards: Tensor) -> Tensor:
        """The baseline, (B,) or (); updates the running average."""
        if self.baseline == "self_critical":
            return rewards[1]
        mean = rewards.mean()
        expected = torch.where(self.average.isnan(), mean, self.average)
        self.average.copy_(self.decay * expected + (1 - self.decay) * mean)
        return expected
