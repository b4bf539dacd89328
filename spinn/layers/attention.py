"""Attention of a decoder over the words of the encoded sentence."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from spinn.layers.padding import pad


class Memory(NamedTuple):
    """The words of B sentences in padded tensors.

    Attributes:
        keys: (B, T, H) compared with the decoder's h; zeros in padding.
        values: (B, T, D) averaged into the context; zeros in padding.
        words: (B, T) True for words, False for padding.
    """

    keys: Tensor
    values: Tensor
    words: Tensor


class Attention(nn.Module):
    """Global attention with the score "general" (Luong et al. 2015, arXiv:1508.04025, section 3.1).

    Args:
        size: D, the width of the words' vectors.
        hidden_size: H, the width of the decoder's h.
    """

    def __init__(self, size: int, *, hidden_size: int) -> None:
        super().__init__()
        self.score = nn.Linear(size, hidden_size, bias=False)
        self.combine = nn.Linear(size + hidden_size, hidden_size, bias=False)

    def remember(self, tokens: Tensor, lengths: Tensor) -> Memory:
        """Pad the words once for all steps: tokens (N, D), lengths (B,)."""
        values, words = pad(tokens, lengths)
        keys, _ = pad(self.score(tokens), lengths)
        return Memory(keys, values, words)

    def forward(self, h: Tensor, memory: Memory) -> Tensor:
        """Compute the attentional states of Q states in each sentence: (B, Q, H) to (B, Q, H)."""
        scores = h @ memory.keys.transpose(1, 2)  # (B, Q, T), h' W s
        a = scores.masked_fill(~memory.words[:, None], float("-inf")).softmax(2)  # eq. 7
        context = a @ memory.values  # (B, Q, D)
        return torch.tanh(self.combine(torch.cat([context, h], dim=2)))  # eq. 5
