"""SPINN and other sentence encoders that follow the parse tree, beside recurrent ones.

`import spinn` is light. The names in `__all__` are imported, and torch with them, at first use.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinn.encoders.sequence_model import SequenceModel
    from spinn.training.loading import load_run

__version__ = "0.1.0"
__all__ = ["SequenceModel", "__version__", "load_run"]

_MODULES = {
    "SequenceModel": "spinn.encoders.sequence_model",
    "load_run": "spinn.training.loading",
}

# Threads that wait for each other first spin, then sleep. GNU OpenMP spins for milliseconds by
# default: on a busy machine that makes a small product tens of times slower, while sleeping at once
# makes a quiet machine three times slower. OpenMP reads the variable when torch is first imported.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
# oneDNN compiles a bf16 product for each shape and keeps the last 1,024. An LSTM over 256 pairs has
# more shapes, compiled them again and again, and trained at a fifth of its speed. oneDNN reads the
# variable when torch is first imported.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "4096")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
