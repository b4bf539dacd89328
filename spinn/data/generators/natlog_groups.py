"""Groups of a hypothesis and three premises, one per label, so that no surface cue decides.

Within a group of the first kind the three premises have the very same words in another order. In
one of the second kind they differ by their edits, and those that keep the labels even over every
observable feature seen so far are taken.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple, Protocol, TypeAlias

from spinn.data.generators.natlog_edits import Editor, exchanges
from spinn.data.generators.natlog_formulas import (
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
from spinn.data.generators.natlog_semantics import LABELS, Semantics

PREMISES_PER_LABEL = 2  # to choose from
EDIT_COUNTS = (1, 1, 1, 2, 2, 3)
EDITED, REORDERED = 24, 6  # attempts at a hypothesis before another is drawn


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


class Wanted(Protocol):
    """What a set asks of its sentences and pairs."""

    @property
    def hypothesis_clauses(self) -> Sequence[int]:
        """How many clauses a hypothesis has, drawn from evenly."""

    @property
    def premise_clauses(self) -> Sequence[int]:
        """How many clauses a premise may have."""

    @property
    def same_words(self) -> float:
        """The share of attempts at premises with the same words."""

    def hypothesis(self, hypothesis: Hypothesis) -> bool:
        """Whether the set takes a hypothesis."""

    def premise(self, sentence: Sentence) -> bool:
        """Whether the set takes a premise."""

    def together(self, words: frozenset[str]) -> bool:
        """Whether content words may meet in a premise and hypothesis."""

    def depends(self, premise: Formula, hypothesis: Hypothesis, label: str) -> bool:
        """Whether a pair exercises what the set is for."""

    def begin(self, editor: Editor, formula: Formula) -> tuple[Formula, tuple[str, ...]]:
        """The edits that each premise must start from, and what they make of the hypothesis."""


@dataclass
class Used:
    """The sentences that stand in some group already."""

    premises: set[str] = field(default_factory=set)
    hypotheses: set[str] = field(default_factory=set)


class GroupMaker:
    """An endless source of groups for one set.

    Args:
        used: The premises and hypotheses of other sets, which this one leaves alone and adds to.
    """

    def __init__(
        self, grammar: Grammar, semantics: Semantics, rng: Random, *, wanted: Wanted, used: Used
    ) -> None:
        self.grammar, self.semantics, self.rng = grammar, semantics, rng
        self.wanted, self.used = wanted, used
        self.lexicon = semantics.lexicon
        self.editor = Editor(self.lexicon, lambda: self._sample(1), rng)
        self.seen: defaultdict[tuple[object, ...], Counter[str]] = defaultdict(Counter)

    def groups(self) -> Iterator[Group]:
        """Draw groups until the caller stops. No premise or hypothesis comes twice."""
        while True:
            count = self.rng.choice(self.wanted.hypothesis_clauses)
            group = None
            while group is None:
                group = self._group(self._hypothesis(count))
            self._remember(group)
            yield group

    def _group(self, hypothesis: Hypothesis) -> Group | None:
        same_words = self.rng.random() < self.wanted.same_words
        for found in self._reordered(hypothesis) if same_words else self._edited(hypothesis):
            if all(found.values()):
                best = (self._most_balancing(hypothesis, premises) for premises in found.values())
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
                and self.wanted.hypothesis(hypothesis)
                and self.semantics.is_contingent(formula)
            ):
                return hypothesis

    def _well_formed(self, formula: Formula) -> bool:
        """No denial of a denial, and no verb that its own relative clause decides."""
        family = self.lexicon.family
        return not _double_negation(formula) and all(
            clause.relative is None or family[clause.relative.verb] != family[clause.predicate.verb]
            for clause in clauses(formula)
        )

    def _premise(
        self, hypothesis: Hypothesis, formula: Formula, edits: tuple[str, ...]
    ) -> Premise | None:
        """The formula as a premise, None where the set has no place for the pair."""
        if (
            formula == hypothesis.formula
            or len(clauses(formula)) not in self.wanted.premise_clauses
            or not self._well_formed(formula)
            or not self.wanted.together(hypothesis.words.union(content_words(formula)))
        ):
            return None
        sentence = spell(formula)
        if sentence.text in self.used.premises or not self.wanted.premise(sentence):
            return None
        label = self.semantics.label(formula, hypothesis.formula)
        if label is None or not self.wanted.depends(formula, hypothesis, label):
            return None
        return Premise(formula, sentence, edits, label)

    def _edit(self, formula: Formula, count: int) -> tuple[Formula, tuple[str, ...]]:
        """What the set begins with, then ``count`` random edits."""
        formula, names = self.wanted.begin(self.editor, formula)
        for _ in range(count - len(names)):
            name, formula = self.editor.edit(formula)
            names = (*names, name)
        return formula, names

    def _edited(self, hypothesis: Hypothesis) -> Iterator[Found]:
        """Premises by label, from one to three edits."""
        candidates = (
            self._edit(hypothesis.formula, self.rng.choice(EDIT_COUNTS)) for _ in range(EDITED)
        )
        yield self._by_label(hypothesis, candidates)

    def _reordered(self, hypothesis: Hypothesis) -> Iterator[Found]:
        """Premises by label with the same words: one, and what an exchange makes of it."""
        for _ in range(REORDERED):
            count = self.rng.choice(EDIT_COUNTS) - 1
            if isinstance(hypothesis.formula, Clause):  # which alone has little to exchange
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

    def _most_balancing(self, hypothesis: Hypothesis, premises: list[Premise]) -> Premise:
        """Of premises with one label, that whose features carry this label least so far."""
        if len(premises) == 1:
            return premises[0]
        return min(premises, key=lambda premise: self._skew(hypothesis, premise))

    def _skew(self, hypothesis: Hypothesis, premise: Premise) -> float:
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
    """What a model could read off a pair without composing it."""
    given, wanted = premise.text.split(" "), hypothesis.text.split(" ")
    form = " ".join(word if word in FUNCTION_WORDS else "_" for word in given)
    yield "form", form
    yield "length", len(given), len(wanted)
    more = Counter(given)
    more.subtract(wanted)
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
