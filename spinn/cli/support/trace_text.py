"""A trace as text on a terminal."""

import io
import os
import shutil
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import TextIO

from spinn.analysis.trace import Node, SentenceTrace, Trace, marks
from spinn.data.text.tree_source import tree_kind
from spinn.text import plural, printable
from spinn.trees.transitions import SHIFT

WIDTH = 100  # columns where there is no terminal
NAMES = ("SHIFT", "REDUCE")
BOLD, BLUE, ORANGE, FAINT = "1", "34", "33", "2"

Paint = Callable[[str, str], str]


def format_trace(trace: Trace, stream: TextIO) -> str:
    """Return steps and tree of each sentence, and the prediction; coloured only for a terminal."""
    terminal = stream.isatty()
    coloured = terminal and "NO_COLOR" not in os.environ

    def paint(text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if coloured else text

    width = shutil.get_terminal_size((WIDTH, 24)).columns if terminal else WIDTH
    labels = [*map(printable, trace.labels)]
    signs = marks(labels)
    lines: list[str] = []
    for sentence in trace.sentences:
        words = plural(len(sentence.words), "word")
        title = f"{sentence.role}, {words}, {tree_kind(sentence.origin)} tree"
        lines += [paint(title, BOLD), ""]
        lines += [*_steps(sentence, width, paint), "", *_tree(sentence, signs, width, paint), ""]
    legend = ", ".join(f"{sign} {label}" for sign, label in zip(signs, labels, strict=True))
    lines += [paint(f"at each node: {trace.legend}{legend and ': '}{legend}", FAINT)]
    unknown = [
        word
        for sentence in trace.sentences
        for word, is_unknown in zip(sentence.words, sentence.unknown, strict=True)
        if is_unknown
    ]
    if unknown:
        lines += [paint(f"words not seen in training: {', '.join(map(printable, unknown))}", FAINT)]
    lines += [printable(f"warning: {warning}") for warning in trace.warnings]
    if trace.score is not None:
        return "\n".join([*lines, "", f"score {paint(f'{trace.score:.4f}', BOLD)}"])
    pairs = zip(labels, trace.probabilities, strict=True)
    probabilities = "  ".join(f"{label} {p:.1%}" for label, p in pairs)
    return "\n".join([*lines, "", f"{paint(printable(trace.label), BOLD)}    ({probabilities})"])


def _steps(sentence: SentenceTrace, width: int, paint: Paint) -> Iterator[str]:
    """Yield a line for each step: its transition, and stack and buffer before it."""
    transitions, probabilities = sentence.transitions, sentence.transition_probabilities
    digits = len(str(len(transitions) + 1))
    column = 8 if probabilities else 0  # width of the probability
    room = max(width - digits - column - 12, 20)
    left, right = room * 3 // 5, room - room * 3 // 5
    head = f"{'':{digits}}  {'step':6}{'p' if column else '':>{column}}"
    yield paint(f"{head}  {_padded('stack', left)}  buffer", FAINT)
    for step, (stack, buffer) in enumerate(_states(sentence)):
        if step < len(transitions):
            colour = BLUE if transitions[step] == SHIFT else ORANGE
            shown = paint(f"{NAMES[transitions[step]]:6}", colour)
            if probabilities:
                shown += f"{probabilities[step]:>8.1%}"
        else:
            shown = paint(f"{'done':6}", BOLD) + " " * column
        ends = _padded(_last(stack, left), left), _first(buffer, right)
        yield f"{step + 1:{digits}}  {shown}  {'  '.join(ends)}".rstrip()


def _states(sentence: SentenceTrace) -> Iterator[tuple[str, str]]:
    """Yield stack and buffer before each transition and after the last, as text."""
    words = [printable(word) for word in sentence.words]
    stack: list[str] = []
    shifted = 0
    for transition in sentence.transitions:
        yield "  ".join(stack), "  ".join(words[shifted:])
        if transition == SHIFT:
            stack.append(words[shifted])
            shifted += 1
        else:
            right = stack.pop()
            stack[-1] = f"( {stack[-1]} {right} )"
    yield "  ".join(stack), ""


def _tree(sentence: SentenceTrace, signs: list[str], width: int, paint: Paint) -> list[str]:
    """Return the tree as a drawing or, if the drawing is too wide, as one line per node."""
    labels = [_label(node, signs) for node in sentence.nodes]
    drawn = _drawn(sentence, labels)
    if max(map(_width, drawn)) <= width:
        return drawn
    note = _first("too wide to draw here: one line per node; --html draws the tree", width)
    return [paint(note, FAINT), *_listed(sentence, labels, width)]


def _label(node: Node, signs: list[str]) -> str:
    if node.score is not None:
        return f"{node.score:.2f}"
    best = max(range(len(signs)), key=node.probabilities.__getitem__)
    return f"{signs[best]} {node.probabilities[best]:.0%}"


def _drawn(sentence: SentenceTrace, labels: list[str]) -> list[str]:
    from nltk.tree import Tree

    # Each word has its own node: pretty_print misplaces a word beside a phrase.
    made: list[Tree] = []
    for node, label in zip(sentence.nodes, labels, strict=True):
        parts = [made[child] for child in node.children] or [
            printable(sentence.words[node.span[0]])
        ]
        made.append(Tree(label, parts))
    drawn = io.StringIO()
    made[-1].pretty_print(stream=drawn)
    return [line.rstrip() for line in drawn.getvalue().rstrip().splitlines()]


def _listed(sentence: SentenceTrace, labels: list[str], width: int) -> Iterator[str]:
    """Yield a line for each node, parents before children: label and words, cut to the width.

    A child is indented by two columns more than its parent. In a tree too deep for that, each line
    starts with the depth of its node instead.
    """
    nodes = list(_with_depths(sentence))
    deepest = max(depth for _, depth in nodes)
    fits = 2 * deepest <= width // 2
    for number, depth in nodes:
        lead = "  " * depth if fits else f"{depth:{len(str(deepest))}}  "
        words = " ".join(map(printable, sentence.words[slice(*sentence.nodes[number].span)]))
        yield _first(f"{lead}{labels[number]}  {words}", width)


def _with_depths(sentence: SentenceTrace) -> Iterator[tuple[int, int]]:
    """Yield each node and its depth, parents before children and left before right."""
    waiting = [(len(sentence.nodes) - 1, 0)]
    while waiting:
        number, depth = waiting.pop()
        yield number, depth
        waiting += [(child, depth + 1) for child in reversed(sentence.nodes[number].children)]


def _columns(character: str) -> int:
    """Return the width of a character on a terminal, in columns."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _width(text: str) -> int:
    return sum(map(_columns, text))


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _first(text: str, width: int) -> str:
    """Return the beginning of a text, cut to the width."""
    ends = list(accumulate(map(_columns, text)))  # columns up to and including each character
    if not ends or ends[-1] <= width:
        return text
    return text[: bisect_right(ends, width - 1)] + "…"


def _last(text: str, width: int) -> str:
    """Return the end of a text, cut to the width."""
    return _first(text[::-1], width)[::-1]
