"""`spinn predict` and `spinn evaluate --walk-forward` for runs of data=forecast."""

import csv
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from spinn.analysis.forecasting import Forecaster, dev_intervals, walk_forward
from spinn.cli import main
from spinn.training.loading import load_run
from spinn.training.run import train

CONF = Path(__file__).parent.parent.parent / "conf"
START = datetime(2023, 12, 31, 6)
ROWS = 120
Capture = pytest.CaptureFixture[str]


def write_series(path: Path, first: int, count: int, *, blank: int | None = None) -> None:
    """Write rows of a series, semicolons between, with decimal commas and a date each."""
    lines = ["time;a value;other"]
    for n in range(first, first + count):
        value = f"{10 + np.sin(n / 2) + 0.1 * np.cos(7 * n):.3f}".replace(".", ",")
        lines.append(f"{START + timedelta(hours=6 * n)};{'' if n == blank else value};x")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `a run` over `my series.csv`, and `covariates`, a run with one of them."""
    folder = tmp_path_factory.mktemp("forecast runs")
    write_series(folder / "my series.csv", 0, ROWS)
    common = [
        "data=forecast", f"data.csv='{folder / 'my series.csv'}'", "data.column='a value'",
        "data.decimal=comma", "data.missing=interpolate", "data.look_back=8", "data.horizon=3",
        "data.season=4", "model=gru", "model.hidden_size=4", "trainer.epochs=1",
        "trainer.threads=1",
    ]  # fmt: skip
    path = folder / "covariates.csv"
    path.write_text("a value,b\n" + "".join(f"{n % 5},{n % 7}\n" for n in range(ROWS)))
    further = {
        "a run": ["data.time=time"],
        "covariates": [f"data.csv='{path}'", "data.decimal=point", "data.covariates=[b]"],
        "generated": ["data.csv=null", "data.column=null", "data.steps=120"],
    }
    for name, overrides in further.items():
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = compose("train", overrides=[*common, *overrides])
        OmegaConf.set_struct(config, False)
        config.run, config.names = str(folder / name), {"model": "gru", "data": "forecast"}
        train(config)
    return folder


@pytest.fixture
def forecaster(folder: Path) -> Forecaster:
    return Forecaster(load_run(folder / "a run"), batch_size=64, device=torch.device("cpu"))


def dates(first: int, count: int) -> list[str]:
    return [str(START + timedelta(hours=6 * n)) for n in range(first, first + count)]


def test_a_forecast_continues_the_series_of_the_run(
    folder: Path, forecaster: Forecaster, capsys: Capture
) -> None:
    run = str(folder / "a run")
    assert main(["predict", run, "--json", "--steps", "5", "--interval", "0.8"]) == 0
    document = json.loads(capsys.readouterr().out)
    rows = document["forecast"]
    values = forecaster.next_values(forecaster.data.table, 5, "it")
    found = dev_intervals(forecaster, 5, 0.8)
    np.testing.assert_allclose([row["forecast"] for row in rows], values, rtol=1e-6)
    np.testing.assert_allclose([row["lower"] for row in rows], values - found.radius, rtol=1e-6)
    np.testing.assert_allclose([row["upper"] for row in rows], values + found.radius, rtol=1e-6)
    assert [row["date"] for row in rows] == dates(ROWS, 5)
    coverage = walk_forward(forecaster, 5, found).coverage()
    assert document["interval"] == {
        "level": 0.8, "coverage": coverage, "dev_origins": 14, "test_origins": 14,
    }  # fmt: skip
    assert (document["column"], document["last"]) == ("a value", dates(ROWS - 1, 1)[0])
    assert main(["predict", run, "--interval", "0.8"]) == 0
    out = capsys.readouterr().out
    assert f"a value after {dates(ROWS - 1, 1)[0]}: 3 steps\n" in out  # the horizon
    assert (
        "intervals at 0.8 from the errors on dev (16 forecasts); measured coverage on test: " in out
    )


def test_another_file_is_read_with_the_settings_of_the_run(
    folder: Path, forecaster: Forecaster, tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "new values.csv"
    write_series(file, 200, 20, blank=210)
    command = ["predict", str(folder / "a run"), "--file", str(file), "--steps", "4"]
    for out in ("my forecast.csv", "my forecast.jsonl", "my forecast.json"):
        assert main([*command, "--out", str(tmp_path / out)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "a value: 1 missing value interpolated, this one first" in captured.err
    expected = forecaster.next_values(forecaster.data.read(file), 4, "it")
    with (tmp_path / "my forecast.csv").open() as opened:
        rows = list(csv.DictReader(opened))
    assert list(rows[0]) == ["date", "step", "forecast"]
    assert [row["date"] for row in rows] == dates(220, 4)
    np.testing.assert_allclose([float(row["forecast"]) for row in rows], expected, rtol=1e-6)
    text = (tmp_path / "my forecast.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines == json.loads((tmp_path / "my forecast.json").read_text())["forecast"]
    assert [row["forecast"] for row in lines] == [float(row["forecast"]) for row in rows]


@pytest.mark.parametrize(("name", "start"), [("a b.png", b"\x89PNG"), ("c.pdf", b"%PDF")])
@pytest.mark.parametrize("run", ["a run", "generated"])
@pytest.mark.parametrize("steps", ["1", "5"])
def test_a_forecast_is_drawn(
    name: str, start: bytes, run: str, steps: str, folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    command = ["predict", str(folder / run), "--plot", str(tmp_path / name), "--steps", steps]
    assert main([*command, "--interval", "0.8"]) == 0
    assert (tmp_path / name).read_bytes().startswith(start)
    assert f"drawn: {tmp_path / name}" in capsys.readouterr().err


def test_walk_forward_has_a_row_for_each_origin_and_step(
    folder: Path, forecaster: Forecaster, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "walk forward.csv"
    command = ["evaluate", str(folder / "a run"), "--walk-forward", "--steps", "4"]
    assert main([*command, "--interval", "0.8", "--out", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    with out.open() as opened:
        rows = list(csv.DictReader(opened))
    first = ROWS - 18
    assert len(rows) == 15 * 4 == document["origins"] * document["steps"]
    known = forecaster.data.values
    for place, row in enumerate(rows):
        origin, step = first + place // 4, place % 4
        assert row["date"] == dates(origin + step, 1)[0]
        assert row["origin"] == dates(origin - 1, 1)[0]
        assert (row["step"], float(row["actual"])) == (str(step + 1), known[origin + step])
        assert float(row["lower"]) < float(row["forecast"]) < float(row["upper"])
    for step in range(4):
        errors = [float(row["actual"]) - float(row["forecast"]) for row in rows[step::4]]
        inside = [
            float(r["lower"]) <= float(r["actual"]) <= float(r["upper"]) for r in rows[step::4]
        ]
        found = document["errors"][step]
        assert found["model MAE"] == pytest.approx(np.abs(errors).mean(), rel=1e-5)
        assert found["model RMSE"] == pytest.approx(np.sqrt(np.square(errors).mean()), rel=1e-5)
        assert found["coverage"] == pytest.approx(np.mean(inside))
    assert document["errors"][4]["coverage"] == document["interval"]["coverage"]
    assert main(command) == 0
    table = capsys.readouterr().out
    assert "forecasts of 4 steps from 15 origins in test, of a value in " in table
    assert "seasonal naive RMSE" in table
    assert "coverage" not in table


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--steps", "0"], "--steps is 0; expected 1 or more"),
        (["--interval", "1"], "--interval: 1; expected a number between 0 and 1"),
        (["--interval", "0.99"], "--interval: an interval of 0.99 needs 99 forecasts on dev"),
        (["--steps", "19", "--interval", "0.5"], "needs 1 forecasts on dev; found 0 of 19 steps"),
        (["--out", "x.tsv"], "--out x.tsv: expected a name that ends with .csv, .json, .jsonl"),
        (["--out", "none/x.csv"], "--out none/x.csv: there is no folder"),
        (["--plot", "x.svg"], "--plot x.svg: expected a name that ends with .png or .pdf"),
        (["--plot", "none/x.png"], "--plot none/x.png: there is no folder"),
        (["--file", "none.csv"], "none.csv: cannot be read: No such file or directory"),
        (["--trees", "left"], "--trees is for sentences; "),
        (["some words"], "'some words': "),
    ],
)
def test_bad_options_are_named(
    arguments: list[str], message: str, folder: Path, capsys: Capture
) -> None:
    assert main(["predict", str(folder / "a run"), *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_bad_files_are_named(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    def error(text: str, run: str = "a run") -> str:
        (tmp_path / "bad file.csv").write_text(text)
        file = str(tmp_path / "bad file.csv")
        out = tmp_path / "out.csv"
        assert main(["predict", str(folder / run), "--file", file, "--out", str(out)]) == 2
        assert not out.exists()
        return capsys.readouterr().err

    header = "time;a value;other\n"
    rows = [f"{date};{1 + n};x" for n, date in enumerate(dates(0, 8))]
    assert "bad file.csv: 7 rows; expected 8 or more, as many as " in error(
        header + "\n".join(rows[:7])
    )
    far = "\n".join([*rows[:7], rows[7].replace(";8;", ";1e300;")])
    assert "bad file.csv: value 8 is 1e+300, too far from train's mean" in error(header + far)
    wrong = "\n".join([*rows[:7], rows[7].replace(";8;", ";8.5;")])
    assert "bad file.csv:9: a value: '8.5', expected a number with a decimal comma" in error(
        header + wrong
    )
    assert "bad file.csv:1: no column 'a value'" in error("time;b\n")
    assert "the run was trained on the generated series" in error(header, "generated")


def test_the_future_of_covariates_is_unknown(folder: Path, capsys: Capture) -> None:
    run = str(folder / "covariates")
    assert main(["predict", run, "--steps", "3"]) == 0
    assert f"a value after {ROWS}: 3 steps" in capsys.readouterr().out
    message = "has covariates (b), whose later values are unknown; choose --steps 3 or fewer"
    assert main(["predict", run, "--steps", "4"]) == 2
    assert message in capsys.readouterr().err
    assert main(["evaluate", run, "--walk-forward", "--steps", "4"]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--walk-forward", "--steps", "19"], "--steps is 19, and test has 18 values; expected 18"),
        (["--walk-forward", "--confusion"], "--confusion is for classes"),
        (["--walk-forward", "--file", "x"], "the run's own series; leave out --file"),
        (["--steps", "3"], "--steps is for --walk-forward; give both, or leave it out"),
        (["--interval", "0.9"], "--interval is for --walk-forward"),
    ],
)
def test_bad_options_of_evaluate_are_named(
    arguments: list[str], message: str, folder: Path, capsys: Capture
) -> None:
    assert main(["evaluate", str(folder / "a run"), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_changed_series_is_refused(
    folder: Path, tmp_path: Path, capsys: Capture, edit: Callable[[Path, Path], Path]
) -> None:
    run = edit(folder, tmp_path)
    assert main(["predict", str(run)]) == 0
    write_series(tmp_path / "copy.csv", 0, ROWS + 1)  # a row more moves the splits
    capsys.readouterr()
    for command in (["predict", str(run)], ["evaluate", str(run), "--walk-forward"]):
        assert main(command) == 2
        assert "was trained on other content of " in capsys.readouterr().err
    assert main(["evaluate", str(run), "--walk-forward", "--data-changed"]) == 0


@pytest.fixture
def edit() -> Callable[[Path, Path], Path]:
    """Return a copy of the run, whose series is `copy.csv` in a folder."""

    def copy(folder: Path, to: Path) -> Path:
        run = to / "copied run"
        run.mkdir()
        for path in (folder / "a run").iterdir():
            (run / path.name).write_bytes(path.read_bytes())
        write_series(to / "copy.csv", 0, ROWS)
        config = OmegaConf.load(run / "config.yaml")
        config.data.csv = str(to / "copy.csv")
        OmegaConf.save(config, run / "config.yaml")
        return run

    return copy


def test_options_for_forecasts_are_refused_for_sentences(lstm_run: Path, capsys: Capture) -> None:
    assert main(["predict", str(lstm_run), "a b", "a b", "--steps", "3"]) == 2
    assert "--steps is for runs of data=forecast" in capsys.readouterr().err
    assert main(["evaluate", str(lstm_run), "--walk-forward"]) == 2
    assert "expected a run of data=forecast" in capsys.readouterr().err
