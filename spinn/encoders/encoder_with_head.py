"""An encoder with a linear head, for targets at every step or one per sequence."""

from torch import Tensor, nn

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.encoder import Encoder
from spinn.errors import InputError


def tokens_of(encoding: Encoding, encoder: Encoder) -> Tensor:
    """(N, D) the vector of each step.

    Raises: InputError: if the encoder has none.
    """
    if encoding.tokens is None:
        raise InputError(f"model: {_without_tokens(encoder)}")
    return encoding.tokens


def need_tokens(encoder: Encoder) -> None:
    """Check before the first batch that an encoder has a vector for each step.

    Raises: ValueError: if it declares that it has none.
    """
    if not encoder.has_tokens:
        raise ValueError(_without_tokens(encoder))


def _without_tokens(encoder: Encoder) -> str:
    return (
        f"{type(encoder).__name__} has no vector for each step; "
        "choose model=rnn, gru, lstm, bilstm or bow"
    )


class EncoderWithHead(nn.Module):
    """An encoder and a linear head over its vectors.

    Args:
        encoder: turns sequences into vectors.
        width: of the head's output.
        dropout: probability with which an entry of the head's input becomes zero in training.
    """

    def __init__(self, encoder: Encoder, width: int, *, dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.size, width)

    def step_outputs(self, sentences: Sentences) -> Tensor:
        """(N, width) the head's output at every step.

        Raises: InputError: if the encoder has no vector for each step.
        """
        return self._apply_head(tokens_of(self.encoder(sentences), self.encoder))

    def sequence_outputs(self, sentences: Sentences) -> Tensor:
        """(B, width) the head's output for every sequence."""
        return self._apply_head(self.encoder(sentences).sentence)

    def _apply_head(self, vectors: Tensor) -> Tensor:
        outputs: Tensor = self.head(self.dropout(vectors))
        return outputs
