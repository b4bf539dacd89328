"""The network learns to add, also longer numbers than in training; the command's exit codes."""

import sys
from pathlib import Path

import numpy as np
import pytest

from spinn.lessons import binary_addition
from spinn.lessons.adder import RATE, Network, to_bits, to_numbers
from spinn.lessons.binary_addition import main, number, sums
from spinn.reference import elman
from spinn.reference.finite_difference import TOLERANCE, differences, worst

A, B = np.array([5, 100, 127, 0]), np.array([3, 27, 1, 0])


@pytest.fixture
def network() -> Network:
    return Network.drawn(np.random.default_rng(0))


def test_bits_start_with_the_least_significant() -> None:
    assert to_bits(np.array([6, 1]), 4).T.tolist() == [[0, 1, 1, 0], [1, 0, 0, 0]]
    numbers = np.random.default_rng(0).integers(2**62, size=100)
    assert (to_numbers(to_bits(numbers, 62)) == numbers).all()


def cross_entropy(network: Network) -> float:
    outputs = network.forward(A, B, 8)[1]
    return float(-np.log(np.where(to_bits(A + B, 8) == 1, outputs, 1 - outputs)).sum())


@pytest.mark.parametrize("name", ["W", "U", "b", "V", "b_out"])
def test_a_training_step_follows_the_gradient_of_every_weight(network: Network, name: str) -> None:
    parts = {"V": network.V, "b_out": network.b, **vars(network.hidden)}

    def loss() -> float:
        hidden = elman.Weights(parts["W"], parts["U"], parts["b"])
        return cross_entropy(Network(hidden, parts["V"], parts["b_out"]))

    after, outputs = network.train_step(A, B, 8, RATE)
    updated = {"V": after.V, "b_out": after.b, **vars(after.hidden)}
    gradient = (parts[name] - updated[name]) / RATE
    assert worst(name, differences(loss, parts[name]), np.asarray(gradient)).error < TOLERANCE
    assert np.array_equal(outputs, network.forward(A, B, 8)[1])


def test_test_sums_are_complete_or_include_every_length_of_carry() -> None:
    rng = np.random.default_rng(0)
    assert sorted(zip(*(summands.tolist() for summands in sums(3, rng)), strict=True)) == [
        (a, b) for a in range(4) for b in range(4)
    ]
    assert len(sums(8, rng)[0]) == 128 * 128
    a, b = sums(32, rng)
    assert len(set(zip(a.tolist(), b.tolist(), strict=True))) == 10_000 + 32
    assert int((a + b).max()) < 2**32
    assert (1, 2**31 - 1) in set(zip(a.tolist(), b.tolist(), strict=True))


@pytest.mark.parametrize("seed", [1, 2])
def test_it_learns_8_bits_and_adds_32(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", str(seed), "--bits", "32"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("round ") == 10
    assert "8 bits, all sums: 16,384 of 16,384 right (100.00%)" in printed
    assert "32 bits, random sums and carries of every length: 10,032 of 10,032 right" in printed


def test_reports_are_consistent_and_reproducible(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rounds", "2000"]) == main(["--rounds", "2000"])
    once, again = np.split(np.array(capsys.readouterr().out.splitlines()), 2)
    assert once.tolist() == again.tolist()
    first = once[:5].tolist()
    assert first[0] == "round 1,000"
    assert float(first[1].removeprefix("error")) > 0
    prediction, truth = (int("".join(line.split()[1:]), 2) for line in first[2:4])
    a, _, b, _, c = first[4].split()
    assert (int(c), int(a) + int(b)) == (prediction, truth)


def test_too_few_rounds_are_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rounds", "1"]) == 1
    printed = capsys.readouterr()
    assert "8 bits, all sums: " in printed.out
    assert "train longer with --rounds, or try another --seed" in printed.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rounds", "0"], "'0'; expected a whole number from 1 to 1,000,000"),
        (["--rounds", "many"], "'many'; expected a whole number from 1 to 1,000,000"),
        (["--bits", "63"], "'63'; expected a whole number from 2 to 62"),
        (["--bits", "1"], "'1'; expected a whole number from 2 to 62"),
        (["--seed", "-1"], "'-1'; expected a whole number from 0 to 4,294,967,296"),
    ],
)
def test_bad_options_are_errors(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_very_long_number_is_an_error_at_once() -> None:
    with pytest.raises(Exception, match="expected a whole number from 0 to 5"):
        number(0, 5)("9" * 100_000)


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if training starts."""
    monkeypatch.setattr(binary_addition, "train", lambda *_: pytest.fail("training started"))


@pytest.mark.usefixtures("untrained")
def test_missing_matplotlib_is_an_error_that_names_the_installation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["--out", str(tmp_path / "curve.png")]) == 2
    expected = 'error: --out needs matplotlib, which is missing: run pip install -e ".[bench]"\n'
    assert capsys.readouterr().err == expected


@pytest.mark.usefixtures("untrained")
def test_a_path_that_cannot_be_written_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason='the plot needs pip install -e ".[bench]"')
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    for out in ("curve.jpg", "file/curve.png"):
        assert main(["--out", str(tmp_path / out)]) == 2
    printed = capsys.readouterr().err
    assert "curve.jpg; expected the name of a file that ends in .png" in printed
    assert "curve.png: File exists; expected a file in a folder" in printed


def test_the_curve_is_drawn_before_the_sums_are_tested(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason='the plot needs pip install -e ".[bench]"')
    out = tmp_path / "new" / "curve.png"
    assert main(["--rounds", "150", "--out", str(out)]) == 1
    assert out.read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in out.parent.iterdir()] == ["curve.png"]
