"""Propositional logic inference (Bowman, Manning and Potts 2015)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from spinn.data.text.corpus import Example
from spinn.data.text.readers.rows import columns_of, numbered_lines, one_of, parse_field, read_rows
from spinn.data.text.reading import Reader, ReadReport
from spinn.data.text.tree_source import TreeSource
from spinn.trees.transitions import Parse


class LogicReader(Reader):
    r"""Reads `relation \t tree \t tree`, such as `< \t ( a ( and b ) ) \t a`.

    Args: labels: the relations; by default the seven of natural logic.
    """

    def __init__(self, labels: Sequence[str] = ("=", "<", ">", "^", "|", "v", "#")) -> None:
        super().__init__(labels)

    def read(self, path: Path, trees: TreeSource, report: ReadReport) -> Iterator[Example]:
        """Yield the pairs of one file."""
        lines = numbered_lines(path, report)
        return read_rows(path, lines, lambda line: self.parse_row(line, trees), report)

    def parse_row(self, line: str, trees: TreeSource) -> Example:
        """Parse one line.

        Raises: ValueError: for anything but a known relation and two binary trees.
        """
        target = one_of(columns_of(line, 3)[0], self.labels)
        return Example(_sentences(line, trees), target)

    def sentence_parser(self, trees: TreeSource) -> Callable[[str], tuple[Parse, ...]]:
        """Return a function that parses the two trees of a line, whatever its relation."""
        return lambda line: _sentences(line, trees)


def _sentences(line: str, trees: TreeSource) -> tuple[Parse, ...]:
    _, left, right = columns_of(line, 3)
    fields = (("first tree", left), ("second tree", right))
    return tuple(parse_field(name, text, trees.from_brackets) for name, text in fields)
