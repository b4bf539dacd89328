"""A trace as text on a terminal."""

import io
import os
import shutil
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import TextIO

from spinn.analysis.trace import Node, Side, Trace, marks
from spinn.trees.transitions import SHIFT

WIDTH = 100  # columns where there is no terminal
MOVES = ("SHIFT", "REDUCE")
BOLD, BLUE, ORANGE, FAINT = "1", "34", "33", "2"

Paint = Callable[[str, str], str]


def told(trace: Trace, stream: TextIO) -> str:
    """Return the steps and the tree of each side, and the answer; coloured for a terminal alone."""
    terminal = stream.isatty()
    paint = _colour if terminal and "NO_COLOR" not in os.environ else _plain
    width = shutil.get_terminal_size((WIDTH, 24)).columns if terminal else WIDTH
    signs = marks(trace.labels)
    lines: list[str] = []
    for side in trace.sides:
        lines += [paint(f"{side.name}, {len(side.words)} word(s), tree: {side.source}", BOLD), ""]
        lines += [*_steps(side, width, paint), "", *_tree(side, signs, width, paint), ""]
    legend = ", ".join(f"{sign} {label}" for sign, label in zip(signs, trace.labels, strict=True))
    lines += [paint(f"at each node, the label if it were its whole sentence: {legend}", FAINT)]
    unknown = [
        w for side in trace.sides for w, new in zip(side.words, side.unknown, strict=True) if new
    ]
    if unknown:
        lines += [paint(f"words not seen in training: {', '.join(map(printable, unknown))}", FAINT)]
    chances = zip(trace.labels, trace.probabilities, strict=True)
    answer = "  ".join(f"{label} {chance:.1%}" for label, chance in chances)
    return "\n".join([*lines, "", f"{paint(trace.label, BOLD)}    ({answer})"])


def _plain(text: str, colour: str) -> str:
    return text


def _colour(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m"


def _steps(side: Side, width: int, paint: Paint) -> Iterator[str]:
    """A line for each step: stack and buffer before its move, and the move."""
    digits = len(str(len(side.moves) + 1))
    chance = 8 if side.chances else 0
    room = max(width - digits - chance - 12, 20)
    left, right = room * 3 // 5, room - room * 3 // 5
    head = f"{'':{digits}}  {'move':6}{'p' if chance else '':>{chance}}"
    yield paint(f"{head}  {_padded('stack', left)}  buffer", FAINT)
    for step, (stack, buffer) in enumerate(_states(side)):
        move = side.moves[step] if step < len(side.moves) else None
        name = "done" if move is None else MOVES[move]
        shown = paint(f"{name:6}", BOLD if move is None else BLUE if move == SHIFT else ORANGE)
        if side.chances:
            shown += f"{side.chances[step]:>8.1%}" if move is not None else " " * 8
        ends = _padded(_last(stack, left), left), _first(buffer, right)
        yield f"{step + 1:{digits}}  {shown}  {'  '.join(ends)}".rstrip()


def _states(side: Side) -> Iterator[tuple[str, str]]:
    """Stack and buffer before each move and after the last, as text."""
    words = [printable(word) for word in side.words]
    stack: list[str] = []
    shifted = 0
    for move in side.moves:
        yield "  ".join(stack), "  ".join(words[shifted:])
        if move == SHIFT:
            stack.append(words[shifted])
            shifted += 1
        else:
            right = stack.pop()
            stack[-1] = f"( {stack[-1]} {right} )"
    yield "  ".join(stack), ""


def _tree(side: Side, signs: list[str], width: int, paint: Paint) -> list[str]:
    """The tree as a drawing, or, where that is too wide for a line, a node a line."""
    labels = [_label(node, signs) for node in side.nodes]
    drawn = _drawn(side, labels)
    if max(map(_wide, drawn)) <= width:
        return drawn
    why = _first("a drawing is wider than the lines here: a node a line; --html draws it", width)
    return [paint(why, FAINT), *_listed(side, labels, width)]


def _label(node: Node, signs: list[str]) -> str:
    best = max(range(len(signs)), key=node.probabilities.__getitem__)
    return f"{signs[best]} {node.probabilities[best]:.0%}"


def _drawn(side: Side, labels: list[str]) -> list[str]:
    from nltk.tree import Tree

    # A word has a node of its own: pretty_print shows one beside a phrase in the wrong place.
    made: list[Tree] = []
    for node, label in zip(side.nodes, labels, strict=True):
        parts = [made[child] for child in node.children] or [printable(side.words[node.span[0]])]
        made.append(Tree(label, parts))
    drawn = io.StringIO()
    made[-1].pretty_print(stream=drawn)
    return [line.rstrip() for line in drawn.getvalue().rstrip().splitlines()]


def _listed(side: Side, labels: list[str], width: int) -> Iterator[str]:
    """A line for each node, its parts below it: label and words, as much as there is room for.

    Each stands two columns further in than what it is part of; in a tree too deep for that, the
    number of nodes above it stands before each.
    """
    nodes = list(_downwards(side))
    deepest = max(depth for _, depth in nodes)
    fits = 2 * deepest <= width // 2
    for number, depth in nodes:
        lead = "  " * depth if fits else f"{depth:{len(str(deepest))}}  "
        words = " ".join(map(printable, side.words[slice(*side.nodes[number].span)]))
        yield _first(f"{lead}{labels[number]}  {words}", width)


def _downwards(side: Side) -> Iterator[tuple[int, int]]:
    """Each node before its parts, left before right, and how many nodes are above it."""
    waiting = [(len(side.nodes) - 1, 0)]
    while waiting:
        number, depth = waiting.pop()
        yield number, depth
        waiting += [(child, depth + 1) for child in reversed(side.nodes[number].children)]


def printable(word: str) -> str:
    """The word with control signs written out, so that it cannot steer the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in word)


def _columns(sign: str) -> int:
    """How many columns a sign takes on a terminal."""
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _wide(text: str) -> int:
    return sum(map(_columns, text))


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _wide(text))


def _first(text: str, width: int) -> str:
    """The beginning of a text, as much as there is room for."""
    ends = list(accumulate(map(_columns, text)))  # columns up to and with each sign
    if not ends or ends[-1] <= width:
        return text
    return text[: bisect_right(ends, width - 1)] + "…"


def _last(text: str, width: int) -> str:
    """The end of a text, as much as there is room for."""
    return _first(text[::-1], width)[::-1]
