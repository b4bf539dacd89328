"""Groups of a hypothesis and three premises, one per label, so that no surface cue gives the label.

In a group of the first kind the three premises have the same words in different orders. In a group
of the second kind they differ by their edits; premises are chosen so that labels stay balanced over
every observable feature.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple, Protocol, TypeAlias

from spinn.data.generators.natlog.edits import Editor, exchanges
from spinn.data.generators.natlog.formulas import (
    FUNCTION_WORDS,
    Clause,
    Formula,
    Grammar,
    Negation,
    Sentence,
    clauses,
    content_words,
    spell,
)
from spinn.data.generators.natlog.semantics import LABELS, Semantics

PREMISES_PER_LABEL = 2  # to choose from
EDIT_COUNTS = (1, 1, 1, 2, 2, 3)
EDITED, REORDERED = 24, 6  # attempts per hypothesis


class Hypothesis(NamedTuple):
    """A hypothesis and its content words."""

    formula: Formula
    sentence: Sentence
    words: frozenset[str]


class Premise(NamedTuple):
    """A premise, the edits that led to it from the hypothesis, and the label of the pair."""

    formula: Formula
    sentence: Sentence
    edits: tuple[str, ...]
    label: str


Found: TypeAlias = dict[str, list[Premise]]


class Group(NamedTuple):
    """A hypothesis with one premise for each label, in the order of ``LABELS``."""

    hypothesis: Hypothesis
    premises: tuple[Premise, ...]


class SetRules(Protocol):
    """The rules of a set for its sentences and pairs."""

    @property
    def hypothesis_clauses(self) -> Sequence[int]:
        """Numbers of clauses of a hypothesis; all are equally likely."""

    @property
    def premise_clauses(self) -> Sequence[int]:
        """Allowed numbers of clauses of a premise."""

    @property
    def same_words(self) -> float:
        """Share of groups whose premises have the same words."""

    def hypothesis(self, hypothesis: Hypothesis) -> bool:
        """Whether a hypothesis fits the set."""

    def premise(self, sentence: Sentence) -> bool:
        """Whether a premise fits the set."""

    def together(self, words: frozenset[str]) -> bool:
        """Whether these content words may occur in one pair."""

    def depends(self, premise: Formula, hypothesis: Hypothesis, label: str) -> bool:
        """Whether a pair tests the property that the set is for."""

    def begin(self, editor: Editor, formula: Formula) -> tuple[Formula, tuple[str, ...]]:
        """Apply the set's first edits to a hypothesis; return the formula and the edits' names."""


@dataclass
class Used:
    """The sentences of all groups so far."""

    premises: set[str] = field(default_factory=set)
    hypotheses: set[str] = field(default_factory=set)


class GroupMaker:
    """Draws groups for one set.

    Args:
        used: sentences of other sets, which are not used again; new ones are added.
    """

    def __init__(
        self, grammar: Grammar, semantics: Semantics, rng: Random, *, rules: SetRules, used: Used
    ) -> None:
        self.grammar, self.semantics, self.rng = grammar, semantics, rng
        self.rules, self.used = rules, used
        self.lexicon = semantics.lexicon
        self.editor = Editor(self.lexicon, lambda: self._sample(1), rng)
        self.seen: defaultdict[tuple[object, ...], Counter[str]] = defaultdict(Counter)

    def groups(self) -> Iterator[Group]:
        """Draw groups without end. No premise or hypothesis occurs twice."""
        while True:
            count = self.rng.choice(self.rules.hypothesis_clauses)
            group = None
            while group is None:
                group = self._group(self._hypothesis(count))
            self._remember(group)
            yield group

    def _group(self, hypothesis: Hypothesis) -> Group | None:
        same_words = self.rng.random() < self.rules.same_words
        for found in self._reordered(hypothesis) if same_words else self._edited(hypothesis):
            if all(found.values()):
                # Take the premise of each label whose features are most balanced.
                best = (
                    min(premises, key=lambda premise: self._skew(hypothesis, premise))
                    for premises in found.values()
                )
                return Group(hypothesis, tuple(best))
        return None

    def _sample(self, count: int) -> Formula:
        while True:
            formula = self.grammar.sample(self.rng, count)
            if self._well_formed(formula):
                return formula

    def _hypothesis(self, count: int) -> Hypothesis:
        while True:
            formula = self._sample(count)
            hypothesis = Hypothesis(formula, spell(formula), frozenset(content_words(formula)))
            if (
                hypothesis.sentence.text not in self.used.hypotheses
                and self.rules.hypothesis(hypothesis)
                and self.semantics.is_contingent(formula)
            ):
                return hypothesis

    def _well_formed(self, formula: Formula) -> bool:
        """Reject double negation, and a predicate from the same family as its relative clause."""
        family = self.lexicon.family
        return not _double_negation(formula) and all(
            clause.relative is None or family[clause.relative.verb] != family[clause.predicate.verb]
            for clause in clauses(formula)
        )

    def _premise(
        self, hypothesis: Hypothesis, formula: Formula, edits: tuple[str, ...]
    ) -> Premise | None:
        """Return the formula as a premise; None if the pair does not fit the set."""
        if (
            formula == hypothesis.formula
            or len(clauses(formula)) not in self.rules.premise_clauses
            or not self._well_formed(formula)
            or not self.rules.together(hypothesis.words.union(content_words(formula)))
        ):
            return None
        sentence = spell(formula)
        if sentence.text in self.used.premises or not self.rules.premise(sentence):
            return None
        label = self.semantics.label(formula, hypothesis.formula)
        if label is None or not self.rules.depends(formula, hypothesis, label):
            return None
        return Premise(formula, sentence, edits, label)

    def _edit(self, formula: Formula, count: int) -> tuple[Formula, tuple[str, ...]]:
        """Apply the set's first edits, then random ones, ``count`` in all."""
        formula, names = self.rules.begin(self.editor, formula)
        for _ in range(count - len(names)):
            name, formula = self.editor.edit(formula)
            names = (*names, name)
        return formula, names

    def _edited(self, hypothesis: Hypothesis) -> Iterator[Found]:
        """Yield premises by label, from one to three edits."""
        candidates = (
            self._edit(hypothesis.formula, self.rng.choice(EDIT_COUNTS)) for _ in range(EDITED)
        )
        yield self._by_label(hypothesis, candidates)

    def _reordered(self, hypothesis: Hypothesis) -> Iterator[Found]:
        """Yield premises by label with the same words: one premise, and exchanges of its parts."""
        for _ in range(REORDERED):
            count = self.rng.choice(EDIT_COUNTS) - 1
            if isinstance(hypothesis.formula, Clause):  # one clause has few parts to exchange
                formula, names = self._edit(self.editor.add(hypothesis.formula), count - 1)
                names = ("add", *names)
            else:
                formula, names = self._edit(hypothesis.formula, count)
            candidates = [(new, (*names, "exchange")) for new in exchanges(formula)]
            yield self._by_label(hypothesis, [(formula, names), *candidates])

    def _by_label(
        self, hypothesis: Hypothesis, candidates: Iterable[tuple[Formula, tuple[str, ...]]]
    ) -> Found:
        found: Found = {label: [] for label in LABELS}
        for formula, names in candidates:
            premise = self._premise(hypothesis, formula, names)
            if premise is not None and len(found[premise.label]) < PREMISES_PER_LABEL:
                found[premise.label].append(premise)
                if all(len(premises) == PREMISES_PER_LABEL for premises in found.values()):
                    break
        return found

    def _skew(self, hypothesis: Hypothesis, premise: Premise) -> float:
        """Return how much more often than the other labels the pair's features had its label."""
        skew = 0.0
        for feature in features(premise.sentence, hypothesis.sentence):
            counts = self.seen[feature]
            skew += (counts[premise.label] - counts.total() / 3) / (1 + counts.total()) ** 0.5
        return skew

    def _remember(self, group: Group) -> None:
        self.used.hypotheses.add(group.hypothesis.sentence.text)
        for premise in group.premises:
            self.used.premises.add(premise.sentence.text)
            for feature in features(premise.sentence, group.hypothesis.sentence):
                self.seen[feature][premise.label] += 1


def features(premise: Sentence, hypothesis: Sentence) -> Iterator[tuple[object, ...]]:
    """Yield surface features, which a model can use without composition."""
    ours, theirs = premise.text.split(" "), hypothesis.text.split(" ")
    form = " ".join(word if word in FUNCTION_WORDS else "_" for word in ours)
    yield "form", form
    yield "length", len(ours), len(theirs)
    more = Counter(ours)
    more.subtract(theirs)
    functions = tuple(sorted((w, n) for w, n in more.items() if n and w in FUNCTION_WORDS))
    content = tuple(sorted((w, n) for w, n in more.items() if n and w not in FUNCTION_WORDS))
    yield "function words", functions
    yield "content words", content
    yield "word counts", functions, tuple(n for _, n in content)


def _double_negation(formula: Formula) -> bool:
    if isinstance(formula, Clause):
        return False
    if isinstance(formula, Negation):
        return isinstance(formula.body, Negation) or _double_negation(formula.body)
    return _double_negation(formula.left) or _double_negation(formula.right)
