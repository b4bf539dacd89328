"""`python -m benchmarks.documents`: write the tables of results in the documents.

The tables stand between `<!-- results: … -->` and `<!-- end of results -->`, and are made from the
stored comparisons in docs/results/. With `--check`, nothing is written, and a table that differs is
an error.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from spinn.analysis.comparison.documents import rewrite
from spinn.cli.support import exit_codes
from spinn.errors import InputError
from spinn.files import write_text
from spinn.project import PROJECT_ROOT

STORED = PROJECT_ROOT / "docs" / "results"


def documents() -> list[Path]:
    """Return the pages that may have tables of results."""
    return sorted([PROJECT_ROOT / "README.md", *(PROJECT_ROOT / "docs").rglob("*.md")])


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the tables, or check them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.documents", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    for page in documents():
        name = page.relative_to(PROJECT_ROOT)
        before = page.read_text(encoding="utf-8")
        after = rewrite(before, STORED, str(name))
        if after == before:
            continue
        if options.check:
            raise InputError(f"{name}: a table of results was edited by hand; run `make results`")
        write_text(page, after)
        print(f"written: {name}")


if __name__ == "__main__":
    sys.exit(exit_codes.run(main))
