"""SPINN that parses for itself: its Tracker also chooses between SHIFT and REDUCE."""

from dataclasses import replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.spinn_pi import SPINNPI
from spinn.layers.embedding import Embedding
from spinn.stack_machine.parser import Machine, Parses, Policy, greedy, parse_batch, search
from spinn.trees.oracle import legal


class ParsingSPINN(SPINNPI):
    """SPINN with a layer from the Tracker's h to the next move (Bowman et al. 2016, section 3.2).

    Transitions that are not legal have no probability: REDUCE with fewer than two entries on the
    stack, SHIFT from an empty buffer. So every parse is one tree, whatever the weights.

    Args:
        embedding, hidden_size, tracker_size, dropout: as in `SPINN`, with a Tracker.
        beam: parses kept of a sentence when evaluating; 1 makes the likeliest move each time.
    """

    tree_source: ClassVar[Literal["none", "given", "predicted"]] = "predicted"
    can_follow_given: ClassVar[bool] = True

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

    def forward(self, sentences: Sentences) -> Encoding:
        """Encode a batch along its own trees: as SPINN, and `transitions` and `choices`."""
        words = self.each_word(sentences)  # embedded once: moves are found and taken on the same
        if self.training:
            return self.encode_in_training(sentences, words)
        moves: Tensor | None
        if self.follow_given:
            moves = None
        elif self.beam > 1:
            machine = self._machine(sentences, words, copies=self.beam)
            moves = search(machine, sentences, width=self.beam)
        elif torch.is_grad_enabled():
            moves = self.parse_batch(sentences, words, greedy).transitions
        else:
            return _as_encoding(self.parse_batch(sentences, words, greedy))
        return self.encode_along(sentences, words, moves)

    def encode_in_training(self, sentences: Sentences, words: Tensor | None) -> Encoding:
        """Encode a batch along the moves that training makes."""
        raise NotImplementedError

    def parse_batch(self, sentences: Sentences, words: Tensor | None, policy: Policy) -> Parses:
        """Parse and encode without a gradient."""
        return parse_batch(self._machine(sentences, words, copies=1), sentences, policy)

    def encode_along(
        self, sentences: Sentences, words: Tensor | None, transitions: Tensor | None
    ) -> Encoding:
        """Encode along these moves, or where there are none along the given ones."""
        if transitions is not None:
            sentences = sentences.with_transitions(transitions.numpy())
        encoding = self.encode(sentences, words)
        assert encoding.tracking is not None
        choices = self._choices(encoding.tracking, sentences)
        return replace(encoding, transitions=transitions, log_probs=choices)

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


def _as_encoding(decided: Parses) -> Encoding:
    tracking = decided.tracking
    return Encoding(
        decided.sentence,
        gather_nodes=decided.gather_nodes,
        transitions=decided.transitions,
        log_probs=decided.log_probs,
        gather_tracking=lambda: tracking,
    )
