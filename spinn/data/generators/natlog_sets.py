"""What each file of natlog asks of its pairs: how long they are, and which words may meet."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from spinn.data.generators.natlog_edits import Editor, replace_word
from spinn.data.generators.natlog_formulas import Formula, Sentence, clauses, content_words
from spinn.data.generators.natlog_groups import Hypothesis
from spinn.data.generators.natlog_lexicon import Lexicon
from spinn.data.generators.natlog_semantics import Semantics

DEEPEST = 8  # of the trees in train; those of premises in test_longer go below


class Meetings:
    """Pairs of words, and whether any pair is among some words."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.partners: dict[str, list[str]] = defaultdict(list)
        for one, other in pairs:
            self.partners[one].append(other)
            self.partners[other].append(one)

    def among(self, words: frozenset[str]) -> bool:
        """Whether both words of some pair are there."""
        partners = self.partners
        return any(not words.isdisjoint(partners[word]) for word in words if word in partners)


class Ordinary:
    """Train, dev and test: up to two clauses, and none of the held-out meetings of words."""

    hypothesis_clauses: Sequence[int] = (1, 1, 2)
    premise_clauses: Sequence[int] = (1, 2)
    same_words = 0.72

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.combinations = Meetings(lexicon.held_out_combinations)
        self.hypernyms = Meetings(lexicon.held_out_hypernyms)

    def hypothesis(self, hypothesis: Hypothesis) -> bool:
        """The tree is no deeper than any in train may be."""
        return hypothesis.sentence.depth <= DEEPEST

    def premise(self, sentence: Sentence) -> bool:
        """The tree is no deeper than any in train may be."""
        return sentence.depth <= DEEPEST

    def together(self, words: frozenset[str]) -> bool:
        """No held-out combination meets, nor a held-out hyponym and its hypernym."""
        return not self.combinations.among(words) and not self.hypernyms.among(words)

    def depends(self, premise: Formula, hypothesis: Hypothesis, label: str) -> bool:
        """Every pair will do."""
        return True

    def begin(self, editor: Editor, formula: Formula) -> tuple[Formula, tuple[str, ...]]:
        """Nothing is asked of the edits."""
        return formula, ()


class Longer(Ordinary):
    """test_longer: more clauses in each sentence than any in train, and deeper premises."""

    hypothesis_clauses = (3,)
    premise_clauses = (3, 4)

    def hypothesis(self, hypothesis: Hypothesis) -> bool:
        """Every depth will do."""
        return True

    def premise(self, sentence: Sentence) -> bool:
        """The tree is deeper than any in train."""
        return sentence.depth > DEEPEST

    def begin(self, editor: Editor, formula: Formula) -> tuple[Formula, tuple[str, ...]]:
        """Clauses are added until a premise has enough of them."""
        names: tuple[str, ...] = ()
        while len(clauses(formula)) < min(self.premise_clauses):
            names, formula = (*names, "add"), editor.add(formula)
        return formula, names


class Lexical(Ordinary):
    """test_lexical: a held-out combination of words in each hypothesis."""

    def hypothesis(self, hypothesis: Hypothesis) -> bool:
        """A clause holds both words of a combination."""
        return super().hypothesis(hypothesis) and any(
            self.combinations.among(frozenset(content_words(clause)))
            for clause in clauses(hypothesis.formula)
        )

    def together(self, words: frozenset[str]) -> bool:
        """No held-out hyponym meets its hypernym."""
        return not self.hypernyms.among(words)


class Hyper(Ordinary):
    """test_hyper: a held-out hyponym across from its hypernym, and the label hangs on the two."""

    same_words = 0.0  # too few of those hang on the two

    def __init__(self, lexicon: Lexicon) -> None:
        super().__init__(lexicon)
        self.what_if = {
            (low, high): (Semantics(lexicon.uprooted(low)), Semantics(lexicon, (high, low)))
            for low, high in lexicon.held_out_hypernyms
        }

    def hypothesis(self, hypothesis: Hypothesis) -> bool:
        """A word with a held-out hyponym or hypernym occurs."""
        return super().hypothesis(hypothesis) and not hypothesis.words.isdisjoint(
            self.hypernyms.partners
        )

    def together(self, words: frozenset[str]) -> bool:
        """No held-out combination meets."""
        return not self.combinations.among(words)

    def begin(self, editor: Editor, formula: Formula) -> tuple[Formula, tuple[str, ...]]:
        """A word gives way to its held-out partner."""
        partners = self.hypernyms.partners
        word = editor.rng.choice([one for one in content_words(formula) if one in partners])
        partner = editor.rng.choice(partners[word])
        name = "hypernym" if partner in self.lexicon.hypernyms[word] else "hyponym"
        return replace_word(formula, word, partner), (name,)

    def depends(self, premise: Formula, hypothesis: Hypothesis, label: str) -> bool:
        """The label would be another if the hyponym excluded its hypernym, or had its meaning.

        No word between the two may occur, which would say of the hyponym what the pair tests.
        """
        given, wanted = frozenset(content_words(premise)), hypothesis.words
        for (low, high), worlds in self.what_if.items():
            across = (low in given and high in wanted) or (high in given and low in wanted)
            between = set(self.lexicon.hypernyms[low]) - {high, *self.lexicon.hypernyms[high]}
            if across and not between & (given | wanted):
                return any(world.label(premise, hypothesis.formula) != label for world in worlds)
        return False
