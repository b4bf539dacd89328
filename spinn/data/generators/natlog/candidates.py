"""Draws sentences that may become premises and hypotheses of a group."""

from collections.abc import Mapping, Sequence
from itertools import permutations, product
from random import Random
from typing import Literal, NamedTuple, Protocol, TypeAlias

from spinn.data.generators.natlog.edits import Editor, deny, exchanges
from spinn.data.generators.natlog.formulas import (
    QUANTIFIERS,
    Clause,
    Compound,
    Formula,
    Grammar,
    Negation,
    Sentence,
    Verbal,
    clauses,
    content_words,
    spell,
)
from spinn.data.generators.natlog.semantics import Semantics

Kind: TypeAlias = Literal["reordered", "edited", "hypernym"]
UNITS = 4  # at most, of a group that is edited or reordered
EDIT_COUNTS = (1, 1, 1, 2, 2, 3)
ATTEMPTS = 12  # for each sentence, and for the units of a group


class Candidate(NamedTuple):
    """A sentence that may become part of a group."""

    formula: Formula
    sentence: Sentence
    words: frozenset[str]  # content words


class Pair(NamedTuple):
    """A premise, a hypothesis, and their label."""

    premise: Candidate
    hypothesis: Candidate
    label: str


class Unit(NamedTuple):
    """Sentences that a group includes or excludes together.

    Most units are a hypothesis, its negation, and a premise that entails each: each sentence then
    has a partner for entailment and for contradiction, and lacks one for neutral.
    """

    premises: tuple[Candidate, ...]
    hypotheses: tuple[Candidate, ...]

    @property
    def texts(self) -> set[str]:
        """The sentences."""
        return {one.sentence.text for one in (*self.premises, *self.hypotheses)}


class SetRules(Protocol):
    """The rules of a set for its sentences and pairs."""

    @property
    def premise_clauses(self) -> Sequence[int]:
        """Allowed numbers of clauses of a premise."""

    @property
    def hypothesis_clauses(self) -> Sequence[int]:
        """Allowed numbers of clauses of a hypothesis."""

    @property
    def kinds(self) -> Mapping[Kind, float]:
        """Share of each kind of groups."""

    @property
    def hypernym_pairs(self) -> Sequence[tuple[str, str]]:
        """The (hyponym, hypernym) of the groups of the kind `hypernym`."""

    def premise(self, candidate: Candidate) -> bool:
        """Whether a premise fits the set."""

    def hypothesis(self, candidate: Candidate) -> bool:
        """Whether a hypothesis fits the set."""

    def together(self, words: frozenset[str]) -> bool:
        """Whether these content words may occur in one pair."""

    def depends(self, pair: Pair) -> bool:
        """Whether a pair tests the property that the set is for."""


class Used:
    """The sentences of all groups so far."""

    def __init__(self) -> None:
        self.premises: set[str] = set()
        self.hypotheses: dict[str, str] = {}  # text -> file

    def premise_is_free(self, text: str) -> bool:
        """Whether no group has the sentence."""
        return text not in self.premises and text not in self.hypotheses

    def hypothesis_is_free(self, text: str, file: str) -> bool:
        """Whether no group has the sentence, or only groups of this file, as their hypothesis."""
        return text not in self.premises and self.hypotheses.get(text, file) == file

    def add(self, pair: Pair, file: str) -> None:
        """Remember both sentences of a pair."""
        self.premises.add(pair.premise.sentence.text)
        self.hypotheses[pair.hypothesis.sentence.text] = file


