"""`spinn reproduce [NAME]`: published results beside the project's own; runs what is missing."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinn.errors import InputError, Interrupted
from spinn.project import PROJECT_ROOT

if TYPE_CHECKING:
    from spinn.analysis.comparison.tables import Table
    from spinn.analysis.reproduction import Experiment

STORED = PROJECT_ROOT / "docs" / "results"


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "reproduce",
        help="print published results beside the project's own, and train missing runs",
        description="Without NAME, print the ledger: every published result, the project's own, "
        "and whether it is reached. With NAME, train the missing runs of that entry, compare "
        "all of its runs, and print the verdict.",
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="an entry of the ledger")
    parser.add_argument(
        "overrides",
        metavar="KEY=VALUE",
        nargs="*",
        help="overrides of train.py for all runs: data.root=FOLDER, hydra/launcher=joblib",
    )
    parser.set_defaults(further="overrides")
    parser.add_argument(
        "--quick", action="store_true", help="run all entries that are marked as quick"
    )
    parser.add_argument(
        "--runs",
        metavar="FOLDER",
        type=Path,
        default=Path("runs/reproduce"),
        help="folder of the runs; finished runs are not repeated (default: %(default)s)",
    )
    parser.add_argument(
        "--store",
        action="store_true",
        help="store the results in docs/results/, the source of the tables in the documents",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the ledger, or run entries and print their verdicts."""
    try:
        from spinn.analysis.comparison.tables import terminal
        from spinn.analysis.reproduction import entry, ledger, stored, verdict_table
    except ImportError as error:
        raise InputError(
            f'spinn reproduce needs {error.name}, which is missing: pip install "spinn[compare]"'
        ) from error
    if options.quick and options.name:
        raise InputError(f"--quick runs the entries marked as quick; leave out {options.name}")
    if options.name or options.quick:
        entries = [entry(options.name)] if options.name else ledger().values()
        for experiment in entries:
            if options.quick and not experiment.quick:
                continue
            print(terminal(_reproduce(experiment, options)), end="")
        return
    found = [
        verdict_table(experiment, stored(experiment.name, STORED))
        for experiment in ledger().values()
        if experiment.published
    ]
    print(terminal(found), end="")
    print("\n`spinn reproduce NAME` trains the runs of an entry:")
    for name, experiment in ledger().items():
        needs = " ".join(f"{key}={what}" for key, what in experiment.needs.items())
        minutes = f"about {experiment.minutes} min on two cores" if experiment.minutes else ""
        print(f"  spinn reproduce {f'{name} {needs}':60} {minutes}".rstrip())


def _reproduce(experiment: Experiment, options: argparse.Namespace) -> list[Table]:
    """Train the missing runs of an entry, and return tables beside that of the sweep."""
    from spinn.analysis.reproduction import verdict_table
    from spinn.files import write_json

    experiment.check(options.overrides)
    if experiment.shapes:
        found = _shapes([*experiment.sweep, *options.overrides])
    else:
        found = _train(experiment, options)
    if options.store:
        STORED.mkdir(exist_ok=True)
        write_json(STORED / f"{experiment.name}.json", experiment.without_paths(found))
    tables = [verdict_table(experiment, found)] if experiment.published else []
    if experiment.tree_agreement:
        from spinn.analysis.tree_agreement import agreement_table

        tables.append(agreement_table(found))
    return tables


def _shapes(overrides: list[str]) -> dict[str, Any]:
    """Return the agreement of simple shapes with the trees of a dataset."""
    from spinn.analysis.tree_agreement import shapes_of_test
    from spinn.cli.support.data_overrides import compose_data
    from spinn.training.build import build_dataset

    return shapes_of_test(build_dataset(compose_data(overrides)))


def _train(experiment: Experiment, options: argparse.Namespace) -> dict[str, Any]:
    """Train the missing runs of an entry, and return the comparison of all of them.

    Raises:
        InputError: if a run fails.
        Interrupted: if the sweep was stopped.
    """
    from spinn.analysis.comparison.comparison import compare, summary
    from spinn.analysis.comparison.records import find_runs
    from spinn.cli.support.resume_command import hydra_value

    folder = options.runs / experiment.name
    place = f"hydra.sweep.dir={hydra_value(str(folder.resolve()))}"
    arguments = ["-m", *experiment.sweep, *options.overrides, place]
    print(f"python train.py {shlex.join(arguments)}", flush=True)
    command = [sys.executable, str(PROJECT_ROOT / "train.py"), *arguments]
    ended = subprocess.run(command, check=False).returncode
    if ended > 128 or ended < 0:
        message = f"stopped; `spinn reproduce {experiment.name}` continues"
        raise Interrupted(message, abs(ended) % 128)
    if ended:
        raise InputError(f"{experiment.name}: train.py ended with exit code {ended}; see above")
    comparison = compare(*find_runs([folder]), baseline=experiment.baseline)
    found = summary(comparison)
    if experiment.tree_agreement:
        from spinn.analysis.tree_agreement import add_tree_agreement

        add_tree_agreement(found, comparison)
    return found
