"""What stands on top of an encoder."""

import torch
from torch import Tensor, nn

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.errors import InputError


def pair_features(u: Tensor, v: Tensor) -> Tensor:
    """Two sentences side by side, [u; v; |u-v|; u*v]: (B, D) twice to (B, 4D).

    Mou et al. 2016 (arXiv:1512.08422), eq. 2.
    """
    return torch.cat([u, v, (u - v).abs(), u * v], dim=1)


class MLP(nn.Sequential):
    """ReLU layers and a linear one.

    Args:
        input_size: width of the input.
        hidden_size: width of each ReLU layer.
        layers: number of ReLU layers; 0 leaves the linear one.
        dropout: probability with which an entry of a layer's input becomes zero in training.
        output_size: width of the output.
        batch_norm: whether each ReLU layer's input is normalised over the batch.
    """

    def __init__(
        self,
        input_size: int,
        *,
        hidden_size: int,
        layers: int,
        dropout: float,
        output_size: int,
        batch_norm: bool,
    ) -> None:
        modules: list[nn.Module] = []
        width = input_size
        for _ in range(layers):
            modules += [nn.BatchNorm1d(width)] if batch_norm else []
            modules += [nn.Dropout(dropout), nn.Linear(width, hidden_size), nn.ReLU()]
            width = hidden_size
        super().__init__(*modules, nn.Dropout(dropout), nn.Linear(width, output_size))


def tokens_of(encoding: Encoding, encoder: nn.Module) -> Tensor:
    """(N, D) a vector for each step.

    Raises: InputError: if the encoder has none.
    """
    if encoding.tokens is None:
        raise InputError(f"model: {_without_tokens(encoder)}")
    return encoding.tokens


def need_tokens(encoder: nn.Module) -> None:
    """Find out before any batch whether an encoder has a vector for each step.

    Raises: ValueError: if it says that it has none.
    """
    if getattr(encoder, "has_tokens", True) is False:
        raise ValueError(_without_tokens(encoder))


def _without_tokens(encoder: nn.Module) -> str:
    return (
        f"{type(encoder).__name__} has no vector for each step; "
        "choose model=rnn, gru, lstm, bilstm or bow"
    )


class Headed(nn.Module):
    """An encoder, and a linear head over its vectors.

    Args:
        encoder: turns sequences into vectors.
        width: of what the head gives.
        dropout: probability with which an entry of the head's input becomes zero in training.
    """

    def __init__(self, encoder: nn.Module, width: int, *, dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(int(encoder.size), width)  # type: ignore[arg-type]

    def at_each_step(self, sentences: Sentences) -> Tensor:
        """(N, width) what the head makes of every step.

        Raises: InputError: if the encoder has no vector for a step.
        """
        return self._headed(tokens_of(self.encoder(sentences), self.encoder))

    def of_the_whole(self, sentences: Sentences) -> Tensor:
        """(B, width) what the head makes of every sequence."""
        return self._headed(self.encoder(sentences).sentence)

    def _headed(self, vectors: Tensor) -> Tensor:
        outputs: Tensor = self.head(self.dropout(vectors))
        return outputs
