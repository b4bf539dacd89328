"""The examples that one of two rows gets right and the other wrong, with trees and probabilities.

Each row is represented by its run that is best on dev. Numbers are neither right nor wrong; for
them, the examples with the largest difference of the squared errors are shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinn.analysis.comparison.comparison import (
    Comparison,
    best_on_dev,
    columns_of,
    example_scores,
    tree_source,
    why_unpaired,
)
from spinn.analysis.comparison.examples import ExampleReader
from spinn.analysis.comparison.grouping import Row
from spinn.analysis.comparison.inspection import inspect_command, is_inspectable
from spinn.analysis.comparison.records import RunRecord
from spinn.config import nearest
from spinn.data.predictions import Columns
from spinn.data.text.corpus import Example
from spinn.errors import InputError
from spinn.tasks.text_task import TextTask
from spinn.text import plural, printable
from spinn.training.evaluation import encoder_trees
from spinn.training.loading import load_run
from spinn.trees.transitions import Parse, to_brackets

MOST_LABELS = 5  # whose probabilities are shown
Trees = list[list[Parse | None]]  # of each example: of each sentence, None without a tree


def two_rows(comparison: Comparison) -> tuple[Row, Row]:
    """Return the rows of a comparison of two, the baseline first.

    Raises: InputError: if there are more or fewer.
    """
    rows = comparison.rows
    if len(rows) != 2:
        names = ", ".join(row.name for row in rows)
        there = f"there is one row ({names})" if len(rows) == 1 else f"there are {len(rows)} rows"
        listed = "" if len(rows) == 1 else f": {names}"
        raise InputError(
            f"--examples compares two rows, and {there}{listed}; name the folders of two, such as "
            "`spinn compare RUN_A RUN_B --examples 20`, or merge rows with --by"
        )
    first, second = rows
    return (second, first) if second is comparison.baseline else (first, second)


def disagreements(comparison: Comparison, name: str, limit: int) -> dict[str, Any]:
    """Return examples of a set on which two rows differ, as plain values.

    Half of them are those that only the first row gets right, half those that only the second does,
    the most confident mistakes first.

    Args:
        name: of the set.
        limit: the largest number of examples.

    Raises: InputError: if there are not two rows on the same examples, or the data is missing.
    """
    rows = two_rows(comparison)
    if name not in comparison.sets:
        raise InputError(f"--set {name}: {nearest(name, comparison.sets)}")
    reason = why_unpaired(rows[1], rows[0], name, "accuracy")
    if reason is not None:
        raise InputError(f"--examples: {rows[0].name} and {rows[1].name}: {reason}")
    runs = [row.runs[best_on_dev(row)] for row in rows]
    columns = [columns_of(run, name) for run in runs]
    places, counts = _choose(columns, limit)
    notes: list[str] = []
    try:
        readers = [ExampleReader(run) for run in runs]
        examples = [reader.examples(name, places) for reader in readers]  # trees may differ
    except InputError as error:
        raise InputError(f"--examples: {error}") from error
    trees = [_trees(run, found, notes) for run, found in zip(runs, examples, strict=True)]
    shown = [is_inspectable(run) for run in runs]
    return {
        "set": name,
        "rows": [
            {
                "name": row.name,
                "folder": str(run.path),
                "seed": run.seed,
                "tree_source": tree_source(run),
                "trees": reader.dataset.settings.trees,
            }
            for row, run, reader in zip(rows, runs, readers, strict=True)
        ],
        "counts": counts,
        "sentences": list(readers[0].dataset.sentence_names),
        "examples": [
            {
                **_place(readers[0], name, place),
                "words": [list(parse.words) for parse in examples[0][number].sentences],
                "gold": _gold(runs[0], columns[0], place),
                "answers": [
                    {
                        **_answer(run, columns[side], place),
                        "trees": [_brackets(parse) for parse in trees[side][number]],
                        "command": (
                            inspect_command(run, trees[side][number]) if shown[side] else None
                        ),
                    }
                    for side, run in enumerate(runs)
                ],
            }
            for number, place in enumerate(places)
        ],
        "notes": notes,
    }


def _choose(columns: Sequence[Columns], limit: int) -> tuple[list[int], dict[str, int] | None]:
    """Return the places of the examples to show, and how many of each kind there are."""
    if "predicted" not in columns[0] or columns[0]["gold"].dtype.kind == "f":
        errors = [example_scores(found) for found in columns]
        order = np.argsort(-np.abs(errors[0] - errors[1]), kind="stable")
        return order[:limit].tolist(), None
    gold = columns[0]["gold"]
    right = [(found["predicted"] == gold) & (gold >= 0) for found in columns]
    only = [right[0] & ~right[1] & (gold >= 0), right[1] & ~right[0] & (gold >= 0)]
    # The confidence of the row that is wrong.
    sorted_places = [
        _most_confident(np.flatnonzero(only[side]), columns[1 - side]) for side in (0, 1)
    ]
    sizes = [len(found) for found in sorted_places]
    first = min(sizes[0], max(limit - limit // 2, limit - sizes[1]))
    counts = {
        "both": int((right[0] & right[1]).sum()),
        "first": int(only[0].sum()),
        "second": int(only[1].sum()),
        "neither": int((~right[0] & ~right[1] & (gold >= 0)).sum()),
    }
    return [*sorted_places[0][:first], *sorted_places[1][: limit - first]], counts


def _most_confident(places: NDArray[Any], columns: Columns) -> list[int]:
    if "probabilities" not in columns:
        return list(map(int, places))
    confidence = columns["probabilities"][places, columns["predicted"][places]]
    return list(map(int, places[np.argsort(-confidence.astype(np.float64), kind="stable")]))


def _trees(run: RunRecord, examples: Sequence[Example], notes: list[str]) -> Trees:
    """Return the trees that a run's encoder uses, if it uses any."""
    source = tree_source(run)
    if source == "given":
        return [list(example.sentences) for example in examples]
    nothing: Trees = [[None] * len(example.sentences) for example in examples]
    if source == "none" or not examples:
        return nothing
    try:
        return _predicted_trees(run, examples)
    except InputError as error:
        notes.append(f"the trees of {run.path.name} are not shown: {error}")
        return nothing