class Drafter:
    """Draws the candidates for the groups of one file.

    Args:
        used: the sentences of all files, which are not drawn again; a hypothesis may return in its
            own file.
    """

    def __init__(
        self,
        file: str,
        grammar: Grammar,
        semantics: Semantics,
        rng: Random,
        *,
        rules: SetRules,
        used: Used,
    ) -> None:
        self.file = file
        self.grammar, self.semantics, self.rng = grammar, semantics, rng
        self.rules, self.used = rules, used
        self.lexicon = semantics.lexicon
        self.editor = Editor(self.lexicon, lambda: self.sample(1), rng)

    def sample(self, count: int) -> Formula:
        """Draw a formula of ``count`` clauses."""
        while True:
            formula = self.grammar.sample(self.rng, count)
            if self._well_formed(formula):
                return formula

    def kind(self) -> Kind:
        """Draw the kind of a group."""
        (kind,) = self.rng.choices(list(self.rules.kinds), list(self.rules.kinds.values()))
        return kind

    def units(self, kind: Kind) -> list[Unit]:
        """Draw the candidates for a group."""
        draw = {
            "edited": self._edited_units,
            "reordered": self._reordered_units,
            "hypernym": self._hypernym_units,
        }
        return draw[kind]()

    def _edited_units(self) -> list[Unit]:
        """Draw a hypothesis and similar ones; edit each into a premise that entails it."""
        start = self.sample(self.rng.choice(self.rules.hypothesis_clauses))
        units: list[Unit] = []
        for _ in range(ATTEMPTS):
            near = list(exchanges(start))
            formula = self.rng.choice(near) if near and self.rng.random() < 0.5 else start
            if units and formula == start:
                _, formula = self.editor.edit(start)
            hypotheses = self._with_negation(formula)
            premises = [self._entailing(hypothesis) for hypothesis in hypotheses]
            _append(units, premises, hypotheses)
            if len(units) in (0, UNITS):
                break
        return units

    def _reordered_units(self) -> list[Unit]:
        """Draw premises with the same words; for two that contradict each other, a hypothesis.

        The hypothesis is an edit of one premise that it entails and that the other contradicts.
        """
        premises = self._reordered_premises()
        units: list[Unit] = []
        for one, other in permutations(premises, 2):
            if self.semantics.label(one.formula, other.formula) != "contradiction":
                continue
            for _ in range(ATTEMPTS):
                hypotheses = self._with_negation(self._edit(one.formula))
                labels = [self.label(premise, hypotheses[0]) for premise in (one, other)]
                if all(hypotheses) and labels == ["entailment", "contradiction"]:
                    _append(units, [one, other], hypotheses)
                    break
            if len(units) == UNITS:
                break
        return units

    def _hypernym_units(self) -> list[Unit]:
        """Draw two clauses over a hypernym; premises join both, hypotheses are on its hyponym.

        In each premise, one clause speaks of all and the other of some: a hypothesis follows from
        the first, and is neutral to the second. For `animals` and `poodles`::

            both all animals do not walk and some animals hum    entails        no poodles walk
                                                                 contradicts    some poodles walk
                                                                 is neutral to  some poodles hum

        One of the two clauses has a negated verb, so that counts of words do not determine what the
        clause of a hypothesis says. Each sentence is a unit of its own.
        """
        pairs, category = self.rules.hypernym_pairs, self.lexicon.category
        low, high = self.rng.choice([pair for pair in pairs if category[pair[0]] == "noun"])
        verbs = [pair for pair in pairs if category[pair[0]] == "verb"]
        negated = self.rng.choice(((True, False), (False, True)))
        drawn = [self._hypernym_clause(high, verbs, negated=one) for one in negated]

        formulas: list[Formula] = []
        for quantifiers in product(("all", "no"), ("some", "not all")):
            for order in (quantifiers, quantifiers[::-1]):
                parts = (
                    clause._replace(quantifier=quantifier)
                    for (clause, _), quantifier in zip(drawn, order, strict=True)
                )
                formulas.append(self._reworded(Compound("both", *parts)))
        premises = [Unit((one,), ()) for one in map(self.premise, formulas) if one]

        formulas = []
        for (clause, near), quantifier in product(drawn, QUANTIFIERS):
            verb = self.rng.choice((clause.predicate.verb, near))
            predicate = clause.predicate._replace(verb=verb)
            changed = Clause(quantifier, clause.adjective, low, clause.relative, predicate)
            formulas.append(self._reworded(changed))
        return premises + [Unit((), (one,)) for one in map(self.hypothesis, formulas) if one]

    def _hypernym_clause(
        self, noun: str, verbs: Sequence[tuple[str, str]], *, negated: bool
    ) -> tuple[Clause, str]:
        """Draw a clause over a noun, and a verb for the hypothesis: its own, or one of a pair."""
        clause = clauses(self.sample(1))[0]
        verb = near = clause.predicate.verb
        if self.rng.random() < 0.5:
            # No balanced group was seen to keep the other verb: for it, one label is impossible.
            verb, near = self.rng.sample(self.rng.choice(verbs), 2)
        return clause._replace(noun=noun, predicate=Verbal(verb, negated)), near

    def _reworded(self, formula: Formula) -> Formula:
        """Say the same in other words, or leave the formula as it is."""
        name = self.rng.choice(("obversion", "swap", "de_morgan", None, None))
        return (name and self.editor.apply(name, formula)) or formula

    def label(self, premise: Candidate | None, hypothesis: Candidate | None) -> str | None:
        """Return the label; None if the pair is trivial or does not fit the set."""
        if premise is None or hypothesis is None:
            return None
        if not self.rules.together(premise.words | hypothesis.words):
            return None
        label = self.semantics.label(premise.formula, hypothesis.formula)
        if label is None or not self.rules.depends(Pair(premise, hypothesis, label)):
            return None
        return label

    def premise(self, formula: Formula) -> Candidate | None:
        """Return the formula as a premise; None if it does not fit the set."""
        if len(clauses(formula)) not in self.rules.premise_clauses:
            return None
        found = self._candidate(formula)
        if found and self.used.premise_is_free(found.sentence.text) and self.rules.premise(found):
            return found
        return None

    def hypothesis(self, formula: Formula) -> Candidate | None:
        """Return the formula as a hypothesis; None if it does not fit the set."""
        if len(clauses(formula)) not in self.rules.hypothesis_clauses:
            return None
        found = self._candidate(formula)
        if (
            found
            and self.used.hypothesis_is_free(found.sentence.text, self.file)
            and self.rules.hypothesis(found)
        ):
            return found
        return None

    def _candidate(self, formula: Formula) -> Candidate | None:
        if not self._well_formed(formula) or not self.semantics.is_contingent(formula):
            return None
        return Candidate(formula, spell(formula), frozenset(content_words(formula)))

    def _well_formed(self, formula: Formula) -> bool:
        """Reject double negation, and a predicate from the same family as its relative clause."""
        family = self.lexicon.family
        return not _double_negation(formula) and all(
            clause.relative is None or family[clause.relative.verb] != family[clause.predicate.verb]
            for clause in clauses(formula)
        )

    def _with_negation(self, formula: Formula) -> list[Candidate | None]:
        """Return the formula and its negation as hypotheses."""
        return [self.hypothesis(self._form(one)) for one in (formula, deny(formula))]

    def _form(self, formula: Formula) -> Formula:
        """Return the formula, or with two clauses or more the same by De Morgan's law."""
        if isinstance(formula, Clause) or self.rng.random() < 0.5:
            return formula
        return deny(formula.body) if isinstance(formula, Negation) else Negation(deny(formula))

    def _entailing(self, hypothesis: Candidate | None) -> Candidate | None:
        """Edit a hypothesis into a premise that entails it."""
        if hypothesis is None:
            return None
        for _ in range(ATTEMPTS):
            premise = self.premise(self._form(self._edit(hypothesis.formula)))
            if self.label(premise, hypothesis) == "entailment":
                return premise
        return None

    def _reordered_premises(self) -> list[Candidate]:
        """Draw premises with the same words."""
        start = self.premise(self.sample(self.rng.choice(self.rules.premise_clauses)))
        if start is None:
            return []
        found = {start.sentence.text: start}
        for _ in range(ATTEMPTS):
            near = list(exchanges(self.rng.choice(list(found.values())).formula))
            premise = self.premise(self.rng.choice(near)) if near else None
            if premise is not None:
                found.setdefault(premise.sentence.text, premise)
        return list(found.values())

    def _edit(self, formula: Formula) -> Formula:
        for _ in range(self.rng.choice(EDIT_COUNTS)):
            _, formula = self.editor.edit(formula)
        return formula


def _append(
    units: list[Unit], premises: Sequence[Candidate | None], hypotheses: Sequence[Candidate | None]
) -> None:
    """Append a unit, unless a sentence is missing or occurs twice."""
    if None in premises or None in hypotheses:
        return
    unit = Unit(tuple(filter(None, premises)), tuple(filter(None, hypotheses)))
    new = len(premises) + len(hypotheses)
    if len(unit.texts) == new and not any(unit.texts & other.texts for other in units):
        units.append(unit)


def _double_negation(formula: Formula) -> bool:
    if isinstance(formula, Clause):
        return False
    if isinstance(formula, Negation):
        return isinstance(formula.body, Negation) or _double_negation(formula.body)
    return _double_negation(formula.left) or _double_negation(formula.right)
