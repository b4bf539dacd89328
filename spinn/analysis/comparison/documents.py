"""Tables of results in documents, generated from stored comparisons.

A document names a stored comparison and the columns of a table, between two comments:

    <!-- results: natlog | encoder | test | test_longer as longer | parameters | time -->
    | encoder | test | longer | parameters | time |
    ...
    <!-- end of results -->

`natlog` is `docs/results/natlog.json`, the summary that `spinn compare --out` writes. A column is
`encoder` (the row's name), `model`, `trees` (that the encoder follows), `seeds`, `parameters`,
`time`, a set such as `test`, or a set's other result such as `dev.node_accuracy`. Rows and numbers
come from the stored file alone, so that no number is edited by hand.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from spinn.analysis.comparison.comparison import formatter
from spinn.analysis.comparison.tables import Table, markdown, marked_mean
from spinn.config import nearest
from spinn.errors import InputError
from spinn.text import duration

BLOCK = re.compile(
    r"(?P<start><!-- results: (?P<spec>[^\n]*?) -->\n).*?(?P<end><!-- end of results -->)",
    flags=re.S,
)
TREES = {"none": "–", "given": "gold", "predicted": "predicted"}


def rewrite(text: str, folder: Path, place: str) -> str:
    """Return a document with all its tables of results generated anew.

    Args:
        text: of the document.
        folder: of the stored comparisons.
        place: the document's name, for messages.

    Raises: InputError: for an unknown comparison or column, or a start without an end.
    """
    if text.count("<!-- results:") != len(BLOCK.findall(text)):
        raise InputError(f"{place}: a table of results has no line <!-- end of results -->")

    def table(found: re.Match[str]) -> str:
        try:
            made = markdown(table_of(found["spec"], folder))
        except InputError as error:
            raise InputError(f"{place}: <!-- results: {found['spec']} -->: {error}") from error
        return f"{found['start']}{made}{found['end']}"

    return BLOCK.sub(table, text)


def table_of(spec: str, folder: Path) -> Table:
    """Return the table that a comment describes.

    Args: spec: the name of a stored comparison, and columns, separated by `|`.
    """
    name, *columns = [part.strip() for part in spec.split("|")]
    summary = load(name, folder)
    pairs = [column.partition(" as ")[::2] for column in columns]
    header = [label or column for column, label in pairs]
    lines = [[_cell(column, row, summary) for column, _ in pairs] for row in summary["rows"]]
    texts = sum(column in ("encoder", "model", "trees") for column in columns)
    return Table(name, header, lines, texts, [])


def load(name: str, folder: Path) -> dict[str, Any]:
    """Read a stored comparison.

    Raises: InputError: if there is none of this name.
    """
    path = folder / f"{name}.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = [file.stem for file in folder.glob("*.json")]
        raise InputError(f"no stored results {name!r}: {nearest(name, known)}") from error
    return found


def _cell(column: str, row: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    runs = row["runs"]
    plain: dict[str, Callable[[], str]] = {
        "encoder": lambda: str(row["name"]),
        "model": lambda: str(row["settings"].get("model", row["name"])),
        "trees": lambda: _trees(row),
        "seeds": lambda: str(len(runs)),
        "parameters": lambda: f"{runs[0]['parameters']:,}",
        "time": lambda: duration(fmean(run["train_seconds"] for run in runs)),
    }
    if column in plain:
        return plain[column]()
    name, _, metric = column.partition(".")
    if name not in summary["sets"]:
        raise InputError(f"column {column!r}: {nearest(column, [*plain, *summary['sets']])}")
    if not metric:
        return marked_mean(row["sets"].get(name), formatter(summary["metric"]))
    values = [run["results"].get(name, {}).get(metric) for run in runs]
    found = [value for value in values if value is not None]
    if len(found) < len(runs):
        return "–"
    number = formatter(metric)
    return number(fmean(found)) + (f" ± {number(stdev(found))}" if len(found) > 1 else "")


def _trees(row: Mapping[str, Any]) -> str:
    source = row["runs"][0]["tree_source"]
    trees = row["runs"][0]["trees"]
    return trees if source == "given" and trees else TREES[source]
