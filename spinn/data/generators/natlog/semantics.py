"""The meaning of natlog's sentences as sets of Venn types, and the label of a pair.

A Venn type is a maximal consistent set of words that are true of one thing. A set of types is an
integer used as a bitset. A clause states that one such set is inhabited or empty. A conjunction of
clauses holds in some model iff no inhabited set is covered by the union of the empty ones.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import prod
from typing import NamedTuple

from spinn.data.generators.natlog.formulas import Clause, Formula, Negation, Verbal, clauses
from spinn.data.generators.natlog.lexicon import Lexicon

LABELS = ("entailment", "neutral", "contradiction")
CACHED = 1 << 13


class Claim(NamedTuple):
    """A conjunction of clauses: each of ``inhabited`` has a member, and ``empty`` has none."""

    inhabited: tuple[int, ...]
    empty: int


class Semantics:
    """Exact entailment over the Venn types of a lexicon.

    Args:
        synonyms: a word, and another word that gets the meaning of the first; for counterfactuals.
    """

    def __init__(self, lexicon: Lexicon, synonyms: tuple[str, str] | None = None) -> None:
        self.lexicon = lexicon
        sizes = [len(family) + 1 for family in lexicon.families]
        self.everything = (1 << prod(sizes)) - 1
        self.extension = dict(_extensions(lexicon, sizes))
        if synonyms is not None:
            self.extension[synonyms[1]] = self.extension[synonyms[0]]
        self.claims = lru_cache(CACHED)(self._claims)
        self.is_contingent = lru_cache(CACHED)(self._is_contingent)

    def label(self, premise: Formula, hypothesis: Formula) -> str | None:
        """Return the label of a pair; None if the pair is trivial.

        A pair is trivial if the premise holds in no model, or the hypothesis in all or in none.
        """
        imports = self._imports((premise, hypothesis))
        given = self._consistent(self.claims(premise, True), imports)
        if not given or not self.is_contingent(hypothesis):
            return None
        if not self._compatible(given, self.claims(hypothesis, False), imports):
            return "entailment"
        if not self._compatible(given, self.claims(hypothesis, True), imports):
            return "contradiction"
        return "neutral"

    def _is_contingent(self, formula: Formula) -> bool:
        """Whether the formula holds in some model and fails in another."""
        imports = self._imports((formula,))
        return all(
            self._consistent(self.claims(formula, value), imports) for value in (True, False)
        )

    def _claims(self, formula: Formula, value: bool) -> tuple[Claim, ...]:
        """Return the disjunctive normal form of the formula, or of its negation."""
        if isinstance(formula, Clause):
            return (self._clause_claim(formula, value),)
        if isinstance(formula, Negation):
            return self.claims(formula.body, not value)
        left, right = self.claims(formula.left, value), self.claims(formula.right, value)
        if (formula.word == "both") == value:
            return tuple(_conjoin(one, other) for one in left for other in right)
        return left + right

    def _clause_claim(self, clause: Clause, value: bool) -> Claim:
        """All A B: no A outside B. No A B: no A in B. The other two quantifiers deny these."""
        predicate = self._verbal(clause.predicate)
        if clause.quantifier in ("all", "not all"):
            predicate ^= self.everything
        region = self._subject(clause) & predicate
        if (clause.quantifier in ("all", "no")) == value:
            return Claim((), region)
        return Claim((region,), 0)

    def _subject(self, clause: Clause) -> int:
        """Return the types in the extension of the noun phrase."""
        types = self.extension[clause.noun]
        if clause.adjective is not None:
            types &= self.extension[clause.adjective]
        if clause.relative is not None:
            types &= self._verbal(clause.relative)
        return types

    def _verbal(self, verbal: Verbal) -> int:
        """Return the types in the extension of the verb phrase."""
        types = self.extension[verbal.verb]
        return types ^ self.everything if verbal.negated else types

    def _imports(self, formulas: Iterable[Formula]) -> tuple[int, ...]:
        """Return the unrestricted extension of each noun that occurs (existential import)."""
        nouns = {clause.noun: None for formula in formulas for clause in clauses(formula)}
        return tuple(self.extension[noun] for noun in nouns)

    def _consistent(self, claims: Sequence[Claim], imports: tuple[int, ...]) -> list[Claim]:
        """Return the claims that hold in some model."""
        return [claim for claim in claims if self._holds(claim.inhabited + imports, claim.empty)]

    def _compatible(
        self, left: Sequence[Claim], right: Sequence[Claim], imports: tuple[int, ...]
    ) -> bool:
        """Whether some model satisfies a claim of `left` and a claim of `right`."""
        return any(
            self._holds(one.inhabited + other.inhabited + imports, one.empty | other.empty)
            for one in left
            for other in right
        )

    def _holds(self, inhabited: tuple[int, ...], empty: int) -> bool:
        rest = self.everything ^ empty
        return all(types & rest for types in inhabited)


def _conjoin(left: Claim, right: Claim) -> Claim:
    return Claim(left.inhabited + right.inhabited, left.empty | right.empty)


def _extensions(lexicon: Lexicon, sizes: Sequence[int]) -> Iterable[tuple[str, int]]:
    """Yield each word with the bitset of its Venn types.

    A type is a mixed-radix number: each digit is the narrowest true word of a family, or 0.
    """
    below = 1
    for family, size in zip(lexicon.families, sizes, strict=True):
        count = prod(sizes)
        block = (1 << below) - 1
        digits = [
            sum(block << start for start in range(digit * below, count, size * below))
            for digit in range(size)
        ]
        for word in family:
            kinds = (word, *lexicon.hyponyms[word])
            yield word, sum(digits[1 + family.index(kind)] for kind in kinds)
        below *= size
