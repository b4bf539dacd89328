"""Batches of a split have the number, the sizes and the order of the buckets."""

from dataclasses import dataclass

import numpy as np
import torch

from spinn.data.batching import LengthBuckets
from spinn.data.text.corpus import Integers
from spinn.training.batches import Batches


@dataclass(frozen=True)
class Rows:
    rows: list[int]

    def to(self, device: torch.device) -> "Rows":
        return self


@dataclass(frozen=True)
class Split:
    lengths: Integers

    def collate(self, rows: Integers) -> Rows:
        return Rows(rows.tolist())


LENGTHS = np.random.default_rng(0).integers(1, 40, 101)


def test_an_epoch_continues_from_any_batch() -> None:
    batches = Batches(Split(LENGTHS), batch_size=8, seed=3)
    whole = [batch.rows for batch in batches.shuffled(2)]
    expected = LengthBuckets(LENGTHS, batch_size=8, seed=3).batches(2)
    assert whole == [rows.tolist() for rows in expected]
    assert len(batches) == len(whole) == 13
    for start in (0, 1, 7, 13):
        assert [batch.rows for batch in batches.shuffled(2, start)] == whole[start:]


def test_evaluation_sorts_by_length() -> None:
    batches = Batches(Split(LENGTHS), batch_size=8)
    rows = [row for batch in batches for row in batch.rows]
    assert rows == np.argsort(LENGTHS, kind="stable").tolist()
