"""The rules of each file of natlog: lengths of sentences, and word pairs that may occur."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from spinn.data.generators.natlog.edits import Editor, replace_word
from spinn.data.generators.natlog.formulas import Formula, Sentence, clauses, content_words
from spinn.data.generators.natlog.groups import Hypothesis
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

    hypothesis_clauses: Sequence[int] = (1, 1, 2)
    premise_clauses: Sequence[int] = (1, 2)
    same_words = 0.72

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.combinations = WordPairs(lexicon.held_out_combinations)
        self.hypernyms = WordPairs(lexicon.held_out_hypernyms)

    def hypothesis(self, hypothesis: Hypothesis) -> bool:
        """Accept trees up to the depth limit of train."""
        return hypothesis.sentence.depth <= DEEPEST

    def premise(self, sentence: Sentence) -> bool:
        """Accept trees up to the depth limit of train."""
        return sentence.depth <= DEEPEST

    def together(self, words: frozenset[str]) -> bool:
        """Reject held-out combinations, and held-out hyponyms with their hypernym."""
        return not self.combinations.among(words) and not self.hypernyms.among(words)

    def depends(self, premise: Formula, hypothesis: Hypothesis, label: str) -> bool:
        """Accept every pair."""
        return True

    def begin(self, editor: Editor, formula: Formula) -> tuple[Formula, tuple[str, ...]]:
        """Start without an edit."""
        return formula, ()


class Longer(Ordinary):
    """test_longer: more clauses in each sentence than any in train, and deeper premises."""

    hypothesis_clauses = (3,)
    premise_clauses = (3, 4)

    def hypothesis(self, hypothesis: Hypothesis) -> bool:
        """Accept every depth."""
        return True

    def premise(self, sentence: Sentence) -> bool:
        """Accept trees deeper than any in train."""
        return sentence.depth > DEEPEST

    def begin(self, editor: Editor, formula: Formula) -> tuple[Formula, tuple[str, ...]]:
        """Add clauses until there are enough for a premise."""
        names: tuple[str, ...] = ()
        while len(clauses(formula)) < min(self.premise_clauses):
            names, formula = (*names, "add"), editor.add(formula)
        return formula, names


class Lexical(Ordinary):
    """test_lexical: a held-out combination of words in each hypothesis."""

    def hypothesis(self, hypothesis: Hypothesis) -> bool:
        """Accept hypotheses with a clause that has both words of a combination."""
        return super().hypothesis(hypothesis) and any(
            self.combinations.among(frozenset(content_words(clause)))
            for clause in clauses(hypothesis.formula)
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

    def hypothesis(self, hypothesis: Hypothesis) -> bool:
        """Accept hypotheses with a word that has a held-out hyponym or hypernym."""
        return super().hypothesis(hypothesis) and not hypothesis.words.isdisjoint(
            self.hypernyms.partners
        )

    def together(self, words: frozenset[str]) -> bool:
        """Reject held-out combinations."""
        return not self.combinations.among(words)

    def begin(self, editor: Editor, formula: Formula) -> tuple[Formula, tuple[str, ...]]:
        """Replace a word by its held-out partner."""
        partners = self.hypernyms.partners
        word = editor.rng.choice([one for one in content_words(formula) if one in partners])
        partner = editor.rng.choice(partners[word])
        name = "hypernym" if partner in self.lexicon.hypernyms[word] else "hyponym"
        return replace_word(formula, word, partner), (name,)

    def depends(self, premise: Formula, hypothesis: Hypothesis, label: str) -> bool:
        """Whether the label changes if the hyponym excludes its hypernym, or is its synonym.

        Pairs with a word between the two are rejected, because that word gives the relation away.
        """
        ours, theirs = frozenset(content_words(premise)), hypothesis.words
        for (low, high), worlds in self.what_if.items():
            across = (low in ours and high in theirs) or (high in ours and low in theirs)
            between = set(self.lexicon.hypernyms[low]) - {high, *self.lexicon.hypernyms[high]}
            if across and not between & (ours | theirs):
                return any(world.label(premise, hypothesis.formula) != label for world in worlds)
        return False
