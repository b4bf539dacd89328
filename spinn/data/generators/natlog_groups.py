"""Groups of a hypothesis and three premises, one per label, so that no surface cue decides.

Within a group of the first kind the three premises have the very same words in another order. In
one of the second kind they differ by their edits, and those that keep the labels even over every
observable feature seen so far are taken.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from random import Random
from typing import NamedTuple, Protocol

from spinn.data.generators.natlog_edits import Editor, exchanges
from spinn.data.generators.natlog_formulas import (
    FUNCTION_WORDS,
    Clause,
    Formula,
    Grammar,
    Negation,
    brackets,
    clauses,
    words,
    write,
)
from spinn.data.generators.natlog_semantics import LABELS, Semantics

PREMISES_PER_LABEL = 3


class Sentence(NamedTuple):
    """A formula, its tree in brackets and the words."""

    formula: Formula
    parse: str
    text: str


class Premise(NamedTuple):
    """A premise, the edits that led to it from the hypothesis, and the label of the pair."""

    sentence: Sentence
    edits: tuple[str, ...]
    label: str


class Group(NamedTuple):
    """A hypothesis with one premise for each label, in the order of ``LABELS``."""

    hypothesis: Sentence
    premises: tuple[Premise, ...]


class Wanted(Protocol):
    """What a set asks of its sentences and pairs."""

    @property
    def hypothesis_clauses(self) -> range:
        """How many clauses a hypothesis may have."""

    @property
    def premise_clauses(self) -> range:
        """How many clauses a premise may have."""

    @property
    def same_words(self) -> float:
        """The share of groups whose premises have the same words."""

    def hypothesis(self, sentence: Sentence) -> bool:
        """Whether the set takes a hypothesis."""

    def premise(self, sentence: Sentence) -> bool:
        """Whether the set takes a premise."""

    def together(self, words: frozenset[str]) -> bool:
        """Whether the words of a premise and a hypothesis may meet."""

    def depends(self, premise: Formula, hypothesis: Formula, label: str) -> bool:
        """Whether a pair exercises what the set is for."""

    def begin(self, editor: Editor, formula: Formula) -> tuple[Formula, tuple[str, ...]]:
        """The edits that each premise must start from, and what they make of the hypothesis."""


def make_sentence(formula: Formula) -> Sentence:
    """The formula with its tree and words."""
    parse = write(brackets(formula))
    return Sentence(formula, parse, words(parse))


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
            draw = self._reordered if self.rng.random() < self.wanted.same_words else self._edited
            group = None
            while group is None:
                group = draw(self._hypothesis(count))
            self._remember(group)
            yield group

    def _sample(self, count: int) -> Formula:
        while True:
            formula = self.grammar.sample(self.rng, count)
            if self._well_formed(formula):
                return formula

    def _hypothesis(self, count: int) -> Sentence:
        while True:
            sentence = make_sentence(self._sample(count))
            if (
                sentence.text not in self.used.hypotheses
                and self.wanted.hypothesis(sentence)
                and self.semantics.is_contingent(sentence.formula)
            ):
                return sentence

    def _well_formed(self, formula: Formula) -> bool:
        """No denial of a denial, and no verb that its own relative clause decides."""
        family = self.lexicon.family
        return not _double_negation(formula) and all(
            clause.relative is None or family[clause.relative.verb] != family[clause.predicate.verb]
            for clause in clauses(formula)
        )

    def _premise(
        self, hypothesis: Sentence, formula: Formula, edits: tuple[str, ...]
    ) -> Premise | None:
        """The formula as a premise, None where the set has no place for the pair."""
        if len(clauses(formula)) not in self.wanted.premise_clauses:
            return None
        if not self._well_formed(formula):
            return None
        sentence = make_sentence(formula)
        together = frozenset(f"{sentence.text} {hypothesis.text}".split(" "))
        if (
            sentence.text in self.used.premises
            or sentence.text == hypothesis.text
            or not self.wanted.together(together)
            or not self.wanted.premise(sentence)
        ):
            return None
        label = self.semantics.label(formula, hypothesis.formula)
        if label is None or not self.wanted.depends(formula, hypothesis.formula, label):
            return None
        return Premise(sentence, edits, label)

    def _edit(self, formula: Formula, count: int) -> tuple[Formula, tuple[str, ...]]:
        """What the set begins with, then ``count`` random edits."""
        formula, names = self.wanted.begin(self.editor, formula)
        for _ in range(count - len(names)):
            name, formula = self.editor.edit(formula)
            names = (*names, name)
        return formula, names

    def _edited(self, hypothesis: Sentence) -> Group | None:
        """Premises from one to three edits; of several for a label, the most balancing three."""
        found: dict[str, list[Premise]] = {label: [] for label in LABELS}
        for _ in range(24):
            formula, names = self._edit(hypothesis.formula, self.rng.choice((1, 1, 2, 2, 3)))
            premise = self._premise(hypothesis, formula, names)
            if premise is not None and len(found[premise.label]) < PREMISES_PER_LABEL:
                found[premise.label].append(premise)
        return self._most_balancing(hypothesis, list(product(*found.values())))

    def _reordered(self, hypothesis: Sentence) -> Group | None:
        """Premises with the same words: edited ones, and what one exchange makes of each."""
        for _ in range(6):
            formula, names = self._edit(hypothesis.formula, self.rng.choice((0, 1, 1, 2)))
            candidates = [(formula, names)]
            candidates += [(new, (*names, "exchange")) for new in exchanges(formula)]
            found: dict[str, list[Premise]] = {label: [] for label in LABELS}
            for new, edits in self.rng.sample(candidates, len(candidates)):
                premise = self._premise(hypothesis, new, edits)
                if premise is not None:
                    found[premise.label].append(premise)
            group = self._most_balancing(hypothesis, list(product(*found.values())))
            if group is not None:
                return group
        return None

    def _most_balancing(
        self, hypothesis: Sentence, choices: list[tuple[Premise, ...]]
    ) -> Group | None:
        """Of triples, one per label, the one whose features carry these labels least so far."""
        if not choices:
            return None
        return Group(hypothesis, min(choices, key=lambda three: self._skew(hypothesis, three)))

    def _skew(self, hypothesis: Sentence, premises: tuple[Premise, ...]) -> float:
        skew = 0.0
        for premise in premises:
            for feature in features(premise.sentence, hypothesis):
                counts = self.seen[feature]
                skew += (counts[premise.label] - counts.total() / 3) / (1 + counts.total()) ** 0.5
        return skew

    def _remember(self, group: Group) -> None:
        self.used.hypotheses.add(group.hypothesis.text)
        for premise in group.premises:
            self.used.premises.add(premise.sentence.text)
            for feature in features(premise.sentence, group.hypothesis):
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
