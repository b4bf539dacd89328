"""Sequence to sequence: encode one sequence, generate another of any length."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from spinn.batch.encoding import Encoding
from spinn.data.sequences.series import Series
from spinn.data.text.vocabulary import Vocabulary
from spinn.encoders.encoder import Encoder, need_tokens, tokens_of
from spinn.errors import InputError
from spinn.layers.decoder import Decoder, Generated
from spinn.layers.rnn_cells import Cell
from spinn.tasks.sequence_tasks import Decoding, PreparedSeries, SeriesBatch
from spinn.tasks.task import Task


class Seq2SeqOutputs(NamedTuple):
    """The output of the decoder for a batch.

    Attributes:
        logits: (R+B, C+1) of each next symbol after the gold symbols before it (teacher forcing).
        generated: the symbols that the decoder generates by itself; None in training.
    """

    logits: Tensor
    encoding: Encoding
    generated: Generated | None


class SequenceToSequence(Task, Decoding):
    """An encoder, and a decoder with attention (Luong et al. 2015).

    Training uses teacher forcing; evaluation compares the generated sequences with the targets.

    Args:
        encoder: turns sequences into vectors; it needs one for every step.
        labels: the symbols that the decoder can generate.
        cell: the decoder's: rnn, gru or lstm.
        hidden_size: width of the decoder's h.
        embedding_size: width of an output symbol's vector.
        dropout: probability with which an entry of a symbol's vector, and of the state that gives
            the next symbol's logits, becomes zero in training.
        beam: hypotheses kept by beam search; 1 is greedy decoding.
        limit: the largest length of a generated sequence, in symbols.
        trees: the shape of the trees that the encoder follows, if any.
    """

    split = Series
    target = "class"

    def __init__(
        self,
        encoder: Encoder,
        *,
        labels: tuple[str, ...],
        cell: Cell,
        hidden_size: int,
        embedding_size: int,
        dropout: float,
        beam: int,
        limit: int,
        trees: str | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("beam", beam), ("limit", limit)):
            if value < 1:
                raise ValueError(f"{name} is {value}; expected 1 or more")
        need_tokens(encoder)
        self.encoder, self.labels, self.beam, self.limit = encoder, labels, beam, limit
        self.trees = trees
        self.decoder = Decoder(
            size=encoder.size,
            labels=len(labels),
            cell=cell,
            hidden_size=hidden_size,
            embedding_size=embedding_size,
            dropout=dropout,
        )

    def forward(self, batch: SeriesBatch) -> Seq2SeqOutputs:
        """Return the logits of the targets; in evaluation generate sequences as well."""
        lengths = batch.sentences.lengths
        encoding = self.encoder(batch.sentences)
        tokens_of(encoding, self.encoder)  # raises InputError if the encoding has none
        logits = self.decoder(encoding, lengths, batch.targets, batch.target_lengths)
        if self.training:
            return Seq2SeqOutputs(logits, encoding, None)
        if self.beam == 1:
            generated = self.decoder.greedy(encoding, lengths, limit=self.limit)
        else:
            generated = self.decoder.beam(encoding, lengths, width=self.beam, limit=self.limit)
        return Seq2SeqOutputs(logits, encoding, generated)

    def task_loss(self, outputs: Seq2SeqOutputs, batch: SeriesBatch) -> Tensor:
        """Return the mean cross-entropy of a symbol, END among them, in nats."""
        return F.cross_entropy(
            outputs.logits, self.decoder.targets_with_end(batch.targets, batch.target_lengths)
        )

    def example_results(self, outputs: Seq2SeqOutputs, batch: SeriesBatch) -> dict[str, Tensor]:
        """Return whether each generated sequence equals the target."""
        return {"exact": exact_matches(outputs, batch)}

    def placeholder(self, steps: int) -> NDArray[Any]:
        """Return no target: the decoder generates the output by itself."""
        return np.zeros(0, dtype=np.int64)

    def decode(self, outputs: Seq2SeqOutputs, batch: SeriesBatch) -> list[Tensor]:
        """Return the generated symbols of each sequence; see `Decoding`.

        Raises: ValueError: if nothing was generated, as in training.
        """
        return list(_generated(outputs))

    def metrics(self) -> "Seq2SeqMetrics":
        """Return an empty count of exact matches."""
        return Seq2SeqMetrics()

    def prepare(self, split: Series, vocabulary: Vocabulary) -> PreparedSeries:
        """Return a split as arrays of numbers, its symbols as ids of the vocabulary.

        Raises: InputError: if its targets are not symbols.
        """
        if split.targets.ndim != 1 or split.targets.max(initial=0) >= len(self.labels):
            raise InputError(f"task: targets are not symbols from 0 to {len(self.labels) - 1}")
        return PreparedSeries.of(split, vocabulary, self.trees)


def exact_matches(outputs: Seq2SeqOutputs, batch: SeriesBatch) -> Tensor:
    """(B,) whether each generated sequence equals the target, length included.

    Raises: ValueError: if nothing was generated, as in training.
    """
    found = _generated(outputs)
    wanted = torch.split(batch.targets.cpu(), batch.target_lengths.tolist())
    return torch.tensor(list(map(torch.equal, found, wanted)), dtype=torch.bool)


def _generated(outputs: Seq2SeqOutputs) -> tuple[Tensor, ...]:
    """Return the symbols that were generated for each sequence, on the CPU."""
    if outputs.generated is None:
        raise ValueError("no generated sequences; call eval() on the task before")
    symbols, lengths = outputs.generated
    return torch.split(symbols.cpu(), lengths.tolist())


class Seq2SeqMetrics:
    """Counts exact matches: generated sequences that equal the target, length included."""

    def __init__(self) -> None:
        self.examples = self._exact = self._symbols = 0
        self._loss = torch.zeros((), dtype=torch.float64)

    @torch.no_grad()
    def update(self, outputs: Seq2SeqOutputs, batch: SeriesBatch, loss: Tensor) -> None:
        """Add a batch of generated sequences.

        Raises: ValueError: if nothing was generated, as in training.
        """
        exact = exact_matches(outputs, batch)
        self._exact += int(exact.sum())
        self.examples += len(exact)
        self._symbols += len(outputs.logits)
        self._loss += loss.double().cpu() * len(outputs.logits)

    @property
    def exact(self) -> float:
        """The proportion of sequences that match exactly, 0 to 1."""
        return self._exact / max(self.examples, 1)

    @property
    def score(self) -> float:
        """The proportion of exact matches."""
        return self.exact

    @property
    def score_text(self) -> str:
        """The proportion of exact matches, for the log."""
        return f"exact match {100 * self.exact:.2f} %"

    @property
    def loss(self) -> float:
        """The mean loss of a symbol, in nats."""
        return float(self._loss) / max(self._symbols, 1)

    def summary(self) -> dict[str, Any]:
        """Return exact match, loss and examples."""
        return {"exact": self.exact, "loss": self.loss, "examples": self.examples}
