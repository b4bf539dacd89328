"""`spinn predict` for runs over sequences, and the examples after training."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from spinn.cli import main
from spinn.cli.support.sequence_inputs import examples_text
from spinn.data.dataset import SequenceDataset
from spinn.training.batches import Batches
from spinn.training.evaluation import evaluate_split, predict_sequences
from spinn.training.loading import Run, load_run
from spinn.training.run import train

CONF = Path(__file__).parent.parent.parent / "conf"
FEW = ["data.examples=64", "data.held_out=20"]
RUNS = {  # the overrides of each run, and an input
    "addition": ([*FEW, "data.longer=[]"], "19 + 7"),
    "amplitude": (["data.held_out=5"], "0.5 1 -1"),
    "wave": ([*FEW, "data.longer=[]"], "0.5 1 -1"),
    "parity": ([*FEW, "data.longer=[]"], "0110"),
    "copy": ([*FEW, "data.longer=[]"], "abba"),
    "number_words": (FEW, "107"),
    "words_to_digits": ([*FEW, "data.longer=[]"], "one hundred and seven"),
}
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Train a small model on a dataset once, and return its folder."""
    folder = tmp_path_factory.mktemp("sequence runs")

    def get(data: str, *overrides: str) -> Path:
        if not (folder / data).exists():
            small = ["model.hidden_size=8", "trainer.epochs=1", "trainer.threads=1"]
            with initialize_config_dir(str(CONF), version_base="1.3"):
                config = compose("train", overrides=[f"data={data}", *small, *overrides])
            OmegaConf.set_struct(config, False)
            config.run, config.names = str(folder / data), {"model": "gru", "data": data}
            train(config)
        return folder / data

    return get


@pytest.mark.parametrize("data", RUNS)
def test_every_dataset_has_predictions(
    data: str, run_of: Callable[..., Path], tmp_path: Path, capsys: Capture
) -> None:
    overrides, text = RUNS[data]
    run = run_of(data, *overrides)
    assert main(["predict", str(run), text]) == 0
    assert capsys.readouterr().out.startswith(f"{text}  ->  ")
    loaded = load_run(run)
    assert isinstance(loaded.dataset, SequenceDataset)
    test = loaded.dataset.load().test[:5]
    inputs = np.split(test.inputs, np.cumsum(test.lengths)[:-1])
    file = tmp_path / "my inputs.txt"
    file.write_text("".join(f"{loaded.dataset.format_input(steps)}\n" for steps in inputs) + "\n")
    out = tmp_path / "my outputs.jsonl"
    assert main(["predict", str(run), "--file", str(file), "--out", str(out)]) == 0
    assert "5 predicted, 0 bad lines" in capsys.readouterr().err
    entries = [json.loads(line) for line in out.read_text().splitlines()]
    assert [entry["line"] for entry in entries] == [1, 2, 3, 4, 5]
    if loaded.dataset.labels is None:  # the numbers of the plain forward pass
        batches = Batches(loaded.task.prepare(test, loaded.vocabulary), batch_size=1)
        expected = predict_sequences(loaded.task, batches, torch.device("cpu")).numpy()
        found = np.concatenate([entry["numbers"] for entry in entries])
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    elif data != "addition":  # whose inputs lose leading zeros
        assert_matches_are_those_of_evaluate(loaded, entries)


def assert_matches_are_those_of_evaluate(run: Run, entries: list[dict[str, str]]) -> None:
    """Compare with the examples that `evaluate` counts as exactly right."""
    assert isinstance(run.dataset, SequenceDataset)
    test = run.dataset.load().test[:5]
    evaluation = evaluate_split(
        run.task, run.dataset, test, run.vocabulary, batch_size=2, device=torch.device("cpu")
    )
    targets = np.split(test.targets, np.cumsum(test.target_lengths)[:-1])
    wanted = list(map(run.dataset.format_output, targets))
    right = [entry["output"] == target for entry, target in zip(entries, wanted, strict=True)]
    assert right == evaluation.columns["exact"].tolist()


