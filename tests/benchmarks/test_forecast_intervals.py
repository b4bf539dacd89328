"""`python -m benchmarks.forecast_intervals`."""

import re

import pytest

from benchmarks.forecast_intervals import main


def test_the_coverage_of_each_series_and_the_mean(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--values=300", "--series=2", "--steps=14", "--interval=0.8", "--seed=3"]
    assert main(arguments) == 0
    *series, last = capsys.readouterr().out.splitlines()
    found = [float(re.findall(r"coverage ([\d.]+)%", line)[0]) for line in series]
    assert [line.partition(":")[0] for line in series] == ["series 3", "series 4"]
    assert "intervals at 0.8, 14 steps, mean coverage over 2 series: " in last
    mean = float(re.findall(r"series: ([\d.]+)%", last)[0])
    assert mean == pytest.approx(sum(found) / 2, abs=0.11)
    assert main(["--series=0"]) == 2
    assert "--series is 0; expected 1 or more" in capsys.readouterr().err
