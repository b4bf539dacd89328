"""Which tree a sentence gets."""

import random

import pytest

from spinn.data.sentences import TREE_NAMES, TreeSource
from spinn.errors import InputError
from spinn.trees import Parse, balanced, check_transitions, left_branching, right_branching

TEXT = "( ( The ( old church ) ) ( has cracks ) )"
WORDS = ("The", "old", "church", "has", "cracks")


def test_gold_keeps_the_brackets() -> None:
    parse = TreeSource("gold").from_brackets(TEXT)
    assert parse == Parse(WORDS, bytes([0, 0, 0, 1, 1, 0, 0, 1, 1]))


@pytest.mark.parametrize(
    ("name", "shape"),
    [("left", left_branching), ("right", right_branching), ("balanced", balanced)],
)
def test_shapes_replace_the_tree(name: str, shape) -> None:  # type: ignore[no-untyped-def]
    source = TreeSource(name)
    assert source.from_brackets(TEXT) == Parse(WORDS, shape(5))
    assert source.from_text("The old church has cracks") == Parse(WORDS, shape(5))


def test_a_random_tree_depends_on_seed_and_words_alone() -> None:
    source = TreeSource("random", seed=7)
    sentences = [f"( w{n} ( a ( b ( c ( d ( e f ) ) ) ) ) )" for n in range(400)]
    first = [source.from_brackets(text) for text in sentences]
    order = random.Random(0).sample(range(400), 400)
    fresh = TreeSource("random", seed=7)
    assert {n: fresh.from_brackets(sentences[n]) for n in order} == dict(enumerate(first))
    other = [TreeSource("random", seed=8).from_brackets(text) for text in sentences]
    assert [parse.words for parse in other] == [parse.words for parse in first]
    assert sum(a != b for a, b in zip(first, other, strict=True)) > 300
    assert len({parse.transitions for parse in first}) > 100  # of 132 trees
    for parse in first:
        check_transitions(parse.transitions, 7)


def test_plain_text_is_split_as_the_penn_treebank_does() -> None:
    words = TreeSource("left").from_text('He (John) can\'t say "no".').words
    assert words == ("He", "-LRB-", "John", "-RRB-", "ca", "n't", "say", "``", "no", "''", ".")


def test_what_cannot_be_read() -> None:
    with pytest.raises(ValueError, match=r"no parse: choose trees=left\|right\|balanced\|random"):
        TreeSource("gold").from_text("a b")
    with pytest.raises(ValueError, match="empty sentence"):
        TreeSource("left").from_text("  ")
    with pytest.raises(ValueError, match="not a binary tree"):
        TreeSource("left").from_brackets("( a b c )")
    with pytest.raises(InputError, match=f"trees='up', expected one of {', '.join(TREE_NAMES)}"):
        TreeSource("up")
