"""Padding does not change results; invalid lengths and transitions are errors."""

from collections.abc import Callable

import numpy as np
import pytest

from spinn.reference import elman, lstm, spinn, tree_lstm
from spinn.reference.activations import Array
from spinn.reference.cases import LENGTHS, TREES, Named, cases, weights_of
from spinn.reference.transitions import plan
from spinn.trees.transitions import every_tree, spans

VALUES = {case.name: case.values for case in cases(np.random.default_rng(0))}
LEAVES = tuple((len(tree) + 1) // 2 for tree in TREES)


def run_elman(values: Named, choice: list[int]) -> Named:
    weights, lengths = weights_of(elman.Weights, values), [LENGTHS[i] for i in choice]
    trace = elman.forward(weights, values["x"][:, choice], lengths, values["h_0"][choice])
    d_h = np.zeros_like(trace.h[1:])
    d_h[-1] = 1
    return {"output": trace.h[-1]} | elman.backward(weights, trace, d_h)


def run_lstm(values: Named, choice: list[int]) -> Named:
    weights, lengths = weights_of(lstm.Weights, values), [LENGTHS[i] for i in choice]
    state = values["h_0"][choice], values["c_0"][choice]
    trace = lstm.forward(weights, values["x"][:, choice], lengths, *state)
    d_h = np.zeros_like(trace.h[1:])
    d_h[-1] = 1
    return {"output": trace.h[-1]} | lstm.backward(weights, trace, d_h, np.ones_like(state[1]))


def root_gradients(trace: tree_lstm.Trace | spinn.Trace) -> tuple[Array, Array]:
    """Gradients (N, B, D) of 1 at the roots."""
    gradients = np.zeros_like(trace.h)
    gradients[trace.steps.roots, np.arange(gradients.shape[1])] = 1
    return gradients, gradients


def root(trace: tree_lstm.Trace | spinn.Trace) -> Array:
    return trace.h[trace.steps.roots, np.arange(trace.h.shape[1])]


def run_tree_lstm(values: Named, choice: list[int]) -> Named:
    weights = weights_of(tree_lstm.Weights, values)
    words = values["h"][:, choice], values["c"][:, choice]
    trace = tree_lstm.forward(weights, *words, [TREES[i] for i in choice])
    return {"output": root(trace)} | tree_lstm.backward(weights, trace, *root_gradients(trace))


def run_spinn(values: Named, choice: list[int]) -> Named:
    weights = weights_of(spinn.Weights, values)
    words = values["h"][:, choice], values["c"][:, choice]
    state = values["h_0"][choice], values["c_0"][choice]
    trace = spinn.forward(weights, *words, [TREES[i] for i in choice], *state)
    return {"output": root(trace)} | spinn.backward(weights, trace, *root_gradients(trace))


RUNS: dict[str, tuple[Callable[[Named, list[int]], Named], tuple[str, ...], tuple[int, ...]]] = {
    "Elman network, tanh": (run_elman, ("x",), LENGTHS),
    "LSTM": (run_lstm, ("x",), LENGTHS),
    "TreeLSTM": (run_tree_lstm, ("h", "c"), LEAVES),
    "SPINN": (run_spinn, ("h", "c"), LEAVES),
}


@pytest.fixture(params=RUNS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def close(found: Array, expected: Array, what: str) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13, err_msg=what)


def padded(values: Array, lengths: tuple[int, ...], value: float, more: int) -> Array:
    """Return inputs (T+more, B, .) with one value in all padding."""
    longer = np.full((len(values) + more, *values.shape[1:]), float(value))
    for column, length in enumerate(lengths):
        longer[:length, column] = values[:length, column]
    return longer


@pytest.mark.parametrize(("value", "more"), [(0.0, 0), (1e9, 3), (np.nan, 2)])
def test_padding_changes_nothing(name: str, value: float, more: int) -> None:
    run, inputs, lengths = RUNS[name]
    values, every = VALUES[name], list(range(len(lengths)))
    changed = {key: padded(values[key], lengths, value, more) for key in inputs}
    expected, found = run(values, every), run(values | changed, every)
    for key in expected:
        if key in inputs:
            close(found[key], padded(expected[key], lengths, 0, more), key)
        else:
            close(found[key], expected[key], key)


def test_a_batch_equals_its_sequences_one_by_one(name: str) -> None:
    """Outputs and input gradients are concatenated; weight gradients are summed."""
    run, _, lengths = RUNS[name]
    values, every = VALUES[name], list(range(len(lengths)))
    together, alone = run(values, every), [run(values, [index]) for index in every]
    weights = [key for key in values if key not in ("x", "h", "c", "h_0", "c_0")]
    for key, found in together.items():
        parts = [one[key] for one in alone]
        axis = 1 if key in ("x", "h", "c") else 0
        expected = sum(parts) if key in weights else np.concatenate(parts, axis=axis)
        close(found, expected, key)


def test_an_empty_sequence_keeps_its_initial_state() -> None:
    values = VALUES["LSTM"]
    weights, state = weights_of(lstm.Weights, values), (values["h_0"], values["c_0"])
    trace = lstm.forward(weights, values["x"], (0, 5, 0), *state)
    assert (trace.h[-1, [0, 2]] == values["h_0"][[0, 2]]).all()
    ones = np.ones_like(values["c_0"])
    gradients = lstm.backward(weights, trace, np.zeros_like(trace.h[1:]), ones)
    assert (gradients["c_0"][[0, 2]] == 1).all()


@pytest.mark.parametrize("length", [-1, 6])
def test_an_invalid_length_is_an_error(length: int) -> None:
    values = VALUES["Elman network, tanh"]
    weights = weights_of(elman.Weights, values)
    with pytest.raises(
        ValueError, match=r"lengths: \[5, .*\]; expected one from 0 to 5 a sequence"
    ):
        elman.forward(weights, values["x"], (5, length, 2), values["h_0"])


def test_transitions_that_are_not_a_tree_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"sentence 1: .* 2 reduces a stack of 1"):
        plan([b"\x00", b"\x00\x01\x00"], 2)
    with pytest.raises(ValueError, match="sentence 1: transitions over 2 words; expected 1"):
        plan([b"\x00", b"\x00\x00\x01"], 1)


@pytest.mark.parametrize("length", range(1, 7))
def test_planned_steps_compose_adjacent_spans_up_to_the_whole_sentence(length: int) -> None:
    for tree in every_tree(length):
        steps, T = plan([tree], length), length
        covered = {1 + word: (word, word + 1) for word in range(T)}
        for step in np.flatnonzero(steps.reduces[:, 0]).tolist():
            left, right = covered[int(steps.second[step, 0])], covered[int(steps.top[step, 0])]
            assert left[1] == right[0]
            covered[T + 1 + step] = left[0], right[1]
        assert list(covered.values())[T:] == spans(tree)
        assert covered[int(steps.roots[0])] == (0, T)
