"""Groups of pairs in which each premise and each hypothesis occurs once with each label.

So no model of one sentence exceeds a third. A softmax of the sum of a score of the premise and a
score of the hypothesis, fitted by maximum likelihood, gives each label a third. What remains are
cues in the difference of the two sentences: of the balanced choices over the candidates, the one is
taken whose cues had their labels least often, and a group that naive Bayes on words and bigrams
labels too well is left out.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from spinn.data.generators.natlog.candidates import Drafter, Kind, Pair
from spinn.data.generators.natlog.cues import Cues
from spinn.data.generators.natlog.designs import balanced_design
from spinn.data.generators.natlog.semantics import LABELS

MOST_GUESSED = 0.5  # share of labels that naive Bayes may get right


class Group(NamedTuple):
    """Pairs in which each sentence has each label once.

    Attributes:
        kind: `reordered`, all premises have the same words in different orders; `edited`, premises
            are edits of hypotheses; `hypernym`, hypotheses are on a hyponym of the premises' noun.
    """

    pairs: Sequence[Pair]
    kind: Kind


class GroupMaker:
    """Chooses the groups of one file among the candidates of a drafter.

    Args:
        cues: counts over all files, to which new pairs are added.
    """

    def __init__(self, drafter: Drafter, cues: Cues) -> None:
        self.drafter, self.cues = drafter, cues

    def groups(self) -> Iterator[Group]:
        """Draw groups without end."""
        while True:
            kind = self.drafter.kind()
            pairs: list[Pair] = []
            while not pairs or self._guessed(pairs) > MOST_GUESSED * len(pairs):
                pairs = self._pairs(kind)
            for pair in pairs:
                self.drafter.used.add(pair, self.drafter.file)
                self.cues.add(pair.premise.sentence.text, pair.hypothesis.sentence.text, pair.label)
            yield Group(pairs, kind)

    def _pairs(self, kind: Kind) -> list[Pair]:
        """Draw candidates, and choose a balanced design of them; empty if there is none."""
        units = list(enumerate(self.drafter.units(kind)))
        premises = [(number, one) for number, unit in units for one in unit.premises]
        hypotheses = [(number, one) for number, unit in units for one in unit.hypotheses]
        costs = {label: np.full((len(premises), len(hypotheses)), np.inf) for label in LABELS}
        for row, (_, premise) in enumerate(premises):
            for column, (_, hypothesis) in enumerate(hypotheses):
                label = self.drafter.label(premise, hypothesis)
                if label is not None:
                    texts = premise.sentence.text, hypothesis.sentence.text
                    costs[label][row, column] = self.cues.skew(*texts, label)
        design = balanced_design(
            costs, [number for number, _ in premises], [number for number, _ in hypotheses]
        )
        return [
            Pair(premises[row][1], hypotheses[column][1], label) for row, column, label in design
        ]

    def _guessed(self, pairs: Sequence[Pair]) -> int:
        """Return the number of labels that naive Bayes gets right."""
        return sum(
            self.cues.guess(pair.premise.sentence.text, pair.hypothesis.sentence.text) == pair.label
            for pair in pairs
        )
