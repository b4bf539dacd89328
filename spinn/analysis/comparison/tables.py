"""A comparison as tables: terminal (rich), Markdown, LaTeX (booktabs), CSV and JSON."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from spinn.analysis.comparison.comparison import (
    LOWER_IS_BETTER,
    PERCENT,
    TESTS,
    ShowNumber,
    formatter,
)
from spinn.analysis.comparison.grouping import show
from spinn.analysis.comparison.latex import latex_text, one_line
from spinn.text import duration, printable

SIGNIFICANT = 0.05
MARKS = {"seeds": "*", "examples": "†"}


class Number(str):
    """A cell that shows a number, and the number itself, by which the page sorts."""

    value: float

    def __new__(cls, text: str, value: float) -> "Number":
        """Make the cell."""
        cell = super().__new__(cls, text)
        cell.value = value
        return cell


@dataclass(frozen=True)
class Table:
    """Cells of text.

    Attributes:
        title: one line.
        header: of the columns.
        rows: of cells.
        texts: how many columns, from the left, are text and not numbers.
        notes: below the table.
    """

    title: str
    header: list[str]
    rows: list[list[str]]
    texts: int
    notes: list[str]


def results_table(summary: Mapping[str, Any]) -> Table:
    """Return a line per row: mean and deviation on every set, size and speed.

    Args: summary: see `comparison.summary`.
    """
    number = formatter(summary["metric"])
    sets, base = summary["sets"], summary["baseline"]
    # A setting that the name says, such as the model, has no column of its own.
    header = ["", "seeds", *sets, "best dev", "parameters", "time", "sentences/s"]
    lines, marked = [], ""
    for row in summary["rows"]:
        cells = []
        for name in sets:
            found = row["sets"].get(name)
            marked += _marks(found)
            shown = marked_mean(found, number)
            cells.append(Number(shown, found["mean"]) if found else shown)
        runs = row["runs"]
        on_dev = row["sets"].get("dev", {"values": []})["values"]
        best = (min if summary["metric"] in LOWER_IS_BETTER else max)(on_dev, default=None)
        seconds = fmean(run["train_seconds"] for run in runs)
        speed = fmean(run["sentences_per_second"] for run in runs)
        lines.append(
            [
                row["name"] + (" (baseline)" if row["name"] == base else ""),
                Number(str(len(runs)), len(runs)),
                *cells,
                "–" if best is None else Number(number(best), best),
                Number(f"{runs[0]['parameters']:,}", runs[0]["parameters"]),
                Number(duration(seconds), seconds),
                Number(f"{speed:,.0f}", speed),
            ]
        )
    unit = " in per cent" if summary["metric"] in PERCENT else ""
    notes = [
        f"{summary['metric'].replace('_', ' ')}{unit}, mean ± standard deviation over seeds; "
        "best dev: that of the best seed; time: mean training time."
    ]
    if "*" in marked:
        notes.append(f"* differs from {base} over seeds (Welch's t test, p < 0.05 after Holm).")
    if "†" in marked:
        notes.append(
            f"† differs from {base} on the same examples (paired test, these runs fixed, "
            "p < 0.05 after Holm)."
        )
    return Table("Results", header, lines, 1, [*notes, *summary["notes"]])


def difference_table(summary: Mapping[str, Any]) -> Table | None:
    """Return a line per row and set: difference from the baseline, intervals, adjusted p-values."""
    if summary["baseline"] is None:
        return None
    number = formatter(summary["metric"])
    header = [
        "", "set", "difference", "95 % over seeds", "p seeds", "95 % over examples", "p examples",
        "p McNemar", "95 % over both",
    ]  # fmt: skip
    lines = []
    for row in summary["rows"]:
        for name, found in row["sets"].items():
            test = found["test"]
            if test is None:
                continue
            lines.append(
                [
                    row["name"],
                    name,
                    Number(_signed(number(test["difference"])), test["difference"]),
                    _interval(test["interval"], number),
                    _p(test["adjusted"]["seeds"]),
                    _interval(test["examples_interval"], number),
                    _p(test["adjusted"]["examples"]),
                    _p(test["adjusted"]["mcnemar"]),
                    _interval(test["both_interval"], number),
                ]
            )
    empty = [i for i, _ in enumerate(header) if i > 1 and all(line[i] == "–" for line in lines)]
    kept = [i for i, _ in enumerate(header) if i not in empty]
    notes = ["p-values are two-sided, after Holm's correction over the rows on each set."]
    return Table(
        f"Difference from {summary['baseline']}",
        [header[i] for i in kept],
        [[line[i] for i in kept] for line in lines],
        2,
        notes,
    )


def breakdown_table(entry: Mapping[str, Any]) -> Table:
    """Return a line for each bin, and a column for each row of the comparison."""
    number = formatter(entry["metric"])
    header = [entry["title"], "examples", *(row["name"] for row in entry["rows"])]
    lines: list[list[str]] = []
    for place, found in enumerate(entry["bins"]):
        cells = [row["bins"][place] for row in entry["rows"]]
        few = " (few)" if found["few"] else ""
        lines.append(
            [
                found["label"],
                Number(f"{found['examples']:,}{few}", found["examples"]),
                *(Number(_with_interval(cell, number), cell["mean"]) for cell in cells),
            ]
        )
    names = ", ".join(entry["sets"])
    notes = [
        f"{entry['metric']}{' in per cent' if entry['metric'] != 'rmse' else ''} on {names}, mean "
        "over seeds with its 95 % t interval in brackets."
    ]
    if any(found["few"] for found in entry["bins"]):
        notes.append(f"few: fewer than {entry['fewest']} examples.")
    notes += [f"{left['name']} is left out: {left['reason']}" for left in entry["left_out"]]
    return Table(f"By {entry['by']}", header, lines, 1, notes)


def _with_interval(cell: Mapping[str, Any], number: ShowNumber) -> str:
    shown = number(cell["mean"])
    if cell["interval"] is None:
        return shown
    low, high = cell["interval"]
    return f"{shown} [{number(low)}, {number(high)}]"


def left_out_table(summary: Mapping[str, Any]) -> Table | None:
    """Return the folders that are not compared, and why."""
    if not summary["left_out"]:
        return None
    lines = [[found["path"], found["reason"]] for found in summary["left_out"]]
    return Table("Left out", ["folder", "reason"], lines, 2, [])


def tables(summary: Mapping[str, Any]) -> list[Table]:
    """Return all tables of a comparison."""
    breakdowns = map(breakdown_table, summary.get("breakdowns", []))
    found = (
        results_table(summary),
        difference_table(summary),
        *breakdowns,
        left_out_table(summary),
    )
    return [table for table in found if table is not None]


def markdown(table: Table) -> str:
    """Write a table in Markdown."""
    sides = ["---" if place < table.texts else "--:" for place, _ in enumerate(table.header)]
    lines = [table.header, sides, *table.rows]
    rows = [
        "| " + " | ".join(one_line(c).replace("|", r"\|") for c in line) + " |" for line in lines
    ]
    return "\n".join([*rows, "", *(f"{one_line(n)}  " for n in table.notes)]).rstrip() + "\n"


def latex(table: Table) -> str:
    """Write a table in LaTeX, with the package booktabs."""
    sides = "l" * table.texts + "r" * (len(table.header) - table.texts)
    rows = [" & ".join(map(latex_text, line)) + r" \\" for line in table.rows]
    return "\n".join(
        [
            r"% \usepackage{booktabs}",
            rf"\begin{{tabular}}{{{sides}}}",
            r"\toprule",
            " & ".join(map(latex_text, table.header)) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            *(f"% {one_line(note)}" for note in table.notes),
            "",
        ]
    )


def long_csv(summary: Mapping[str, Any]) -> str:
    """Write one line per row and set, all numbers with all digits."""
    file = io.StringIO()
    keys = list(dict.fromkeys(key for row in summary["rows"] for key in row["settings"]))
    names = [
        "row", *keys, "set", "metric", "seeds", "mean", "deviation", "low", "high", "difference",
        *(f"p_{name}{suffix}" for name in TESTS for suffix in ("", "_holm")),
    ]  # fmt: skip
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    for row in summary["rows"]:
        seeds = " ".join(str(run["seed"]) for run in row["runs"])
        for name, found in row["sets"].items():
            low, high = found["interval"] or (None, None)
            test = found["test"] or {"difference": None, "p": {}, "adjusted": {}}
            pairs = [test[form].get(kind) for kind in TESTS for form in ("p", "adjusted")]
            settings = (show(row["settings"].get(key)) for key in keys)
            writer.writerow(
                [
                    row["name"], *settings, name, summary["metric"], seeds, found["mean"],
                    found["deviation"], low, high, test["difference"], *pairs,
                ]
            )  # fmt: skip
    return file.getvalue()


def marked_mean(found: Mapping[str, Any] | None, number: ShowNumber) -> str:
    """Write the mean on a set, the standard deviation if there is one, and the significance."""
    if found is None:
        return "–"
    deviation, marks = found["deviation"], _marks(found)
    text = number(found["mean"]) + ("" if deviation is None else f" ± {number(deviation)}")
    return f"{text} {marks}".rstrip()


def _marks(found: Mapping[str, Any] | None) -> str:
    test = found["test"] if found else None
    if test is None:
        return ""
    adjusted = {name: test["adjusted"][name] for name in MARKS}
    return "".join(MARKS[name] for name, p in adjusted.items() if p is not None and p < SIGNIFICANT)


def _interval(interval: Sequence[float] | None, number: ShowNumber) -> str:
    if interval is None:
        return "–"
    low, high = interval
    return Number(f"{_signed(number(low))} to {_signed(number(high))}", low)


def _signed(text: str) -> str:
    return text if text.startswith("-") else f"+{text}"


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return Number("<0.001" if value < 0.001 else f"{value:.3f}", value)


def terminal(found: Sequence[Table], width: int | None = None) -> str:
    """Return tables for the terminal, in colour if the terminal supports it.

    A table that is too wide continues below with its first columns repeated.

    Args: width: in characters; by default that of the terminal.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table as RichTable

    console = Console(width=width, highlight=False)
    with console.capture() as capture:
        for table in found:
            console.print(escape(printable(table.title)), style="bold")
            for columns in _blocks(table, console.width):
                shown = RichTable(box=None, pad_edge=False)
                for place in columns:
                    text = place < table.texts
                    shown.add_column(
                        escape(printable(table.header[place])),
                        justify="left" if text else "right",
                        no_wrap=not text,
                        overflow="fold",
                    )
                for line in table.rows:
                    shown.add_row(*(escape(printable(line[place])) for place in columns))
                console.print(shown)
                console.print()
            for note in table.notes:
                console.print(escape(printable(note)), style="dim")
            console.print()
    return capture.get().rstrip() + "\n"


def _blocks(table: Table, width: int) -> list[list[int]]:
    """Return the columns of each part of a table that fits; text columns are in all parts."""
    lines = [table.header, *table.rows]
    widths = [max(len(line[place]) for line in lines) + 2 for place in range(len(table.header))]
    texts = [*range(table.texts)]
    left = min(sum(widths[: table.texts]), width // 2)
    blocks: list[list[int]] = []
    used = width
    for place in range(table.texts, len(widths)):
        if used + widths[place] > width and used > left:
            blocks.append([*texts])
            used = left
        blocks[-1].append(place)
        used += widths[place]
    return blocks or [texts]
