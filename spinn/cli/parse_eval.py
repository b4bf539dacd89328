"""`spinn parse-eval RUN ...`: a model's trees, compared with gold trees and fixed shapes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from spinn.cli.support import compute_options, evaluation_data, tree_options
from spinn.cli.support.text_tables import aligned
from spinn.data.text.tree_source import GOLD
from spinn.errors import InputError
from spinn.text import printable_lines
from spinn.trees.agreement import Conventions, comparable, measure_trees, self_agreement
from spinn.trees.transitions import Parse

if TYPE_CHECKING:
    from spinn.cli.support.encoder_trees import RunTrees

COLUMNS = {  # a result, and the header of its column
    "sentences": "sentences",
    "gold": "gold",
    "left": "left",
    "right": "right",
    "balanced": "balanced",
    "random": "random",
    "self_agreement": "self",
    "transitions": "transitions",
    "free_transitions": "free",
    "depth": "depth",
    "word_depth": "word depth",
}
EDGES = ("depth", "word_depth")  # in edges; all other results but the count are proportions


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "parse-eval",
        help="agreement of a run's trees with gold trees, simple shapes and other runs",
        description="Compare the trees that a run's encoder predicts with gold, left-branching, "
        "right-branching, balanced and random trees, and with those of further runs, such as other "
        "seeds. If the encoder follows given trees, these are compared.",
    )
    parser.add_argument(
        "folders",
        metavar="RUN",
        nargs="+",
        help="folders of training runs; for several, means are printed",
    )
    evaluation_data.add_options(parser, trees=tree_options.COMPARED)
    _add_conventions(parser)
    parser.add_argument(
        "--each-occurrence",
        action="store_true",
        help="count a sentence as often as it occurs in the examples (default: once)",
    )
    for name, default, text in (
        ("draws", 5, "random trees for each sentence"),
        ("seed", 1, "seed of the random trees"),
        ("batch-size", 256, "sentences in a batch"),
    ):
        shown = f"{text} (default: %(default)s)"
        parser.add_argument(f"--{name}", type=int, default=default, help=shown)
    compute_options.add_to(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=run)


def _add_conventions(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("conventions, in which published results differ")
    default, switch = Conventions(), argparse.BooleanOptionalAction
    group.add_argument(
        "--whole-sentence",
        action=switch,
        default=default.whole_sentence,
        help="count the span of the whole sentence (default: yes)",
    )
    group.add_argument(
        "--single-words",
        action=switch,
        default=default.single_words,
        help="count spans of one word (default: no)",
    )
    group.add_argument(
        "--average",
        choices=("sentence", "corpus"),
        default=default.average,
        help="mean of the sentences' F1 (default), or one F1 over all spans",
    )
    group.add_argument(
        "--shortest",
        type=int,
        default=default.shortest,
        help="words of the shortest sentence (default: %(default)s)",
    )
    group.add_argument(
        "--final-punctuation",
        choices=("keep", "drop"),
        default=default.final_punctuation,
        help="drop it from the trees before comparing (default: keep)",
    )


def run(options: argparse.Namespace) -> None:
    """Parse, compare the trees, and print the results."""
    for name, value in (
        ("batch-size", options.batch_size),
        ("draws", options.draws),
        ("shortest", options.shortest),
    ):
        if value < 1:
            raise InputError(f"--{name} is {value}; expected 1 or more")
    compute_options.check(options)
    conventions = Conventions(
        whole_sentence=options.whole_sentence,
        single_words=options.single_words,
        average=options.average,
        shortest=options.shortest,
        final_punctuation=options.final_punctuation,
    )
    from spinn.cli.support.encoder_trees import (
        check_each_once,
        check_same_kind,
        check_same_sentences,
        run_trees,
    )
    from spinn.training.loading import load_run

    check_each_once(options.folders)
    runs = [run_trees(load_run(folder), options) for folder in options.folders]
    for other in runs[1:]:
        check_same_kind(runs[0], other)
        check_same_sentences(runs[0], other)
    results = {name: _compare(name, runs, conventions, options) for name in runs[0].sets}
    if options.json:
        print(json.dumps(_result(runs, conventions, options, results), default=str))
        return
    for name, report in runs[0].reports.items():
        print(printable_lines(f"{name}: {report.summary()}"))
    print(_table(results))
    print(printable_lines("\n".join(_notes(runs, conventions, options, results))))


def _compare(
    name: str, runs: Sequence[RunTrees], conventions: Conventions, options: argparse.Namespace
) -> dict[str, Any]:
    """Return a set's results: of the encoders, and of gold where the encoders predict trees.

    Raises: InputError: if the conventions leave no sentence.
    """
    drawn = {"draws": options.draws, "seed": options.seed}
    parses = runs[0].sets[name].parses
    has_gold = all(run.given == GOLD for run in runs)
    golds = comparable(parses, conventions) if has_gold else None
    trees = [
        comparable(
            [Parse(parse.words, tree) for parse, tree in zip(*run.sets[name], strict=True)],
            conventions,
        )
        for run in runs
    ]
    if not trees[0]:
        raise InputError(f"{name}: no sentence is left to compare: {conventions.describe()}")
    each = [measure_trees(found, conventions, golds=golds, **drawn) for found in trees]
    results: dict[str, Any] = {"encoder": each[0] if len(each) == 1 else _spread(each)}
    if len(runs) > 1:
        results["encoder"]["self_agreement"] = self_agreement(trees, conventions)
    if golds is not None and any(run.predicted for run in runs):
        results["gold"] = measure_trees(golds, conventions, **drawn)
    return {**results, "left_out": len(parses) - len(trees[0])}


def _spread(each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return mean and standard deviation over the runs; counts are the same for all."""
    results: dict[str, Any] = {}
    for name, value in each[0].items():
        values = [one[name] for one in each]
        if name == "sentences" or value is None:
            results[name] = value
        else:
            results[name] = {"mean": fmean(values), "sd": stdev(values), "runs": values}
    return results


