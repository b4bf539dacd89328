"""SPINN that learns to parse from gold trees: the full model of Bowman et al. 2016."""

from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.spinn import SPINN
from spinn.layers.composition import CompositionSpec
from spinn.layers.embedding import Embedding
from spinn.layers.tree_lstm import TREE_LSTM
from spinn.stack_machine.machines import MachineName
from spinn.stack_machine.parser import greedy
from spinn.trees.oracle import NO_TARGET, dynamic_oracle


class SupervisedSPINN(SPINN):
    """SPINN trained on the transitions of gold trees (Bowman et al. 2016, arXiv:1603.06021).

    Args:
        embedding, hidden_size, tracker_size, dropout, beam, composition, machine: as in `SPINN`.
        train_on: the transitions that training follows. `gold`: teacher forcing. `predicted`: the
            likelier one each time. `scheduled`: scheduled sampling (Bengio et al. 2015,
            arXiv:1506.03099), see `ScheduledSampling`.
        sampling_probability: with `scheduled`, the probability that a transition is predicted.
        ramp: with `scheduled`, the batches over which that probability grows from zero.
        transition_weight: of the cross-entropy of transitions, beside the task's loss.

    Raises: ValueError: as in `SPINN`, or if a probability or `ramp` is out of range.
    """

    needs_gold_trees: ClassVar[bool] = True

    def __init__(
        self,
        embedding: Embedding,
        *,
        hidden_size: int,
        tracker_size: int,
        dropout: float,
        beam: int,
        train_on: Literal["gold", "scheduled", "predicted"],
        sampling_probability: float,
        ramp: int,
        transition_weight: float,
        composition: CompositionSpec = TREE_LSTM,
        machine: MachineName = "auto",
    ) -> None:
        if not 0 <= sampling_probability <= 1:
            raise ValueError(
                f"sampling_probability is {sampling_probability}; expected a probability, 0 to 1"
            )
        if ramp < 1:
            raise ValueError(f"ramp is {ramp}; expected 1 batch or more")
        super().__init__(
            embedding,
            hidden_size=hidden_size,
            tracker_size=tracker_size,
            dropout=dropout,
            beam=beam,
            composition=composition,
            machine=machine,
        )
        self.train_on = train_on
        self.sampling_probability = sampling_probability
        self.ramp = ramp
        self.transition_weight = transition_weight
        self.register_buffer("batches", torch.zeros((), dtype=torch.int64))  # trained on
        self.batches: Tensor

    def encode_in_training(self, sentences: Sentences, words: Tensor | None) -> Encoding:
        """Encode a batch along the transitions that training follows."""
        return self.encode_along(sentences, words, self.training_transitions(sentences, words))

    def training_transitions(self, sentences: Sentences, words: Tensor | None) -> Tensor | None:
        """(M,) the transitions that training follows; None for the gold ones."""
        if self.train_on == "gold":
            return None
        if self.train_on == "predicted":
            return self.parse_batch(sentences, words, greedy).transitions
        self.batches += 1
        probability = self.sampling_probability * min(int(self.batches) / self.ramp, 1)
        policy = ScheduledSampling(sentences, probability)
        return self.parse_batch(sentences, words, policy).transitions

    def auxiliary_loss(
        self, encoding: Encoding, sentences: Sentences, rewards: Tensor | None
    ) -> Tensor:
        """The weighted mean cross-entropy, in nats, with the transitions of the dynamic oracle.

        Only transitions with two legal choices, one of them better, count. Rewards are ignored.
        """
        assert encoding.log_probs is not None
        made, gold = encoding.followed_transitions(sentences).numpy(), sentences.transitions.numpy()
        target = torch.from_numpy(dynamic_oracle(made, gold, sentences.lengths.numpy())).long()
        count = max(int((target != NO_TARGET).sum()), 1)
        target = target.to(encoding.log_probs.device)
        loss = F.nll_loss(encoding.log_probs, target, ignore_index=NO_TARGET, reduction="sum")
        return self.transition_weight * loss / count


class ScheduledSampling:
    """A policy that follows the given transitions until a predicted one differs.

    Each transition is predicted with a probability, and given otherwise. After the first
    transition of a sentence that differs from the given one, all others are predicted.
    """

    def __init__(self, sentences: Sentences, probability: float) -> None:
        tracking, device = sentences.schedule.tracking, sentences.words.device
        given = sentences.transitions.to(device, torch.int64)
        by_step = torch.empty_like(given).index_copy(0, tracking.packed, given)
        self.given = torch.split(by_step, list(tracking.live))
        self.on_path = torch.ones(len(sentences), dtype=torch.bool, device=device)
        self.probability = probability

    def __call__(self, step: int, scores: Tensor) -> Tensor:
        """Choose the transitions of a step."""
        given, predicted = self.given[step], greedy(step, scores)
        on_path = self.on_path[: len(given)]
        follows = on_path & (torch.rand(len(given), device=given.device) >= self.probability)
        transitions = torch.where(follows, given, predicted)
        on_path &= transitions == given
        return transitions
