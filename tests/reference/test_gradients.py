"""Gradients by hand equal central differences, and the check detects wrong gradients."""

import re
from collections.abc import Callable
from functools import cache
from itertools import combinations

import numpy as np
import pytest

from spinn.reference import elman, finite_difference, lstm, spinn, tree_lstm
from spinn.reference.activations import Array
from spinn.reference.cases import Named, cases
from spinn.reference.finite_difference import TOLERANCE, Row, by_differences, by_hand, compare

CASES = {case.name: case for case in cases(np.random.default_rng(0))}
CLEARLY = 1e-3
WEIGHTS = {
    "Elman network, tanh": (elman, ("W", "U", "b")),
    "Elman network, sigmoid": (elman, ("W", "U", "b")),
    "LSTM": (lstm, ("W", "U", "b")),
    "TreeLSTM": (tree_lstm, ("U_left", "U_right", "b")),
    "SPINN": (spinn, tuple(spinn.Weights.__annotations__)),
}
LAST_STEP = [(name, weight) for name, (_, weights) in WEIGHTS.items() for weight in weights]
SWAPS = [
    (name, module, first, second)
    for name, module, gates in (
        ("LSTM", lstm, 4),
        ("TreeLSTM", tree_lstm, 5),
        ("SPINN", lstm, 4),
        ("SPINN", tree_lstm, 5),
    )
    for first, second in combinations(range(gates), 2)
]


@cache
def expected(name: str) -> tuple[Named, Named]:
    """Random output gradients of a case, and the expected gradients by central differences."""
    rng = np.random.default_rng(1)
    outputs, _ = CASES[name].run(CASES[name].values)
    factors = {name: rng.normal(size=output.shape) for name, output in outputs.items()}
    return factors, by_differences(CASES[name], factors)


def errors(name: str) -> dict[str, float]:
    """The relative error of each array's worst entry, as in `check`."""
    factors, gradients = expected(name)
    return {row.name: row.error for row in compare(gradients, by_hand(CASES[name], factors))}


def swapped(gates: Array, first: int, second: int, count: int) -> Array:
    """Swap two gates."""
    parts = np.split(gates, count, axis=-1)
    parts[first], parts[second] = parts[second], parts[first]
    return np.concatenate(parts, axis=-1)


@pytest.mark.parametrize("name", CASES)
def test_every_gradient_equals_central_differences(name: str) -> None:
    found = errors(name)
    assert list(found) == list(CASES[name].values)
    for array, error in found.items():
        assert error < TOLERANCE, array


@pytest.mark.parametrize("name", CASES)
def test_every_value_has_a_gradient_of_its_shape(name: str) -> None:
    case = CASES[name]
    outputs, backward = case.run(case.values)
    gradients = backward({name: np.ones_like(value) for name, value in outputs.items()})
    assert {name: value.shape for name, value in gradients.items()} == {
        name: value.shape for name, value in case.values.items()
    }


@pytest.mark.parametrize(("name", "module", "first", "second"), SWAPS)
def test_swapped_gates_in_the_backward_pass_are_detected(
    name: str, module: object, first: int, second: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, count = module.step_backward, 4 if module is lstm else 5

    def mistaken(gates: Array, *states: Array) -> tuple[Array, ...]:
        return original(swapped(gates, first, second, count), *states)

    monkeypatch.setattr(module, "step_backward", mistaken)
    found = errors(name)
    assert all(found[weight] > CLEARLY for weight in gate_weights(name, module)), found


@pytest.mark.parametrize(("name", "module", "first", "second"), SWAPS)
def test_swapped_gate_gradients_are_detected(
    name: str, module: object, first: int, second: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, count = module.step_backward, 4 if module is lstm else 5

    def mistaken(*states: Array) -> tuple[Array, ...]:
        delta, *others = original(*states)
        return swapped(delta, first, second, count), *others

    monkeypatch.setattr(module, "step_backward", mistaken)
    found = errors(name)
    assert all(found[weight] > CLEARLY for weight in gate_weights(name, module)), found


def gate_weights(name: str, module: object) -> tuple[str, ...]:
    """The weights of a case that belong to the module's gates."""
    weights = WEIGHTS[name][1]
    if name != "SPINN":
        return weights
    return weights[:5] if module is lstm else weights[5:]


def last_step_only(
    original: Callable[..., dict[str, Array]], weight: str
) -> Callable[..., dict[str, Array]]:
    """Sum one weight's gradient over the last step alone."""

    def mistaken(*arguments: object) -> dict[str, Array]:
        alone = [last(argument) for argument in arguments]
        return original(*arguments) | {weight: original(*alone)[weight]}

    def last(argument: object) -> object:
        if not isinstance(argument, np.ndarray):
            return argument
        last_step = np.zeros_like(argument)
        last_step[-1] = argument[-1]
        return last_step

    return mistaken


@pytest.mark.parametrize(("name", "weight"), LAST_STEP)
def test_a_missing_sum_over_time_is_detected_in_that_weight_alone(
    name: str, weight: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check of any other matrix would pass, so every matrix is checked."""
    module = WEIGHTS[name][0]
    monkeypatch.setattr(module, "weight_gradients", last_step_only(module.weight_gradients, weight))
    found = errors(name)
    assert found.pop(weight) > CLEARLY
    assert all(error < TOLERANCE for error in found.values()), found


def test_the_command_prints_every_array(capsys: pytest.CaptureFixture[str]) -> None:
    assert finite_difference.main([]) == 0
    printed = capsys.readouterr().out
    for name, case in CASES.items():
        block = printed.split(f"{name}\n")[1].split("\n\n")[0].splitlines()
        assert " ".join(block[0].split()) == (
            "weight gate worst entry expected actual relative error"
        )
        assert [line.split()[0] for line in block[1:]] == list(case.values)
        for line in block[1:]:  # gates have names, by the row of the entry
            name, entry = line.split()[0], re.search(r"\[(\d+)", line)
            assert entry is not None
            if gates := case.gates.get(name):
                units = len(case.values[name]) // len(gates)
                assert line.split()[1] == gates[int(entry[1]) // units]
    entries = sum(values.size for case in CASES.values() for values in case.values.values())
    *_, verdict = printed.splitlines()
    assert verdict.startswith(f"All {entries:,} entries agree with central differences")


def test_the_command_fails_for_a_wrong_gradient(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lstm, "weight_gradients", last_step_only(lstm.weight_gradients, "W"))
    assert finite_difference.main([]) == 1
    assert capsys.readouterr().err == "wrong by more than 1e-07: W (gate o) of LSTM\n"


def test_a_negative_seed_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        finite_difference.main(["--seed", "-1"])
    assert ended.value.code == 2
    assert "--seed is -1; expected 0 or more" in capsys.readouterr().err


def test_the_entry_with_the_largest_error_is_found() -> None:
    by_steps = np.array([[1.0, 0.0], [2.0, 4.0]])
    actual = np.array([[1.0, 0.0], [2.5, 4.1]])
    assert finite_difference.worst("W", by_steps, actual) == Row("W", (1, 0), 2.0, 2.5, 0.2)
    assert finite_difference.worst("b", np.zeros(2), np.zeros(2)).error == 0


def test_differences_of_a_cubic_are_exact_to_rounding() -> None:
    values = np.array([0.5, -1.0])
    found = finite_difference.differences(lambda: float((values**3).sum()), values)
    np.testing.assert_allclose(found, [0.75, 3.0], rtol=0, atol=1e-12)
    assert values.tolist() == [0.5, -1.0]
