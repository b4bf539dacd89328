"""The bundled series."""

import math
from pathlib import Path

import numpy as np
import pytest

from spinn.data.generators.hourly import DEFAULT_SEED, DEFAULT_STEPS, generated, main

BUNDLED = Path(__file__).parents[3] / "data" / "series" / "series.csv"


def test_the_bundled_file_is_reproduced_byte_for_byte(tmp_path: Path) -> None:
    out = tmp_path / "new folder" / "series.csv"
    main(["--out", str(out)])
    assert out.read_bytes() == BUNDLED.read_bytes()
    assert [path.name for path in out.parent.iterdir()] == ["series.csv"]


def test_the_file_equals_the_generated_examples() -> None:
    rows = [line.split(",") for line in BUNDLED.read_text(encoding="utf-8").splitlines()]
    assert rows[0] == ["time", "value"]
    assert [float(value) for _, value in rows[1:]] == generated(
        DEFAULT_STEPS, DEFAULT_SEED
    ).tolist()
    assert rows[1][0] == "2024-01-01T00:00:00"
    assert rows[-1][0] == "2024-03-24T23:00:00"


def test_values_are_the_formula_and_noise() -> None:
    values = generated(5000, seed=3)
    for hour in (0, 30, 4000):
        day, week = (math.sin(2 * math.pi * hour / period) for period in (24, 168))
        assert values[hour] == pytest.approx(100 + hour / 100 + 10 * day + 5 * week, abs=8)
    hours = np.arange(5000)
    waves = 10 * np.sin(np.pi * hours / 12) + 5 * np.sin(np.pi * hours / 84)
    noise = values - 100 - hours / 100 - waves
    assert noise.mean() == pytest.approx(0, abs=0.1)
    assert noise.std() == pytest.approx(2, abs=0.1)
    np.testing.assert_array_equal(generated(100, seed=3), values[:100])


@pytest.mark.parametrize(
    ("option", "value", "least"), [("--steps", "0", "1"), ("--seed", "-1", "0")]
)
def test_bad_options_are_named(
    option: str, value: str, least: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([option, value])
    assert f"{option} is {value}; expected {least} or more" in capsys.readouterr().err
