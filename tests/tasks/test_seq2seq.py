"""Sequence to sequence as a task: its loss, its generated sequences, its exact matches."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from spinn.batch.encoding import Encoding
from spinn.data.sequences.series import Series
from spinn.data.text.vocabulary import Vocabulary
from spinn.encoders.recurrent import Recurrent
from spinn.encoders.spinn_pi import SPINNPI
from spinn.layers.decoder import Generated
from spinn.layers.embedding import WordEmbedding
from spinn.tasks.seq2seq import Seq2SeqMetrics, Seq2SeqOutputs, SequenceToSequence
from spinn.tasks.sequence_tasks import SeriesBatch

SYMBOLS = Vocabulary("xyz")
NONE = Encoding(torch.zeros(0, 1))
SERIES = Series.of([([0, 1], [1, 0]), ([2], []), ([1, 1, 2], [2])])


def words() -> WordEmbedding:
    return WordEmbedding(5, size=3, projection_size=None, dropout=0.0, trained=True)


def encoder() -> Recurrent:
    kinds = {"layers": 1, "bidirectional": True, "pooling": "last", "dropout": 0.0}
    return Recurrent(words(), cell="gru", hidden_size=4, **kinds)


def task(**changed: object) -> SequenceToSequence:
    torch.manual_seed(0)
    settings = {"cell": "gru", "hidden_size": 4, "embedding_size": 3, "dropout": 0.0, "beam": 1}
    return SequenceToSequence(
        changed.pop("encoder", None) or encoder(),
        labels=("a", "b", "c"),
        **{**settings, "limit": 6, **changed},
    )


def batch_of(made: SequenceToSequence) -> SeriesBatch:
    return made.prepare(SERIES, SYMBOLS).collate(np.arange(3))


def test_the_loss_is_that_of_each_symbol_and_each_end() -> None:
    made = task()
    outputs = made(batch_of(made))
    assert outputs.generated is None  # in training
    targets = torch.tensor([1, 0, 3, 3, 2, 3])  # 3 is END
    expected = F.cross_entropy(outputs.logits, targets)
    torch.testing.assert_close(made.loss(outputs, batch_of(made)), expected)


@pytest.mark.parametrize("beam", [1, 3])
def test_evaluation_generates_sequences(beam: int) -> None:
    made = task(beam=beam).eval()
    batch = batch_of(made)
    generated = made(batch).generated
    encoding, lengths = made.encoder(batch.sentences), batch.sentences.lengths
    expected = (
        made.decoder.greedy(encoding, lengths, limit=6)
        if beam == 1
        else made.decoder.beam(encoding, lengths, width=beam, limit=6)
    )
    for found, wanted in zip(generated, expected, strict=True):
        assert torch.equal(found, wanted)


def test_a_longer_shorter_or_other_sequence_is_no_exact_match() -> None:
    batch = batch_of(task())
    cases = [([1, 0, 2], [2, 0, 1], 3), ([1, 2], [1, 0, 1], 2), ([1, 1, 2], [2, 0, 1], 2)]
    cases.append(([1, 0, 0, 2], [2, 1, 1], 2))
    for symbols, lengths, right in cases:
        metrics = Seq2SeqMetrics()
        generated = Generated(torch.tensor(symbols), torch.tensor(lengths))
        metrics.update(Seq2SeqOutputs(torch.zeros(6, 4), NONE, generated), batch, torch.tensor(2.0))
        assert metrics.exact == pytest.approx(right / 3)
        assert metrics.summary() == {"exact": right / 3, "loss": 2.0, "examples": 3}


def test_training_has_no_exact_matches() -> None:
    with pytest.raises(ValueError, match="no generated sequences"):
        Seq2SeqMetrics().update(
            Seq2SeqOutputs(torch.zeros(6, 4), NONE, None), None, torch.tensor(0.0)
        )


def test_bad_settings_and_targets_are_named() -> None:
    with pytest.raises(ValueError, match="beam is 0; expected 1 or more"):
        task(beam=0)
    with pytest.raises(ValueError, match="targets are not symbols from 0 to 2"):
        task().prepare(Series.of([([0], [3])]), SYMBOLS)


def test_an_encoder_without_a_vector_for_each_step_is_named() -> None:
    with pytest.raises(
        ValueError, match="SPINNPI has no vector for each step; choose model=rnn, gru"
    ):
        task(encoder=SPINNPI(words(), hidden_size=4, tracker_size=None, dropout=0.0))
