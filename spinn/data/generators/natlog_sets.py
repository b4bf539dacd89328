"""What each file of natlog asks of its pairs: how long they are, and which words may meet."""

from collections import defaultdict
from dataclasses import dataclass

from spinn.data.generators.natlog_edits import Editor, replace_word
from spinn.data.generators.natlog_formulas import (
    Formula,
    brackets,
    clauses,
    content_words,
    depth,
)
from spinn.data.generators.natlog_groups import Sentence
from spinn.data.generators.natlog_lexicon import Lexicon
from spinn.data.generators.natlog_semantics import Semantics

DEEPEST = 8  # of the trees in train; those of premises in test_longer go below


def _meeting(pairs: frozenset[frozenset[str]], words: frozenset[str]) -> bool:
    return any(pair <= words for pair in pairs)


@dataclass(frozen=True)
class Ordinary:
    """Train, dev and test: up to two clauses, and none of the held-out meetings of words."""

    lexicon: Lexicon
    hypothesis_clauses: range = range(1, 3)
    premise_clauses: range = range(1, 3)
    same_words: float = 0.5

    def hypothesis(self, sentence: Sentence) -> bool:
        """The tree is no deeper than any in train may be."""
        return depth(brackets(sentence.formula)) <= DEEPEST

    def premise(self, sentence: Sentence) -> bool:
        """The tree is no deeper than any in train may be."""
        return depth(brackets(sentence.formula)) <= DEEPEST

    def together(self, words: frozenset[str]) -> bool:
        """No held-out combination meets, nor a held-out hyponym and its hypernym."""
        held_out = self.lexicon.held_out_combinations | self.lexicon.held_out_meetings
        return not _meeting(held_out, words)

    def depends(self, premise: Formula, hypothesis: Formula, label: str) -> bool:
        """Every pair will do."""
        return True

    def begin(self, editor: Editor, formula: Formula) -> tuple[Formula, tuple[str, ...]]:
        """Nothing is asked of the edits."""
        return formula, ()


@dataclass(frozen=True)
class Longer(Ordinary):
    """test_longer: more clauses in each premise, and deeper trees, than any in train."""

    hypothesis_clauses: range = range(2, 4)
    premise_clauses: range = range(3, 5)
    same_words: float = 1.0

    def hypothesis(self, sentence: Sentence) -> bool:
        """Every depth will do."""
        return True

    def premise(self, sentence: Sentence) -> bool:
        """The tree is deeper than any in train."""
        return depth(brackets(sentence.formula)) > DEEPEST

    def begin(self, editor: Editor, formula: Formula) -> tuple[Formula, tuple[str, ...]]:
        """Clauses are added until a premise has enough of them."""
        names: tuple[str, ...] = ()
        while len(clauses(formula)) < self.premise_clauses.start:
            names, formula = (*names, "add"), editor.add(formula)
        return formula, names


@dataclass(frozen=True)
class Lexical(Ordinary):
    """test_lexical: a held-out combination of words in each hypothesis."""

    def hypothesis(self, sentence: Sentence) -> bool:
        """A clause holds both words of a combination."""
        return super().hypothesis(sentence) and any(
            _meeting(self.lexicon.held_out_combinations, frozenset(content_words(clause)))
            for clause in clauses(sentence.formula)
        )

    def together(self, words: frozenset[str]) -> bool:
        """No held-out hyponym meets its hypernym."""
        return not _meeting(self.lexicon.held_out_meetings, words)


class Hyper(Ordinary):
    """test_hyper: a held-out hyponym across from its hypernym, and the label hangs on the two."""

    def __init__(self, lexicon: Lexicon) -> None:
        super().__init__(lexicon, same_words=0.0)  # too few of these hang on the held-out pair
        # A frozen class whose parts are made here once.
        self.partners: dict[str, list[str]] = defaultdict(list)
        for low, high in lexicon.held_out_hypernyms:
            self.partners[low].append(high)
            self.partners[high].append(low)
        self.what_if = {
            (low, high): (Semantics(lexicon.uprooted(low)), Semantics(lexicon, (high, low)))
            for low, high in lexicon.held_out_hypernyms
        }

    def hypothesis(self, sentence: Sentence) -> bool:
        """A word with a held-out hyponym or hypernym occurs."""
        words = sentence.text.split(" ")
        return super().hypothesis(sentence) and any(word in self.partners for word in words)

    def together(self, words: frozenset[str]) -> bool:
        """No held-out combination meets."""
        return not _meeting(self.lexicon.held_out_combinations, words)

    def begin(self, editor: Editor, formula: Formula) -> tuple[Formula, tuple[str, ...]]:
        """A word gives way to its held-out partner."""
        present = [word for word in content_words(formula) if word in self.partners]
        word = editor.rng.choice(present)
        partner = editor.rng.choice(self.partners[word])
        name = "hypernym" if partner in self.lexicon.hypernyms[word] else "hyponym"
        return replace_word(formula, word, partner), (name,)

    def depends(self, premise: Formula, hypothesis: Formula, label: str) -> bool:
        """The label would be another if the hyponym excluded its hypernym, or had its meaning.

        No word between the two may occur, which would say of the hyponym what the pair tests.
        """
        given, wanted = set(content_words(premise)), set(content_words(hypothesis))
        for (low, high), worlds in self.what_if.items():
            across = (low in given and high in wanted) or (high in given and low in wanted)
            between = set(self.lexicon.hypernyms[low]) - {high, *self.lexicon.hypernyms[high]}
            if across and not between & (given | wanted):
                return any(world.label(premise, hypothesis) != label for world in worlds)
        return False
