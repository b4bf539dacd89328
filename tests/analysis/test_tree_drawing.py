"""Trees as pictures, LaTeX and text."""

import random
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from spinn.analysis.tree_drawing import draw_tree, tree_figure
from spinn.analysis.tree_text import tree_latex, tree_text
from spinn.errors import InputError
from spinn.trees.transitions import Parse, every_tree, parse_brackets, random_tree

SVG_TEXT = "{http://www.w3.org/2000/svg}text"
TREE = parse_brackets("( ( the cat ) sat )")


def crosses(one: Any, other: Any) -> bool:
    """Whether the inner points of two lines meet in one point."""

    def side(a: Any, b: Any, c: Any) -> float:
        return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))

    (a, b), (c, d) = one, other
    tiny = 1e-9
    return side(a, b, c) * side(a, b, d) < -tiny and side(c, d, a) * side(c, d, b) < -tiny


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")
@pytest.mark.parametrize(
    "words",
    [
        ("i", "incomprehensibilities", ".", "a", "$x^$"),
        ("a", "b", "c", "d", "漢字"),
        ("W" * 60, "<", "&", "_", "%"),
    ],
)
def test_words_are_in_order_and_nothing_overlaps(words: tuple[str, ...]) -> None:
    for transitions in every_tree(len(words)):
        figure = tree_figure(Parse(words, transitions))
        renderer = FigureCanvasAgg(figure).get_renderer()
        (axes,) = figure.axes
        assert [text.get_text() for text in axes.texts] == list(words)
        boxes = [text.get_window_extent(renderer) for text in axes.texts]
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
        assert boxes[0].x0 > 0
        assert boxes[-1].x1 < figure.bbox.x1
        branches = [line.get_xydata().tolist() for line in axes.lines]
        assert len(branches) == 2 * (len(words) - 1)
        assert not any(crosses(*pair) for pair in combinations(branches, 2))
        ends = [child[0] for _, child in branches if child[1] == 0]
        assert sorted(ends) == [text.get_position()[0] for text in axes.texts]


def test_the_svg_holds_the_words_as_text(tmp_path: Path) -> None:
    parse = parse_brackets("( ( <the> $x_1^2$ ) ( a&b \x1b[31m ) )")
    draw_tree(parse, tmp_path / "tree.svg", suffix="svg")
    found = list(ElementTree.parse(tmp_path / "tree.svg").iter(SVG_TEXT))
    assert ["".join(text.itertext()) for text in found] == [
        "<the>", "$x_1^2$", "a&b", "\\x1b[31m",
    ]  # fmt: skip
    before = (tmp_path / "tree.svg").read_bytes()
    draw_tree(parse, tmp_path / "tree.svg", suffix="svg")
    assert (tmp_path / "tree.svg").read_bytes() == before


def test_latex() -> None:
    assert tree_latex(TREE, "forest") == (
        "% \\usepackage[linguistics]{forest}\n\\begin{forest}\n"
        "nice empty nodes, where n children=0{tier=word}{}\n"
        "[[[{the}][{cat}]][{sat}]]\n\\end{forest}\n"
    )
    assert tree_latex(TREE, "tikz-qtree") == (
        "% \\usepackage{tikz-qtree}\n"
        "\\begin{tikzpicture}[frontier/.style={distance from root=6em}]\n"
        "\\Tree [.{} [.{} {the} {cat} ] {sat} ]\n\\end{tikzpicture}\n"
    )
    word = parse_brackets("word")
    assert "\n[{word}]\n" in tree_latex(word, "forest")
    assert "\\Tree [.{word} ]\n" in tree_latex(word, "tikz-qtree")


@pytest.mark.parametrize("package", ["forest", "tikz-qtree"])
def test_characters_of_latex_are_escaped(package: str) -> None:
    words = ("50%", "$x_1^2", "a&b#", "\\cmd{}", "[~]", "--", "a\nb")
    text = tree_latex(Parse(words, random_tree(len(words), random.Random(1))), package)
    for escaped in (
        r"{50\%}", r"{\$x\_1\textasciicircum{}2}", r"{a\&b\#}", r"{\textbackslash{}cmd\{\}}",
        r"{{[}\textasciitilde{}]}", "{-{}-}", r"{a\textbackslash{}nb}",
    ):  # fmt: skip
        assert escaped in text


def test_a_tree_in_the_terminal() -> None:
    assert tree_text(TREE).splitlines()[-1].split() == ["the", "cat", "sat"]
    long = "incomprehensibilities-of-words"
    assert long in tree_text(parse_brackets(f"( a {long} )"))
    assert tree_text(parse_brackets("word")).splitlines()[-1].strip() == "word"


@pytest.mark.parametrize("shape", ["( a ", "a )"])
def test_a_deep_tree(shape: str) -> None:
    text = "( a " * 199 + "b" + " )" * 199 if shape == "( a " else "( " * 199 + "b" + " a )" * 199
    parse = parse_brackets(text)
    assert tree_text(parse)
    assert tree_latex(parse, "forest").count("{a}") == 199
    assert len(tree_figure(parse).axes[0].lines) == 398


def test_sizes_that_cannot_be_drawn() -> None:
    with pytest.raises(InputError, match="the tree has 201 words; a drawing has at most 200"):
        tree_text(parse_brackets("( a " * 200 + "b" + " )" * 200))
    with pytest.raises(InputError, match=r"inches wide, expected at most 200"):
        tree_figure(parse_brackets(f"( {'a' * 5000} b )"))
