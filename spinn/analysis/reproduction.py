"""`spinn reproduce`: published results beside the project's own, and the runs that give them.

`published.yaml` is the ledger. It has, for every experiment, the command, the data that it needs,
and the published results with their source. `docs/results/` stores the project's own results, one
comparison for each experiment.
"""

from __future__ import annotations

import copy
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml

from spinn.analysis.comparison import statistics
from spinn.analysis.comparison.comparison import PERCENT, formatter
from spinn.analysis.comparison.tables import Table
from spinn.config import nearest
from spinn.errors import InputError

LEDGER = Path(__file__).with_name("published.yaml")


@dataclass(frozen=True, kw_only=True)
class Published:
    """One published number.

    Attributes:
        row: settings of the row that reproduces it, such as {model: lstm}, or its {experiment: …}.
        set: on which set the project has its own number.
        metric: of the number.
        value: as published, a proportion or a correlation.
        deviation: over runs, if published.
        source: paper and table.
        protocol: what differs from the project's own protocol; empty if nothing does.
    """

    row: dict[str, Any]
    set: str
    metric: str
    value: float
    source: str
    deviation: float | None = None
    protocol: str = ""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """An entry of the ledger: a sweep, and the published results that it reproduces.

    Attributes:
        name: of the entry, and of the stored comparison.
        title: one line.
        sweep: overrides of `train.py -m`; with `shapes`, the overrides of a dataset.
        needs: settings that the user must give, and the kind of value (FOLDER, FILE).
        get: how to get the data; empty for bundled data.
        minutes: of all runs, on two cores; None where it was not measured.
        quick: whether `--quick` runs it.
        baseline: the row that the others are tested against; None for that of `spinn compare`.
        shapes: whether simple shapes are compared with the trees of the data; no run is trained.
        tree_agreement: whether the F1 of the runs' trees is measured.
        published: results; empty where none is published.
    """

    name: str
    title: str
    sweep: list[str]
    needs: dict[str, str] = field(default_factory=dict)
    get: str = ""
    minutes: int | None = None
    quick: bool = False
    baseline: str | None = None
    shapes: bool = False
    tree_agreement: bool = False
    published: list[Published] = field(default_factory=list)

    def check(self, overrides: Sequence[str]) -> None:
        """Raise InputError if a setting that the user must give is not among the overrides."""
        given = {override.partition("=")[0].lstrip("+~") for override in overrides}
        missing = [f"{key}={what}" for key, what in self.needs.items() if key not in given]
        if missing:
            raise InputError(
                f"{self.name} needs {' '.join(missing)}: spinn reproduce {self.name} "
                f"{' '.join(missing)}. {self.get}".rstrip()
            )

    def without_paths(self, summary: dict[str, Any]) -> dict[str, Any]:
        """Return a summary whose commands have no path of the user: `data.root=FOLDER`."""
        summary = copy.deepcopy(summary)
        for run in (run for row in summary["rows"] for run in row["runs"]):
            if run.get("command"):
                _python, _script, *overrides = shlex.split(run["command"])
                words = [(word, word.partition("=")[0]) for word in overrides]
                kept = [f"{key}={self.needs[key]}" if key in self.needs else w for w, key in words]
                run["command"] = shlex.join(["python", "train.py", *kept])
        return summary


def ledger() -> dict[str, Experiment]:
    """Return the entries of the ledger by name."""
    found = yaml.safe_load(LEDGER.read_text(encoding="utf-8"))
    return {
        name: Experiment(
            name=name,
            published=[Published(**result) for result in entry.pop("published", [])],
            **entry,
        )
        for name, entry in found.items()
    }


def entry(name: str) -> Experiment:
    """Return an entry.

    Raises: InputError: if there is none of this name.
    """
    entries = ledger()
    if name not in entries:
        raise InputError(f"no entry {name!r} in the ledger: {nearest(name, entries)}")
    return entries[name]


def stored(name: str, folder: Path) -> dict[str, Any] | None:
    """Return the project's stored comparison for an entry; None if there is none."""
    path = folder / f"{name}.json"
    if not path.is_file():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def verdict_table(experiment: Experiment, summary: Mapping[str, Any] | None) -> Table:
    """Return published and own results side by side.

    Args: summary: of the project's runs; None where there are none.
    """
    header = ["result", "set", "source", "published", "ours", "95 % interval", "verdict"]
    lines = []
    for result in experiment.published:
        number = formatter(result.metric)
        published = number(result.value)
        if result.deviation is not None:
            published += f" ± {number(result.deviation)}"
        values = _values(summary, result)
        ours, interval, verdict = "–", "–", "not run"
        if values:
            found = statistics.mean_interval(values)
            ours = number(fmean(values))
            if found is not None:
                interval = f"{number(found.low)} to {number(found.high)}"
            verdict = judge(result, values)
        name = " ".join(map(str, result.row.values())) or experiment.name
        lines.append([name, result.set, result.source, published, ours, interval, verdict])
    notes = [
        f"{' '.join(map(str, r.row.values())) or experiment.name}: {r.protocol}"
        for r in experiment.published
        if r.protocol
    ]
    return Table(experiment.title, header, lines, 3, notes)


def judge(result: Published, values: Sequence[float]) -> str:
    """Return the verdict on the runs of a row: exceeded, reached, or short by how much.

    Exceeded: the 95 % interval of the mean over seeds lies above the published number. Reached: the
    mean is at least as high. A mean that is lower is short, and the verdict says whether the
    interval holds the published number. The F1 of trees is no score: there, the verdict is the
    difference.
    """
    number = formatter(result.metric)
    mean, interval = fmean(values), statistics.mean_interval(values)
    if result.metric == "tree_f1":
        return f"differs by {number(abs(mean - result.value))} points"
    if interval is not None and interval.low > result.value:
        return "exceeded"
    if mean >= result.value:
        return "reached"
    unit = " points" if result.metric in PERCENT else ""
    within = ", within the interval" if interval and interval.high >= result.value else ""
    return f"short by {number(result.value - mean)}{unit}{within}"


def _values(summary: Mapping[str, Any] | None, result: Published) -> list[float]:
    """Return the metric of each run of the row that reproduces a result.

    Raises: InputError: if several rows do.
    """
    rows = [row for row in (summary["rows"] if summary else []) if _reproduces(row, result)]
    if len(rows) > 1:
        names = ", ".join(row["name"] for row in rows)
        raise InputError(
            f"{' '.join(map(str, result.row.values()))}: several rows are compared with "
            f"{result.source} ({names}); name a folder without other runs with --runs"
        )
    found = [
        run["results"].get(result.set, {}).get(result.metric) for r in rows for run in r["runs"]
    ]
    return [value for value in found if value is not None]


def _reproduces(row: Mapping[str, Any], result: Published) -> bool:
    """Whether a row has the settings that reproduce a result."""
    run = row["runs"][0]
    own = {"experiment": run.get("experiment"), "model": run.get("model"), **row["settings"]}
    return all(own.get(key) == value for key, value in result.row.items())
