"""An audit of a dataset as text, Markdown or CSV."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from spinn.cli.support.output_formats import escape_controls
from spinn.cli.support.text_tables import aligned
from spinn.data.text.tree_source import tree_kind

WIDTH = 100  # characters of a line
MOST_LABELS = 20
LONGEST = 24  # characters of a column's name in the text
SKIPPED = {
    "unlabelled": "no label",
    "left_out": "left out",
    "bad_rows": "bad rows",
    "too_long": "too long",
}
REPEATED = {
    "repeated": "repeated",
    "contradictory": "contradictory",
    "in_train": "in train",
    "other_target": "other target",
    "exchanged": "exchanged",
    "every_sentence": "all seen",
    "some_sentence": "some seen",
}
REPEATED_NOTE = (
    "Equal inputs have equal words or steps. repeated: an earlier example of the split has the "
    "same input; contradictory: an example of the split has the same input and another target; in "
    "train: an example of train has the same input; other target: that example has another target."
)
SENTENCES_NOTE = (
    " exchanged: an example of train has the same sentences in another order; all seen, some "
    "seen: all or some of the sentences occur in train, in any example."
)
TREES_NOTE = (
    "depth: edges from the root to the deepest word; right, left: F1 with right-branching and "
    "left-branching trees, mean over sentences"
)
Cells = dict[str, list[str]]


class Table(NamedTuple):
    """A title, the names of the columns, the cells by the name of their row, and a note."""

    title: str
    columns: list[str]
    rows: Cells
    note: str = ""


def as_text(audit: Mapping[str, Any]) -> str:
    """Return tables whose lines have at most WIDTH characters, and the findings."""
    blocks = [_headline(audit)]
    for table in _tables(audit):
        parts = "\n\n".join(aligned(columns, rows) for columns, rows in _parts(table))
        blocks.append("\n".join([table.title, *filter(None, [parts]), *_wrapped(table.note)]))
    findings = [line for found in audit["findings"] for line in _wrapped(f"- {found}", indent="  ")]
    blocks.append("\n".join(["Findings", *(findings or ["none"])]))
    return "\n".join(line.rstrip() for line in "\n\n".join(blocks).split("\n"))


def as_markdown(audit: Mapping[str, Any]) -> str:
    """Return the tables and the findings."""
    blocks = [f"# {_headline(audit)}"]
    for table in _tables(audit):
        rows = [["", *table.columns], ["---"] * (1 + len(table.columns))]
        rows += [[name, *cells] for name, cells in table.rows.items()]
        lines = (" | ".join(cell.strip().replace("|", "\\|") for cell in row) for row in rows)
        drawn = "\n".join(f"| {line} |" for line in lines) if table.rows else ""
        blocks += filter(None, [f"## {table.title}", drawn, table.note])
    findings = [f"- {escape_controls(found)}" for found in audit["findings"]]
    return "\n\n".join([*blocks, "## Findings", "\n".join(findings or ["none"])]) + "\n"


def as_csv(audit: Mapping[str, Any]) -> str:
    """Return a line for each number: split, measure, value."""
    found = io.StringIO()
    writer = csv.writer(found, lineterminator="\n")
    writer.writerow(["split", "measure", "value"])
    for split, measures in audit["splits"].items():
        writer.writerows([split, measure, value] for measure, value in _flat(measures))
        for target, results in audit.get("baselines", {}).items():
            for name, model in results.get("models", {}).items():
                for measure, value in _flat(model["sets"].get(split, {})):
                    writer.writerow([split, f"baselines: {target}: {name}: {measure}", value])
    return found.getvalue()


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}: ")
        else:
            yield prefix + name, value


def _headline(audit: Mapping[str, Any]) -> str:
    if "sentences" not in audit:
        return escape_controls(f"{audit['data']}: {audit['contents']}")
    trees = f"{tree_kind(audit['trees'])} trees" if audit["trees"] else "no trees"
    return escape_controls(f"{audit['data']}: {audit['contents']}, {trees}")


def _tables(audit: Mapping[str, Any]) -> Iterator[Table]:
    """Yield the tables, their texts without control characters."""
    found = _sentence_tables(audit) if "sentences" in audit else _series_tables(audit)
    for title, columns, rows, note in found:
        clean = {escape_controls(name): cells for name, cells in rows.items()}
        yield Table(title, list(map(escape_controls, columns)), clean, escape_controls(note))


def _sentence_tables(audit: Mapping[str, Any]) -> Iterator[Table]:
    splits = audit["splits"]
    yield _sizes(splits)
    for key, title in (("labels", "Labels"), ("nodes", "Labels of the nodes")):
        if counted := {name: split[key] for name, split in splits.items() if key in split}:
            yield _labels(title, counted)
    if scores := {name: split["score"] for name, split in splits.items() if "score" in split}:
        yield _distributions("Scores", scores)
    yield _sentences(splits, audit["sentences"])
    yield _repeated(splits)
    for target, results in audit["baselines"].items():
        yield _baselines(target, results, splits["train"]["examples"])


def _series_tables(audit: Mapping[str, Any]) -> Iterator[Table]:
    splits = audit["splits"]
    sizes = {name: [f"{split['examples']:,}"] for name, split in splits.items()}
    yield Table("Examples", ["examples"], sizes)
    rows = {
        f"{name} {side}": [_number(value) for value in found.values()]
        for name, split in splits.items()
        for side, found in split["lengths"].items()
    }
    yield Table("Steps of inputs and targets", ["mean", "median", "95 %", "max"], rows)
    if "labels" in splits["train"]:
        yield _labels("Targets", {name: split["labels"] for name, split in splits.items()})
    else:
        values = {name: split["values"] for name, split in splits.items()}
        yield _distributions("Targets", values)
    yield _repeated(splits)
    results = {
        f"{name}, {baseline}": errors
        for name, split in splits.items()
        for baseline, errors in split["baselines"].items()
    }
    columns = list(dict.fromkeys(metric for errors in results.values() for metric in errors))
    cells = {name: [_result(metric, row) for metric in columns] for name, row in results.items()}
    note = "mse: of the mean, in the unit of the targets above; the others: in the data's own unit"
    yield Table("Baselines", columns, cells, note if len(columns) > 1 else "")


def _sizes(splits: Mapping[str, Any]) -> Table:
    skipped = [key for key in SKIPPED if any(split["skipped"][key] for split in splits.values())]
    columns = [SKIPPED[key] for key in skipped]
    rows = {}
    for name, split in splits.items():
        words = split["words"]
        rows[name] = [
            f"{split['examples']:,}",
            *(f"{split['skipped'][key]:,}" for key in skipped),
            f"{words['tokens']:,}",
            _share(words["unknown_tokens"], words["tokens"]),
            f"{words['types']:,}",
            _share(words["unknown_types"], words["types"]),
        ]
    return Table(
        "Examples and words",
        ["examples", *columns, "words", "unknown", "distinct", "unknown"],
        rows,
        "unknown: not in the vocabulary of train",
    )


def _labels(title: str, counted: Mapping[str, Mapping[str, int]]) -> Table:
    """Return the counts of the labels, of the most frequent ones where they are many."""
    first = next(iter(counted.values()))
    shown = set(sorted(first, key=lambda label: -first[label])[:MOST_LABELS])
    labels = [label for label in first if label in shown]
    rows = {}
    for name, counts in counted.items():
        total = sum(counts.values())
        others = total - sum(counts[label] for label in labels)
        listed = [counts[label] for label in labels] + [others] * (len(first) > len(labels))
        rows[name] = [_counted(count, total) for count in listed]
    columns = labels + [f"{len(first) - len(labels):,} others"] * (len(first) > len(labels))
    return Table(title, columns, rows)


def _distributions(title: str, found: Mapping[str, Mapping[str, float]]) -> Table:
    rows = {name: [f"{value:.4g}" for value in values.values()] for name, values in found.items()}
    return Table(title, ["mean", "deviation", "lowest", "highest"], rows)


def _sentences(splits: Mapping[str, Any], names: Sequence[str]) -> Table:
    parsed = any("trees" in split for split in splits.values())
    rows = {}
    for split, measures in splits.items():
        for name in names:
            cells = [_number(value) for value in measures["lengths"][name].values()]
            if parsed:
                trees = measures.get("trees", {}).get(name)
                cells += _tree_cells(trees) if trees else ["-"] * 4
            rows[f"{split} {name}" if len(names) > 1 else split] = cells
    columns = ["words: mean", "median", "95 %", "max"]
    columns += ["depth: mean", "max", "F1: right", "left"] if parsed else []
    return Table("Sentences", columns, rows, TREES_NOTE if parsed else "")


def _tree_cells(trees: Mapping[str, float]) -> list[str]:
    return [
        _number(trees["depth_mean"]),
        _number(trees["depth_max"]),
        f"{100 * trees['f1_right']:.1f}",
        f"{100 * trees['f1_left']:.1f}",
    ]


def _repeated(splits: Mapping[str, Any]) -> Table:
    keys = [key for key in REPEATED if any(key in split["repeated"] for split in splits.values())]
    rows = {}
    for name, split in splits.items():
        counts = split["repeated"]
        rows[name] = [
            _counted(counts[key], split["examples"]) if key in counts else "-" for key in keys
        ]
    note = REPEATED_NOTE + (SENTENCES_NOTE if "exchanged" in keys else "")
    return Table("Repeated inputs", [REPEATED[key] for key in keys], rows, note)


def _baselines(target: str, results: Mapping[str, Any], examples: int) -> Table:
    """Return the results of the models on each set.

    Args: examples: of train; the models are trained on some of them, or all.
    """
    if "skipped" in results:
        return Table("Baselines", [], {}, results["skipped"])
    is_class = target == "class"
    used = f"{results['examples']:,}"
    used += f" of {examples:,}" if results["examples"] < examples else ""
    note = (
        f"Linear models, or boosted trees for lengths, trained on {used} examples of train. "
        f"* better than the {'majority' if is_class else 'mean'}, p < 0.05 with Holm's correction."
    )
    sets = list(next(iter(results["models"].values()))["sets"])
    rows: Cells = {}
    for name, model in results["models"].items():
        found = [model["sets"][split] for split in sets]
        if is_class:
            rows[name] = [_marked(f"{100 * result['accuracy']:.1f}", result) for result in found]
        else:
            rows[name] = [cell for result in found for cell in _score_cells(result)]
        if name == "majority":
            rows["  95 % interval"] = [
                f"{100 * result['low']:.1f}-{100 * result['high']:.1f} " for result in found
            ]
    if not is_class:
        columns = [f"{split} {metric}" for split in sets for metric in ("Pearson", "MSE")]
        return Table("Baselines of the score", columns, rows, note)
    note += f" The majority of train is {results['majority']}."
    return Table("Baselines, accuracy in per cent", sets, rows, note)


def _marked(cell: str, result: Mapping[str, Any]) -> str:
    return cell + ("*" if result.get("better") else " ")


def _score_cells(result: Mapping[str, Any]) -> tuple[str, str]:
    pearson = result.get("pearson")
    return _marked("-" if pearson is None else f"{pearson:.3f}", result), f"{result['mse']:.3f}"


def _result(metric: str, row: Mapping[str, float]) -> str:
    if metric not in row:
        return "-"
    return f"{row[metric]:.1%}" if metric == "accuracy" else f"{row[metric]:.4f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _counted(count: int, total: int) -> str:
    return f"{count:,} {_share(count, total)}" if count else "0"


def _share(count: int, total: int) -> str:
    return f"{count / total:.1%}" if total else "-"


def _parts(table: Table) -> Iterator[tuple[list[str], Cells]]:
    """Yield the columns and cells of tables one below the other, none wider than WIDTH."""
    columns = [c if len(c) <= LONGEST else c[: LONGEST - 1] + "…" for c in table.columns]
    label = max(map(len, table.rows), default=0)
    widths = [
        max(len(column), *(len(cells[number]) for cells in table.rows.values()))
        for number, column in enumerate(columns)
    ]
    start = 0
    for end in range(1, len(widths) + 1):
        if end == len(widths) or label + sum(w + 2 for w in widths[start : end + 1]) > WIDTH:
            rows = {name: cells[start:end] for name, cells in table.rows.items()}
            yield columns[start:end], rows
            start = end


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        escape_controls(text), WIDTH, subsequent_indent=indent, break_on_hyphens=False
    )
