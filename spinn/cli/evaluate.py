"""`spinn evaluate RUN`: results of a trained model on its own test sets, a file or other data."""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinn.cli.support import compute_options, evaluation_data, exit_codes, forecasts
from spinn.cli.support.prediction_table import check_out, example_rows, table_text
from spinn.cli.support.text_tables import confusion_table, results_table
from spinn.errors import InputError
from spinn.files import write_text
from spinn.text import message, printable_lines

if TYPE_CHECKING:
    import torch

    from spinn.training.evaluation import Evaluation
    from spinn.training.loading import Run


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "evaluate",
        help="accuracy, correlation, loss, calibration of a run",
        usage="%(prog)s [options] RUN [data=NAME] [data.KEY=VALUE ...]",
        description="Evaluate a run on its own dev and test sets, on a file, or on other data: "
        "data=NAME and data.KEY=VALUE as for train.py. Where data.labels.map merges labels, the "
        "probabilities of the model's merged classes are summed.",
    )
    parser.add_argument("folder", metavar="RUN", help="the folder of a training run")
    evaluation_data.add_options(parser)
    parser.add_argument(
        "overrides",
        metavar="data=…",
        nargs="*",
        help="another option of conf/data, such as data=hans data.root=FOLDER, or other settings "
        "of the run's data, such as data.labels.map='{neutral: non-entailment}'",
    )
    parser.set_defaults(further="overrides")
    parser.add_argument(
        "--batch-size", type=int, default=256, help="examples in a batch (default: %(default)s)"
    )
    compute_options.add_to(parser)
    parser.add_argument(
        "--confusion", action="store_true", help="print the confusion matrix of each set, too"
    )
    parser.add_argument(
        "--calibrate",
        action="store_true",
        help="fit a temperature on dev (Guo et al. 2017), which the probabilities of predict, "
        "inspect and evaluate have from then on; stored in RUN/calibration.json",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write the prediction for every example: .csv, .tsv or .jsonl",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    forecasts.add_evaluate_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Evaluate, and print the results."""
    _check_options(options)
    from spinn.training.loading import load_run

    loaded = load_run(options.folder)
    if options.walk_forward:
        forecasts.evaluate(options, loaded)
        return
    data = evaluation_data.load_evaluation_data(loaded, options)
    _match_classes(loaded, data)
    device = compute_options.use(options, loaded)
    if options.calibrate:
        _calibrate(loaded, data, options, device)
    evaluations = _evaluate(loaded, data, options, device)
    results = {name: found.summary for name, found in evaluations.items()}
    for warning in data.warnings:
        exit_codes.warn(warning)
    if options.out is not None:
        _write(options.out, data, evaluations)
    if options.json:
        read = {name: asdict(report) for name, report in data.reports.items()}
        output = {"run": options.folder, **data.summary(), "sets": results, "read": read}
        print(json.dumps(output, default=str))
        return
    for name, report in data.reports.items():
        print(printable_lines(f"{name}: {report.summary()}"))
    roots = "roots of " if loaded.task.target == "nodes" else ""
    if options.confusion:
        for name, values in results.items():
            if "confusion" in values:
                title = printable_lines(f"{name}: {roots}{data.caption()}")
                print(f"\n{title}\n{confusion_table(values)}\n")
    if (temperature := temperature_of(loaded)) is not None:
        place = printable_lines(str(loaded.folder.calibration))
        print(f"probabilities with the temperature {temperature:g} ({place})")
    print(printable_lines(f"{roots}{data.caption()}:"))
    print(results_table(results))
    for warning in data.warnings:
        print(message(f"\nwarning: {warning}"))


def _check_options(options: argparse.Namespace) -> None:
    """Raise InputError for options that are out of range or do not fit each other."""
    compute_options.check(options)
    if options.batch_size < 1:
        raise InputError(f"--batch-size is {options.batch_size}; expected 1 or more")
    if options.out is not None:
        check_out(options.out)
    for name in ("steps", "interval"):
        if vars(options)[name] is not None and not options.walk_forward:
            raise InputError(f"--{name} is for --walk-forward; give both, or leave it out")
    if options.calibrate and (options.file or options.overrides or options.trees):
        raise InputError(
            "--calibrate fits the temperature on the run's own dev set; leave out --file, --trees "
            "and other data"
        )


def temperature_of(run: Run) -> float | None:
    """Return the temperature of a run's probabilities; None if they are not calibrated."""
    from spinn.tasks.text_task import TextTask

    if not isinstance(run.task, TextTask) or run.task.classes is None:
        return None
    temperature = run.task.classes.temperature
    return None if temperature == 1.0 else temperature


def _evaluate(
    run: Run,
    data: evaluation_data.EvaluationData,
    options: argparse.Namespace,
    device: torch.device,
) -> dict[str, Evaluation]:
    from tqdm import tqdm

    from spinn.training.evaluation import evaluate_split

    batches = sum(math.ceil(len(split) / options.batch_size) for split in data.sets.values())
    found = {}
    with tqdm(total=batches, unit="batch", disable=None, leave=False) as bar:
        for name, split in data.sets.items():
            bar.set_description(name)
            found[name] = evaluate_split(
                run.task,
                data.dataset,
                split,
                run.vocabulary,
                batch_size=options.batch_size,
                device=device,
                after_batch=bar.update,
            )
    return found


def _calibrate(
    run: Run,
    data: evaluation_data.EvaluationData,
    options: argparse.Namespace,
    device: torch.device,
) -> None:
    """Fit the temperature on dev, store it in the run's folder, and use it from now on.

    Raises: InputError: if the task has no class for an example, or the run no dev set.
    """
    from spinn.tasks.text_task import TextTask
    from spinn.training.calibration import save_calibration

    task = run.task
    if not isinstance(task, TextTask) or task.classes is None or task.target != "class":
        raise InputError(
            f"--calibrate: {options.folder} does not predict a class of an example "
            f"({type(task).__name__}), so that there are no probabilities to calibrate"
        )
    if "dev" not in data.sets:
        raise InputError(f"--calibrate: {options.folder} has no dev set")
    task.classes.temperature = 1.0
    own = replace(data, sets={"dev": data.sets["dev"]})
    before = _evaluate(run, own, options, device)["dev"]
    found = save_calibration(
        run.folder, before.columns["probabilities"], before.columns["gold"], set_name="dev"
    )
    task.classes.temperature = found.temperature
    after = _evaluate(run, own, options, device)["dev"].summary
    print(
        f"temperature {found.temperature:g}, fitted on dev: expected calibration error "
        f"{before.summary['ece']:.2%} before, {after['ece']:.2%} after; loss "
        f"{before.summary['loss']:.4f} before, {after['loss']:.4f} after. "
        f"predict and inspect use it; saved in {printable_lines(str(run.folder.calibration))}",
        file=sys.stderr,
    )


def _write(
    path: Path, data: evaluation_data.EvaluationData, evaluations: dict[str, Evaluation]
) -> None:
    """Write the prediction for every example."""
    rows = [
        row
        for name, found in evaluations.items()
        for row in example_rows(
            name,
            found.columns,
            data.dataset.labels or (),
            [str(file) for file in data.reports[name].files] if name in data.reports else [],
        )
    ]
    write_text(path, table_text(rows, path.suffix))
    print(printable_lines(f"written: {path} ({len(rows):,} predictions)"), file=sys.stderr)


def _match_classes(run: Run, data: evaluation_data.EvaluationData) -> None:
    """Let the model predict the classes of the data, each a sum of the model's classes.

    Raises: InputError: if a class of the model or of the data has no counterpart.
    """
    from spinn.data.dataset import TextDataset
    from spinn.tasks.text_task import TextTask

    if not isinstance(data.dataset, TextDataset) or not isinstance(run.task, TextTask):
        return
    labels, classes = data.dataset.settings.labels, run.task.classes
    if classes is not None and labels.classes != classes.labels:
        classes.merge(labels.classes, labels.map or {})