def _result(
    runs: Sequence[RunTrees],
    conventions: Conventions,
    options: argparse.Namespace,
    results: dict[str, Any],
) -> dict[str, Any]:
    return {
        "runs": [
            {"run": run.folder, "predicted": run.predicted, "trees": run.given} for run in runs
        ],
        "conventions": asdict(conventions),
        "each_occurrence": options.each_occurrence,
        "random": {"draws": options.draws, "seed": options.seed},
        "sets": results,
        "read": {name: asdict(report) for name, report in runs[0].reports.items()},
    }


def _table(results: Mapping[str, Mapping[str, Any]]) -> str:
    rows = {}
    for name, both in results.items():
        rows[name] = both["encoder"]
        if "gold" in both:
            rows[f"{name}, gold"] = both["gold"]
    shown = [name for name in COLUMNS if any(name in row for row in rows.values())]
    cells = {label: [_cell(name, row.get(name)) for name in shown] for label, row in rows.items()}
    return aligned([COLUMNS[name] for name in shown], cells)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return f"{_cell(name, value['mean'])} ± {_cell(name, value['sd'])}"
    if name == "sentences":
        return f"{value:,}"
    return f"{value:.2f}" if name in EDGES else f"{100 * value:.1f}"


def _notes(
    runs: Sequence[RunTrees],
    conventions: Conventions,
    options: argparse.Namespace,
    results: Mapping[str, Mapping[str, Any]],
) -> list[str]:
    """Return the notes below the table, one line each."""
    times = "as often as it occurs in the examples" if options.each_occurrence else "once"
    drawn = f"random: mean of {options.draws} draws"
    notes = [
        f"In per cent: {conventions.describe()}; each sentence {times}; {drawn}. Depth in edges, "
        "of trees and of words."
    ]
    notes += [
        f"{run.folder} follows the data's trees ({run.given}), and these are compared."
        for run in runs
        if not run.predicted
    ]
    notes += _without_gold(runs, options.trees) + _explained(results, len(runs))
    return notes + [
        f"{name}: {both['left_out']} sentence(s) not compared, by these conventions."
        for name, both in results.items()
        if both["left_out"]
    ]


def _without_gold(runs: Sequence[RunTrees], requested: str | None) -> list[str]:
    """Return why there is no comparison with gold trees."""
    if requested not in (None, GOLD):
        return [f"--trees {requested} was given, so there are no gold trees to compare with."]
    return [
        f"No comparison with gold trees: those of {run.folder} are {run.given}; if the data have "
        "parses, --trees gold reads them."
        for run in runs
        if run.given != GOLD
    ]


def _explained(results: Mapping[str, Mapping[str, Any]], runs: int) -> list[str]:
    """Return explanations of columns and rows."""
    rows = list(results.values())
    lines = []
    if any("transitions" in row["encoder"] for row in rows):
        lines.append(
            "transitions: the proportion of a tree's transitions that equal gold's at the same "
            "position; free: the same for transitions where both SHIFT and REDUCE are legal."
        )
    if any("gold" in row for row in rows):
        lines.append("SET, gold: the same results for the gold trees.")
    if runs > 1:
        lines.append("self: the mean F1 between the trees of every two runs.")
        lines.append(f"±: mean and sample standard deviation over the {runs} runs.")
    return lines
