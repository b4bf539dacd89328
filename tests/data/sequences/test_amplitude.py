"""Waves and their amplitudes."""

import math

import numpy as np
import pytest

from spinn.data.sequences.amplitude import Amplitude, WaveAmplitude
from spinn.data.sequences.series import Series


def amplitude_of(wave: np.ndarray) -> float:
    """The amplitude of a sine with one radian per step, computed from two neighbouring values.

    sin² = (x₀² + x₁² - 2 x₀ x₁ cos 1) / sin² 1 holds for any phase.
    """
    first, second = wave[0, 0].item(), wave[1, 0].item()
    square = first**2 + second**2 - 2 * first * second * math.cos(1)
    return math.sqrt(square) / math.sin(1)


def test_train_is_the_classic_wave() -> None:
    train = Amplitude().load().train
    wave = [a * math.sin(step) for a in (1, 2, 1, 2) for step in range(1, 21)]
    np.testing.assert_allclose(train.inputs[:, 0], wave, rtol=1e-6)
    np.testing.assert_array_equal(train.targets[:, 0], [1] * 20 + [2] * 20 + [1] * 20 + [2] * 20)
    assert train.lengths.tolist() == train.target_lengths.tolist() == [80]


def check_stretches(waves: Series, amplitudes: set[float]) -> None:
    stretches = zip(waves.inputs.reshape(-1, 20, 1), waves.targets.reshape(-1, 20), strict=True)
    for stretch, target in stretches:
        assert len(set(target.tolist())) == 1
        assert amplitude_of(stretch) == pytest.approx(target[0], rel=1e-4)
    found = set(np.round(waves.targets[:, 0].astype(float), 6).tolist())
    assert found == amplitudes


def test_other_waves_have_their_amplitudes_at_each_step() -> None:
    splits = Amplitude(examples=3, held_out=20).load()
    for series in splits[:3]:
        check_stretches(series, {1.0, 2.0})
    check_stretches(splits.tests["test_others"], {1.2, 1.6})
    np.testing.assert_array_equal(splits.train[:1].inputs, Amplitude().load().train.inputs)


def test_other_waves_come_in_other_orders_and_phases() -> None:
    test = Amplitude().load().test
    orders = {tuple(order) for order in test.targets.reshape(100, 4, 20)[:, :, 0].tolist()}
    assert len(orders) == 16
    assert len(set(test.inputs.reshape(-1, 20)[:, 0].tolist())) == 400


def test_no_other_amplitudes_no_further_test() -> None:
    assert Amplitude(others=[]).load().tests == {}


def test_a_whole_wave_has_one_amplitude() -> None:
    dataset = WaveAmplitude(examples=200, held_out=50)
    assert dataset.labels == ("0.5", "1", "1.5", "2")
    splits = dataset.load()
    for series in (*splits[:3], *splits.tests.values()):
        assert set(series.target_lengths) == {1}
        starts = np.cumsum(series.lengths) - series.lengths
        for start, target in zip(starts, series.targets, strict=True):
            amplitude = amplitude_of(series.inputs[start:])
            assert amplitude == pytest.approx(float(dataset.labels[target]), rel=1e-4)
    assert (splits.train.lengths.min(), splits.train.lengths.max()) == (5, 40)
    assert set(splits.tests["test_160_steps"].lengths) == {160}
