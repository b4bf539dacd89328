"""The natlog dataset: sentences of a small grammar, with labels proven by an exact semantics."""
