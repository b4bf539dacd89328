"""Sequences of numbers or symbols, a module per dataset."""
