"""The beam's width reaches the decoder, against all sequences."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from spinn.data.sequences.series import Series
from spinn.data.text.vocabulary import Vocabulary
from spinn.encoders.recurrent import Recurrent
from spinn.layers.embedding import WordEmbedding
from spinn.tasks.seq2seq import SequenceToSequence

LIMIT, LABELS = 3, 2


def task(seed: int, beam: int) -> SequenceToSequence:
    torch.manual_seed(seed)
    words = WordEmbedding(5, size=3, projection_size=None, dropout=0.0, trained=True)
    encoder = Recurrent(
        words, cell="gru", hidden_size=4, layers=1, bidirectional=False, pooling="last", dropout=0.0
    )
    made = SequenceToSequence(
        encoder, labels=("a", "b"), cell="gru", hidden_size=4, embedding_size=3, dropout=0.0,
        beam=beam, limit=LIMIT,
    )  # fmt: skip
    for weight in made.parameters():
        weight.data.mul_(2)
    return made.eval()


@torch.no_grad()
def log_probs(made: SequenceToSequence, sequences: list[list[int]]) -> list[float]:
    """Log-probabilities of sequences after the input `x y`, by teacher forcing."""
    prepared = made.prepare(Series.of([([0, 1], w) for w in sequences]), Vocabulary("xyz"))
    batch = prepared.collate(np.arange(len(sequences)))
    losses: Tensor = F.cross_entropy(
        made(batch).logits,
        made.decoder.targets_with_end(batch.targets, batch.target_lengths),
        reduction="none",
    )
    by_sequence = losses.split([len(w) + 1 for w in sequences])
    # END costs nothing after `limit` symbols: there the sequence is cut off.
    return [-float(v[:LIMIT].sum()) for v in by_sequence]


@torch.no_grad()
def generated(made: SequenceToSequence) -> list[int]:
    batch = made.prepare(Series.of([([0, 1], [0])]), Vocabulary("xyz")).collate(np.arange(1))
    found = made(batch).generated
    assert found is not None
    return found.symbols.tolist()


def test_a_wider_beam_finds_likelier_sequences_and_the_widest_the_likeliest() -> None:
    every = [list(w) for length in range(LIMIT + 1) for w in product(range(LABELS), repeat=length)]
    found: list[tuple[float, ...]] = []
    for seed in (13, 14, 18, 19):
        made = task(seed, 1)
        by_width = [generated(task(seed, width)) for width in (1, 2, len(every))]
        narrow, middle, wide = log_probs(made, by_width)
        best = max(log_probs(made, every))
        assert wide == pytest.approx(best, abs=1e-5)
        found.append((narrow, middle, wide))
    assert any(narrow < middle - 0.01 for narrow, middle, _ in found), "1 and 2 never differ"
    assert any(middle < wide - 0.01 for _, middle, wide in found), "2 and all never differ"
