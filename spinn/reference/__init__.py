"""The cells a second time, in NumPy and float64, with gradients derived by hand (README.md)."""
