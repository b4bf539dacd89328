"""Recurrent networks over padded tensors of numbers, with the interface of torch's networks."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from spinn.batch.sentences import Sentences
from spinn.encoders.encoder import tokens_of
from spinn.encoders.recurrent import Recurrent
from spinn.layers.embedding import Vectors
from spinn.layers.padding import pad, unpad
from spinn.layers.rnn_cells import Cell

WHOLE = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


class SequenceModel(nn.Module):
    """RNN, GRU or LSTM over sequences of vectors, and a linear head at each step.

    Lengths vary inside a batch. Padding is never read, so it changes neither outputs nor gradients,
    in either direction. The weights have the same names as in a labelling or regression task with a
    target at every step.

    Args:
        inputs: I, numbers in a step of the input.
        outputs: O, numbers in a step of the output: logits of classes, or predictions.
        cell, hidden_size, layers, bidirectional: as in `Recurrent`.
        dropout: probability with which an entry of the input of each further layer, and of the
            head, becomes zero in training.
        batch_first: whether tensors are (B, T, ·) instead of (T, B, ·).
    """

    def __init__(
        self,
        *,
        inputs: int,
        outputs: int,
        cell: Cell,
        hidden_size: int,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        batch_first: bool = False,
    ) -> None:
        super().__init__()
        self.encoder = Recurrent(
            Vectors(size=inputs, dropout=0.0),
            cell=cell,
            hidden_size=hidden_size,
            layers=layers,
            bidirectional=bidirectional,
            pooling="last",
            dropout=dropout,
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.encoder.size, outputs)
        self.inputs = inputs
        self.batch_first = batch_first

    def forward(self, inputs: Tensor, lengths: Tensor | Sequence[int] | None = None) -> Tensor:
        """(T, B, I) to (T, B, O), or (B, T, I) to (B, T, O), zero in padding.

        Args:
            inputs: padded with any values.
            lengths: (B,) steps of each sequence, 1 to T; None if all have T.

        Raises: ValueError: if the inputs have a wrong shape or are empty, or a length is wrong.
        """
        self._check(inputs)
        rows = inputs if self.batch_first else inputs.transpose(0, 1)  # (B, T, I)
        steps = _steps(rows, lengths)
        sentences = Sentences.from_vectors(unpad(rows, steps), steps.numpy())
        tokens = tokens_of(self.encoder(sentences), self.encoder)  # (N, D)
        packed = self.head(self.dropout(tokens))  # (N, O)
        outputs, _ = pad(packed, steps, width=rows.shape[1])  # (B, T, O)
        return outputs if self.batch_first else outputs.transpose(0, 1)

    def _check(self, inputs: Tensor) -> None:
        shape = tuple(inputs.shape)
        if len(shape) != 3 or shape[2] != self.inputs or not inputs.is_floating_point():
            layout = "B, T" if self.batch_first else "T, B"
            raise ValueError(
                f"inputs: {inputs.dtype} of shape {shape}; "
                f"expected floating point numbers of shape ({layout}, {self.inputs})"
            )
        if 0 in shape[:2]:
            raise ValueError(f"inputs: shape {shape}; expected at least one sequence and one step")


def _steps(rows: Tensor, lengths: Tensor | Sequence[int] | None) -> Tensor:
    """(B,) the lengths of the sequences, on the CPU, each from 1 to T."""
    B, T = rows.shape[:2]
    if lengths is None:
        return torch.full((B,), T)
    found = torch.as_tensor(lengths).cpu()
    if found.shape != (B,) or found.dtype not in WHOLE:
        raise ValueError(
            f"lengths: {found.dtype} of shape {tuple(found.shape)}; "
            f"expected whole numbers of shape ({B},), one a sequence"
        )
    wrong = torch.nonzero((found < 1) | (found > T))
    if len(wrong):
        bad = int(wrong[0])
        raise ValueError(f"lengths: sequence {bad} has {int(found[bad])} steps; expected 1 to {T}")
    return found.long()
