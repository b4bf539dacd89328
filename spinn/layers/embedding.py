"""Embeddings: word ids to vectors, or vectors unchanged."""

import torch
from torch import Tensor, nn

PADDING = 0  # reserved: batches are packed


class WordEmbedding(nn.Module):
    """Looks up word vectors, projects them and applies dropout.

    Row 0 is for padding and stays zero; row 1 is for unknown words.

    Args:
        vocabulary_size: V, rows of the table.
        size: width of the table.
        projection_size: width of a learned projection with ReLU after the table; None without one.
        dropout: probability with which an entry of a word's vector becomes zero in training.
        trained: whether the table is trained; a projection always is.
        initial_std: standard deviation of the table's values before training.
    """

    def __init__(
        self,
        vocabulary_size: int,
        *,
        size: int,
        projection_size: int | None,
        dropout: float,
        trained: bool,
        initial_std: float = 1.0,
    ) -> None:
        super().__init__()
        self.size = size if projection_size is None else projection_size
        self.trained = trained
        self.table = nn.Embedding(vocabulary_size, size, padding_idx=PADDING)
        self.table.weight.data.mul_(initial_std)
        self.table.weight.requires_grad_(trained)
        self.projection = None if projection_size is None else nn.Linear(size, projection_size)
        self.dropout = nn.Dropout(dropout)

    @property
    def repeats(self) -> bool:
        """Whether equal words have equal vectors; not so with dropout in training."""
        return not (self.training and self.dropout.p > 0)

    def forward(self, words: Tensor) -> Tensor:
        """Ids of any shape to vectors of that shape with one more dimension, `size` wide."""
        vectors = self.table(words)
        if self.projection is not None:
            vectors = torch.relu(self.projection(vectors))
        embedded: Tensor = self.dropout(vectors)
        return embedded


class Vectors(nn.Module):
    """Passes vectors through, for sequences of numbers instead of words.

    Equal vectors are not searched for (`repeats` is False), and nothing is trained (`trained`).

    Args:
        size: I, the width of a vector.
        dropout: probability with which an entry of a vector becomes zero in training.
    """

    repeats = False
    trained = False

    def __init__(self, *, size: int, dropout: float) -> None:
        super().__init__()
        self.size = size
        self.dropout = nn.Dropout(dropout)

    def forward(self, vectors: Tensor) -> Tensor:
        """Return vectors (N, I), with dropout in training.

        Raises: ValueError: if they do not have width `size`, or are not floating point numbers.
        """
        if not vectors.is_floating_point() or vectors.shape[1:] != (self.size,):
            raise ValueError(
                f"vectors: {vectors.dtype} of shape {tuple(vectors.shape)}; "
                f"expected floating point numbers of shape (N, {self.size})"
            )
        kept: Tensor = self.dropout(vectors)
        return kept


Embedding = WordEmbedding | Vectors
