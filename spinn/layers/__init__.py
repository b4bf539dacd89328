"""Layers: compositions, the Tracker, embeddings, leaves, heads, the decoder."""
