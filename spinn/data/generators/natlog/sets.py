"""The rules of each file of natlog: lengths of sentences, and word pairs that may occur."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import product

from spinn.data.generators.natlog.candidates import Candidate, Drafter, Pair, Unit
from spinn.data.generators.natlog.formulas import (
    QUANTIFIERS,
    Clause,
    Compound,
    Formula,
    clauses,
    content_words,
)
from spinn.data.generators.natlog.lexicon import Lexicon
from spinn.data.generators.natlog.semantics import Semantics

DEEPEST = 8  # depth limit of train; the premises of test_longer are deeper


class WordPairs:
    """Pairs of words; `among` finds whether both words of a pair occur."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.partners: dict[str, list[str]] = defaultdict(list)
        for one, other in pairs:
            self.partners[one].append(other)
            self.partners[other].append(one)

    def among(self, words: frozenset[str]) -> bool:
        """Whether both words of some pair are in ``words``."""
        partners = self.partners
        return any(not words.isdisjoint(partners[word]) for word in words if word in partners)


class Ordinary:
    """Train, dev and test: up to two clauses, and no held-out pair of words."""

    premise_clauses: Sequence[int] = (1, 2)
    hypothesis_clauses: Sequence[int] = (1, 2)
    same_words = 0.65

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.combinations = WordPairs(lexicon.held_out_combinations)
        self.hypernyms = WordPairs(lexicon.held_out_hypernyms)

    def premise(self, candidate: Candidate) -> bool:
        """Accept trees up to the depth limit of train, without a held-out pair of words."""
        return candidate.sentence.depth <= DEEPEST and self.together(candidate.words)

    def hypothesis(self, candidate: Candidate) -> bool:
        """Accept the same."""
        return candidate.sentence.depth <= DEEPEST and self.together(candidate.words)

    def together(self, words: frozenset[str]) -> bool:
        """Reject held-out combinations, and held-out hyponyms with their hypernym."""
        return not self.combinations.among(words) and not self.hypernyms.among(words)

    def depends(self, pair: Pair) -> bool:
        """Accept every pair."""
        return True

    def units(self, drafter: Drafter, same_words: bool) -> list[Unit]:
        """Draw premises with the same words, or edits of the hypotheses."""
        return drafter.reordered_units() if same_words else drafter.edited_units()


class Longer(Ordinary):
    """test_longer: more clauses in each sentence than any in train, and deeper premises."""

    premise_clauses = (3, 4)
    hypothesis_clauses = (3,)

    def premise(self, candidate: Candidate) -> bool:
        """Accept trees deeper than any in train."""
        return candidate.sentence.depth > DEEPEST and self.together(candidate.words)

    def hypothesis(self, candidate: Candidate) -> bool:
        """Accept every depth."""
        return self.together(candidate.words)


class Lexical(Ordinary):
    """test_lexical: a held-out combination of words in each hypothesis."""

    def hypothesis(self, candidate: Candidate) -> bool:
        """Accept hypotheses with a clause that has both words of a combination."""
        return super().hypothesis(candidate) and any(
            self.combinations.among(frozenset(content_words(clause)))
            for clause in clauses(candidate.formula)
        )

    def together(self, words: frozenset[str]) -> bool:
        """Reject held-out hyponyms with their hypernym."""
        return not self.hypernyms.among(words)


class Hyper(Ordinary):
    """test_hyper: the label depends on a held-out hyponym and its hypernym, one per sentence."""

    same_words = 0.0  # too few of those labels depend on the two words

    def __init__(self, lexicon: Lexicon) -> None:
        super().__init__(lexicon)
        self.what_if = {
            (low, high): (Semantics(lexicon.uprooted(low)), Semantics(lexicon, (high, low)))
            for low, high in lexicon.held_out_hypernyms
        }

    def premise(self, candidate: Candidate) -> bool:
        """Accept premises with a word that has a held-out hyponym or hypernym."""
        return super().premise(candidate) and not candidate.words.isdisjoint(
            self.hypernyms.partners
        )

    def hypothesis(self, candidate: Candidate) -> bool:
        """Accept hypotheses with such a word."""
        return super().hypothesis(candidate) and not candidate.words.isdisjoint(
            self.hypernyms.partners
        )

    def together(self, words: frozenset[str]) -> bool:
        """Reject held-out combinations."""
        return not self.combinations.among(words)

    def depends(self, pair: Pair) -> bool:
        """Whether the label changes if the hyponym excludes its hypernym, or is its synonym.

        Pairs with a word between the two are rejected, because that word gives the relation away.
        """
        ours, theirs = pair.premise.words, pair.hypothesis.words
        for (low, high), worlds in self.what_if.items():
            across = (low in ours and high in theirs) or (high in ours and low in theirs)
            between = set(self.lexicon.hypernyms[low]) - {high, *self.lexicon.hypernyms[high]}
            if across and not between & (ours | theirs):
                premise, hypothesis = pair.premise.formula, pair.hypothesis.formula
                return any(world.label(premise, hypothesis) != pair.label for world in worlds)
        return False

    def units(self, drafter: Drafter, same_words: bool) -> list[Unit]:
        """Draw two clauses over a hypernym; premises join both, hypotheses are on its hyponym.

        In each premise, one clause speaks of all and the other of some: a hypothesis follows from
        the first, and is neutral to the second. For `animals` and `poodles`::

            both all animals walk and some animals hum    entails        some poodles walk
                                                          contradicts    no poodles walk
                                                          is neutral to  some poodles hum

        Each sentence is a unit of its own.
        """
        rng, category = drafter.rng, self.lexicon.category
        nouns = [pair for pair in self.lexicon.held_out_hypernyms if category[pair[0]] == "noun"]
        low, high = rng.choice(nouns)
        drawn = [self._clause(drafter)._replace(noun=high) for _ in range(2)]

        formulas: list[Formula] = []
        for quantifiers in product(("all", "no"), ("some", "not all")):
            for order in (quantifiers, quantifiers[::-1]):
                parts = (
                    clause._replace(quantifier=quantifier)
                    for clause, quantifier in zip(drawn, order, strict=True)
                )
                formulas.append(_reworded(drafter, Compound("both", *parts)))
        premises = [Unit((one,), ()) for one in map(drafter.premise, formulas) if one]

        formulas = []
        for clause, quantifier in product(drawn, QUANTIFIERS):
            verb = clause.predicate.verb
            near = rng.choice([verb, *self.hypernyms.partners.get(verb, ())])
            predicate = clause.predicate._replace(verb=near)
            formulas.append(
                _reworded(
                    drafter, Clause(quantifier, clause.adjective, low, clause.relative, predicate)
                )
            )
        return premises + [Unit((), (one,)) for one in map(drafter.hypothesis, formulas) if one]

    def _clause(self, drafter: Drafter) -> Clause:
        """Draw a clause; half of them have a verb with a held-out hyponym or hypernym."""
        formula = drafter.sample(1)
        clause = clauses(formula)[0]
        if drafter.rng.random() < 0.5:
            category = self.lexicon.category
            verbs = [word for word in self.hypernyms.partners if category[word] == "verb"]
            predicate = clause.predicate._replace(verb=drafter.rng.choice(verbs))
            clause = clause._replace(predicate=predicate)
        return clause


def _reworded(drafter: Drafter, formula: Formula) -> Formula:
    """Say the same in other words, or leave the formula as it is."""
    name = drafter.rng.choice(("obversion", "swap", "de_morgan", None, None))
    return (name and drafter.editor.apply(name, formula)) or formula
