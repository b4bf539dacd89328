"""`spinn evaluate RUN`: accuracy of a trained model on its own test sets or on a file."""

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from spinn.cli.support import evaluation_data
from spinn.cli.support.tables import confusion_table, results_table
from spinn.errors import InputError


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "evaluate",
        help="accuracy, loss and confusion matrix of a run",
        description="Evaluate a run on its own dev and test sets, or on a file.",
    )
    parser.add_argument("folder", metavar="RUN", help="the folder of a training run")
    evaluation_data.add_options(parser)
    parser.add_argument(
        "--batch-size", type=int, default=256, help="pairs in a batch (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Evaluate, and print the results."""
    if options.batch_size < 1:
        raise InputError(f"--batch-size is {options.batch_size}; expected 1 or more")
    import torch

    from spinn.training.evaluation import evaluate_split
    from spinn.training.loading import load_run

    loaded = load_run(options.folder)
    data = evaluation_data.load_evaluation_data(loaded, options)
    results = {
        name: evaluate_split(
            loaded.task,
            data.dataset,
            examples,
            loaded.vocabulary,
            batch_size=options.batch_size,
            device=torch.device("cpu"),
        )
        for name, examples in data.sets.items()
    }
    for warning in data.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if options.json:
        read = {name: asdict(report) for name, report in data.reports.items()}
        output = {"run": options.folder, **data.summary(), "sets": results, "read": read}
        print(json.dumps(output, default=str))
        return
    for name, report in data.reports.items():
        print(f"{name}: {report.summary()}")
    print(results_table(results))
    for name, values in results.items():
        if "confusion" in values:
            print(f"\n{name}: {data.caption()}\n{confusion_table(values)}")
    for warning in data.warnings:
        print(f"\nwarning: {warning}")
