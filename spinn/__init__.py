"""SPINN and other sentence encoders that follow the parse tree, beside recurrent ones."""

__version__ = "0.1.0"
