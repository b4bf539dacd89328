"""SPINN: the Tracker also chooses between SHIFT and REDUCE."""

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.encoder import Encoder
from spinn.layers.composition import CompositionSpec
from spinn.layers.embedding import Embedding
from spinn.layers.leaves import embed_words, leaf_states, linear_leaf
from spinn.layers.tracker import Tracker
from spinn.layers.tree_lstm import TREE_LSTM
from spinn.stack_machine.machines import MachineName, choose
from spinn.stack_machine.parser import Parser, Parses, Policy, beam_search, greedy, parse_batch
from spinn.trees.oracle import legal


class SPINN(Encoder):
    """Base class: SPINN with a linear layer from the Tracker's h to the next transition.

    Bowman et al. 2016 (arXiv:1603.06021), section 3.4. Illegal transitions have probability 0:
    REDUCE with fewer than two entries on the stack, SHIFT from an empty buffer. So every parse is
    one tree, whatever the weights. `SupervisedSPINN` and `RLSPINN` define the transitions that
    training follows, and the auxiliary loss.

    The transitions are predicted without a gradient by `stack_machine.parser`. A second run of the
    stack machine along them has one.

    Args:
        embedding, hidden_size, tracker_size, dropout, composition, machine: as in `SPINNPI`, with a
            Tracker.
        beam: parses kept of each sentence in evaluation; 1 takes the likelier transition each time.

    Raises: ValueError: if the machine does not exist for the composition, or `beam` is below 1.
    """

    tree_source: ClassVar[Literal["none", "given", "predicted"]] = "predicted"
    can_follow_given: ClassVar[bool] = True
    has_nodes: ClassVar[bool] = True

    def __init__(
        self,
        embedding: Embedding,
        *,
        hidden_size: int,
        tracker_size: int,
        dropout: float,
        beam: int,
        composition: CompositionSpec = TREE_LSTM,
        machine: MachineName = "auto",
    ) -> None:
        if beam < 1:
            raise ValueError(f"beam is {beam}; expected 1 or more")
        super().__init__()
        self.size = hidden_size
        self.embedding = embedding
        self.leaf = linear_leaf(embedding, composition.kind.state_parts * hidden_size)
        self.reduce = composition.build(hidden_size, tracker_size)
        self.tracker = Tracker(hidden_size, tracker_size=tracker_size)
        self.dropout = nn.Dropout(dropout)
        self.predict = nn.Linear(tracker_size, 2)  # SHIFT, REDUCE
        self.beam = beam
        self.machine = choose(machine, self.reduce)

    def forward(self, sentences: Sentences) -> Encoding:
        """Encode a batch along predicted transitions.

        Returns: `sentence` (B, D), `nodes` (M, D), `tracking` (M, K), `log_probs` (M, 2), and
            `transitions` (M,) unless the given ones were followed.
        """
        # Embedded once: the transitions are predicted and followed with the same dropout on words.
        words = embed_words(self.embedding, sentences)
        if self.training:
            return self.encode_in_training(sentences, words)
        transitions: Tensor | None
        if self.follow_given:
            transitions = None
        elif self.beam > 1:
            parser = self.parser(sentences, words, copies=self.beam)
            transitions = beam_search(parser, sentences, width=self.beam)
        elif torch.is_grad_enabled():
            transitions = self.parse_batch(sentences, words, greedy).transitions
        else:  # the parser has computed the vectors as well
            parses = self.parse_batch(sentences, words, greedy)
            return Encoding(
                parses.sentence,
                gather_nodes=parses.gather_nodes,
                transitions=parses.transitions,
                log_probs=parses.log_probs,
                gather_tracking=lambda: parses.tracking,
            )
        return self.encode_along(sentences, words, transitions)

    @abstractmethod
    def encode_in_training(self, sentences: Sentences, words: Tensor | None) -> Encoding:
        """Encode a batch along the transitions that training follows.

        Args:
            words: from `embed_words`.
        """

    def parse_batch(self, sentences: Sentences, words: Tensor | None, policy: Policy) -> Parses:
        """Parse and encode without a gradient."""
        return parse_batch(self.parser(sentences, words, copies=1), sentences, policy)

    @torch.no_grad()
    def parser(self, sentences: Sentences, words: Tensor | None, *, copies: int) -> Parser:
        """Build the machine that predicts transitions, with `copies` rows for each sentence."""
        parts = self.reduce.state_parts
        state, leaves = leaf_states(self.embedding, self.leaf, parts, sentences, words)
        dtype = self.predict.weight.dtype
        state = tuple(part.to(dtype).index_select(0, leaves.which) for part in state)  # (N, D)
        return Parser(state, sentences, self.reduce, self.tracker, self.predict, copies=copies)

    def encode_along(
        self, sentences: Sentences, words: Tensor | None, transitions: Tensor | None
    ) -> Encoding:
        """Encode along these transitions (M,); None for the given ones."""
        if transitions is not None:
            sentences = sentences.with_transitions(transitions.numpy())
        parts = self.reduce.state_parts
        state, leaves = leaf_states(self.embedding, self.leaf, parts, sentences, words)
        encoding = self.machine(state, leaves, sentences, self.reduce, self.tracker)
        assert encoding.tracking is not None
        allowed = legal(sentences.transitions.numpy(), sentences.lengths.numpy())
        illegal = ~torch.from_numpy(allowed).to(encoding.tracking.device)
        with torch.autocast(encoding.tracking.device.type, enabled=False):
            tracking = encoding.tracking.to(self.predict.weight.dtype)
            scores: Tensor = self.predict(tracking)  # (M, 2)
            log_probs = scores.masked_fill(illegal, -torch.inf).log_softmax(dim=1)
        return replace(
            encoding,
            sentence=self.dropout(encoding.sentence),
            transitions=transitions,
            log_probs=log_probs,
        )
