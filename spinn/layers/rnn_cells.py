"""The recurrent networks of torch that encoders and decoders choose from by name."""

from collections.abc import Callable
from typing import Literal

from torch import nn

Cell = Literal["rnn", "gru", "lstm"]
CELLS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
