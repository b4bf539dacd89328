"""Trees against the enumeration of all trees."""

import random
from collections import Counter
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.tree import Tree

from spinn.trees.transitions import (
    REDUCE,
    SHIFT,
    Parse,
    balanced,
    binarise,
    check_transitions,
    every_tree,
    from_nltk,
    from_spans,
    left_branching,
    parse_brackets,
    random_tree,
    right_branching,
    spans,
    to_brackets,
    to_nltk,
)

SENTENCE = "( ( The church ) ( ( has ( cracks ( in ( the ceiling ) ) ) ) . ) )"
WORDS = st.text(st.characters(exclude_characters=" ", exclude_categories=["Cs"]), min_size=1)
SHAPES = {"left": left_branching, "right": right_branching, "balanced": balanced}
DEEP = 10_000


def from_letters(letters: str) -> bytes:
    return bytes({"S": SHIFT, "R": REDUCE}[letter] for letter in letters if letter != " ")


def name_words(transitions: bytes) -> Parse:
    return Parse(tuple(f"w{n}" for n in range((len(transitions) + 1) // 2)), transitions)


@st.composite
def parses(draw: st.DrawFn) -> Parse:
    words = draw(st.lists(WORDS.filter(lambda word: word not in "()"), min_size=1, max_size=40))
    tree = random_tree(len(words), random.Random(draw(st.integers(0, 2**32))))
    return Parse(tuple(words), tree)


def test_the_example_of_the_paper() -> None:
    parse = parse_brackets(SENTENCE)
    assert parse.words == ("The", "church", "has", "cracks", "in", "the", "ceiling", ".")
    assert parse.transitions == from_letters("S S R S S S S S R R R R S R R")
    assert to_brackets(parse) == SENTENCE


def test_every_tree_is_catalan_and_without_repetition() -> None:
    for length in range(1, 9):
        trees = list(every_tree(length))
        n = length - 1
        assert len(set(trees)) == len(trees) == comb(2 * n, n) // (n + 1)
        assert trees[0] == right_branching(length)
        assert trees[-1] == left_branching(length)


@pytest.mark.parametrize("length", range(1, 8))
def test_all_forms_of_all_small_trees_round_trip(length: int) -> None:
    for transitions in every_tree(length):
        parse = name_words(transitions)
        check_transitions(transitions, length)
        assert parse_brackets(to_brackets(parse)) == parse
        assert from_spans(reversed(spans(transitions)), length) == transitions
        tree = to_nltk(parse, "X")
        assert from_nltk(tree) == binarise(tree) == binarise(tree, "left") == parse


@pytest.mark.parametrize("length", range(1, 6))
def test_validation_accepts_the_trees_and_nothing_else(length: int) -> None:
    trees = set(every_tree(length))
    for size in range(2 * length + 2):
        for code in range(2**size):
            candidate = bytes(code >> bit & 1 for bit in range(size))
            try:
                check_transitions(candidate, length)
            except ValueError:
                assert candidate not in trees
            else:
                assert candidate in trees


@given(parses())
def test_brackets_and_nltk_round_trip(parse: Parse) -> None:
    assert parse_brackets(to_brackets(parse)) == parse
    assert from_nltk(to_nltk(parse)) == parse


@given(parses())
def test_spans_are_those_of_the_nltk_tree(parse: Parse) -> None:
    tree = to_nltk(Parse(tuple(map(str, range(len(parse.words)))), parse.transitions))
    leaves = [[int(leaf) for leaf in node.leaves()] for node in tree.subtrees()]
    expected = {(node[0], node[-1] + 1) for node in leaves if len(node) > 1}
    assert set(spans(parse.transitions)) == expected
    assert len(spans(parse.transitions)) == len(parse.words) - 1


def test_shapes() -> None:
    assert left_branching(4) == from_letters("S SR SR SR")
    assert right_branching(4) == from_letters("SSSS RRR")
    assert balanced(5) == from_letters("SSR S R SSR R")
    assert left_branching(1) == right_branching(1) == balanced(1) == from_letters("S")


@given(st.integers(1, 300))
def test_the_balanced_tree_has_the_least_depth(length: int) -> None:
    transitions = balanced(length)
    check_transitions(transitions, length)
    covered = spans(transitions)
    depth = max(
        (sum(start <= word < end for start, end in covered) for word in range(length)), default=0
    )
    assert depth == (length - 1).bit_length()


@pytest.mark.parametrize(("length", "trees"), [(4, 5), (5, 14)])
def test_random_trees_are_uniform(length: int, trees: int) -> None:
    rng = random.Random(20)
    draws = 1000 * trees
    counts = Counter(random_tree(length, rng) for _ in range(draws))
    assert set(counts) == set(every_tree(length))
    chi_square = sum((count - 1000) ** 2 / 1000 for count in counts.values())
    assert chi_square < {5: 18.5, 14: 34.5}[trees]  # the 0.1 % point of 4 and of 13 degrees


def test_random_trees_follow_their_seed() -> None:
    assert random_tree(50, random.Random(3)) == random_tree(50, random.Random(3))
    assert random_tree(50, random.Random(3)) != random_tree(50, random.Random(4))


@pytest.mark.parametrize("shape", SHAPES)
def test_deep_trees_need_no_recursion(shape: str) -> None:
    parse = name_words(SHAPES[shape](DEEP))
    check_transitions(parse.transitions, DEEP)
    assert parse_brackets(to_brackets(parse)) == parse
    assert from_spans(spans(parse.transitions), DEEP) == parse.transitions
    tree = to_nltk(parse)
    assert from_nltk(tree) == parse
    assert binarise(tree) == binarise(tree, "left") == parse
    assert len(next(every_tree(DEEP // 10))) == 2 * (DEEP // 10) - 1
    check_transitions(random_tree(DEEP, random.Random(0)), DEEP)


def test_binarise_drops_labels_chains_and_empty_leaves() -> None:
    tree = Tree.fromstring(
        "(ROOT (S (NP (-NONE- *)) (VP (VB Go) (RB now) (PP (IN by) (NP (-NONE- *T*))) (. .))))"
    )
    assert to_brackets(binarise(tree)) == "( Go ( now ( by . ) ) )"
    assert to_brackets(binarise(tree, "left")) == "( ( ( Go now ) by ) . )"
    assert to_brackets(binarise(Tree.fromstring("(S (NP (NN (X word))))"))) == "word"


def test_brackets_as_words_are_those_of_the_penn_treebank() -> None:
    tree = Tree("S", ["(", Tree("S", ["a", ")"])])
    assert to_brackets(from_nltk(tree)) == "( -LRB- ( a -RRB- ) )"
    assert parse_brackets("( -LRB- ( a -RRB- ) )").words == ("-LRB-", "a", "-RRB-")


def test_one_word_and_stray_spaces() -> None:
    assert parse_brackets("word") == Parse(("word",), from_letters("S"))
    assert parse_brackets(" (  a b ) ") == parse_brackets("( a b )")
    assert parse_brackets("( a\xa0b c )").words == ("a\xa0b", "c")


def test_words_are_interned() -> None:
    first, second = parse_brackets("( rare words )"), parse_brackets("( rare things )")
    assert first.words[0] is second.words[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty sentence: no word found"),
        ("   ", "empty sentence: no word found"),
        ("( word )", "not a binary tree: the bracket closed after word 1 ('word') holds 1 part(s)"),
        ("( )", "the bracket closed after word 0 holds 0 part(s), expected 2"),
        ("( a b c )", "the bracket closed after word 3 ('c') holds 3 part(s), expected 2"),
        ("( ( a b ) )", "the bracket closed after word 2 ('b') holds 1 part(s), expected 2"),
        ("( a b", "unbalanced brackets: 1 opening bracket(s) never closed"),
        ("a )", "the closing bracket after word 1 ('a') has no opening one"),
        ("a b )", "the closing bracket after word 2 ('b') has no opening one"),
        ("( a b ) )", "the closing bracket after word 2 ('b') has no opening one"),
        (")", "the closing bracket after word 0 has no opening one"),
        ("a b", "2 trees side by side, expected one; brackets must stand alone between spaces"),
        ("(a b)", "2 trees side by side, expected one; brackets must stand alone between spaces"),
        ("( a b ) c", "2 trees side by side"),
    ],
)
def test_wrong_brackets(text: str, message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        parse_brackets(text)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("letters", "length", "message"),
    [
        ("", 0, "a tree has at least one word, got length 0"),
        ("SR", 1, "transition 2 reduces a stack of 1 tree(s), expected 2 or more"),
        ("R", 1, "transition 1 reduces a stack of 0 tree(s)"),
        ("SSRS", 2, "transition 4 shifts word 3 of 2"),
        ("SS", 2, "2 transitions shift 2 of 2 words and leave 2 tree(s), expected one tree"),
        ("SSR", 3, "3 transitions shift 2 of 3 words and leave 1 tree(s), expected one tree"),
    ],
)
def test_wrong_transitions(letters: str, length: int, message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        check_transitions(from_letters(letters), length)
    assert message in str(error.value)


def test_unknown_transitions() -> None:
    with pytest.raises(
        ValueError, match=r"transition 2 is 7, expected SHIFT \(0\) or REDUCE \(1\)"
    ):
        check_transitions(bytes([0, 7, 1]), 2)


@pytest.mark.parametrize(
    ("covered", "length", "message"),
    [
        ([(0, 2)], 3, "1 spans of several words, expected 2"),
        ([(0, 3), (2, 4)], 3, "span (2, 4) is not within 3 words"),
        ([(0, 3), (2, 0)], 3, "span (2, 0) is not within 3 words"),
        ([(0, 4), (0, 2), (1, 3)], 4, "crosses another span"),
        ([(0, 2), (0, 3), (1, 3)], 4, "the spans make no tree"),
    ],
)
def test_wrong_spans(covered: list[tuple[int, int]], length: int, message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        from_spans(covered, length)
    assert message in str(error.value)


@pytest.mark.parametrize("length", range(1, 6))
def test_only_the_spans_of_a_tree_are_accepted(length: int) -> None:
    known = {frozenset(spans(tree)) for tree in every_tree(length)}
    pairs = [(a, b) for a in range(length) for b in range(a + 2, length + 1)]
    accepted = set()
    for code in range(2 ** len(pairs)):
        chosen = frozenset(pair for bit, pair in enumerate(pairs) if code >> bit & 1)
        try:
            from_spans(chosen, length)
        except ValueError:
            continue
        accepted.add(chosen)
    assert accepted == known


def test_from_nltk_takes_binary_trees_only() -> None:
    with pytest.raises(ValueError, match=r"node 'NP' has 3 part\(s\), expected 2; see binarise"):
        from_nltk(Tree.fromstring("(S (NP a b c) d)"))
    with pytest.raises(ValueError, match=r"node 'S' has 1 part\(s\)"):
        from_nltk(Tree.fromstring("(S (NP a b))"))
    assert to_brackets(from_nltk(Tree.fromstring("(3 (2 It) (4 (2 's) (2 good)))"))) == (
        "( It ( 's good ) )"
    )


def test_binarise_needs_a_word_and_a_known_factor() -> None:
    with pytest.raises(ValueError, match="the tree holds no word"):
        binarise(Tree.fromstring("(S (-NONE- *))"))
    with pytest.raises(ValueError, match="factor='middle', expected 'right' or 'left'"):
        binarise(Tree("S", ["a"]), "middle")  # type: ignore[arg-type]


@pytest.mark.parametrize("word", ["(", ")", "", "two words"])
def test_a_text_that_cannot_be_a_word_is_an_error(word: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be a word between brackets; PTB writes -LRB-"):
        to_brackets(Parse(("a", word), from_letters("SSR")))


@pytest.mark.parametrize("shape", [*SHAPES.values(), lambda n: next(every_tree(n))])
def test_no_tree_without_words(shape) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="at least one word, got length 0"):
        shape(0)
