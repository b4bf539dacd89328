"""Words to vectors, and vectors as they are."""

import torch
from torch import Tensor, nn

PADDING, UNKNOWN = 0, 1


class WordEmbedding(nn.Module):
    """Look up words, and project and drop out what was found.

    Row 0 belongs to padding and stays zero, row 1 to unknown words.

    Args:
        vocabulary_size: V, rows of the table.
        size: width of the table.
        projection_size: width of a learned projection with ReLU behind the table; None for none.
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
        """Whether equal words get equal vectors, as they do without dropout."""
        return not (self.training and self.dropout.p > 0)

    def forward(self, words: Tensor) -> Tensor:
        """Ids of any shape to vectors of that shape with one more dimension, `size` wide."""
        vectors = self.table(words)
        if self.projection is not None:
            vectors = torch.relu(self.projection(vectors))
        embedded: Tensor = self.dropout(vectors)
        return embedded


class Vectors(nn.Module):
    """Take vectors as they are, where a sequence is of numbers and not of words.

    Equal ones are never looked for (`repeats`), and there is no table to train (`trained`).

    Args:
        size: I, how wide they are.
        dropout: probability with which an entry of a vector becomes zero in training.
    """

    repeats = False
    trained = False

    def __init__(self, *, size: int, dropout: float) -> None:
        super().__init__()
        self.size = size
        self.dropout = nn.Dropout(dropout)

    def forward(self, vectors: Tensor) -> Tensor:
        """Vectors (N, I) to themselves.

        Raises: ValueError: if they are not `size` wide, or are no floating point numbers.
        """
        if not vectors.is_floating_point() or vectors.shape[1:] != (self.size,):
            raise ValueError(
                f"vectors: {vectors.dtype} of shape {tuple(vectors.shape)}; "
                f"expected floating point numbers of shape (N, {self.size})"
            )
        kept: Tensor = self.dropout(vectors)
        return kept


Embedding = WordEmbedding | Vectors
