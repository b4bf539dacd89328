"""`python -m benchmarks.reference`: the NumPy LSTM and torch's do the same work."""

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks import reference
from benchmarks.measure import Stopwatch
from benchmarks.reference import NUMPY, check_agreement, implementations, main, measure, table
from benchmarks.settings import Settings


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in {"SEQUENCES": 3, "STEPS": 4, "WIDTH": 5}.items():
        monkeypatch.setattr(reference, name, size)


def test_implementations_agree_and_one_that_differs_is_an_error() -> None:
    work = implementations()
    check_agreement(work)

    def wrong() -> dict[str, np.ndarray]:
        gradients = work["torch float64"]()
        return gradients | {"U": gradients["U"] + 1e-6}

    with pytest.raises(AssertionError, match="torch float64 differs from numpy float64 in the gra"):
        check_agreement(work | {"torch float64": wrong})


def test_every_implementation_is_timed_in_every_turn_in_rotated_order() -> None:
    order: list[str] = []

    def recorded(name: str) -> Callable[[], dict[str, np.ndarray]]:
        return lambda: order.append(name) or {}

    times, probes = measure(Stopwatch(Settings()), {name: recorded(name) for name in "abc"}, 3)
    assert "".join(order) == "cab" + "abc" + "bca" + "cab"
    assert {name: len(taken) for name, taken in times.items()} == {"a": 3, "b": 3, "c": 3}
    assert len(probes) == 9


def test_table_against_a_case_worked_by_hand() -> None:
    results = {
        NUMPY: {"median": 0.03, "spread": 0.001},
        "torch float32": {"median": 0.01, "spread": 0.0},
    }
    lines = [line.split() for line in table(results).splitlines()]
    assert lines[1:] == [
        ["numpy", "float64", "30.0", "±", "1.0", "1.00x"],
        ["torch", "float32", "10.0", "±", "0.0", "3.00x"],
    ]


def test_the_command_prints_every_implementation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--repeats", "3"]) == 0
    printed = capsys.readouterr().out
    assert "3 sequences of 4 steps, width 5, forward and backward; median of 3 turns" in printed
    assert all(f"\n{name}" in printed for name in implementations())


def test_too_few_repeats_are_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--repeats", "2"])
    assert ended.value.code == 2
    assert "'2'; expected a whole number from 3 on" in capsys.readouterr().err
