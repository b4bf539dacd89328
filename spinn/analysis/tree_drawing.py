"""A binary tree as a picture.

Every node stands above the middle between its first and its last word, at a height in proportion
to their distance. All branches then have the same slope, each child lies on a side of the triangle
above its parent's words, and no two branches cross.
"""

import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from spinn.analysis.comparison.drawing import DATELESS, INK, STYLE, write_figure
from spinn.analysis.tree_text import checked_words
from spinn.errors import InputError
from spinn.trees.transitions import SHIFT, Parse, spans

WIDEST = 200.0  # inches; readers of PDF show no wider page
SIZE = 10.0  # of the letters, in points
GAP = 0.16  # inches between two words
NARROWEST = 0.34  # inches between the middles of two words
SLOPE = 0.75  # height of a node over half the width of its words; less in a tree as high as
HIGHEST = 20.0  # inches
EDGE = 0.12  # inches around the picture


def draw_tree(parse: Parse, path: Path, *, suffix: str = "svg") -> None:
    """Write the picture of a tree; see `tree_figure`.

    Args: suffix: the format, png, pdf or svg.
    """
    write_figure(tree_figure(parse), path, format=suffix, metadata=DATELESS[suffix])


def tree_figure(parse: Parse) -> Figure:
    """Draw a tree of T words: the words on one line, from left to right, each below its leaf.

    The figure is as wide as the words need in letters of 10 points.

    Raises: InputError: for more than MOST_WORDS words, or a figure wider than WIDEST.
    """
    words = checked_words(parse)
    font = FontProperties(family="sans-serif", size=SIZE)
    with mpl.rc_context(STYLE):
        widths = [_width(word, font) for word in words]
        places = [0.0]  # (T,) the middles of the words, in inches
        for left, right in pairwise(widths):
            places.append(places[-1] + max(NARROWEST, (left + right) / 2 + GAP))
        start, end = places[0] - widths[0] / 2 - EDGE, places[-1] + widths[-1] / 2 + EDGE
        if end - start > WIDEST:
            raise InputError(
                f"the tree is {end - start:.0f} inches wide, expected at most {WIDEST:.0f}; "
                "shorten its words, or write LaTeX: --out FILE.tex"
            )
        slope = min(SLOPE, 2 * HIGHEST / (places[-1] - places[0] + 1e-9))
        floor, roof = -SIZE / 72 * 1.5 - EDGE, slope * places[-1] / 2 + EDGE
        figure = Figure(figsize=(end - start, roof - floor))
        axes = figure.add_axes((0, 0, 1, 1), xlim=(start, end), ylim=(floor, roof))
        axes.axis("off")
        for word, place in zip(words, places, strict=True):
            axes.text(place, -0.05, word, ha="center", va="top", fontproperties=font)
        for parent, child in _branches(parse.transitions, places, slope):
            axes.plot(*zip(parent, child, strict=True), color=INK, lw=1.0, solid_capstyle="round")
    return figure


def _width(word: str, font: FontProperties) -> float:
    """Return the width of a word in inches."""
    with warnings.catch_warnings():  # a letter that the font lacks is drawn as a box
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        width, _, _ = TextToPath().get_text_width_height_descent(word, font, ismath=False)
    return float(width) / 72


def _branches(transitions: bytes, places: list[float], slope: float) -> list[tuple[Any, Any]]:
    """Return the two ends of each branch, parent first, in inches.

    Of `( ( the cat ) sat )` with the words at 0, 2 and 4, the inner nodes are at 1 and 2.
    """
    covered = iter(spans(transitions))
    stack: list[tuple[float, float]] = []
    shifted = 0
    branches = []
    for transition in transitions:
        if transition == SHIFT:
            stack.append((places[shifted], 0.0))
            shifted += 1
            continue
        start, end = next(covered)
        first, last = places[start], places[end - 1]
        node = ((first + last) / 2, slope * (last - first) / 2)
        right, left = stack.pop(), stack.pop()
        branches += [(node, left), (node, right)]
        stack.append(node)
    return branches
