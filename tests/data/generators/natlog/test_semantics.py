"""Natlog's labels against all models, against NLTK's prover, and against examples by hand."""

import gzip
import json
from collections import Counter
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from natlog_oracles import kinds_of_things, label_by_models, label_by_tableau

from spinn.data.generators.natlog.edits import Editor
from spinn.data.generators.natlog.formulas import Formula, Grammar, clauses, content_words, spell
from spinn.data.generators.natlog.lexicon import read_lexicon
from spinn.data.generators.natlog.semantics import LABELS, Semantics

LEXICON = read_lexicon()
GRAMMAR = Grammar(LEXICON)
SEMANTICS = Semantics(LEXICON)
FOLDER = Path(__file__).parents[4] / "data" / "natlog"


def random_pairs(seed: int, premise_clauses: int, *, words: int = 99) -> list[tuple[Formula, ...]]:
    """Yield pairs that are a few edits apart, with a limited number of distinct content words."""
    rng = Random(seed)
    editor = Editor(LEXICON, lambda: GRAMMAR.sample(rng, 1), rng)
    pairs = []
    while len(pairs) < 400:
        hypothesis = GRAMMAR.sample(rng, rng.randint(1, premise_clauses))
        premise = hypothesis
        for _ in range(rng.randint(1, 3)):
            premise = editor.edit(premise)[1]
        content = {*content_words(premise), *content_words(hypothesis)}
        if len(clauses(premise)) <= premise_clauses and len(content) <= words:
            pairs.append((premise, hypothesis))
    return pairs


def read(sentence: str) -> Formula:
    (formula,) = GRAMMAR.parses(sentence)
    return formula


@pytest.mark.parametrize(
    ("premise", "hypothesis", "label"),
    [
        ("all dogs walk", "all poodles move", "entailment"),
        ("all poodles walk", "all dogs walk", "neutral"),
        ("no dogs move", "some poodles stroll", "contradiction"),
        ("all dogs walk", "some dogs move", "entailment"),  # existential import
        ("all old dogs walk", "some old dogs walk", "neutral"),  # there may be no old dogs
        ("no dogs that sing walk", "all dogs that walk do not sing", "entailment"),
        ("all dogs walk", "all dogs run", "contradiction"),  # walking excludes running
        ("all dogs walk", "all dogs sing", "neutral"),
        ("some old dogs walk", "not all dogs do not move", "entailment"),
        (
            "it is not the case that both all dogs sing and some cats sing",
            "either not all dogs sing or no cats sing",
            "entailment",
        ),
        ("either all dogs sing or some cats sing", "all dogs sing", "neutral"),
        ("both all dogs sing and some cats sing", "not all cats do not sing", "entailment"),
        ("both all dogs walk and no poodles move", "some cats sing", None),  # never true
        ("some cats sing", "either some cats sing or no cats sing", None),  # a tautology
    ],
)
def test_labels_by_hand(premise: str, hypothesis: str, label: str | None) -> None:
    assert SEMANTICS.label(read(premise), read(hypothesis)) == label


def test_labels_agree_with_every_model() -> None:
    """Pairs without a label too: the premise has no model, or H is true in all or in none."""
    labels: Counter[str | None] = Counter()
    for premise, hypothesis in random_pairs(1, 2, words=5):
        words = sorted({*content_words(premise), *content_words(hypothesis)})
        if len(kinds_of_things(LEXICON, words)) > 11 or not SEMANTICS.is_contingent(hypothesis):
            continue
        label = SEMANTICS.label(premise, hypothesis)
        assert label == label_by_models(LEXICON, premise, hypothesis), (premise, hypothesis)
        labels[label] += 1
    assert min(labels[label] for label in LABELS) >= 10


