"""SPINN that learns to parse from the reward of the task."""

from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.parsing_spinn import ParsingSPINN
from spinn.layers.embedding import Embedding
from spinn.stack_machine.parser import greedy, sample


class RLSPINN(ParsingSPINN):
    """SPINN that learns to parse from the task's reward alone (Yogatama et al. 2017).

    In training it draws moves, and REINFORCE (Williams 1992) makes those likelier after which the
    task went better than the baseline; arXiv:1611.09100, eq. 3.

    Args:
        embedding, hidden_size, tracker_size, dropout, beam: as in `ParsingSPINN`.
        baseline: what a reward is compared with: the running `average` of rewards, or the reward of
            the likeliest trees of the same sentences (`self_critical`; Rennie et al. 2017,
            arXiv:1612.00563).
        decay: of the running average, in a batch.
        policy_weight: of the policy's loss beside the task's.
        entropy_weight: of the mean entropy of a move, in nats, which keeps moves open.
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
    ) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"decay is {decay}; expected 0 or more, and less than 1")
        super().__init__(
            embedding,
            hidden_size=hidden_size,
            tracker_size=tracker_size,
            dropout=dropout,
            beam=beam,
        )
        self.baseline = baseline
        self.decay = decay
        self.policy_weight = policy_weight
        self.entropy_weight = entropy_weight
        self.register_buffer("average", torch.tensor(torch.nan))  # of rewards; none so far
        self.average: Tensor

    def encode_in_training(self, sentences: Sentences, words: Tensor | None) -> Encoding:
        """Encode a batch along trees that are drawn, with what is to be judged of them."""
        drawn = self.parse_batch(sentences, words, sample)
        rollouts = [drawn.sentence]
        if self.baseline == "self_critical":
            rollouts.append(self.parse_batch(sentences, words, greedy).sentence)
        encoding = self.encode_along(sentences, words, drawn.transitions)
        return replace(encoding, rollouts=torch.stack(rollouts))

    def auxiliary_loss(
        self, encoding: Encoding, sentences: Sentences, rewards: Tensor | None
    ) -> Tensor:
        """What makes moves likelier the more their reward exceeds the baseline, and keeps choice.

        Args:
            rewards: (R, B) how well the task goes with each of `encoding.rollouts`, without a
                gradient: along the trees that were drawn, and along the likeliest ones if R = 2.
        """
        assert encoding.log_probs is not None
        assert encoding.transitions is not None
        assert rewards is not None
        legal_choices = encoding.log_probs > -torch.inf
        chances = encoding.log_probs.masked_fill(~legal_choices, 0)  # log-probabilities
        made = encoding.transitions.to(chances.device, torch.int64)
        chosen = chances.gather(1, made[:, None])[:, 0]  # (M,)
        sentence = torch.arange(len(sentences)).repeat_interleave(2 * sentences.lengths - 1)
        parses = chosen.new_zeros(len(sentences)).index_add(0, sentence.to(made.device), chosen)
        advantage = rewards[0] - self._expected(rewards)
        policy = -(advantage * parses).mean()
        entropy = -(chances.exp() * chances).sum() / legal_choices.all(dim=1).sum().clamp(min=1)
        return self.policy_weight * policy - self.entropy_weight * entropy

    def _expected(self, rewards: Tensor) -> Tensor:
        if self.baseline == "self_critical":
            return rewards[1]
        mean = rewards.mean()
        expected = torch.where(self.average.isnan(), mean, self.average)
        self.average.copy_(self.decay * expected + (1 - self.decay) * mean)
        return expected