def _predicted_trees(run: RunRecord, examples: Sequence[Example]) -> Trees:
    loaded = load_run(run.path)
    task = loaded.task
    assert isinstance(task, TextTask)  # its data are sentences
    trees: Trees = [[None] * len(example.sentences) for example in examples]
    if task.encoder.tree_source != "predicted":
        return trees
    parses = [example.sentences[place] for example in examples for place in task.places]
    found = iter(encoder_trees(task.encoder, parses, loaded.vocabulary, batch_size=256))
    for number, example in enumerate(examples):
        for place in task.places:
            trees[number][place] = Parse(example.sentences[place].words, next(found))
    return trees


def _brackets(parse: Parse | None) -> str | None:
    try:
        return None if parse is None else to_brackets(parse)
    except ValueError:  # a word is a bracket
        return None


def _place(reader: ExampleReader, name: str, place: int) -> dict[str, Any]:
    file, row = reader.place(name, place)
    return {"file": file.name, "row": row}


def _labels(run: RunRecord, columns: Columns) -> tuple[str, ...]:
    """Return the names of the classes; none for a task of numbers, even if the data has classes."""
    is_number = columns["gold"].dtype.kind == "f"
    return () if run.predictions is None or is_number else run.predictions.labels


def _gold(run: RunRecord, columns: Columns, place: int) -> str | float:
    labels = _labels(run, columns)
    gold = columns["gold"][place]
    return labels[int(gold)] if labels else float(gold)


def _answer(run: RunRecord, columns: Columns, place: int) -> dict[str, Any]:
    """Return what a run predicts: a label with all probabilities, or a number."""
    labels = _labels(run, columns)
    predicted = columns["predicted"][place]
    if not labels:
        error = float(columns["gold"][place]) - float(predicted)
        return {"predicted": float(predicted), "squared_error": error * error}
    found = columns["probabilities"][place] if "probabilities" in columns else ()
    return {
        "predicted": labels[int(predicted)],
        "correct": bool(predicted == columns["gold"][place]),
        "probabilities": {label: float(p) for label, p in zip(labels, found, strict=False)},
    }


