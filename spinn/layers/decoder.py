"""A decoder: from an encoded sentence to a sequence of symbols."""

from typing import NamedTuple, get_args

import torch
from torch import Tensor, nn

from spinn.batch.encoding import Encoding
from spinn.layers.attention import Attention, Memory
from spinn.layers.padding import places
from spinn.layers.rnn_cells import CELLS, Cell


class Generated(NamedTuple):
    """Sequences generated for B sentences: R symbols in all, one sequence after the other.

    Attributes:
        symbols: (R,) ids, without END.
        lengths: (B,) symbols in each sequence, on the CPU.
    """

    symbols: Tensor
    lengths: Tensor


class Decoder(nn.Module):
    """Generates symbols from left to right, with attention over the words (Luong et al. 2015).

    One recurrent layer, without the paper's input feeding. The first state is a linear layer with
    tanh over the sentence's vector.

    The id `end` = C means END in the output and START in the input: END is never an input, and
    START never an output.

    Args:
        size: D, the width of the encoder's vectors.
        labels: C, the number of symbols; their ids are 0 to C-1.
        cell: "rnn", "gru" or "lstm", as in `Recurrent`.
        hidden_size: H, the width of h.
        embedding_size: E, the width of a symbol's vector.
        dropout: probability with which an entry of a symbol's vector, and of the attentional state
            before the output layer, becomes zero in training.

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
        """Score every next symbol after each prefix of the targets (teacher forcing).

        Args:
            encoding: of B sentences, with `tokens` (N, D).
            lengths: (B,) words in each sentence.
            targets: (R,) symbols below C, one sequence after the other, without END.
            target_lengths: (B,) symbols in each sequence; may be 0.

        Returns: (R+B, C+1) logits, sequence after sequence: a row for each symbol and one for END.
            Their targets are those of `targets_with_end`.

        Raises: ValueError: if the encoding has no tokens, or counts disagree.
        """
        _check_count("targets", targets, "target_lengths", target_lengths)
        memory, state = self.start(encoding, lengths)
        if len(target_lengths) != len(lengths):
            raise ValueError(
                f"target_lengths: {len(target_lengths)} sequences for {len(lengths)} sentences"
            )
        B, L = len(target_lengths), int(target_lengths.max())
        generated = places(target_lengths, L + 1).to(targets.device)  # (R,)
        read = targets.new_full((B * (L + 1),), self.end).index_copy(0, generated + 1, targets)
        h, _ = self.run(read.view(B, L + 1).t(), state)  # (L+1, B, H)
        attended = self.attention(h.transpose(0, 1), memory).flatten(0, 1)  # (B(L+1), H)
        rows = places(target_lengths + 1, L + 1).to(targets.device)  # (R+B,)
        logits: Tensor = self.output(self.dropout(attended.index_select(0, rows)))
        return logits

    def targets_with_end(self, targets: Tensor, target_lengths: Tensor) -> Tensor:
        """(R+B,) the targets with END after each sequence, one symbol per row of `forward`."""
        _check_count("targets", targets, "target_lengths", target_lengths)
        rows = torch.arange(len(targets)) + torch.repeat_interleave(target_lengths.cpu())
        ended = targets.new_full((len(targets) + len(target_lengths),), self.end)
        return ended.index_copy(0, rows.to(targets.device), targets)

    def start(self, encoding: Encoding, lengths: Tensor) -> tuple[Memory, Tensor]:
        """Prepare attention over the words, and the first state, (1 or 2, B, H)."""
        if encoding.tokens is None:
            raise ValueError(
                "encoding.tokens: None; attention needs a vector for each word, which Recurrent "
                "and BagOfWords have"
            )
        if len(lengths) != len(encoding.sentence):
            raise ValueError(f"lengths: {len(lengths)} for {len(encoding.sentence)} sentences")
        _check_count("encoding.tokens", encoding.tokens, "lengths", lengths)
        state = self.initial(encoding.sentence).tanh().chunk(self.states, dim=1)
        return self.attention.remember(encoding.tokens, lengths), torch.stack(state)

    def run(self, symbols: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Run over symbols (S, B): h after each, (S, B, H), and the state after the last."""
        vectors = self.dropout(self.embedding(symbols))  # (S, B, E)
        if self.states == 1:
            h, state = self.network(vectors, state)
            return h, state
        h, both = self.network(vectors, (state[:1], state[1:]))
        return h, torch.cat(both)

    def step(self, symbols: Tensor, state: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Read one more symbol in each of Q sequences per sentence.

        Args:
            symbols: (B, Q) the latest symbol of each sequence; `end` for START.
            state: (1 or 2, BQ, H) the states of the sequences.

        Returns: (B, Q, C+1) log-probabilities of the next symbol, and the next states.
        """
        h, state = self.run(symbols.reshape(1, -1), state)
        attended = self.attention(h.view(*symbols.shape, -1), memory)  # (B, Q, H)
        return self.output(self.dropout(attended)).log_softmax(2), state  # eq. 6

    @torch.no_grad()
    def greedy(self, encoding: Encoding, lengths: Tensor, *, limit: int) -> Generated:
        """Generate the likeliest next symbol until END, for each sentence.

        It synchronises with the device once per step, to stop when every sequence has ended. Call
        `eval()` first, or dropout is applied here too.

        Args:
            encoding, lengths: as in `forward`.
            limit: maximum number of symbols; a longer sequence is cut off.

        Raises: ValueError: if the encoding has no tokens, or `limit` is less than 1.
        """
        _check_positive("limit", limit)
        memory, state = self.start(encoding, lengths)
        symbols = torch.full((len(lengths), 1), self.end, device=state.device)
        generated = symbols.repeat(1, limit)  # (B, limit)
        ended = torch.zeros_like(symbols, dtype=torch.bool)
        for place in range(limit):
            scores, state = self.step(symbols, state, memory)  # (B, 1, C+1)
            symbols = scores.argmax(2).masked_fill(ended, self.end)
            generated[:, place : place + 1] = symbols
            ended = symbols == self.end
            if ended.all():
                break
        return self._pack(generated)

    @torch.no_grad()
    def beam(self, encoding: Encoding, lengths: Tensor, *, width: int, limit: int) -> Generated:
        """Generate the likeliest sequence that beam search finds, for each sentence.

        A sequence's score is its log-probability, END included, and is not divided by its length.
        A longer sequence is never likelier than its prefix, so the search stops when every
        sentence's best sequence has ended. With `width` 1 this is `greedy`; with a width of all
        sequences it is exact.

        Args:
            encoding, lengths: as in `forward`.
            width: K, sequences kept for each sentence.
            limit: maximum number of symbols; a longer sequence is cut off.

        Raises: ValueError: if the encoding has no tokens, or `width` or `limit` is less than 1.
        """
        _check_positive("width", width)
        _check_positive("limit", limit)
        memory, state = self.start(encoding, lengths)
        B, K = len(lengths), width
        state = state.repeat_interleave(K, dim=1)  # (1 or 2, BK, H)
        symbols = torch.full((B, K), self.end, device=state.device)
        generated = symbols[..., None].repeat(1, 1, limit)  # (B, K, limit)
        ended = torch.zeros_like(symbols, dtype=torch.bool)
        totals = state.new_full((B, K), float("-inf"))
        totals[:, 0] = 0  # all copies start the same, so one of them counts
        for place in range(limit):
            scores, state = self.step(symbols, state, memory)  # (B, K, C+1)
            totals, symbols, rows = self._extend(totals, scores, ended)
            state = state.index_select(1, rows)
            generated = generated.flatten(0, 1).index_select(0, rows).view(B, K, limit)
            generated[..., place] = symbols
            ended = symbols == self.end
            if ended[:, 0].all():
                break
        return self._pack(generated[:, 0])

    def _extend(
        self, totals: Tensor, scores: Tensor, ended: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Extend all sequences by one symbol and keep the K likeliest.

        A sequence that has ended does not change.

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

    def _pack(self, generated: Tensor) -> Generated:
        """Pack rows (B, limit) that hold END after their sequence."""
        kept = generated != self.end
        return Generated(generated[kept], kept.sum(1).cpu())


def _check_count(name: str, rows: Tensor, lengths_name: str, lengths: Tensor) -> None:
    if len(rows) != lengths.sum():
        raise ValueError(f"{name}: {len(rows)} rows; {lengths_name} add up to {int(lengths.sum())}")


def _check_positive(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{name}: {value}; expected at least 1")
