"""Batches that the tests of this folder share."""

from batches import alone, batch, double_precision, ragged_batch  # noqa: F401
