"""SPINN that learns to parse from the given trees."""

from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.parsing_spinn import ParsingSPINN
from spinn.layers.embedding import Embedding
from spinn.stack_machine.parser import greedy
from spinn.trees.oracle import NO_TARGET, dynamic_oracle


class SupervisedSPINN(ParsingSPINN):
    """SPINN that learns to parse from the trees given in training (Bowman et al. 2016).

    Args:
        embedding, hidden_size, tracker_size, dropout, beam: as in `ParsingSPINN`.
        train_on: the moves made in training. `gold`: those given. `predicted`: its own likeliest.
            `scheduled` (Bengio et al. 2015, arXiv:1506.03099): along gold, until by chance a move
            of its own is made that leaves it, and then its own.
        sampling_probability: with `scheduled`, the chance that a move is its own.
        ramp: with `scheduled`, the batches over which that chance grows from zero.
        transition_weight: of the cross-entropy of moves, beside the task's loss.
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
        )
        self.train_on = train_on
        self.sampling_probability = sampling_probability
        self.ramp = ramp
        self.transition_weight = transition_weight
        self.register_buffer("batches", torch.zeros((), dtype=torch.int64))  # trained on
        self.batches: Tensor

    def encode_in_training(self, sentences: Sentences, words: Tensor | None) -> Encoding:
        """Encode a batch along the moves that training makes."""
        return self.encode_along(sentences, words, self.training_moves(sentences, words))

    def training_moves(self, sentences: Sentences, words: Tensor | None) -> Tensor | None:
        """(M,) the moves that training makes; None for those given with the sentences."""
        if self.train_on == "gold":
            return None
        if self.train_on == "predicted":
            return self.parse_batch(sentences, words, greedy).transitions
        self.batches += 1
        share = self.sampling_probability * min(int(self.batches) / self.ramp, 1)
        return self.parse_batch(sentences, words, ScheduledSampling(sentences, share)).transitions

    def auxiliary_loss(
        self, encoding: Encoding, sentences: Sentences, rewards: Tensor | None
    ) -> Tensor:
        """The weighted mean cross-entropy of the right moves, in nats; rewards do not matter."""
        assert encoding.log_probs is not None
        made, gold = encoding.followed_transitions(sentences).numpy(), sentences.transitions.numpy()
        right = torch.from_numpy(dynamic_oracle(made, gold, sentences.lengths.numpy())).long()
        free = max(int((right != NO_TARGET).sum()), 1)
        right = right.to(encoding.log_probs.device)
        loss = F.nll_loss(encoding.log_probs, right, ignore_index=NO_TARGET, reduction="sum")
        return self.transition_weight * loss / free


class ScheduledSampling:
    """A policy that follows the given moves, leaves them by chance, and then goes its own way."""

    def __init__(self, sentences: Sentences, share: float) -> None:
        tracking, device = sentences.schedule.tracking, sentences.words.device
        given = sentences.transitions.to(device, torch.int64)
        by_step = torch.empty_like(given).index_copy(0, tracking.packed, given)
        self.given = torch.split(by_step, list(tracking.live))
        self.on_path = torch.ones(len(sentences), dtype=torch.bool, device=device)
        self.share = share

    def __call__(self, step: int, scores: Tensor) -> Tensor:
        """Choose the moves of a step."""
        given, own = self.given[step], greedy(step, scores)
        on_path = self.on_path[: len(given)]
        follows = on_path & (torch.rand(len(given), device=given.device) >= self.share)
        moves = torch.where(follows, given, own)
        on_path &= moves == given
        return moves
