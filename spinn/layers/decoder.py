"""A decoder: from what an encoder made of a sentence to a sequence of symbols."""

from typing import NamedTuple, get_args

import torch
from torch import Tensor, nn

from spinn.batch.encoding import Encoding
from spinn.encoders.recurrent import CELLS, Cell
from spinn.layers.attention import Attention, Memory
from spinn.layers.padding import places


class Generated(NamedTuple):
    """What a decoder wrote for B sentences: R symbols in all, one sequence after the other.

    Attributes:
        symbols: (R,) ids, without END.
        lengths: (B,) symbols in each sequence, on the CPU.
    """

    symbols: Tensor
    lengths: Tensor


class Decoder(nn.Module):
    """Write symbols from left to right and look at the words before each (Luong et al. 2015).

    One recurrent layer, without the paper's input feeding. The first state is a linear layer with
    tanh over the sentence's vector.

    The number `end` = C stands for END where it is written and for START where it is read: END is
    never read, nor is START ever written.

    Args:
        size: D, the width of the encoder's vectors.
        labels: C, how many symbols there are; their ids are 0 to C-1.
        cell: "rnn", "gru" or "lstm", as in `Recurrent`.
        hidden_size: H, the width of h.
        embedding_size: E, the width of a symbol's vector.
        dropout: probability with which an entry of a symbol's vector, and of the attentional state
            that the next symbol is read off, becomes zero in training.

    Raises: ValueError: if `cell` is unknown, or `labels` is less than 1.
    """

    def __init__(
        self,
        *,
        size: int,
        labels: int,
        cell: Cell,
        hidden_size: int,
        embedding_size: int,
        dropout: float,
    ) -> None:
        super().__init__()
        if cell not in get_args(Cell):
            raise ValueError(f"cell: {cell!r}; expected one of {get_args(Cell)}")
        if labels < 1:
            raise ValueError(f"labels: {labels}; expected at least 1")
        self.end = labels
        self.states = 2 if cell == "lstm" else 1  # h, and an LSTM's c
        self.embedding = nn.Embedding(labels + 1, embedding_size)
        self.initial = nn.Linear(size, self.states * hidden_size)
        self.network = CELLS[cell](embedding_size, hidden_size)
        self.attention = Attention(size, hidden_size=hidden_size)
        self.output = nn.Linear(hidden_size, labels + 1)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, encoding: Encoding, lengths: Tensor, targets: Tensor, target_lengths: Tensor
    ) -> Tensor:
        """Score every next symbol after each beginning of the targets (teacher forcing).

        Args:
            encoding: what an encoder made of B sentences, with `tokens` (N, D).
            lengths: (B,) words in each sentence.
            targets: (R,) symbols below C, one sequence after the other, without END.
            target_lengths: (B,) symbols in each sequence; may be 0.

        Returns: (R+B, C+1) logits, sequence after sequence: a row for each symbol and one for END.
            `answers` says what they should have been.

        Raises: ValueError: if the encoder gives no tokens, or numbers do not fit together.
        """
        _check_count("targets", targets, "target_lengths", target_lengths)
        memory, state = self.open(encoding, lengths)
        if len(target_lengths) != len(lengths):
            raise ValueError(
                f"target_lengths: {len(target_lengths)} sequences for {len(lengths)} sentences"
            )
        B, L = len(target_lengths), int(target_lengths.max())
        written = places(target_lengths, L + 1).to(targets.device)  # (R,)
        read = targets.new_full((B * (L + 1),), self.end).index_copy(0, written + 1, targets)
        h, _ = self.read(read.view(B, L + 1).t(), state)  # (L+1, B, H)
        attended = self.attention(h.transpose(0, 1), memory).flatten(0, 1)  # (B(L+1), H)
        rows = places(target_lengths + 1, L + 1).to(targets.device)  # (R+B,)
        logits: Tensor = self.output(self.dropout(attended.index_select(0, rows)))
        return logits

    def answers(self, targets: Tensor, target_lengths: Tensor) -> Tensor:
        """(R+B,) the targets with END behind each sequence, a symbol for each row of `forward`."""
        _check_count("targets", targets, "target_lengths", target_lengths)
        rows = torch.arange(len(targets)) + torch.repeat_interleave(target_lengths.cpu())
        answers = targets.new_full((len(targets) + len(target_lengths),), self.end)
        return answers.index_copy(0, rows.to(targets.device), targets)

    def open(self, encoding: Encoding, lengths: Tensor) -> tuple[Memory, Tensor]:
        """Lay out the words for attention, and make the first state, (1 or 2, B, H)."""
        if encoding.tokens is None:
            raise ValueError(
                "encoding.tokens: None; expected a vector for each word to attend to, which this "
                "encoder does not give (Recurrent and BagOfWords do)"
            )
        if len(lengths) != len(encoding.sentence):
            raise ValueError(f"lengths: {len(lengths)} for {len(encoding.sentence)} sentences")
        _check_count("encoding.tokens", encoding.tokens, "lengths", lengths)
        state = self.initial(encoding.sentence).tanh().chunk(self.states, dim=1)
        return self.attention.remember(encoding.tokens, lengths), torch.stack(state)

    def read(self, symbols: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Step over symbols (S, B): h after each, (S, B, H), and the state after the last."""
        vectors = self.dropout(self.embedding(symbols))  # (S, B, E)
        if self.states == 1:
            h, state = self.network(vectors, state)
            return h, state
        h, both = self.network(vectors, (state[:1], state[1:]))
        return h, torch.cat(both)

    def step(self, symbols: Tensor, state: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Read one symbol more in each of Q sequences a sentence.

        Args:
            symbols: (B, Q) the latest symbol of each sequence; `end` for START.
            state: (1 or 2, BQ, H) the states of the sequences.

        Returns: (B, Q, C+1) log-probabilities of the next symbol, and the next states.
        """
        h, state = self.read(symbols.reshape(1, -1), state)
        attended = self.attention(h.view(*symbols.shape, -1), memory)  # (B, Q, H)
        return self.output(self.dropout(attended)).log_softmax(2), state  # eq. 6

    @torch.no_grad()
    def greedy(self, encoding: Encoding, lengths: Tensor, *, limit: int) -> Generated:
        """Write the likeliest next symbol until END comes, in each sentence.

        The device is waited for once a step, to stop as soon as every sequence has ended. Call
        `eval()` before, or dropout falls here too.

        Args:
            encoding, lengths: as in `forward`.
            limit: symbols at most, in every sentence; a sequence that has not ended by then is cut
                off. Room is made for all of them.

        Raises: ValueError: if the encoder gives no tokens, or `limit` is less than 1.
        """
        _check_positive("limit", limit)
        memory, state = self.open(encoding, lengths)
        symbols = torch.full((len(lengths), 1), self.end, device=state.device)
        written = symbols.repeat(1, limit)  # (B, limit)
        ended = torch.zeros_like(symbols, dtype=torch.bool)
        for place in range(limit):
            scores, state = self.step(symbols, state, memory)  # (B, 1, C+1)
            symbols = scores.argmax(2).masked_fill(ended, self.end)
            written[:, place : place + 1] = symbols
            ended = symbols == self.end
            if ended.all():
                break
        return self._pack(written)

    @torch.no_grad()
    def beam(self, encoding: Encoding, lengths: Tensor, *, width: int, limit: int) -> Generated:
        """Write the likeliest sequence among those that a beam search meets, in each sentence.

        A sequence's score is its log-probability, END included, and is not divided by its length:
        a longer one is never likelier than its own beginning, so the search stops when every
        sentence's best sequence has ended. With `width` 1 this is `greedy`, and with as many as
        there are sequences the exact answer.

        Args:
            encoding, lengths: as in `forward`.
            width: K, how many sequences are kept for each sentence.
            limit: symbols at most; a sequence that has not ended by then counts as it is.

        Raises: ValueError: if the encoder gives no tokens, or `width` or `limit` is less than 1.
        """
        _check_positive("width", width)
        _check_positive("limit", limit)
        memory, state = self.open(encoding, lengths)
        B, K = len(lengths), width
        state = state.repeat_interleave(K, dim=1)  # (1 or 2, BK, H)
        symbols = torch.full((B, K), self.end, device=state.device)
        written = symbols[..., None].repeat(1, 1, limit)  # (B, K, limit)
        ended = torch.zeros_like(symbols, dtype=torch.bool)
        totals = state.new_full((B, K), float("-inf"))
        totals[:, 0] = 0  # all begin alike, so that one of them counts
        for place in range(limit):
            scores, state = self.step(symbols, state, memory)  # (B, K, C+1)
            totals, symbols, rows = self._extend(totals, scores, ended)
            state = state.index_select(1, rows)
            written = written.flatten(0, 1).index_select(0, rows).view(B, K, limit)
            written[..., place] = symbols
            ended = symbols == self.end
            if ended[:, 0].all():
                break
        return self._pack(written[:, 0])

    def _extend(
        self, totals: Tensor, scores: Tensor, ended: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Keep the K likeliest of all sequences one symbol longer.

        A sequence that has ended stays as it is.

        Args:
            totals: (B, K) log-probability of each sequence.
            scores: (B, K, C+1) of each next symbol.
            ended: (B, K) whether it has ended.

        Returns: their totals and last symbols, each (B, K), the likeliest first, and (BK,) the rows
            of the sequences that they continue.
        """
        B, K = totals.shape
        stays = scores.new_full((self.end + 1,), float("-inf"))
        stays[self.end] = 0
        scores = torch.where(ended[..., None], stays, scores)
        totals, best = (totals[..., None] + scores).flatten(1).topk(K)  # out of K(C+1)
        first = K * torch.arange(B, device=best.device)[:, None]
        return totals, best % (self.end + 1), (first + best // (self.end + 1)).flatten()

    def _pack(self, written: Tensor) -> Generated:
        """From rows (B, limit) with END in every place that nothing was written to."""
        kept = written != self.end
        return Generated(written[kept], kept.sum(1).cpu())


def _check_count(name: str, rows: Tensor, lengths_name: str, lengths: Tensor) -> None:
    if len(rows) != lengths.sum():
        raise ValueError(f"{name}: {len(rows)} rows; {lengths_name} add up to {int(lengths.sum())}")


def _check_positive(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{name}: {value}; expected at least 1")
