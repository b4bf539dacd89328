"""Temperature scaling: probabilities that agree with accuracies (Guo et al. 2017, section 4.2).

The logits z of a trained model are divided by one number T, softmax(z / T), which is fitted on dev.
T > 1 makes a model less confident. The predicted class stays the same.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinn.errors import InputError
from spinn.files import write_json

if TYPE_CHECKING:
    from spinn.training.run_folder import RunFolder

Floats = NDArray[np.float64]
LOWEST, HIGHEST = 0.05, 20.0  # temperatures; all correct has no finite optimum
STEPS = 60  # of the bisection; each halves the interval


@dataclass(frozen=True)
class Calibration:
    """A fitted temperature, as `calibration.json` stores it.

    Attributes:
        temperature: of the logits.
        set: that it was fitted on.
        examples: of that set.
        weights: SHA-256 of the weights that it was fitted for.
    """

    temperature: float
    set: str
    examples: int
    weights: str


def fit_temperature(probabilities: NDArray[Any], gold: NDArray[Any]) -> float:
    """Return the temperature with the lowest mean cross-entropy, from 0.05 to 20.

    With b = 1/T and log-probabilities z, the mean of log Σ exp(b z) - b z[gold] is convex in b. Its
    derivative, the mean of E[z] - z[gold] with E under softmax(b z), grows with b, so that
    bisection finds its zero.

    Args:
        probabilities: (P, C) of a model.
        gold: (P,) the correct class of each example.

    Raises: ValueError: without an example.
    """
    if not len(gold):
        raise ValueError("no example to fit a temperature on")
    logs = np.log(np.maximum(probabilities.astype(np.float64), np.finfo(np.float32).tiny))
    own = logs[np.arange(len(gold)), gold]
    low, high = math.log(1 / HIGHEST), math.log(1 / LOWEST)  # of log b
    for _ in range(STEPS):
        middle = (low + high) / 2
        weights = _softmax(math.exp(middle) * logs)
        slope = float(((weights * logs).sum(axis=1) - own).mean())
        low, high = (low, middle) if slope > 0 else (middle, high)
    return math.exp(-(low + high) / 2)


def _softmax(values: Floats) -> Floats:
    shifted = np.exp(values - values.max(axis=1, keepdims=True))
    result: Floats = shifted / shifted.sum(axis=1, keepdims=True)
    return result


def save_calibration(
    folder: RunFolder, probabilities: NDArray[Any], gold: NDArray[Any], *, set_name: str
) -> Calibration:
    """Fit the temperature of a run on a set, and store it in the run's folder."""
    temperature = round(fit_temperature(probabilities, gold), 4)
    found = Calibration(temperature, set_name, len(gold), _digest(folder.weights))
    write_json(folder.calibration, asdict(found))
    return found


def load_calibration(folder: RunFolder) -> Calibration | None:
    """Return the stored temperature of a run; None if it has none.

    Raises: InputError: if the file is damaged, or of other weights than the run's.
    """
    path = folder.calibration
    if not path.is_file():
        return None
    try:
        found = Calibration(**json.loads(path.read_text(encoding="utf-8")))
        valid = LOWEST <= float(found.temperature) <= HIGHEST
    except (ValueError, TypeError, OSError) as error:
        raise InputError(f"{path}: not a calibration ({error}); {_again(folder)}") from error
    if not valid or found.weights != _digest(folder.weights):
        raise InputError(f"{path} is not of the weights of this run; {_again(folder)}")
    return found


def _again(folder: RunFolder) -> str:
    return f"delete it, and fit it again with `spinn evaluate {folder.path} --calibrate`"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
