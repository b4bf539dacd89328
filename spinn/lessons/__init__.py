"""Small teaching programs in NumPy."""
