"""`spinn predict` and `spinn evaluate --walk-forward` for runs of data=forecast."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinn.cli.support import compute_options
from spinn.cli.support.evaluation_data import has_changed
from spinn.cli.support.prediction_table import table_text
from spinn.cli.support.text_tables import aligned
from spinn.errors import InputError
from spinn.files import write_atomically, write_text
from spinn.text import plural

if TYPE_CHECKING:
    import torch

    from spinn.analysis.forecasting import Forecaster, Intervals, WalkForward
    from spinn.data.sequences.column import Columns
    from spinn.data.sequences.forecast import Forecast
    from spinn.data.sequences.times import Times
    from spinn.training.loading import Run

SUFFIXES = (".csv", ".json", ".jsonl")  # of --out of predict
PLOTS = (".png", ".pdf")
KNOWN = 3  # times the steps of a forecast: known values in the plot


def add_predict_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `spinn predict` that are for forecasts alone."""
    group = parser.add_argument_group("forecasts (runs of data=forecast)")
    group.add_argument(
        "--steps", type=int, metavar="N", help="values to forecast (default: the run's horizon)"
    )
    _add_interval(group)
    group.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw the forecast: .png or .pdf (matplotlib)"
    )


def add_evaluate_options(parser: argparse.ArgumentParser) -> None:
    """Add `--walk-forward` and its options to `spinn evaluate`."""
    group = parser.add_argument_group("forecasts (runs of data=forecast)")
    group.add_argument(
        "--walk-forward",
        action="store_true",
        help="forecast from every origin in test, and print the errors by step ahead",
    )
    group.add_argument(
        "--steps", type=int, metavar="N", help="with --walk-forward: values in a forecast "
        "(default: the run's horizon)"
    )  # fmt: skip
    _add_interval(group)


def _add_interval(group: Any) -> None:
    group.add_argument(
        "--interval",
        type=float,
        metavar="P",
        help="add an interval at each step that should hold the value with this probability, such "
        "as 0.9: from the errors on dev (split conformal), with the coverage measured on test",
    )


def check_unused(options: argparse.Namespace, run: Run) -> None:
    """Raise InputError if a run of other data is given an option for forecasts."""
    for name in ("steps", "interval", "plot"):
        if vars(options).get(name) is not None:
            raise InputError(
                f"--{name} is for runs of data=forecast; {run.folder.path} was trained on "
                f"{run.dataset.describe()}: leave it out"
            )


def predict(options: argparse.Namespace, run: Run) -> None:
    """Print the next values of a series.

    Args: options: of `spinn predict`.

    Raises: InputError: for options that do not fit, and for a file that cannot be read.
    """
    from spinn.analysis.forecasting import Forecaster, dev_intervals, interval_row, walk_forward

    out: Path | None = options.out
    if out is not None and out.suffix not in SUFFIXES:
        raise InputError(f"--out {out}: expected a name that ends with {', '.join(SUFFIXES)}")
    _check_plot(options.plot, options.file)
    device = compute_options.use(options, run)
    forecaster = Forecaster(run, batch_size=options.batch_size, device=device)
    data = forecaster.data
    steps = data.horizon if options.steps is None else options.steps
    forecaster.check_steps(steps)
    name = data.csv if options.file is None else str(options.file)
    _check_unchanged(run, data)
    table = data.table if options.file is None else data.read(options.file)
    for warning in table.warnings if options.file is not None else ():
        print(f"warning: {warning}", file=sys.stderr)
    values = forecaster.next_values(table, steps, name or "the generated series")
    times = table.times.following(steps)
    found, measured = None, None
    if options.interval is not None:
        found = dev_intervals(forecaster, steps, options.interval)
        measured = walk_forward(forecaster, steps, found)
    texts = times.texts()
    rows: list[dict[str, Any]] = [
        {"date": text, "step": step + 1, **interval_row(float(value), found, step)}
        for step, (text, value) in enumerate(zip(texts, values, strict=True))
    ]
    if found is None:
        rows = [{k: v for k, v in row.items() if k not in ("lower", "upper")} for row in rows]
    document = {
        "run": str(options.folder),
        "file": name,
        "column": data.column,
        "steps": steps,
        "last": table.times[-1:].texts()[0],
        **({} if found is None or measured is None else {"interval": summary(found, measured)}),
        "forecast": rows,
    }
    if options.plot is not None:
        _draw(options.plot, data, table, times, rows, options.interval)
        print(f"drawn: {options.plot}", file=sys.stderr)
    if out is not None:
        text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        _write(out, text if out.suffix == ".json" else table_text(rows, out.suffix))
        print(f"written: {out} ({plural(steps, 'step')})", file=sys.stderr)
    elif options.json:
        print(json.dumps(document, ensure_ascii=False))
    elif options.tsv:
        print(table_text(rows, ".tsv"), end="")
    else:
        print(_forecast_table(document, rows, steps > data.horizon, data))
    if found is not None and measured is not None and not options.json:
        stream = sys.stdout if out is None and not options.tsv else sys.stderr
        print(interval_text(found, measured), file=stream)


def summary(found: Intervals, measured: WalkForward) -> dict[str, Any]:
    """Return an interval's level and measured coverage, for JSON."""
    return {
        "level": found.level,
        "coverage": measured.coverage(),
        "dev_origins": found.origins,
        "test_origins": len(measured.origins),
    }


def interval_text(found: Intervals, measured: WalkForward) -> str:
    """Return a line about the coverage of intervals."""
    coverage = measured.coverage()
    shown = "none, since test is shorter than a forecast"
    if coverage is not None:
        shown = f"{coverage:.1%} ({plural(len(measured.origins), 'forecast')})"
    return (
        f"intervals at {found.level:.4g} from the errors on dev "
        f"({plural(found.origins, 'forecast')}); measured coverage on test: {shown}"
    )


