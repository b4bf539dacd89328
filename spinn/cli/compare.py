"""`spinn compare PATH...`: runs side by side, with statistics over seeds and examples."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinn.analysis.comparison import MARKER
from spinn.cli.support.output_formats import escape_controls
from spinn.errors import InputError
from spinn.text import printable_lines

if TYPE_CHECKING:
    from spinn.analysis.comparison.comparison import Comparison


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "compare",
        help="runs side by side: means over seeds, intervals, significance",
        description="Compare finished runs. Runs that differ in nothing but the seed are one row. "
        "Every row is tested against a baseline: over seeds, and on the same examples.",
    )
    parser.add_argument(
        "paths", metavar="PATH", nargs="+", type=Path, help="folders of runs or of sweeps"
    )
    parser.add_argument(
        "--by",
        metavar="KEYS",
        default="",
        help="settings that define the rows, such as model or model,optimizer.lr (default: those "
        "in which the runs differ)",
    )
    parser.add_argument(
        "--baseline",
        metavar="ROW",
        help="the row that the others are tested against (default: of the rows whose encoder reads "
        "no trees, the best on dev)",
    )
    parser.add_argument(
        "--metric", help="another result to compare, such as macro_f1 (default: the task's)"
    )
    parser.add_argument(
        "--breakdown",
        metavar="NAMES",
        default="",
        help="the metric by length, depth, operators, label, or a column of the data: kind,length",
    )
    parser.add_argument(
        "--examples",
        metavar="N",
        type=int,
        help="compare two rows: N examples that one gets right and the other wrong, with trees",
    )
    parser.add_argument(
        "--set",
        metavar="NAME",
        help="the set of --examples (default: the first test set), and of --breakdown (default: "
        "all test sets together)",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="write a page there, all figures as PDF and PNG, and the tables as Markdown, LaTeX, "
        "CSV and JSON",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Compare, print the tables, and write them."""
    check(options)
    _need("rich", "scipy", *(["matplotlib"] if options.out is not None else []))
    from spinn.analysis.comparison.comparison import summary
    from spinn.analysis.comparison.tables import tables, terminal

    comparison = _compare(options)
    found = summary(comparison) | _further(comparison, options)
    shown = tables(found)
    if options.json:
        print(escape_controls(json.dumps(found, ensure_ascii=False)))
    else:
        print(terminal(shown), end="")
        if "disagreements" in found:
            from spinn.analysis.comparison.disagreements import disagreements_text

            print(f"\n{disagreements_text(found['disagreements'])}", end="")
    if options.out is not None:
        from spinn.analysis.comparison.comparison_folder import write_report

        name = options.set or test_sets(comparison)[0]
        command = shlex.join(["spinn", *sys.argv[1:]])
        write_report(comparison, found, shown, options.out, name=name, command=command)
        if not options.json:
            place = options.out / "index.html"
            print(printable_lines(f"\nwritten: {options.out}; open {place}"))


def check(options: argparse.Namespace) -> None:
    """Raise InputError for options that cannot be, before any run is read."""
    if options.examples is not None and options.examples < 1:
        raise InputError(f"--examples is {options.examples}; expected 1 or more")
    if options.set is not None and not (options.examples or options.breakdown or options.out):
        raise InputError("--set is for --examples, --breakdown and --out; give one of them")
    if options.out is not None:
        check_folder(options.out)


def check_folder(folder: Path) -> None:
    """Raise InputError if files of something else are in a folder that will be written to."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out {folder}: it is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARKER).is_file():
        raise InputError(
            f"--out {folder}: the folder holds other files than those of a comparison; name a new "
            "folder"
        )


def test_sets(comparison: Comparison) -> list[str]:
    """Return the test sets; of data without one, dev."""
    return [name for name in comparison.sets if name != "dev"] or ["dev"]


def _further(comparison: Comparison, options: argparse.Namespace) -> dict[str, Any]:
    """Return the breakdowns and the disagreements that are requested, as plain values."""
    from spinn.analysis.comparison.breakdowns import breakdown, default_breakdowns
    from spinn.config import nearest

    if options.set is not None and options.set not in comparison.sets:
        raise InputError(f"--set {options.set}: {nearest(options.set, comparison.sets)}")
    sets = [options.set] if options.set else test_sets(comparison)
    found: dict[str, Any] = {}
    names = _names(options.breakdown)
    if options.out is not None:
        names = [*default_breakdowns(comparison, sets), *names]
    if names or options.out is not None:
        found["breakdowns"] = [breakdown(comparison, by, sets) for by in dict.fromkeys(names)]
    if options.examples is not None:
        from spinn.analysis.comparison.disagreements import disagreements

        found["disagreements"] = disagreements(comparison, sets[0], options.examples)
    return found


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _need(*modules: str) -> None:
    """Raise InputError if a library is missing."""
    for name in modules:
        if find_spec(name) is None:
            raise InputError(
                f'spinn compare needs {name}, which is missing: pip install "spinn[compare]"'
            )


def _compare(options: argparse.Namespace) -> Comparison:
    from spinn.analysis.comparison.comparison import compare
    from spinn.analysis.comparison.records import find_runs

    runs, left_out = find_runs(options.paths)
    by = _names(options.by)
    return compare(runs, left_out, by=by, baseline=options.baseline, metric=options.metric)
