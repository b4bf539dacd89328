"""Natlog's sentences: one reading each, and trees that are those of the grammar."""

from random import Random

import pytest
from nltk import ChartParser, Tree

from spinn.data.generators.natlog.edits import Editor, exchanges
from spinn.data.generators.natlog.formulas import (
    Clause,
    Compound,
    Grammar,
    Negation,
    Verbal,
    clauses,
    spell,
)
from spinn.data.generators.natlog.lexicon import read_lexicon

LEXICON = read_lexicon()
GRAMMAR = Grammar(LEXICON)


def folded(tree: Tree | str) -> str:
    """The parse tree in SNLI's notation, a node with one child folded into it."""
    if isinstance(tree, str):
        return tree
    parts = [folded(child) for child in tree]
    return parts[0] if len(parts) == 1 else f"( {' '.join(parts)} )"


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_every_sentence_has_one_reading_and_the_grammars_tree(count: int) -> None:
    rng, parser = Random(count), ChartParser(GRAMMAR.rules)
    for _ in range(8):
        formula = GRAMMAR.sample(rng, count)
        sentence = spell(formula)
        (tree,) = parser.parse(sentence.text.split(" "))
        assert list(GRAMMAR.parses(sentence.text)) == [formula]
        assert folded(tree) == sentence.parse
        assert len(clauses(formula)) == count


def test_spelling_by_hand() -> None:
    dogs = Clause("all", None, "dogs", Verbal("walk", False), Verbal("sing", True))
    cats = Clause("not all", "old", "cats", None, Verbal("run", False))
    formula = Negation(Compound("either", dogs, cats))
    assert spell(formula).parse == (
        "( ( it ( is ( not ( the case ) ) ) ) ( that "
        "( ( either ( ( all ( dogs ( that walk ) ) ) ( do ( not sing ) ) ) ) "
        "( or ( ( ( not all ) ( old cats ) ) run ) ) ) ) )"
    )
    assert spell(formula).text == (
        "it is not the case that either all dogs that walk do not sing or not all old cats run"
    )
    assert spell(cats).depth == 3


def test_edited_sentences_keep_one_reading() -> None:
    rng = Random(5)
    editor = Editor(LEXICON, lambda: GRAMMAR.sample(rng, 1), rng)
    for _ in range(25):
        name, formula = editor.edit(GRAMMAR.sample(rng, 2))
        assert list(GRAMMAR.parses(spell(formula).text)) == [formula], name


def test_exchanges_keep_the_words() -> None:
    rng = Random(6)
    for _ in range(100):
        formula = GRAMMAR.sample(rng, rng.randint(1, 4))
        words = sorted(spell(formula).text.split(" "))
        for other in exchanges(formula):
            assert sorted(spell(other).text.split(" ")) == words


def test_the_lexicon_has_kinds_exclusions_and_held_out_pairs() -> None:
    assert LEXICON.hypernyms["poodles"] == ("dogs", "animals")
    assert set(LEXICON.hyponyms["move"]) == {"walk", "stroll", "march", "run", "jog", "sprint"}
    assert LEXICON.siblings["dogs"] == ("cats", "birds")
    assert len(LEXICON.held_out_hypernyms) >= 10
    for low, high in LEXICON.held_out_hypernyms:
        assert high in LEXICON.hypernyms[low]
    words = set(LEXICON.parent)
    assert all(words.issuperset(pair) for pair in LEXICON.held_out_combinations)
