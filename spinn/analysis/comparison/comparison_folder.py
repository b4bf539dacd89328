"""The folder that `spinn compare --out` writes: tables, figures, a page."""

import json
from pathlib import Path
from typing import Any

from spinn.analysis.comparison import MARKER
from spinn.analysis.comparison.comparison import Comparison
from spinn.analysis.comparison.drawing import colour_of, drawn_rows
from spinn.analysis.comparison.figures import figures
from spinn.analysis.comparison.inspection import write_pages
from spinn.analysis.comparison.page import render_page
from spinn.analysis.comparison.tables import Table, latex, long_csv, markdown
from spinn.files import write_json, write_text

FIGURES, EXAMPLES = "figures", "examples"  # folders in it


def write_report(
    comparison: Comparison,
    summary: dict[str, Any],
    tables: list[Table],
    folder: Path,
    *,
    name: str,
    command: str,
) -> None:
    """Write all of a comparison into a folder; figures and examples of an earlier one are deleted.

    Args:
        summary: with its breakdowns and disagreements.
        tables: all of them.
        name: of the set of the figures that show one set.
        command: that is shown on the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _delete_earlier(folder)
    drawings = list(figures(comparison, summary["breakdowns"], name))
    (folder / FIGURES).mkdir(exist_ok=True)
    written = [path for drawing in drawings for path in drawing.save(folder / FIGURES)]
    if "disagreements" in summary:
        written += write_pages(summary["disagreements"], folder / EXAMPLES)
    data = dict.fromkeys(
        str(run.settings.get("names.data") or "data") for row in comparison.rows for run in row.runs
    )
    colours = {row.name: colour_of(place) for place, row in drawn_rows(comparison).items()}
    page = render_page(summary, drawings, colours, command=command, data=data)
    files = sorted(path.relative_to(folder).as_posix() for path in written)
    write_json(folder / MARKER, {**summary, "files": files})
    write_text(folder / "results.csv", long_csv(summary))
    write_text(folder / "results.md", "\n".join(f"## {t.title}\n\n{markdown(t)}" for t in tables))
    write_text(folder / "results.tex", "\n".join(map(latex, tables)))
    write_text(folder / "index.html", page)


def _delete_earlier(folder: Path) -> None:
    """Delete the figures and examples that an earlier comparison has written."""
    try:
        files = json.loads((folder / MARKER).read_text(encoding="utf-8"))["files"]
        names = [Path(file) for file in files]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for path in names:
        ours = len(path.parts) == 2 and path.parts[0] in (FIGURES, EXAMPLES) and path.name != ".."
        if ours and (folder / path).is_file():
            (folder / path).unlink()