def disagreements_text(entry: Mapping[str, Any], width: int | None = None) -> str:
    """Return disagreements for the terminal, in colour if the terminal supports it.

    Args: width: in characters; by default that of the terminal.
    """
    from rich.console import Console

    console = Console(width=width, highlight=False, file=StringIO() if width else None)
    with console.capture() as capture:
        console.print(printable(title(entry)), style="bold", markup=False)
        if entry["counts"] is not None:
            console.print(printable(counted(entry)), markup=False)
        kind = None
        for number, example in enumerate(entry["examples"], 1):
            if entry["counts"] is not None and _heading(entry, example) != kind:
                kind = _heading(entry, example)
                console.print(f"\n{printable(kind)}", style="bold", markup=False)
            for text, style in _lines(entry, example, number):
                console.print(printable(text), style=style, markup=False, soft_wrap=True)
        for note in entry["notes"]:
            console.print(printable(note), style="dim", markup=False)
    return capture.get()


def title(entry: Mapping[str, Any]) -> str:
    """Return a line that says what is compared."""
    runs = " and ".join(f"{row['name']} (seed {row['seed']})" for row in entry["rows"])
    kind = "Disagreements" if entry["counts"] is not None else "Largest differences"
    return f"{kind} of {runs} on {entry['set']}"


def counted(entry: Mapping[str, Any]) -> str:
    """Return how many examples both, one or none of the rows get right."""
    names, counts = [row["name"] for row in entry["rows"]], entry["counts"]
    return (
        f"both right {counts['both']:,}, only {names[0]} {counts['first']:,}, only {names[1]} "
        f"{counts['second']:,}, both wrong {counts['neither']:,}"
    )


def _heading(entry: Mapping[str, Any], example: Mapping[str, Any]) -> str:
    return heading(entry, 0 if example["answers"][0]["correct"] else 1)


def heading(entry: Mapping[str, Any], side: int) -> str:
    """Return a line about the examples that only one of the rows gets right."""
    names = [row["name"] for row in entry["rows"]]
    count = entry["counts"][("first", "second")[side]]
    shown = sum(bool(found["answers"][side]["correct"]) for found in entry["examples"])
    which = "all" if shown == count else f"{shown:,}, the most confident mistakes first"
    counted = plural(count, "example")
    return f"{names[side]} right, {names[1 - side]} wrong: {counted}; shown: {which}"


def _lines(
    entry: Mapping[str, Any], example: Mapping[str, Any], number: int
) -> Iterator[tuple[str, str]]:
    """Yield the lines of an example, and their styles."""
    yield "", ""
    place = f"{example['file']}:{example['row']}"
    yield f"{number}. {place}  gold: {show_value(example['gold'])}", "bold"
    wide = max(map(len, entry["sentences"]))
    for name, words in zip(entry["sentences"], example["words"], strict=True):
        yield f"   {name:{wide}}  {' '.join(words)}", ""
    first, second = example["answers"]
    shared = first["trees"] == second["trees"]
    for tree in filter(None, first["trees"] if shared else ()):
        yield f"   {tree}", "dim"
    for row, answer in zip(entry["rows"], example["answers"], strict=True):
        kind = {True: (" right", "green"), False: (" wrong", "red"), None: ("", "")}
        sign, colour = kind[answer.get("correct")]
        yield f"   {row['name']}{sign}: {describe(answer)}", colour
        for tree in filter(None, () if shared else answer["trees"]):
            yield f"     {tree}", "dim"
        if answer["command"]:
            yield f"     {answer['command']}", "cyan"


def describe(answer: Mapping[str, Any]) -> str:
    """Return what a row predicts: the label and all probabilities, or the number."""
    shown = show_value(answer["predicted"])
    if "squared_error" in answer:
        return f"{shown}, squared error {answer['squared_error']:.3f}"
    found = sorted(answer["probabilities"].items(), key=lambda item: -item[1])[:MOST_LABELS]
    return f"{shown} ({', '.join(f'{label} {p:.1%}' for label, p in found)})" if found else shown


def show_value(value: str | float) -> str:
    """Write a label, or a number."""
    return value if isinstance(value, str) else f"{value:.3f}"
