"""A batch: `sentences` (an encoder's input), `encoding` (its output), `planning` (pointers)."""
