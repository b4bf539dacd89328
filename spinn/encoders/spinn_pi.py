"""SPINN, and the TreeLSTM that it is without its Tracker."""

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from spinn.batch.encoding import Encoding
from spinn.batch.schedule import Groups, Leaves, Schedule
from spinn.batch.sentences import Sentences
from spinn.encoders.encoder import Encoder
from spinn.layers.embedding import Embedding
from spinn.layers.leaves import linear_leaf
from spinn.layers.tracker import Tracker
from spinn.layers.tree_lstm import Reduce
from spinn.stack_machine import by_height, fused


class SPINNPI(Encoder):
    """Read a sentence as a shift-reduce parser does (Bowman et al. 2016, arXiv:1603.06021).

    Args:
        embedding: words to vectors; a linear layer makes (h, c) of them, as in the paper's
            section 3.1, unless they are trained and 2D wide themselves.
        hidden_size: D, the width of h and of c of every node.
        tracker_size: K, the width of the Tracker's h; None for a TreeLSTM (Tai et al. 2015).
        dropout: probability with which an entry of the sentence's vector becomes zero in training.
    """

    tree_source: ClassVar[Literal["none", "given", "predicted"]] = "given"
    has_nodes: ClassVar[bool] = True

    def __init__(
        self,
        embedding: Embedding,
        *,
        hidden_size: int,
        tracker_size: int | None,
        dropout: float,
    ) -> None:
        super().__init__()
        self.size = hidden_size
        self.embedding = embedding
        self.leaf = linear_leaf(embedding, hidden_size)
        self.reduce = Reduce(hidden_size, tracker_size=tracker_size)
        self.tracker = (
            None if tracker_size is None else Tracker(hidden_size, tracker_size=tracker_size)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, sentences: Sentences) -> Encoding:
        """Encode a batch: `sentence` (B, D), `nodes` (M, D) and `tracking` (M, K)."""
        return self.encode(sentences, self.each_word(sentences))

    def each_word(self, sentences: Sentences) -> Tensor | None:
        """(N, E) a vector for each word, where dropout makes equal words differ; else None."""
        return None if self.embedding.repeats else self.embedding(sentences.words)

    def leaves(
        self, sentences: Sentences, words: Tensor | None
    ) -> tuple[Tensor, Tensor, Leaves[Tensor]]:
        """H and c of the leaves, each (U, D), and which words they stand for.

        Args:
            words: from `each_word`.
        """
        if words is None:
            leaves = sentences.schedule.distinct
            vectors = self.embedding(sentences.words.index_select(0, leaves.words))  # (U, E)
        else:
            leaves = sentences.schedule.each
            vectors = words.index_select(0, leaves.words)
        h, c = self.leaf(vectors).chunk(2, dim=1)
        return h, c, leaves

    def encode(self, sentences: Sentences, words: Tensor | None) -> Encoding:
        """Encode a batch whose words are given, as `forward`.

        Args:
            words: from `each_word`.
        """
        schedule = sentences.schedule
        h, c, leaves = self.leaves(sentences, words)
        gather_tracking = None
        if self.tracker is None:
            groups = schedule.levels
            composed = by_height.encode(h, c, leaves, schedule, self.reduce)  # (I, D)
        else:
            groups, packed = schedule.steps, schedule.tracking.packed
            composed, states = fused.encode(h, c, leaves, schedule, self.reduce, self.tracker)

            def gather_tracking() -> Tensor:
                return states.index_select(0, packed)  # (M, K)

        sentence = roots(h, composed, leaves, groups, schedule)  # (B, D)

        def gather_nodes() -> Tensor:
            words, inner = h.index_select(0, leaves.which), composed.index_select(0, groups.nodes)
            return torch.cat([words, inner])  # (M, D)

        return Encoding(
            self.dropout(sentence), gather_nodes=gather_nodes, gather_tracking=gather_tracking
        )


def roots(
    h: Tensor,
    composed: Tensor,
    leaves: Leaves[Tensor],
    groups: Groups[Tensor],
    schedule: Schedule[Tensor],
) -> Tensor:
    """(B, D) the last entry left on each sentence's stack.

    Args:
        h: (U, D) hidden states of the leaves.
        composed: (I, D) hidden states of the nodes, in the order of `groups`.
    """
    words = leaves.which.index_select(0, schedule.roots.index_select(0, schedule.alone))
    reduces = schedule.roots.index_select(0, schedule.composed) - len(leaves.which)
    nodes = groups.nodes.index_select(0, reduces)
    sentence = composed.new_empty(len(schedule.roots), composed.shape[1])
    sentence = sentence.index_copy(0, schedule.composed, composed.index_select(0, nodes))
    return sentence.index_copy(0, schedule.alone, h.index_select(0, words).to(sentence.dtype))
