"""Encoders that read from left to right: Elman's RNN, GRU, LSTM."""

from typing import ClassVar, Literal, get_args

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.bow import pool
from spinn.encoders.encoder import Encoder
from spinn.layers.embedding import Embedding
from spinn.layers.rnn_cells import CELLS, Cell

Pooling = Literal["last", "mean", "max"]


class Recurrent(Encoder):
    """A recurrent network over the words.

    Args:
        embedding: words to vectors.
        cell: "rnn" (Elman 1990), "gru" (Cho et al. 2014) or "lstm" (Hochreiter & Schmidhuber 1997).
        hidden_size: width of h, in each direction.
        layers: number of layers.
        bidirectional: whether a second network reads from right to left.
        pooling: the last h (of each direction), or the mean or maximum of h over the words.
        dropout: probability with which an entry of the sentence's vector, and of the input of each
            further layer, becomes zero in training.
    """

    has_tokens: ClassVar[bool] = True

    def __init__(
        self,
        embedding: Embedding,
        *,
        cell: Cell,
        hidden_size: int,
        layers: int,
        bidirectional: bool,
        pooling: Pooling,
        dropout: float,
    ) -> None:
        super().__init__()
        for name, value, kind in (("cell", cell, Cell), ("pooling", pooling, Pooling)):
            if value not in get_args(kind):
                raise ValueError(f"{name}: {value!r}; expected one of {get_args(kind)}")
        self.size = hidden_size * (1 + bidirectional)
        self.embedding = embedding
        self.pooling = pooling
        self.network = CELLS[cell](
            embedding.size,
            hidden_size,
            num_layers=layers,
            bidirectional=bidirectional,
            dropout=dropout if layers > 1 else 0.0,
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, sentences: Sentences) -> Encoding:
        """Encode a batch: `sentence` (B, D) and `tokens` (N, D)."""
        sequence = sentences.schedule.sequence
        vectors = self.embedding(sentences.words).index_select(0, sequence.words)
        packed = PackedSequence(vectors, torch.tensor(sequence.live))
        outputs, state = self.network(packed)
        tokens = torch.empty_like(outputs.data).index_copy(0, sequence.words, outputs.data)
        if self.pooling == "last":
            last = state[0] if isinstance(state, tuple) else state  # (layers * directions, B, H)
            rows = last.unflatten(0, (self.network.num_layers, -1))[-1].transpose(0, 1).flatten(1)
            sentence = torch.empty_like(rows).index_copy(0, sequence.rows, rows)
        else:
            sentence = pool(tokens, sentences.lengths, self.pooling)
        return Encoding(self.dropout(sentence), tokens=tokens)
