"""`spinn draw RUN`: how the error fell, and what the model makes of its test set, as PNG."""

import argparse
import json
from pathlib import Path
from typing import Any

import torch

from spinn.data.dataset import GeneratedSequences
from spinn.data.sequences.forecast import Forecast
from spinn.errors import InputError
from spinn.files import write_atomically
from spinn.tasks.sequence_tasks import SequenceRegression
from spinn.training.batches import Batches
from spinn.training.evaluation import predict_sequences
from spinn.training.loading import Run, load_run


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "draw",
        help="a run as a picture",
        description="Draw the error in training, and what the model makes of its test set, as PNG.",
    )
    parser.add_argument("folder", metavar="RUN", help="the folder that training left")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: RUN/run.png")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Draw, and say where."""
    print(f"drawn: {draw(options.folder, options.out)}")


def draw(folder: str | Path, out: Path | None = None) -> Path:
    """Draw a run, and return the picture's path.

    Raises: InputError: if the folder is no finished run, `out` no PNG, or matplotlib not there.
    """
    if out is not None and (out.suffix != ".png" or out.is_dir()):
        raise InputError(f"--out {out}; expected the name of a file that ends in .png")
    try:
        from spinn.analysis import plots
    except ImportError as error:
        raise InputError(f"pictures need matplotlib: pip install matplotlib ({error})") from error
    loaded = load_run(folder)
    path = out or loaded.folder.path / "run.png"
    if not path.parent.is_dir():
        raise InputError(f"--out {path}: there is no folder {path.parent}")
    lines = _lines(loaded.folder.metrics)
    if isinstance(loaded.task, SequenceRegression):
        told = plots.Told(**_of_test(loaded))
        write_atomically(path, lambda draft: plots.numbers(lines, told, draft))
    else:
        sets = _sets(loaded.folder.results)
        write_atomically(path, lambda draft: plots.parts(lines, sets, draft))
    return path


def _lines(path: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in _text(path).splitlines()]
    if not lines:
        raise InputError(f"{path} holds no evaluation; train on until the first one")
    return lines


def _sets(path: Path) -> dict[str, Any]:
    results = json.loads(_text(path))
    sets = {"dev": results["dev"], "test": results["test"], **results["tests"]}
    return {name: figures for name, figures in sets.items() if figures is not None}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}; expected the folder of a finished run"
        ) from error


def _of_test(loaded: Run) -> dict[str, Any]:
    """What is wanted of test's first sequence, or of a whole series, and what the model says.

    Returns: the fields of `pictures.Told`.
    """
    source = loaded.dataset.source if isinstance(loaded.dataset, GeneratedSequences) else None
    test = loaded.dataset.load().test
    if not isinstance(source, Forecast):
        test = test[:1]
    batches = Batches(loaded.task.prepare(test, loaded.vocabulary), batch_size=256)
    said = predict_sequences(loaded.task, batches, torch.device("cpu")).numpy()
    if not isinstance(source, Forecast):
        title = "A sequence of the test set"
        return {"title": title, "target": test.targets.ravel(), "output": said.ravel()}
    target, output = source.joined(said)
    return {
        "title": "The test set, piece by piece",
        "target": target,
        "output": output,
        "seasonal": source.joined(source.seasonal_naive(test))[1],
        "name": source.column or "value",
        "scaled": True,
    }
