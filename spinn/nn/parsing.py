"""SPINN that parses for itself: its Tracker also chooses between SHIFT and REDUCE."""

from dataclasses import replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spinn.batch import Encoding, Sentences
from spinn.moves import EITHER, legal, right_moves
from spinn.nn.embedding import Embedding
from spinn.nn.spinn import SPINN
from spinn.nn.stack.deciding import Decided, Machine, Policy, decide, greedy, sample, search


class ParsingSPINN(SPINN):
    """SPINN with a layer from the Tracker's h to the next move (Bowman et al. 2016, section 3.2).

    Moves that are not legal have no probability: REDUCE with fewer than two entries on the stack,
    SHIFT from an empty buffer. So every parse is one tree, whatever the weights.

    Args:
        embedding, hidden_size, tracker_size, dropout: as in `SPINN`, with a Tracker.
        beam: parses kept of a sentence when evaluating; 1 makes the likeliest move each time.

    Attributes:
        follow: in evaluation, its `own` trees or those `given` with the sentences.
    """

    parses: ClassVar[bool] = True

    def __init__(
        self,
        embedding: Embedding,
        *,
        hidden_size: int,
        tracker_size: int,
        dropout: float,
        beam: int,
    ) -> None:
        if beam < 1:
            raise ValueError(f"beam is {beam}; expected 1 or more")
        super().__init__(
            embedding, hidden_size=hidden_size, tracker_size=tracker_size, dropout=dropout
        )
        self.predict = nn.Linear(tracker_size, 2)  # SHIFT, REDUCE
        self.beam = beam
        self.follow: Literal["own", "given"] = "own"

    def forward(self, sentences: Sentences) -> Encoding:
        """Encode a batch along its own trees: as SPINN, and `transitions` and `choices`."""
        words = self.each_word(sentences)  # embedded once: moves are found and taken on the same
        if self.training:
            return self.encode_in_training(sentences, words)
        moves: Tensor | None
        if self.follow == "given":
            moves = None
        elif self.beam > 1:
            machine = self._machine(sentences, words, copies=self.beam)
            moves = search(machine, sentences, width=self.beam)
        elif torch.is_grad_enabled():
            moves = self.decide(sentences, words, greedy).transitions
        else:
            return _as_encoding(self.decide(sentences, words, greedy))
        return self.encode_along(sentences, words, moves)

    def encode_in_training(self, sentences: Sentences, words: Tensor | None) -> Encoding:
        """Encode a batch along the moves that training makes."""
        raise NotImplementedError

    def decide(self, sentences: Sentences, words: Tensor | None, policy: Policy) -> Decided:
        """Parse and encode without a gradient."""
        return decide(self._machine(sentences, words, copies=1), sentences, policy)

    def encode_along(
        self, sentences: Sentences, words: Tensor | None, transitions: Tensor | None
    ) -> Encoding:
        """Encode along these moves, or where there are none along the given ones."""
        if transitions is not None:
            sentences = sentences.following(transitions.numpy())
        encoding = self.encode(sentences, words)
        assert encoding.tracking is not None
        choices = self._choices(encoding.tracking, sentences)
        return replace(encoding, transitions=transitions, choices=choices)

    def _choices(self, tracking: Tensor, sentences: Sentences) -> Tensor:
        """(M, 2) log-probabilities of the two moves, from the Tracker's h (M, K)."""
        allowed = legal(sentences.transitions.numpy(), sentences.lengths.numpy())
        illegal = ~torch.from_numpy(allowed).to(tracking.device)
        with torch.autocast(tracking.device.type, enabled=False):
            scores: Tensor = self.predict(tracking)
            return scores.masked_fill(illegal, -torch.inf).log_softmax(dim=1)

    @torch.no_grad()
    def _machine(self, sentences: Sentences, words: Tensor | None, *, copies: int) -> Machine:
        assert self.tracker is not None
        h, c, leaves = self.leaves(sentences, words)
        dtype, which = self.predict.weight.dtype, leaves.which
        h, c = (state.to(dtype).index_select(0, which) for state in (h, c))  # each (N, D)
        return Machine(h, c, sentences, self.reduce, self.tracker, self.predict, copies=copies)


def _as_encoding(decided: Decided) -> Encoding:
    tracking = decided.tracking
    return Encoding(
        decided.sentence,
        lay_out_nodes=decided.lay_out_nodes,
        transitions=decided.transitions,
        choices=decided.choices,
        lay_out_tracking=lambda: tracking,
    )


class SupervisedSPINN(ParsingSPINN):
    """SPINN that learns to parse from the trees given in training (Bowman et al. 2016).

    Args:
        embedding, hidden_size, tracker_size, dropout, beam: as in `ParsingSPINN`.
        train_on: the moves made in training. `gold`: those given. `predicted`: its own likeliest.
            `scheduled` (Bengio et al. 2015, arXiv:1506.03099): along gold, until by chance a move
            of its own is made that leaves it, and then its own.
        own_moves: with `scheduled`, the chance that a move is its own.
        ramp: with `scheduled`, the batches over which that chance grows from zero.
        transition_weight: of the cross-entropy of moves, beside the task's loss.
    """

    taught: ClassVar[bool] = True  # it cannot be trained without trees in the data

    def __init__(
        self,
        embedding: Embedding,
        *,
        hidden_size: int,
        tracker_size: int,
        dropout: float,
        beam: int,
        train_on: Literal["gold", "scheduled", "predicted"],
        own_moves: float,
        ramp: int,
        transition_weight: float,
    ) -> None:
        if not 0 <= own_moves <= 1:
            raise ValueError(f"own_moves is {own_moves}; expected a probability, 0 to 1")
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
        self.own_moves = own_moves
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
            return self.decide(sentences, words, greedy).transitions
        self.batches += 1
        share = self.own_moves * min(int(self.batches) / self.ramp, 1)
        return self.decide(sentences, words, Departing(sentences, share)).transitions

    def objective(self, encoding: Encoding, sentences: Sentences, rewards: Tensor | None) -> Tensor:
        """The weighted mean cross-entropy of the right moves, in nats; rewards do not matter."""
        assert encoding.choices is not None
        made, gold = encoding.moves(sentences).numpy(), sentences.transitions.numpy()
        right = torch.from_numpy(right_moves(made, gold, sentences.lengths.numpy())).long()
        free = max(int((right != EITHER).sum()), 1)
        right = right.to(encoding.choices.device)
        loss = F.nll_loss(encoding.choices, right, ignore_index=EITHER, reduction="sum")
        return self.transition_weight * loss / free


class Departing:
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


class ReinforcedSPINN(ParsingSPINN):
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
        drawn = self.decide(sentences, words, sample)
        trials = [drawn.sentence]
        if self.baseline == "self_critical":
            trials.append(self.decide(sentences, words, greedy).sentence)
        encoding = self.encode_along(sentences, words, drawn.transitions)
        return replace(encoding, trials=torch.stack(trials))

    def objective(self, encoding: Encoding, sentences: Sentences, rewards: Tensor | None) -> Tensor:
        """What makes moves likelier the more their reward exceeds the baseline, and keeps choice.

        Args:
            rewards: (R, B) how well the task goes with each of `encoding.trials`, without a
                gradient: along the trees that were drawn, and along the likeliest ones if R = 2.
        """
        assert encoding.choices is not None
        assert encoding.transitions is not None
        assert rewards is not None
        legal_choices = encoding.choices > -torch.inf
        chances = encoding.choices.masked_fill(~legal_choices, 0)  # log-probabilities
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
