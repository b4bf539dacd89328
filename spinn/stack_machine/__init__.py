"""Stack machines: `reference` (lists), `batched` (autograd), `fused` (backward by hand)."""
