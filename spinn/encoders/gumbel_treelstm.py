"""Gumbel Tree-LSTM: an encoder that learns its trees from the task alone."""

from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor, nn

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.encoder import Encoder
from spinn.layers.embedding import Embedding
from spinn.layers.leaves import RecurrentLeaf, linear_leaf
from spinn.layers.tree_lstm import TreeLSTM
from spinn.stack_machine import easy_first

Leaf = Literal["linear", "lstm", "bilstm"]


class GumbelTreeLSTM(Encoder):
    """Merges the best pair of neighbours until one node is left (Choi et al. 2018).

    "Learning to Compose Task-Specific Tree Structures" (arXiv:1707.02786). Each pair of neighbours
    is composed; its score is the product of h with a learned query. Training samples one pair by a
    straight-through Gumbel-softmax. Evaluation takes the best pair, the leftmost of equals.

    Args:
        embedding: words to vectors.
        hidden_size: D, the width of h and of c of every node.
        leaf: the layer that makes (h, c) of the words: "linear", for each word alone as in
            SPINN-PI; "lstm" or "bilstm", in context.
        temperature: of the softmax; a low one makes its weights nearly one-hot.
        dropout: probability with which an entry of the sentence's vector becomes zero in training.
    """

    tree_source: ClassVar[Literal["none", "given", "predicted"]] = "predicted"
    has_nodes: ClassVar[bool] = True

    def __init__(
        self,
        embedding: Embedding,
        *,
        hidden_size: int,
        leaf: Leaf,
        temperature: float,
        dropout: float,
    ) -> None:
        super().__init__()
        if leaf not in get_args(Leaf):
            raise ValueError(f"leaf: {leaf!r}; expected one of {get_args(Leaf)}")
        if not 0 < temperature < float("inf"):
            raise ValueError(f"temperature: {temperature}; expected a finite number above 0")
        self.size = hidden_size
        self.embedding = embedding
        self.in_context = leaf != "linear"
        self.leaf = (
            RecurrentLeaf(embedding.size, hidden_size, bidirectional=leaf == "bilstm")
            if self.in_context
            else linear_leaf(embedding, 2 * hidden_size)
        )
        self.reduce = TreeLSTM(hidden_size, tracker_size=None)
        self.query = nn.Parameter(0.01 * torch.randn(hidden_size))
        self.temperature = temperature
        self.dropout = nn.Dropout(dropout)

    def forward(self, sentences: Sentences) -> Encoding:
        """Encode a batch: `sentence` (B, D), `nodes` (M, D) and predicted `transitions`."""
        words = self.embedding(sentences.words)  # (N, E)
        leaves = self.leaf(words, sentences) if self.in_context else self.leaf(words)  # (N, 2D)
        # Under autocast, too, states and scores keep full precision.
        h, c = leaves.to(self.query.dtype).chunk(2, dim=1)  # each (N, D)
        if self.training:
            merges = easy_first.sample(h, c, sentences, self.reduce, self.query, self.temperature)
        else:
            merges = easy_first.merge_best(h, c, sentences, self.reduce, self.query)
        ends = merges.ends().cpu()  # the one synchronisation with the device

        def gather_nodes() -> Tensor:
            order = ends.argsort(stable=True).to(h.device)  # by the last word, then as merged
            return torch.cat([h, torch.cat([h[:0], *merges.nodes]).index_select(0, order)])

        return Encoding(
            self.dropout(easy_first.roots(h, merges, sentences.schedule.sequence)),
            gather_nodes=gather_nodes,
            transitions=easy_first.transitions(ends, len(h)),
        )
