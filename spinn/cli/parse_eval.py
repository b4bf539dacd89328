"""`spinn parse-eval RUN ...`: which trees a model finds, beside gold and trees of fixed shapes."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import fmean, stdev
from typing import Any

from spinn.cli.support import evaluation_sets, tree_options
from spinn.cli.support.encoder_trees import (
    Parsed,
    check_each_once,
    check_same_kind,
    check_same_sentences,
    parsed,
)
from spinn.cli.support.tables import aligned
from spinn.data.text.tree_source import GOLD
from spinn.errors import InputError
from spinn.training.loading import load_run
from spinn.trees.agreement import Conventions, comparable, figures, self_agreement
from spinn.trees.transitions import Parse

COLUMNS = {  # a figure, and how it is headed
    "sentences": "sentences",
    "gold": "gold",
    "left": "left",
    "right": "right",
    "balanced": "balanced",
    "random": "random",
    "self_agreement": "self",
    "moves": "moves",
    "free_transitions": "free moves",
    "depth": "depth",
    "word_depth": "word depth",
}
EDGES = ("depth", "word_depth")  # all other figures but the count are parts of a whole


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "parse-eval",
        help="how far a run's trees agree with gold, simple shapes and other runs",
        description="Compare the trees that a run's encoder finds with gold, left, right, balanced "
        "and random trees, and with those of further runs (other seeds, say). Of an encoder that "
        "follows given trees, these are compared.",
    )
    parser.add_argument(
        "folders", metavar="RUN", nargs="+", help="folders that training left; figures are means"
    )
    evaluation_sets.add_options(parser, trees=tree_options.COMPARED)
    _add_conventions(parser)
    parser.add_argument(
        "--each-occurrence",
        action="store_true",
        help="count a sentence as often as it stands in the pairs (default: once)",
    )
    for name, default, text in (
        ("draws", 5, "random trees for each sentence"),
        ("seed", 1, "of the random trees"),
        ("batch-size", 256, "sentences in a batch"),
    ):
        shown = f"{text} (default: %(default)s)"
        parser.add_argument(f"--{name}", type=int, default=default, help=shown)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=run)


def _add_conventions(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("conventions, by which published figures differ")
    default, switch = Conventions(), argparse.BooleanOptionalAction
    for name, text in (
        ("whole-sentence", "count the span of the whole sentence (default: yes)"),
        ("single-words", "count spans of one word (default: no)"),
    ):
        chosen = getattr(default, name.replace("-", "_"))
        group.add_argument(f"--{name}", action=switch, default=chosen, help=text)
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
    """Find the trees, compare them, and print the figures."""
    for name in ("batch_size", "draws", "shortest"):
        if getattr(options, name) < 1:
            shown = f"--{name.replace('_', '-')}"
            raise InputError(f"{shown} is {getattr(options, name)}; expected 1 or more")
    conventions = Conventions(
        whole_sentence=options.whole_sentence,
        single_words=options.single_words,
        average=options.average,
        shortest=options.shortest,
        final_punctuation=options.final_punctuation,
    )
    check_each_once(options.folders)
    runs = [parsed(load_run(folder), options) for folder in options.folders]
    for other in runs[1:]:
        check_same_kind(runs[0], other)
        check_same_sentences(runs[0], other)
    told = {name: _compare(name, runs, conventions, options) for name in runs[0].sets}
    if options.json:
        print(json.dumps(_result(runs, conventions, options, told), default=str))
        return
    for name, report in runs[0].reports.items():
        print(f"{name}: {report.summary()}")
    print(_table(told))
    print("\n".join(_notes(runs, conventions, options, told)))


def _compare(
    name: str, runs: Sequence[Parsed], conventions: Conventions, options: argparse.Namespace
) -> dict[str, Any]:
    """Return a set's figures: of the encoders, and of gold where they have trees of their own.

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
    each = [figures(found, conventions, golds=golds, **drawn) for found in trees]
    told: dict[str, Any] = {"encoder": each[0] if len(each) == 1 else _spread(each)}
    if len(runs) > 1:
        told["encoder"]["self_agreement"] = self_agreement(trees, conventions)
    if golds is not None and any(run.own for run in runs):
        told["gold"] = figures(golds, conventions, **drawn)
    return {**told, "left_out": len(parses) - len(trees[0])}


def _spread(each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return mean and standard deviation over the runs; counts are the same for all."""
    told: dict[str, Any] = {}
    for name, value in each[0].items():
        values = [one[name] for one in each]
        if name == "sentences" or value is None:
            told[name] = value
        else:
            told[name] = {"mean": fmean(values), "sd": stdev(values), "runs": values}
    return told


def _result(
    runs: Sequence[Parsed],
    conventions: Conventions,
    options: argparse.Namespace,
    told: dict[str, Any],
) -> dict[str, Any]:
    return {
        "runs": [{"run": run.folder, "own": run.own, "trees": run.given} for run in runs],
        "conventions": asdict(conventions),
        "each_occurrence": options.each_occurrence,
        "random": {"draws": options.draws, "seed": options.seed},
        "sets": told,
        "read": {name: asdict(report) for name, report in runs[0].reports.items()},
    }


def _table(told: Mapping[str, Mapping[str, Any]]) -> str:
    rows = {}
    for name, both in told.items():
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
    runs: Sequence[Parsed],
    conventions: Conventions,
    options: argparse.Namespace,
    told: Mapping[str, Mapping[str, Any]],
) -> list[str]:
    """What the table's reader has to know, a line each."""
    times = "as often as it stands in the pairs" if options.each_occurrence else "once"
    drawn = f"random: mean of {options.draws} draws"
    notes = [
        f"In per cent: {conventions.describe()}; each sentence {times}; {drawn}. Depth in edges, "
        "of trees and of words."
    ]
    notes += [
        f"{run.folder} follows the data's trees ({run.given}): its figures are theirs."
        for run in runs
        if not run.own
    ]
    notes += _without_gold(runs, options.trees) + _explained(told, len(runs))
    return notes + [
        f"{name}: {both['left_out']} sentence(s) not compared, by these conventions."
        for name, both in told.items()
        if both["left_out"]
    ]


def _without_gold(runs: Sequence[Parsed], asked: str | None) -> list[str]:
    """Say why gold is not compared with: for all runs, if the command line asked for others."""
    if asked not in (None, GOLD):
        return [f"--trees {asked} was given, so there is no gold to compare with."]
    return [
        f"No comparison with gold: {run.folder} has data.trees={run.given}; where the data have "
        "parses, --trees gold reads them."
        for run in runs
        if run.given != GOLD
    ]


def _explained(told: Mapping[str, Mapping[str, Any]], runs: int) -> list[str]:
    """Say what the columns and rows are whose names do not say it, where the table has them."""
    rows = list(told.values())
    lines = []
    if any("moves" in row["encoder"] for row in rows):
        lines.append(
            "moves: the part of a tree's moves, shift or reduce, that are gold's at the same "
            "place; free moves: of those alone where gold could have made either."
        )
    if any("gold" in row for row in rows):
        lines.append("SET, gold: the same figures of gold's own trees.")
    if runs > 1:
        lines.append("self: the mean F1 of every two runs' trees with each other.")
        lines.append(f"±: mean and sample standard deviation over the {runs} runs.")
    return lines
