"""`spinn evaluate RUN`: how good a trained model is, on its own test sets or on a file."""

import argparse
import json
from dataclasses import asdict
from typing import Any

import torch

from spinn.cli.support import evaluation_sets
from spinn.cli.support.tables import confusion_table, results_table
from spinn.errors import InputError
from spinn.training.evaluation import evaluate_split
from spinn.training.loading import load_run


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "evaluate",
        help="accuracy, loss and confusion matrix of a run",
        description="Evaluate a run on its own dev and test sets, or on a file of yours.",
    )
    parser.add_argument("folder", metavar="RUN", help="the folder that training left")
    evaluation_sets.add_options(parser)
    parser.add_argument(
        "--batch-size", type=int, default=256, help="pairs in a batch (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Evaluate, and print the figures."""
    if options.batch_size < 1:
        raise InputError(f"--batch-size is {options.batch_size}; expected 1 or more")
    loaded = load_run(options.folder)
    dataset = evaluation_sets.chosen_dataset(loaded, options)
    chosen, reports = evaluation_sets.read_sets(dataset, options)
    told = {
        name: evaluate_split(
            loaded.task,
            dataset,
            examples,
            loaded.vocabulary,
            batch_size=options.batch_size,
            device=torch.device("cpu"),
        )
        for name, examples in chosen.items()
    }
    if options.json:
        read = {name: asdict(report) for name, report in reports.items()}
        facts = evaluation_sets.facts(loaded, dataset)
        result = {"run": options.folder, **facts, "sets": told, "read": read}
        print(json.dumps(result, default=str))
        return
    for name, report in reports.items():
        print(f"{name}: {report.summary()}")
    print(results_table(told))
    for name, values in told.items():
        if "confusion" in values:
            print(
                f"\n{name}: {evaluation_sets.caption(loaded, dataset)}\n{confusion_table(values)}"
            )
