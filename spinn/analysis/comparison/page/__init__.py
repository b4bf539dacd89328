"""A comparison as one web page without further files."""

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from spinn.analysis.comparison.disagreements import MOST_LABELS, heading, show_value, title
from spinn.analysis.comparison.drawing import COLUMN, Drawing, score_name
from spinn.analysis.comparison.inline_svg import THEMED, inline_svg
from spinn.analysis.comparison.page.html import Html, element, escape, join
from spinn.analysis.comparison.page.trees import tree_svg
from spinn.analysis.comparison.tables import (
    Number,
    Table,
    breakdown_table,
    difference_table,
    left_out_table,
    results_table,
)
from spinn.analysis.page import source_hash
from spinn.text import plural

FILES = ("results.csv", "results.md", "results.tex", "comparison.json")
READING = {
    "mean ± deviation": "The mean over the runs of a row, which differ in the seed alone, and "
    "their standard deviation. One run has no deviation.",
    "*": "Over seeds: the difference is larger than the variation between seeds explains. Welch's "
    "t test on the scores of the runs, p < 0.05 after Holm. It says nothing about other test sets.",
    "†": "On the same examples: the difference of these trained models is larger than the choice "
    "of the examples explains. A paired test of the predictions, p < 0.05 after Holm. It says "
    "nothing about new seeds.",
    "95 % intervals": "Over seeds, Student's t interval (of a difference, Welch's); over examples, "
    "a paired bootstrap; over both, a hierarchical bootstrap of seeds and examples, from five "
    "seeds on. Error bars in the figures are t intervals over seeds.",
    "p": "Two-sided, and corrected by Holm's method over the rows on each set, so that many rows "
    "do not find a difference by chance. McNemar's exact test compares the runs that are best on "
    "dev.",
    "best dev": "The best score on dev of all seeds. It is optimistic, because it is selected.",
    "sentences/s": "In training, without the time of evaluation.",
}


def render_page(
    summary: Mapping[str, Any],
    drawings: Sequence[Drawing],
    colours: Mapping[str, str],
    *,
    command: str,
    data: Iterable[str],
) -> str:
    """Return the page's HTML.

    What comes from runs is escaped, and the content security policy allows no other script or
    style, and no request.

    Args:
        summary: see `comparison.summary`; it may have `breakdowns` and `disagreements`.
        drawings: see `figures`.
        colours: of the rows that are drawn, by name.
        command: that made the page.
        data: the names of the runs' data.
    """
    style, script = _read("page.css"), _read("page.js")
    policy = f"default-src 'none'; style-src {source_hash(style)}; script-src {source_hash(script)}"
    heading = f"Comparison on {', '.join(data)}"
    by_title = {drawing.title: drawing for drawing in drawings}
    breakdowns = [
        _breakdown(entry, by_title.pop(f"By {entry['by']}", None))
        for entry in summary.get("breakdowns", [])
    ]
    sections = {
        "results": ("Results", _results(summary, colours)),
        "differences": ("Differences", _differences(summary, colours)),
        "figures": ("Figures", _figures(by_title.values())),
        "breakdowns": ("Breakdowns", join(breakdowns) if breakdowns else None),
        "disagreements": ("Disagreements", _disagreements(summary.get("disagreements"))),
        "left-out": ("Left out", _left_out(summary)),
        "reading": ("How to read this page", _reading(command)),
    }
    shown = {key: section for key, section in sections.items() if section[1] is not None}
    body = [
        _lead(summary, heading, {key: name for key, (name, _) in shown.items()}),
        *(
            element("section", element("h2", name, id=key), content or "", aria_labelledby=key)
            for key, (name, content) in shown.items()
        ),
    ]
    parts = {
        "policy": f"{policy}; base-uri 'none'; form-action 'none'",
        "title": escape(heading),
        "style": style,
        "body": join(body),
        "script": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read("page.html"))


def _read(name: str) -> str:
    return files("spinn.analysis.comparison.page").joinpath(name).read_text(encoding="utf-8")


def _lead(summary: Mapping[str, Any], heading: str, sections: Mapping[str, str]) -> Html:
    rows = summary["rows"]
    facts = [
        element("span", element("b", score_name(summary["metric"])), class_="chip"),
        element("span", plural(len(rows), "row"), class_="chip"),
        element("span", plural(sum(len(row["runs"]) for row in rows), "run"), class_="chip"),
    ]
    if summary["baseline"] is not None:
        facts.append(element("span", "baseline ", element("b", summary["baseline"]), class_="chip"))
    links = [element("a", name, href=f"#{key}") for key, name in sections.items()]
    return element(
        "div",
        element("h1", heading),
        element("p", *facts, class_="facts"),
        element("nav", *links, class_="contents", aria_label="Contents"),
        class_="lead",
    )