def evaluate(options: argparse.Namespace, run: Run) -> None:
    """Print the errors of forecasts from every origin in test.

    Args: options: of `spinn evaluate --walk-forward`.

    Raises: InputError: for options that do not fit, and for files that have changed.
    """
    from spinn.analysis.forecasting import Forecaster, dev_intervals, walk_forward

    for name in ("file", "format", "root", "trees", "parser_url", "overrides"):
        if vars(options)[name]:
            raise InputError(
                f"--walk-forward uses the run's own series; leave out --{name.replace('_', '-')}"
                if name != "overrides"
                else f"--walk-forward uses the run's own series; leave out {options.overrides[0]}"
            )
    for name in ("calibrate", "confusion"):
        if vars(options)[name]:
            raise InputError(f"--{name} is for classes, and a forecast has none; leave it out")
    device: torch.device = compute_options.use(options, run)
    forecaster = Forecaster(run, batch_size=options.batch_size, device=device)
    data = forecaster.data
    steps = data.horizon if options.steps is None else options.steps
    forecaster.check_steps(steps)
    _check_origins(forecaster, steps)
    if not options.data_changed:
        _check_unchanged(run, data)
    level = options.interval
    interval = None if level is None else dev_intervals(forecaster, steps, level)
    found = walk_forward(forecaster, steps, interval)
    if options.out is not None:
        _write(options.out, table_text(found.rows(data.table.times), options.out.suffix))
        rows = plural(found.actual.size, "row")
        print(f"written: {options.out} ({rows})", file=sys.stderr)
    errors = found.errors()
    if options.json:
        document = {
            "run": str(options.folder),
            "steps": steps,
            "origins": len(found.origins),
            "errors": errors,
            **({} if found.intervals is None else {"interval": summary(found.intervals, found)}),
        }
        print(json.dumps(document))
        return
    print(
        f"forecasts of {plural(steps, 'step')} from {plural(len(found.origins), 'origin')} in "
        f"test, of {_quantity(data)}, by step ahead:"
    )
    names = [name for name in errors[0] if name != "step"]
    cells = {
        str(row["step"]): [
            f"{row[name]:.1%}" if name == "coverage" else f"{row[name]:.5g}" for name in names
        ]
        for row in errors
    }
    print(aligned([name.replace("_", " ") for name in names], cells))
    if found.intervals is not None:
        print(interval_text(found.intervals, found))


def _check_origins(forecaster: Forecaster, steps: int) -> None:
    if not forecaster.origins("test", steps):
        values = len(forecaster.data.spans["test"])
        raise InputError(
            f"--steps is {steps}, and test has {plural(values, 'value')}; expected {values} or "
            "fewer"
        )


def _check_unchanged(run: Run, data: Forecast) -> None:
    """Raise InputError if the run's own file has changed: the scale of train comes from it."""
    if data.has_files and has_changed(run, data.load().fingerprint):
        raise InputError(
            f"{run.folder.path} was trained on other content of {data.csv}, from which the scale "
            "and the intervals of its forecasts come; restore the file, and name a file of new "
            "values with --file"
        )


def _check_plot(path: Path | None, file: Path | None) -> None:
    if path is None:
        return
    if path.suffix not in PLOTS:
        raise InputError(f"--plot {path}: expected a name that ends with {' or '.join(PLOTS)}")
    if not path.resolve().parent.is_dir():
        raise InputError(f"--plot {path}: there is no folder {path.resolve().parent}")
    if path.exists() and not path.is_file():
        raise InputError(f"--plot {path} is not a regular file; name another one")
    if file is not None and file.resolve() == path.resolve():
        raise InputError(f"--plot {path} is the --file that is read; name another one")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise InputError(f"--plot needs matplotlib: pip install matplotlib ({error})") from error


def _draw(
    path: Path,
    data: Forecast,
    table: Columns,
    times: Times,
    rows: list[dict[str, Any]],
    level: float | None,
) -> None:
    import numpy as np

    from spinn.analysis.forecast_plot import ForecastPanel, draw_forecast

    known = slice(-max(data.look_back, KNOWN * len(rows)), None)
    panel = ForecastPanel(
        times=table.times[known].plain(),
        values=table.values[known, 0],
        next_times=times.plain(),
        forecast=np.array([row["forecast"] for row in rows]),
        lower=None if level is None else np.array([row["lower"] for row in rows]),
        upper=None if level is None else np.array([row["upper"] for row in rows]),
        level=level,
        name=data.column or "value",
        time=data.time or "row",
    )
    write_atomically(path, lambda draft: draw_forecast(panel, draft, path.suffix[1:]))


def _write(path: Path, text: str) -> None:
    try:
        write_text(path.resolve(), text)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def _quantity(data: Forecast) -> str:
    return "the generated series" if data.csv is None else f"{data.column} in {data.csv}"


def _forecast_table(
    document: dict[str, Any], rows: list[dict[str, Any]], recursive: bool, data: Forecast
) -> str:
    """Return a forecast as a table for the terminal."""
    names = [name for name in rows[0] if name != "date"]
    cells = {
        row["date"]: [
            f"{row[name]:.6g}" if isinstance(row[name], float) else str(row[name]) for name in names
        ]
        for row in rows
    }
    beyond = f"; beyond {data.horizon} from earlier forecasts" if recursive else ""
    series = data.column or "the generated series"
    title = f"{series} after {document['last']}: {plural(len(rows), 'step')}{beyond}"
    return f"{title}\n{aligned(names, cells)}"
