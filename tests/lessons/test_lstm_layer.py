"""`python -m spinn.lessons.lstm_layer` prints what torch's LSTM computes."""

import re

import pytest
import torch

from spinn.lessons import lstm_layer


def numbers(printed: str, label: str) -> list[list[float]]:
    lines = re.findall(rf"^  {re.escape(label)} +((?: *-?\d+\.\d+)+)", printed, flags=re.M)
    return [[float(number) for number in line.split()] for line in lines]


def test_it_prints_the_states_and_gradients_of_torch(capsys: pytest.CaptureFixture[str]) -> None:
    assert lstm_layer.main(["--steps", "4", "--inputs", "3", "--units", "2", "--seed", "7"]) == 0
    printed = capsys.readouterr().out
    weights, inputs = lstm_layer.example(4, 3, 2, 7)
    layer = torch.nn.LSTM(3, 2).double()
    order = [2, 3, 4, 5, 0, 1, 6, 7]  # i, f, g, o of torch in the order g, i, f, o
    with torch.no_grad():
        for name, values in (("weight_ih_l0", weights.W), ("weight_hh_l0", weights.U)):
            getattr(layer, name).copy_(torch.from_numpy(values)[order])
        layer.bias_ih_l0.zero_()
        layer.bias_hh_l0.zero_()
    x = torch.from_numpy(inputs).requires_grad_()
    h, (_, c) = layer(x)
    h[-1].sum().backward()
    forward, backward = printed.split("Gradients of the sum of h at step 4, by\n")
    assert numbers(forward, "h") == [pytest.approx(row, abs=1e-4) for row in h[:, 0].tolist()]
    assert numbers(forward, "c")[-1] == pytest.approx(c[0, 0].tolist(), abs=1e-4)
    assert x.grad is not None
    for t in range(4):
        (found,) = numbers(backward, f"x, step {t + 1}")
        assert found == pytest.approx(x.grad[t, 0].tolist(), abs=1e-4)
    by_gate = dict(zip("ifgo", layer.weight_ih_l0.grad.split(2), strict=True))  # type: ignore[union-attr]
    bias = dict(zip("ifgo", layer.bias_ih_l0.grad.split(2), strict=True))  # type: ignore[union-attr]
    for gate in "ifgo":
        for row in range(2):
            (found,) = numbers(backward, f"W_{gate} row {row}")
            assert found == pytest.approx(by_gate[gate][row].tolist(), abs=1e-4)
        (found,) = numbers(backward, f"b_{gate}")
        assert found == pytest.approx(bias[gate].tolist(), abs=1e-4)
    assert len({tuple(row) for row in numbers(forward, "i") + numbers(forward, "f")}) == 8


def test_a_size_of_zero_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        lstm_layer.main(["--units", "0"])
    assert ended.value.code == 2
    assert "--units is 0; expected 1 or more" in capsys.readouterr().err