def test_a_hypothesis_is_contingent_where_models_differ_on_it() -> None:
    verdicts: Counter[bool] = Counter()
    tautology = read("either some dogs move or no dogs move")
    for _, hypothesis in random_pairs(2, 2, words=4):
        words = sorted({*content_words(hypothesis), "dogs", "move"})
        if len(kinds_of_things(LEXICON, words)) > 11:
            continue
        differs = label_by_models(LEXICON, tautology, hypothesis) == "neutral"
        assert SEMANTICS.is_contingent(hypothesis) == differs, hypothesis
        verdicts[differs] += 1
    assert verdicts[True] >= 10


@pytest.mark.parametrize(("count", "pairs"), [(1, 150), (2, 30)])
def test_labels_agree_with_the_tableau_prover(count: int, pairs: int) -> None:
    proven_labels: Counter[str] = Counter()
    for premise, hypothesis in random_pairs(3, count):
        label = SEMANTICS.label(premise, hypothesis)
        if label is None or proven_labels[label] >= pairs / 3:
            continue
        proven = label_by_tableau(LEXICON, premise, hypothesis, 3000)
        assert proven in (label, None), (premise, hypothesis)
        proven_labels[label] += proven is not None
    assert proven_labels.total() >= pairs / 2


def committed(name: str, every: int) -> list[tuple[Formula, Formula, str]]:
    """Parse some rows of a committed file with the grammar."""
    with gzip.open(FOLDER / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in islice(lines, 0, None, every)]
    return [(read(row["sentence1"]), read(row["sentence2"]), row["gold_label"]) for row in rows]


def verdicts(name: str, every: int, shift: int = 0) -> Counter[bool]:
    """Count rows whose label an oracle confirms; ``shift`` changes the labels first."""
    agree: Counter[bool] = Counter()
    for premise, hypothesis, gold in committed(name, every):
        label = LABELS[(LABELS.index(gold) + shift) % 3]
        words = sorted({*content_words(premise), *content_words(hypothesis)})
        if len(kinds_of_things(LEXICON, words)) <= 10:
            agree[label_by_models(LEXICON, premise, hypothesis) == label] += 1
            continue
        proven = label_by_tableau(LEXICON, premise, hypothesis, 1000)
        if proven is not None:
            agree[proven == label] += 1
    return agree


@pytest.mark.parametrize(
    ("name", "every"), [("train", 479), ("test", 97), ("test_lexical", 53), ("test_hyper", 23)]
)
def test_labels_of_the_committed_files_agree_with_the_oracles(name: str, every: int) -> None:
    agree = verdicts(name, every)
    assert agree[False] == 0
    assert agree[True] >= 15


@pytest.mark.parametrize("shift", [1, 2])
def test_the_oracles_detect_wrong_labels(shift: int) -> None:
    agree = verdicts("test_hyper", 53, shift)
    assert agree[True] == 0
    assert agree[False] >= 10


def replaced(formula: Formula, old: str, new: str) -> Formula:
    return read(" ".join(new if word == old else word for word in spell(formula).text.split(" ")))


def test_labels_of_test_hyper_depend_on_the_held_out_pair() -> None:
    """If the hyponym excludes its hypernym, or is its synonym, the label changes."""
    for premise, hypothesis, label in committed("test_hyper", 23):
        present = {*content_words(premise), *content_words(hypothesis)}
        found = set()
        for low, high in LEXICON.held_out_hypernyms:
            if {low, high} <= present:
                uprooted = Semantics(LEXICON.uprooted(low))
                found.add(uprooted.label(premise, hypothesis))
                same = (replaced(premise, low, high), replaced(hypothesis, low, high))
                found.add(SEMANTICS.label(*same))
        assert found - {label}, (premise, hypothesis)


def test_a_prover_without_a_result_in_its_steps_is_an_error() -> None:
    premise, hypothesis = read("all dogs walk"), read("all poodles move")
    assert label_by_tableau(LEXICON, premise, hypothesis, 3000) == "entailment"
    assert label_by_tableau(LEXICON, premise, hypothesis, 3) is None
