"""The rules of each file of natlog: lengths of sentences, and word pairs that may occur."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from spinn.data.generators.natlog.candidates import Candidate, Kind, Pair
from spinn.data.generators.natlog.formulas import clauses, content_words
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
    kinds: Mapping[Kind, float] = {"reordered": 0.6, "edited": 0.28, "hypernym": 0.12}

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.combinations = WordPairs(lexicon.held_out_combinations)
        self.hypernyms = WordPairs(lexicon.held_out_hypernyms)
        self.hypernym_pairs: Sequence[tuple[str, str]] = [
            (low, high)
            for low, above in lexicon.hypernyms.items()
            for high in above
            if (low, high) not in lexicon.held_out_hypernyms
        ]

    def premise(self, candidate: Candidate) -> bool:
        """Accept trees up to the depth limit of train, without a held-out pair of words."""
        return candidate.sentence.depth <= DEEPEST and self.together(candidate.words)

    def hypothesis(self, candidate: Candidate) -> bool:
        """Accept hypotheses under the same conditions."""
        return candidate.sentence.depth <= DEEPEST and self.together(candidate.words)

    def together(self, words: frozenset[str]) -> bool:
        """Reject held-out combinations, and held-out hyponyms with their hypernym."""
        return not self.combinations.among(words) and not self.hypernyms.among(words)

    def depends(self, pair: Pair) -> bool:
        """Accept every pair."""
        return True


class Longer(Ordinary):
    """test_longer: more clauses in each sentence than any in train, and deeper premises."""

    premise_clauses = (3, 4)
    hypothesis_clauses = (3,)
    kinds: Mapping[Kind, float] = {"reordered": 0.65, "edited": 0.35}

    def premise(self, candidate: Candidate) -> bool:
        """Accept trees deeper than any in train."""
        return candidate.sentence.depth > DEEPEST and self.together(candidate.words)

    def hypothesis(self, candidate: Candidate) -> bool:
        """Accept every depth."""
        return self.together(candidate.words)


class Lexical(Ordinary):
    """test_lexical: a held-out combination of words in each hypothesis."""

    kinds: Mapping[Kind, float] = {"reordered": 0.65, "edited": 0.35}

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

    kinds: Mapping[Kind, float] = {"hypernym": 1.0}

    def __init__(self, lexicon: Lexicon) -> None:
        super().__init__(lexicon)
        self.hypernym_pairs = lexicon.held_out_hypernyms
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
