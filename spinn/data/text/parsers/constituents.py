"""What `link-parser` is given of a sentence, and its answer as a tree over the sentence's words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING

from spinn.trees.transitions import Parse, binarise

if TYPE_CHECKING:
    from nltk.tree import Tree

_PLAIN = {
    "-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}",
    "``": '"', "''": '"',
}  # fmt: skip
_ENCLITIC = re.compile(r"n't|'[a-z]+", re.IGNORECASE)
_MARKS = re.compile(r"(\{[^{}]\})?(\.[\w#-]+)?$")  # `{?}` of a guess, `.v` of a word's sense
_BRACES = str.maketrans("([)]", "{{}}")  # the program does not keep them apart
NOTHING = "\N{REPLACEMENT CHARACTER}"  # stands for a word of which nothing can be printed


def written(words: Sequence[str]) -> list[list[str]]:
    """Write words as plain text has them: in chunks without a space, of one or more words.

    "ca", "n't" is one chunk; -LRB- is a bracket again; control characters are left out.
    """
    chunks: list[list[str]] = []
    for word in words:
        plain = "".join(c for c in _PLAIN.get(word, word) if c.isprintable() and c != " ")
        if chunks and chunks[-1][-1][-1].isalnum() and _ENCLITIC.fullmatch(plain):
            chunks[-1].append(plain)
        else:
            chunks.append([plain or NOTHING])
    return chunks


def read_tree(answer: str, words: Sequence[str]) -> Parse:
    """Read `[S [NP the dog.n NP] [VP barks.v VP] S]` as a tree over the words that were written.

    Where the program splits words otherwise, a constituent that begins or ends within a word is
    left out. A node of several parts is cut as `( a ( b c ) )`.

    Raises: ValueError: if it is no tree, or is over other words.
    """
    leaves, constituents = _leaves(answer)
    chunks = written(words)
    places = [0, *accumulate(_lengths(leaves, chunks))]  # of leaves, in characters
    edges = {place: n for n, place in enumerate(accumulate(map(len, chain(*chunks)), initial=0))}
    found = [(places[start], places[end]) for start, end in constituents]
    found += pairwise(places)  # a leaf may be several words: "can't"
    covered = {(edges[a], edges[b]) for a, b in found if a in edges and b in edges}
    return Parse(tuple(words), binarise(_nested(words, covered)).transitions)


def _leaves(answer: str) -> tuple[list[str], list[tuple[int, int]]]:
    """Return the leaves, and the leaves that each constituent covers, as [start, end)."""
    leaves: list[str] = []
    constituents: list[tuple[int, int]] = []
    opened: list[int] = []
    for token in answer.split():
        if token.startswith("["):
            opened.append(len(leaves))
        elif not token.endswith("]"):
            leaves.append(token)
        elif opened:
            constituents.append((opened.pop(), len(leaves)))
        else:
            raise ValueError("the tree closes more constituents than it opens")
    if opened:
        raise ValueError(f"the tree leaves {len(opened)} constituent(s) open")
    return leaves, constituents


def _lengths(leaves: Iterable[str], chunks: Iterable[Sequence[str]]) -> list[int]:
    """Return how many characters of the sentence each leaf is."""
    lengths: list[int] = []
    rest = iter(leaves)
    for chunk in map("".join, chunks):
        left = _folded(chunk)
        while left:
            leaf = next(rest, "")
            length = next((len(form) for form in _forms(leaf) if left.startswith(form)), 0)
            if not length:
                raise ValueError(f"the tree is over other words: {leaf!r} in place of {chunk!r}")
            lengths.append(length)
            left = left[length:]
    if (leaf := next(rest, "")) != "":
        raise ValueError(f"the tree is over other words: {leaf!r} after the end")
    return lengths


def _forms(leaf: str) -> list[str]:
    """Return what may have been written for a leaf, the longest first: without marks, or braces."""
    folded = _folded(leaf)
    unused = folded[1:-1] if folded[:1] == "{" and folded[-1:] == "}" else ""  # `{the}`: no link
    forms = {folded, unused, _MARKS.sub("", folded), _MARKS.sub("", unused)}
    return sorted(filter(None, forms), key=len, reverse=True)


def _folded(text: str) -> str:
    """Return as many characters, of which the program changes none: it lower-cases some words."""
    lower = (c.lower() if len(c.lower()) == 1 else c for c in text)
    return "".join(lower).translate(_BRACES)


def _nested(words: Sequence[str], covered: Iterable[tuple[int, int]]) -> Tree:
    """Build the tree of spans that do not cross."""
    from nltk.tree import Tree

    several = {(start, end) for start, end in covered if end - start > 1}
    opening = Counter(start for start, _ in several)
    closing = Counter(end for _, end in several)
    stack = [Tree("", [])]
    for place, word in enumerate(words):
        for _ in range(opening[place]):
            node = Tree("", [])
            stack[-1].append(node)
            stack.append(node)
        stack[-1].append(word)
        del stack[len(stack) - closing[place + 1] :]
    return stack[0]
