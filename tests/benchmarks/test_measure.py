"""Turns, summaries, and warnings about the machine."""

import random
from itertools import pairwise

import pytest
import torch

from benchmarks.encoders import build
from benchmarks.experiments import rates
from benchmarks.machine import busy, unsteady
from benchmarks.measure import PATIENCE, Stopwatch, affordable, measure, summary, takes_part
from benchmarks.sentences import snli_like
from benchmarks.settings import QUICK, Settings, parse


def test_summary_against_a_case_worked_by_hand() -> None:
    assert summary([4.0, 1.0, 3.0, 2.0, 10.0]) == {"median": 3.0, "spread": 2.75, "repeats": 5}


def test_rates_and_ratios_against_a_case_worked_by_hand() -> None:
    times = {
        "reference": {"forward": [2.0] * 3, "training": [8.0] * 3},
        "lstm packed": {"forward": [1.0] * 3, "training": [2.0] * 3},
        "spinn_pi": {"forward": [1.0, 2.0, 4.0], "training": [4.0] * 3},
    }
    rows = rates(times, sentences=16)
    assert rows["spinn_pi"]["forward"] == {"median": 8.0, "spread": 6.0, "repeats": 3}
    assert rows["spinn_pi"]["of_lstm_packed"] == 0.5
    assert rows["spinn_pi"]["of_reference"] == 2.0
    assert rows["lstm packed"]["of_lstm_packed"] == 1.0


@pytest.mark.parametrize("share", range(3, 10))
def test_a_share_of_the_turns_is_spread_evenly(share: int) -> None:
    turns = [turn for turn in range(9) if takes_part(turn, share, 9)]
    assert len(turns) == share
    gaps = [after - before for before, after in pairwise(turns)]
    assert max(gaps) - min(gaps) <= 1
    assert takes_part(-1, share, 9)


def test_slow_encoders_get_fewer_repeats_but_enough() -> None:
    assert affordable(PATIENCE / 100, 9) == 9
    assert affordable(PATIENCE / 5, 9) == 5
    assert affordable(PATIENCE * 2, 9) == 3


@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_every_encoder_is_timed_in_every_turn(precision: str) -> None:
    settings = Settings(precision=precision)  # type: ignore[arg-type]
    encoders = build(("spinn_pi", "spinn_pi batched", "bound"), 4, 3)
    batch = snli_like(2, random.Random(0))
    times, probes = measure(Stopwatch(settings), encoders, [batch], repeats=3)
    assert list(times) == list(encoders)
    assert all(len(taken[kind]) == 3 for taken in times.values() for kind in taken)
    assert len(probes) == 9
    assert all(weight.grad is not None for weight in encoders["bound"].parameters())


def test_forward_computes_no_gradients() -> None:
    encoder = build(("treelstm",), 4, 3)["treelstm"]
    Stopwatch(Settings()).forward(encoder, [snli_like(2, random.Random(0))])
    assert all(weight.grad is None for weight in encoder.parameters())
    assert not torch.is_autocast_enabled("cpu")


def test_a_load_that_leaves_too_few_cores_is_a_warning() -> None:
    warning = busy(1.7, cores=2, threads=2)
    assert warning is not None
    assert "load 1.7 on 2 cores" in warning
    assert busy(0.3, cores=2, threads=2) is None
    assert busy(3.0, cores=16, threads=4) is None
    assert busy(None, cores=2, threads=2) is None


def test_a_varying_probe_is_a_warning() -> None:
    assert unsteady([0.010, 0.0101, 0.0102, 0.05], "64 pairs") is not None
    assert unsteady([0.010] * 20 + [0.05], "64 pairs") is None  # one outlier is ignored
    warning = unsteady([0.010, 0.014, 0.014, 0.014], "64 pairs")
    assert warning is not None
    assert warning.startswith("64 pairs: the machine did other work")
    assert "10 ms at best and more than 14 ms" in warning


def test_explicit_options_override_quick() -> None:
    settings, folder = parse(["--quick", "--pairs", "8", "2", "8", "--threads", "1"])
    assert (settings.pairs, settings.lengths, settings.threads) == ((2, 8), QUICK["lengths"], 1)
    assert str(folder) == "runs/bench"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--repeats", "2"], "'2'; expected a whole number from 3 on"),
        (["--pairs", "0"], "'0'; expected a whole number from 1 on"),
        (["--device", "abacus"], "'abacus' cannot be used here"),
    ],
)
def test_wrong_arguments_are_errors(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