def test_a_bad_line_is_named(run_of: Callable[..., Path], tmp_path: Path, capsys: Capture) -> None:
    run = str(run_of("parity", *RUNS["parity"][0]))
    file = tmp_path / "my bits.txt"
    file.write_text("01\n\n1 0 2\n11\n")
    out = tmp_path / "out.tsv"
    assert main(["predict", run, "--file", str(file), "--out", str(out)]) == 2
    assert f"error: {file}:2: an empty line; expected an input" in capsys.readouterr().err
    assert not out.exists()
    command = ["predict", run, "--file", str(file), "--on-error", "skip"]
    assert main([*command, "--out", str(out)]) == 0
    captured = capsys.readouterr()
    message = "step 3: '2' is no symbol of the run; expected 0, 1"
    assert f"{file}:3: {message}" in captured.err
    assert "2 predicted, 2 bad lines" in captured.err
    lines = [line.split("\t") for line in out.read_text().splitlines()]
    assert lines[0] == ["line", "input", "output", "error"]
    assert lines[3] == ["3", "", "", message]
    assert [line[:2] for line in (lines[1], lines[4])] == [["1", "01"], ["4", "11"]]
    assert {lines[1][2], lines[4][2]} <= {"even", "odd"}
    assert main(["predict", run, "01", "0x"]) == 2
    captured = capsys.readouterr()
    assert captured.out.startswith("01  ->  ")
    assert "error: input 2: step 2: 'x' is no symbol" in captured.err


def test_lines_of_standard_input_are_read(
    run_of: Callable[..., Path], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = str(run_of("parity", *RUNS["parity"][0]))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"01\n1 1 1\n")))
    assert main(["predict", run, "--json"]) == 0
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [entry["input"] for entry in entries] == ["01", "1 1 1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["0", "--trees", "left"], "--trees is for sentences; "),
        (["0", "--format", "tsv"], "--format is for "),
        (["--premise", "0"], "--premise is for sentences"),
        (["0", "--interval", "0.9"], "--interval is for runs of data=forecast"),
        (["0", "--plot", "x.png"], "--plot is for runs of data=forecast"),
    ],
)
def test_options_of_other_runs_are_refused(
    arguments: list[str], message: str, run_of: Callable[..., Path], capsys: Capture
) -> None:
    assert main(["predict", str(run_of("parity", *RUNS["parity"][0])), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_ten_examples_follow_a_training(run_of: Callable[..., Path]) -> None:
    loaded = load_run(run_of("parity", *RUNS["parity"][0]))
    title, header, *rows = examples_text(loaded, torch.device("cpu")).splitlines()
    assert title == "examples of test:"
    assert header.split() == ["input", "target", "output"]
    assert len(rows) == 10
    for row in rows:
        bits, target, output, verdict = row.split()
        assert target == ("odd" if bits.count("1") % 2 else "even")
        assert verdict == ("right" if target == output else "wrong")


def test_examples_of_numbers_have_their_error(run_of: Callable[..., Path]) -> None:
    loaded = load_run(run_of("amplitude", *RUNS["amplitude"][0]))
    lines = examples_text(loaded, torch.device("cpu")).splitlines()
    assert len(lines) == 2 + 5
    assert all("…" in line and "  error " in line for line in lines[2:])


def test_a_table_of_numbers_is_read_in_its_unit(
    run_of: Callable[..., Path], tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "sums.tsv"
    rows = "".join(f"{a} {b}\t{a + b}.5\n" for a in range(8) for b in range(8))
    file.write_text("inputs\ttargets\n" + rows)
    run = str(run_of("sequence_table", f"data.train='{file}'"))
    assert main(["predict", run, "3 4", "--json"]) == 0
    entry = json.loads(capsys.readouterr().out)
    assert float(entry["output"]) == pytest.approx(entry["numbers"][0][0], rel=1e-4)
    assert 0 < entry["numbers"][0][0] < 15
    assert main(["predict", run, "3 4,5"]) == 2
    assert "input 1: step 2: 2 numbers; expected 1, such as 0" in capsys.readouterr().err
    file.write_text("inputs\ttargets\n" + rows.replace("9.5", "99.5"))
    assert main(["predict", run, "3 4"]) == 2
    assert "was trained on other content of its files" in capsys.readouterr().err
