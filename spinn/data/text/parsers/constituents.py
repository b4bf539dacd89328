"""The text sent to `link-parser`, and conversion of its output to a tree over the words."""

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
_MARKS = re.compile(r"(\{[^{}]\})?(\.[\w#-]+)?$")  # `{?}` of a guessed word, `.v` of a word's sense
_BRACES = str.maketrans("([)]", "{{}}")  # the program does not distinguish them
UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"  # sent for a word without printable characters


def to_chunks(words: Sequence[str]) -> list[list[str]]:
    """Group words into chunks that plain text writes without a space.

    "ca", "n't" is one chunk; -LRB- becomes a bracket; control characters are removed.
    """
    chunks: list[list[str]] = []
    for word in words:
        plain = "".join(c for c in _PLAIN.get(word, word) if c.isprintable() and c != " ")
        if chunks and chunks[-1][-1][-1].isalnum() and _ENCLITIC.fullmatch(plain):
            chunks[-1].append(plain)
        else:
            chunks.append([plain or UNPRINTABLE])
    return chunks


def read_tree(answer: str, words: Sequence[str]) -> Parse:
    """Convert `[S [NP the dog.n NP] [VP barks.v VP] S]` to a tree over the words that were sent.

    If the program splits words differently, constituents that begin or end inside a word are
    dropped. A node with more than two children is binarised as `( a ( b c ) )`.

    Raises: ValueError: if it is not a tree, or over other words.
    """
    leaves, constituents = _leaves(answer)
    chunks = to_chunks(words)
    offsets = [0, *accumulate(_lengths(leaves, chunks))]  # of leaves, in characters
    words_at = {at: n for n, at in enumerate(accumulate(map(len, chain(*chunks)), initial=0))}
    found = [(offsets[start], offsets[end]) for start, end in constituents]
    found += pairwise(offsets)  # a leaf may be several words: "can't"
    covered = {(words_at[a], words_at[b]) for a, b in found if a in words_at and b in words_at}
    return Parse(tuple(words), binarise(_nested(words, covered)).transitions)


def _leaves(answer: str) -> tuple[list[str], list[tuple[int, int]]]:
    """Return the leaves, and the span of leaves of each constituent, as [start, end)."""
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
    """Return the number of the sentence's characters that each leaf covers."""
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
    """Return possible source texts of a leaf, longest first: without marks, without braces."""
    folded = _folded(leaf)
    # `{the}` is a word without a link.
    unused = folded[1:-1] if folded[:1] == "{" and folded[-1:] == "}" else ""
    forms = {folded, unused, _MARKS.sub("", folded), _MARKS.sub("", unused)}
    return sorted(filter(None, forms), key=len, reverse=True)


def _folded(text: str) -> str:
    """Normalise case and brackets, which the program may change, without changing the length."""
    lower = (c.lower() if len(c.lower()) == 1 else c for c in text)
    return "".join(lower).translate(_BRACES)


def _nested(words: Sequence[str], covered: Iterable[tuple[int, int]]) -> Tree:
    """Build the tree of spans that do not cross."""
    from nltk.tree import Tree

    spans = {(start, end) for start, end in covered if end - start > 1}
    opening = Counter(start for start, _ in spans)
    closing = Counter(end for _, end in spans)
    stack = [Tree("", [])]
    for position, word in enumerate(words):
        for _ in range(opening[position]):
            node = Tree("", [])
            stack[-1].append(node)
            stack.append(node)
        stack[-1].append(word)
        del stack[len(stack) - closing[position + 1] :]
    return stack[0]
