"""Data: `dataset` is the contract; text, sequences, generators, downloads."""
