"""Trees: `transitions` (SHIFT, REDUCE), `oracle` (gold transitions), `agreement` (F1)."""
