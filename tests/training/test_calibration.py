"""Temperature scaling, and the expected calibration error."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from spinn.errors import InputError
from spinn.tasks.classes import Classes
from spinn.tasks.metrics import ClassificationMetrics
from spinn.training.calibration import fit_temperature, load_calibration, save_calibration
from spinn.training.run_folder import RunFolder


def sampled(temperature: float, examples: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and classes drawn from softmax(logits / temperature)."""
    rng = np.random.default_rng(1)
    logits = rng.normal(scale=3.0, size=(examples, 3))
    probabilities = softmax(logits / temperature, axis=1)
    gold = (rng.random((examples, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    return logits, gold


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_is_that_of_the_data_and_of_scipy(temperature: float) -> None:
    logits, gold = sampled(temperature)
    found = fit_temperature(softmax(logits, axis=1), gold)
    assert found == pytest.approx(temperature, rel=0.05)

    def loss(t: float) -> float:
        return -float(log_softmax(logits / t, axis=1)[np.arange(len(gold)), gold].mean())

    best = minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-8})
    assert found == pytest.approx(best.x, rel=1e-4)


def test_without_a_finite_optimum_the_bounds_hold() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert fit_temperature(probabilities, np.array([0, 1])) == pytest.approx(0.05)
    assert fit_temperature(probabilities, np.array([1, 0])) == pytest.approx(20.0)
    assert fit_temperature(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(20.0)
    with pytest.raises(ValueError, match="no example"):
        fit_temperature(np.zeros((0, 2)), np.zeros(0, dtype=int))


def test_the_expected_calibration_error_is_that_of_its_definition() -> None:
    logits, gold = sampled(2.0, examples=500)
    metrics = ClassificationMetrics(("a", "b", "c"))
    for start in (0, 200):  # in two batches
        rows = slice(start, 200 if not start else None)
        metrics.update(torch.tensor(logits[rows]), torch.tensor(gold[rows]), torch.tensor(0.0))
    probabilities = softmax(logits, axis=1)
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == gold
    expected = 0.0
    for number in range(15):
        members = (confidence > number / 15) & (confidence <= (number + 1) / 15)
        if members.any():
            gap = abs(correct[members].mean() - confidence[members].mean())
            expected += members.sum() / len(gold) * gap
    assert expected > 0.05  # overconfident
    assert metrics.summary()["ece"] == pytest.approx(expected)


def test_a_temperature_lowers_the_error_and_changes_no_prediction() -> None:
    logits, gold = sampled(2.5)
    classes = Classes(("a", "b", "c"), class_weights="equal", label_smoothing=0.0).eval()
    errors = []
    for temperature in (1.0, fit_temperature(softmax(logits, axis=1), gold)):
        classes.temperature = temperature
        metrics = ClassificationMetrics(classes.labels)
        values = classes(torch.tensor(logits))
        metrics.update(values, torch.tensor(gold), torch.tensor(0.0))
        errors.append((metrics.calibration_error, metrics.accuracy))
    assert errors[1][0] < 0.02 < 0.1 < errors[0][0]
    assert errors[0][1] == errors[1][1]
    classes.train()  # the loss in training has no temperature
    assert torch.equal(classes(torch.tensor(logits)), torch.tensor(logits))


def test_a_calibration_belongs_to_its_weights(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.weights.write_bytes(b"weights")
    assert load_calibration(folder) is None
    saved = save_calibration(
        folder, np.array([[0.6, 0.4]] * 4), np.array([0, 0, 0, 1]), set_name="d"
    )
    assert load_calibration(folder) == saved
    assert (saved.set, saved.examples) == ("d", 4)
    stored = json.loads(folder.calibration.read_text())
    for change in ({"temperature": 0.0}, {"temperature": "hot"}, {"further": 1}, None):
        folder.calibration.write_text(json.dumps({**stored, **change} if change else []))
        with pytest.raises(InputError, match=r"calibration\.json.*--calibrate"):
            load_calibration(folder)
    folder.calibration.write_text(json.dumps(stored))
    folder.weights.write_bytes(b"others")
    with pytest.raises(InputError, match="is not of the weights of this run"):
        load_calibration(folder)