def _table(
    table: Table, colours: Mapping[str, str] | None = None, *, baseline: str | None = None
) -> Html:
    """Return a table that scripts sort; in a box of its own that scrolls.

    Args:
        colours: of rows, shown beside their names.
        baseline: the row that is marked.
    """
    heads = [
        element(
            "th", element("button", name or "row", type="button"),
            scope="col", class_="text" if place < table.texts else None,
        )
        for place, name in enumerate(table.header)
    ]  # fmt: skip
    lines = []
    for line in table.rows:
        name = line[0].removesuffix(" (baseline)") if baseline is not None else line[0]
        cells = [
            element(
                "th",
                element("span", _swatch((colours or {}).get(name)), line[0], class_="name"),
                scope="row",
            )
        ]
        for place, cell in enumerate(line[1:], 1):
            value = f"{cell.value!r}" if isinstance(cell, Number) else None
            kind = "text" if place < table.texts else None
            cells.append(element("td", cell, class_=kind, data_value=value))
        marked = "baseline" if baseline is not None and name == baseline else None
        lines.append(element("tr", *cells, class_=marked))
    made = element(
        "table",
        element("caption", table.title, class_="screen-reader"),
        element("thead", element("tr", *heads)),
        element("tbody", *lines),
        class_="sortable",
    )
    box = element(
        "div", made, class_="scroll tall", tabindex="0", role="region", aria_label=table.title
    )
    notes = [element("p", note) for note in table.notes]
    return join([box, element("div", *notes, class_="notes")] if notes else [box])


def _swatch(colour: str | None) -> Html:
    """Return a dot in the colour that a row has in the figures; nothing for another name."""
    if colour is None:
        return Html("")
    dot = element("circle", cx=5, cy=5, r=5, fill=THEMED.get(colour, colour))
    return element("svg", dot, class_="swatch", width=10, height=10, aria_hidden="true")


def _results(summary: Mapping[str, Any], colours: Mapping[str, str]) -> Html:
    table = _table(results_table(summary), colours, baseline=summary["baseline"])
    return element("div", table, class_="card stack")


def _differences(summary: Mapping[str, Any], colours: Mapping[str, str]) -> Html | None:
    table = difference_table(summary)
    if table is None or not table.rows:
        return None
    return element("div", element("h3", table.title), _table(table, colours), class_="card stack")


def _left_out(summary: Mapping[str, Any]) -> Html | None:
    table = left_out_table(summary)
    return None if table is None else element("div", _table(table), class_="card stack texts")


def _figures(drawings: Iterable[Drawing]) -> Html | None:
    made = [_figure(drawing, card=True) for drawing in drawings]
    return element("div", *made, class_="figures") if made else None


def _figure(drawing: Drawing, *, card: bool = False) -> Html:
    wide = _is_wide(drawing)
    kinds = [*(["card"] if card else []), *(["wide"] if wide else [])]
    svg = element("div", Html(inline_svg(drawing)), class_="scroll", tabindex="0" if wide else None)
    links = [
        element("a", suffix.upper(), href=f"figures/{drawing.name}.{suffix}")
        for suffix in ("pdf", "png")
    ]
    caption = element(
        "figcaption",
        element("span", drawing.text[:1].upper() + drawing.text[1:], id=f"{drawing.name}-text"),
        element("span", *links, class_="files"),
    )
    name = element("h3", drawing.title, id=f"{drawing.name}-title")
    return element("figure", name, svg, caption, class_=" ".join(kinds) or None)


def _is_wide(drawing: Drawing) -> bool:
    return bool(drawing.figure.get_figwidth() > COLUMN + 0.5)


def _breakdown(entry: Mapping[str, Any], drawing: Drawing | None) -> Html:
    """Return figure and table, side by side where the figure is narrow."""
    table = breakdown_table(entry)
    first = element("h3", table.title) if drawing is None else _figure(drawing)
    kind = "card breakdown" if drawing is None or _is_wide(drawing) else "card breakdown beside"
    return element("div", first, element("div", _table(table)), class_=kind)


