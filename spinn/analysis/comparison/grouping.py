"""Group runs into the rows of a table: runs that differ only in the seed are one row.

Three runs, `model=lstm seed=1`, `model=lstm seed=2` and `model=treelstm seed=1`, differ in
`names.model`, in all keys below `model`, and in the seed. The rows are {lstm: seeds 1, 2} and
{treelstm: seed 1}; `names.model` alone distinguishes them, so no other key is a column.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spinn.analysis.comparison.records import LeftOut, RunRecord
from spinn.config import nearest
from spinn.errors import InputError

SHORT = {"names.model": "model", "names.data": "data", "names.experiment": "experiment"}
# Settings that do not change the results, or that name the places of files.
IGNORED = {
    "seed", "run", "names.experiment", "data.root", "data.source", "data.cache",
    "data.parser_url", "data.tree_seed", "trainer.resume", "trainer.progress", "trainer.threads",
    "trainer.evaluation_batch_size",
}  # fmt: skip
IGNORED_SECTIONS = ("logger.",)
FIRST = ("names.model", "names.data", "data.trees")  # columns that come first, where they differ


@dataclass(frozen=True, eq=False)
class Row:
    """Runs with the same settings.

    Attributes:
        name: the row in a few words: `lstm`, or `lstm, lr=0.001` beside another row of `lstm`.
        values: the settings that distinguish this row from the others, by the name of their column.
        runs: in the order of their seeds.
        mixed: settings in which its runs differ although they are one row, with `--by`.
    """

    name: str
    values: Mapping[str, Any]
    runs: Sequence[RunRecord]
    mixed: Sequence[str] = ()

    @property
    def seeds(self) -> list[int]:
        """The seed of each run."""
        return [run.seed for run in self.runs]


def group(runs: Sequence[RunRecord], by: Sequence[str] = ()) -> tuple[list[Row], list[LeftOut]]:
    """Return the rows of a table, and runs that repeat another one.

    Args: by: the settings that make the rows, such as `model` or `optimizer.lr`; by default, those
        in which the runs differ.

    Raises: InputError: for a setting that no run has.
    """
    keys = compared_keys(runs)
    chosen = [_full_key(name, runs) for name in by] if by else _fewest(keys, runs)
    members: dict[tuple[Any, ...], list[RunRecord]] = {}
    repeated: list[LeftOut] = []
    seen: dict[tuple[Any, ...], RunRecord] = {}
    for run in sorted(runs, key=lambda run: run.seed):
        # Random trees are drawn with a seed of their own: other trees are no repetition.
        whole = (*_values(keys, run), run.seed, run.settings.get("data.tree_seed"))
        if whole in seen:
            repeated.append(LeftOut(run.path, f"repeats {seen[whole].path}: equal settings, seeds"))
            continue
        seen[whole] = run
        members.setdefault(_values(chosen, run), []).append(run)
    names = [SHORT.get(key, key) for key in chosen]
    every = [dict(zip(names, values, strict=True)) for values in members]
    rows: list[Row] = []
    for values, found in zip(every, members.values(), strict=True):
        name = _name(values, every) or show(found[0].settings.get("names.model"))
        alike = sum(row.name.partition(" (")[0] == name for row in rows)
        mixed = [
            key for key in keys if key not in chosen and len({_value(key, r) for r in found}) > 1
        ]
        rows.append(Row(f"{name} ({alike + 1})" if alike else name, values, found, mixed))
    return rows, repeated


def compared_keys(runs: Sequence[RunRecord]) -> list[str]:
    """Return the settings in which runs differ, apart from those of IGNORED.

    A setting that a run of an earlier version lacks is no difference. A setting that another model
    lacks is one, because `names.model` differs as well.
    """
    every = dict.fromkeys(key for run in runs for key in run.settings)
    ordered = [*(key for key in FIRST if key in every), *(k for k in every if k not in FIRST)]
    differing = []
    for key in ordered:
        if key in IGNORED or key.startswith(IGNORED_SECTIONS):
            continue
        found = {_value(key, run) for run in runs if key in run.settings}
        if len(found) > 1:
            differing.append(key)
    return differing


def _fewest(keys: Sequence[str], runs: Sequence[RunRecord]) -> list[str]:
    """Return a few keys that distinguish the runs as well as all keys together.

    First the keys of FIRST that split the runs; then, repeatedly, the key that splits them most.
    """

    def parts(chosen: Iterable[str]) -> int:
        return len({_values(chosen, run) for run in runs})

    chosen: list[str] = []
    for key in FIRST:
        if key in keys and parts([*chosen, key]) > parts(chosen):
            chosen.append(key)
    while parts(chosen) < parts(keys):
        chosen.append(max(keys, key=lambda key: parts([*chosen, key])))
    return [key for key in keys if key in chosen]


def _name(values: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the model of a row, and the values that rows with the same model do not share.

    A value that most rows of the table share is left out: beside six encoders that read
    both sentences and one `bow` that reads one, that is `bow, sentences=hypothesis`.
    """
    own = {key: value for key, value in values.items() if key in SHORT.values()}
    alike = [row for row in rows if own.items() <= row.items()]
    others = [
        key
        for key in values
        if key not in own
        and len({row[key] for row in alike}) > 1
        and 2 * sum(row[key] == values[key] for row in rows) <= len(rows)
    ]
    short = {key: key.removesuffix(".name").rpartition(".")[2] for key in values}
    last = Counter(short.values())
    short = {key: name if last[name] == 1 else key for key, name in short.items()}
    named = [f"{short[key]}={show(values[key])}" for key in others]
    return ", ".join([*map(show, own.values()), *named])


def _full_key(name: str, runs: Iterable[RunRecord]) -> str:
    known = dict.fromkeys(key for run in runs for key in run.settings)
    full = {short: key for key, short in SHORT.items()}.get(name, name)
    if full not in known:
        raise InputError(f"--by {name}: {nearest(name, [*SHORT.values(), *known])}")
    return full


def _values(keys: Iterable[str], run: RunRecord) -> tuple[Any, ...]:
    return tuple(_value(key, run) for key in keys)


def _value(key: str, run: RunRecord) -> Any:
    """Return a setting; for a path to a file, its last part, since the file may have moved."""
    value = run.settings.get(key)
    return value.rpartition("/")[2] if key == "model.embedding.vectors" and value else value


def show(value: Any) -> str:
    """Write a setting as on the command line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{','.join(map(show, value))}]"
    return str(value)
