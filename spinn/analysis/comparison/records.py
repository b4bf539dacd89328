"""The runs of a comparison, read from their folders: settings, results, predictions, curves."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from omegaconf import OmegaConf

from spinn.config import flat
from spinn.data.predictions import Predictions
from spinn.errors import InputError
from spinn.text import by_number
from spinn.training.old_runs import FORMAT, KEY
from spinn.training.run_folder import RunFolder

try:
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeLoader

DEEPEST = 3  # folders below a named one in which runs are looked for
LARGEST_FILE = 2**24  # bytes of a configuration or of results
MOST_SETTINGS = 10_000  # of a configuration; aliases of YAML can make a small file large
Settings = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class RunRecord:
    """A finished run.

    Attributes:
        path: its folder.
        settings: its whole configuration, `optimizer.lr` and so on to plain values.
        results: the contents of `results.json`.
    """

    path: Path
    settings: Settings
    results: Mapping[str, Any]

    @property
    def seed(self) -> int:
        """Of the initial weights and the order of the batches."""
        return int(self.settings["seed"])

    @cached_property
    def sets(self) -> dict[str, Mapping[str, Any]]:
        """The results of dev, of test, and of each further test set."""
        found = {"dev": self.results["dev"], "test": self.results["test"]}
        found |= dict(sorted(self.results["tests"].items(), key=lambda item: by_number(item[0])))
        return {name: results for name, results in found.items() if results is not None}

    @cached_property
    def _predictions(self) -> Predictions | str:
        """The prediction for every example, or why there is none."""
        path = RunFolder(self.path).predictions
        if not path.is_file():
            return "predictions.npz is missing (runs of an earlier version); train again"
        try:
            return Predictions.load(path)
        except InputError as error:
            return str(error)

    @property
    def predictions(self) -> Predictions | None:
        """The prediction for every example; None where `no_predictions` says why."""
        return None if isinstance(self._predictions, str) else self._predictions

    @property
    def no_predictions(self) -> str | None:
        """Why there are no predictions: an earlier or later version, a damaged file."""
        return self._predictions if isinstance(self._predictions, str) else None

    @cached_property
    def curve(self) -> list[dict[str, Any]]:
        """The evaluations on dev in training; empty where the file is missing or damaged.

        A last line that is incomplete is left out.
        """
        try:
            lines, _ = RunFolder(self.path).read_metrics()
        except InputError:
            return []
        keys = ("step", "epoch")
        complete = all(_is_number(line.get(key)) for line in lines for key in keys)
        return lines if complete else []


class LeftOut(NamedTuple):
    """A folder that is not compared, and why."""

    path: Path
    reason: str


def find_runs(paths: Iterable[Path]) -> tuple[list[RunRecord], list[LeftOut]]:
    """Return the finished runs in these folders of runs or sweeps, and the folders left out.

    Raises: InputError: if a path is no folder, or holds no run.
    """
    records: list[RunRecord] = []
    left_out: list[LeftOut] = []
    seen: set[Path] = set()
    for path in paths:
        if not path.is_dir():
            raise InputError(f"{path}: no such folder; expected the folder of a run or of a sweep")
        folders = list(_run_folders(path.resolve() if path.is_symlink() else path, DEEPEST))
        if not folders:
            raise InputError(
                f"{path} is neither the folder of a run nor one with runs: no config.yaml is in "
                "it or below"
            )
        for folder in folders:
            if folder.resolve() in seen:
                continue
            seen.add(folder.resolve())
            try:
                records.append(read_run(folder))
            except InputError as error:
                left_out.append(LeftOut(folder, str(error)))
    return records, left_out


def read_run(folder: Path) -> RunRecord:
    """Read a finished run.

    Raises: InputError: if it is not finished, or a file is damaged.
    """
    files = RunFolder(folder)
    if not files.results.is_file():
        raise InputError("not finished: no results.json")
    for file in (files.results, files.config):
        if file.stat().st_size > LARGEST_FILE:
            raise InputError(f"{file.name} has more than {LARGEST_FILE:,} bytes")
    results = files.read_results()
    _check_results(results)
    try:
        pairs = islice(flat(_configuration(files)), MOST_SETTINGS + 1)
        settings = {key: _hashable(value) for key, value in pairs}
    except RecursionError as error:
        raise InputError("config.yaml: not a configuration (it contains itself)") from error
    if len(settings) > MOST_SETTINGS:
        raise InputError(f"config.yaml has more than {MOST_SETTINGS:,} settings")
    if not isinstance(settings.get("seed"), int):
        raise InputError("config.yaml has no seed")
    return RunRecord(folder, settings, results)


def _check_results(results: Mapping[str, Any]) -> None:
    """Raise InputError unless results have the form that a run writes, with finite numbers."""
    for name in ("dev", "test", "tests", "dev_score", "seed"):
        if name not in results:
            raise InputError(f"results.json has no {name!r}")
    tests = results["tests"]
    if not isinstance(tests, dict):
        raise InputError("results.json: 'tests' is no table of test sets")
    sets = {"dev": results["dev"], "test": results["test"] or {}, **tests}
    for name, found in sets.items():
        if not isinstance(found, dict):
            raise InputError(f"results.json: {name!r} holds no results")
        for key, value in found.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise InputError(f"results.json: {key} of {name} is {value}")
    if not _is_number(results["dev_score"]):
        raise InputError(f"results.json: dev_score is {results['dev_score']!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _run_folders(folder: Path, levels: int) -> Iterator[Path]:
    if (folder / "config.yaml").is_file():
        yield folder
    elif levels:
        below = (path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
        for path in sorted(below, key=lambda path: by_number(path.name)):
            yield from _run_folders(path, levels - 1)


def _configuration(files: RunFolder) -> Any:
    """Read `config.yaml` with libyaml, which takes milliseconds; OmegaConf is ten times slower."""
    try:
        config = yaml.load(files.config.read_text(encoding="utf-8"), Loader=SafeLoader)
    except (yaml.YAMLError, OSError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f"config.yaml: not a configuration ({' '.join(str(error).split())})"
        ) from error
    if isinstance(config, dict) and config.pop(KEY, None) == FORMAT:
        return config
    return OmegaConf.to_container(files.read_config(), resolve=True)


def _hashable(value: Any) -> Any:
    """Return a list as a tuple."""
    if isinstance(value, list):
        return tuple(map(_hashable, value))
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else value
