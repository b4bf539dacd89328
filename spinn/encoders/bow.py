"""A bag of words: word vectors pooled, without their order."""

from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor, nn

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.encoder import Encoder
from spinn.layers.embedding import Embedding

Pooling = Literal["sum", "mean", "max"]


def pool(tokens: Tensor, lengths: Tensor, pooling: Pooling) -> Tensor:
    """Pool the words of each sentence: (N, D) to (B, D)."""
    lengths = lengths.to(tokens.device)
    return torch.segment_reduce(tokens, pooling, lengths=lengths, axis=0, unsafe=True)


class BagOfWords(Encoder):
    """The sum, mean or maximum of the words.

    Args:
        embedding: words to vectors.
        pooling: how words become one vector.
        dropout: probability with which an entry of the sentence's vector becomes zero in training.
    """

    has_tokens: ClassVar[bool] = True

    def __init__(self, embedding: Embedding, *, pooling: Pooling, dropout: float) -> None:
        super().__init__()
        if pooling not in get_args(Pooling):
            raise ValueError(f"pooling: {pooling!r}; expected one of {get_args(Pooling)}")
        self.size = embedding.size
        self.embedding = embedding
        self.pooling = pooling
        self.dropout = nn.Dropout(dropout)

    def forward(self, sentences: Sentences) -> Encoding:
        """Encode a batch: `sentence` (B, E) and `tokens` (N, E)."""
        tokens = self.embedding(sentences.words)
        sentence = pool(tokens, sentences.lengths, self.pooling)
        return Encoding(self.dropout(sentence), tokens=tokens)
