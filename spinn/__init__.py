"""SPINN, other tree encoders of sentences, and recurrent encoders.

`import spinn` is light. The names in `__all__` are imported, and torch with them, at first use.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinn.encoders.sequence_model import SequenceModel
    from spinn.model import Model, load, train
    from spinn.training.loading import load_run

__version__ = "0.1.0"
__all__ = ["Model", "SequenceModel", "__version__", "load", "load_run", "train"]

_MODULES = {
    "Model": "spinn.model",
    "SequenceModel": "spinn.encoders.sequence_model",
    "load": "spinn.model",
    "train": "spinn.model",
    "load_run": "spinn.training.loading",
}

# Torch reads these variables when it is first imported. Therefore the commands, and the first lines
# of benchmarks/__init__.py and tests/conftest.py, import spinn before torch.
#
# OpenMP threads that wait for one another spin, and then sleep. GNU OpenMP spins for milliseconds
# by default: beside other processes, training with two threads was 3 to 15 times slower than with
# this limit. No spinning at all is three times slower on a quiet machine.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
# oneDNN compiles a bf16 product for each shape and keeps the last 1,024. An LSTM over 256 pairs has
# more shapes, compiled them again and again, and trained at a fifth of its speed.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "4096")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
