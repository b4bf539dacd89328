"""A binary tree as text: for the terminal, and in LaTeX."""

import io

from spinn.analysis.comparison.latex import latex_text
from spinn.errors import InputError
from spinn.text import plural, printable
from spinn.trees.transitions import SHIFT, Parse, check_transitions, depth

MOST_WORDS = 200  # of a tree that is drawn


def tree_latex(parse: Parse, package: str) -> str:
    """Write a tree in LaTeX, its words on one line.

    Args: package: `forest` (Živanović 2017), or `tikz-qtree` (Chiang 2012).

    Raises: InputError: for more than MOST_WORDS words.
    """
    # In LaTeX, two hyphens are a dash.
    words = iter(latex_text(word).replace("--", "-{}-") for word in checked_words(parse))
    stack: list[str] = []
    forest = package == "forest"
    for transition in parse.transitions:
        if transition == SHIFT:
            stack.append(f"[{{{next(words)}}}]" if forest else f"{{{next(words)}}}")
        else:
            right = stack.pop()
            left = stack.pop()
            stack.append(f"[{left}{right}]" if forest else f"[.{{}} {left} {right} ]")
    if forest:
        lines = [
            r"% \usepackage[linguistics]{forest}",
            r"\begin{forest}",
            "nice empty nodes, where n children=0{tier=word}{}",
            stack[0],
            r"\end{forest}",
        ]
    else:
        tree = stack[0] if len(parse.words) > 1 else f"[.{stack[0]} ]"
        height = 3 * max(1, depth(parse.transitions))  # em, of the root above the words
        lines = [
            r"% \usepackage{tikz-qtree}",
            rf"\begin{{tikzpicture}}[frontier/.style={{distance from root={height}em}}]",
            rf"\Tree {tree}",
            r"\end{tikzpicture}",
        ]
    return "\n".join([*lines, ""])


def tree_text(parse: Parse) -> str:
    """Draw a tree for a terminal, as `nltk` prints it.

    Raises: InputError: for more than MOST_WORDS words.
    """
    from nltk.tree import Tree

    words = iter(checked_words(parse))
    stack: list[Tree] = []
    for transition in parse.transitions:
        if transition == SHIFT:  # a word has a node: pretty_print misplaces one beside a phrase
            stack.append(Tree(".", [next(words)]))
        else:
            right = stack.pop()
            stack[-1] = Tree(".", [stack[-1], right])
    drawn = io.StringIO()
    longest = max(map(len, parse.words)) * 6  # columns, as escapes; a longer word would be broken
    stack[0].pretty_print(stream=drawn, maxwidth=longest)
    return "\n".join(line.rstrip() for line in drawn.getvalue().rstrip().splitlines())


def checked_words(parse: Parse) -> list[str]:
    """Return the words as they are drawn, in one line each."""
    words, transitions = parse
    check_transitions(transitions, len(words))
    if len(words) > MOST_WORDS:
        raise InputError(
            f"the tree has {plural(len(words), 'word')}; a drawing has at most {MOST_WORDS}"
        )
    return [printable(word.replace("\xa0", " ")) for word in words]
