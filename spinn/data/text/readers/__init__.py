"""Readers, a module per file format."""