def _disagreements(entry: Mapping[str, Any] | None) -> Html | None:
    if entry is None:
        return None
    parts = [element("h3", title(entry))]
    counts = entry["counts"]
    if counts is not None:
        first, second = (row["name"] for row in entry["rows"])
        kinds = {
            "both right": counts["both"],
            f"only {first} right": counts["first"],
            f"only {second} right": counts["second"],
            "both wrong": counts["neither"],
        }
        parts.append(
            element(
                "p",
                *(
                    element("span", f"{kind} ", element("b", f"{count:,}"), class_="chip")
                    for kind, count in kinds.items()
                ),
                class_="facts",
            )
        )
    parts += [element("p", note, class_="notes") for note in entry["notes"]]
    before = None
    for number, example in enumerate(entry["examples"], 1):
        if counts is not None:
            side = 0 if example["answers"][0]["correct"] else 1
            if side != before:
                parts.append(element("h3", heading(entry, side)))
            before = side
        parts.append(_example(entry, example, number))
    return element("div", *parts, class_="examples")


def _example(entry: Mapping[str, Any], example: Mapping[str, Any], number: int) -> Html:
    sentences = [
        part
        for name, words in zip(entry["sentences"], example["words"], strict=True)
        for part in (element("dt", name), element("dd", " ".join(words), dir="auto"))
    ]
    first, second = (answer["trees"] for answer in example["answers"])
    # Trees of one row, or the same ones of both, have the whole width.
    apart = any(first) and any(second) and first != second
    answers = [
        _answer(row, answer, entry["sentences"], trees=apart)
        for row, answer in zip(entry["rows"], example["answers"], strict=True)
    ]
    header = element(
        "header",
        element("h4", f"{number}. gold: {show_value(example['gold'])}"),
        element("span", f"{example['file']}:{example['row']}", class_="place"),
    )
    common = Html("")
    if not apart:
        used = zip(entry["rows"], (first, second), strict=True)
        names = [row["name"] for row, trees in used if any(trees)]
        name = f"Trees of {' and '.join(names)}"
        common = _trees(entry["sentences"], first if any(first) else second, name)
    return element(
        "article",
        header,
        element("dl", *sentences, class_="sentences"),
        element("div", *answers, class_="answers"),
        common,
        class_="card example",
    )


def _answer(
    row: Mapping[str, Any], answer: Mapping[str, Any], names: Sequence[str], *, trees: bool
) -> Html:
    kind = {True: "right", False: "wrong", None: None}[answer.get("correct")]
    sign = {"right": "✓ right", "wrong": "✗ wrong", None: ""}[kind]
    predicted = show_value(answer["predicted"])
    verdict = element("p", f"{row['name']}: {predicted} ", element("span", sign, class_="verdict"))
    parts = [verdict]
    if "squared_error" in answer:
        parts.append(element("p", f"squared error {answer['squared_error']:.3f}"))
    elif answer["probabilities"]:
        ordered = sorted(answer["probabilities"].items(), key=lambda item: -item[1])
        bars = [_bar(label, p, label == predicted) for label, p in ordered[:MOST_LABELS]]
        parts.append(element("ul", *bars, class_="bars"))
    if trees:
        kind_of_tree = "predicted" if row["tree_source"] == "predicted" else row["trees"]
        parts.append(_trees(names, answer["trees"], f"Trees ({kind_of_tree})"))
    if "page" in answer:
        parts.append(
            element("p", element("a", "Step through it in the inspector", href=answer["page"]))
        )
    if answer["command"]:
        parts.append(
            element(
                "details",
                element("summary", "Command"),
                element("code", answer["command"], class_="command"),
            )
        )
    return element("div", *parts, class_=" ".join(filter(None, ("answer", kind))))


def _bar(label: str, probability: float, predicted: bool) -> Html:
    rect = element("rect", width=f"{100 * probability:.1f}", height=8)
    bar = element("svg", rect, viewBox="0 0 100 8", preserveAspectRatio="none", aria_hidden="true")
    number = element("span", f"{probability:.1%}", class_="number")
    return element(
        "li", element("span", label), bar, number, class_="predicted" if predicted else None
    )


def _trees(names: Sequence[str], trees: Sequence[str | None], title: str) -> Html:
    """Return the trees of an example, open; nothing where there are none."""
    drawn = [
        element(
            "div", element("p", name, class_="tree-name"),
            element("div", tree_svg(tree), class_="scroll", tabindex="0"),
        )
        for name, tree in zip(names, trees, strict=True)
        if tree is not None
    ]  # fmt: skip
    if not drawn:
        return Html("")
    body = element("div", *drawn, class_="trees")
    return element("details", element("summary", title), body, open=True)


def _reading(command: str) -> Html:
    entries = [
        part
        for name, text in READING.items()
        for part in (element("dt", name), element("dd", text))
    ]
    links = [part for name in FILES for part in (element("a", name, href=name), " ")]
    return element(
        "div",
        element("dl", *entries, class_="reading"),
        element("p", "Made by"),
        element("code", command, class_="command"),
        element("p", "The numbers as files: ", *links),
        class_="card stack",
    )
