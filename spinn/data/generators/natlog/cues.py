"""Cues to the label that need no composition, and how often each label occurred with them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import log
from typing import TypeAlias

from spinn.data.generators.natlog.formulas import FUNCTION_WORDS
from spinn.data.generators.natlog.semantics import LABELS

Cue: TypeAlias = tuple[object, ...]
NONE: Counter[str] = Counter()


class Cues:
    """Counts of labels by cue, over all pairs so far."""

    def __init__(self) -> None:
        self.counts: defaultdict[Cue, Counter[str]] = defaultdict(Counter)
        self.ngrams: defaultdict[Cue, Counter[str]] = defaultdict(Counter)

    def add(self, premise: str, hypothesis: str, label: str) -> None:
        """Count a pair."""
        for cue in differences(premise, hypothesis):
            self.counts[cue][label] += 1
        for cue in ngram_cues(premise, hypothesis):
            self.ngrams[cue][label] += 1

    def skew(self, premise: str, hypothesis: str, label: str) -> float:
        """Return how much more often than the other labels the cues of a pair had this label."""
        skew = 0.0
        for cue in differences(premise, hypothesis):
            counts = self.counts.get(cue, NONE)
            skew += (counts[label] - counts.total() / 3) / (1 + counts.total()) ** 0.5
        return skew

    def guess(self, premise: str, hypothesis: str) -> str:
        """Return the label that naive Bayes on words and bigrams finds most probable."""
        scores = dict.fromkeys(LABELS, 0.0)
        for cue in ngram_cues(premise, hypothesis):
            counts = self.ngrams.get(cue, NONE)
            for label in LABELS:
                scores[label] += log((counts[label] + 1) / (counts.total() + 3))
        return max(LABELS, key=scores.__getitem__)


def differences(premise: str, hypothesis: str) -> Iterator[Cue]:
    """Yield what differs between the two sentences, by word counts, lengths and first words."""
    ours, theirs = premise.split(" "), hypothesis.split(" ")
    more = Counter(ours)
    more.subtract(theirs)
    functions = tuple(sorted((w, n) for w, n in more.items() if n and w in FUNCTION_WORDS))
    content = tuple(sorted((w, n) for w, n in more.items() if n and w not in FUNCTION_WORDS))
    counts = tuple(n for _, n in content)
    yield "function words", functions
    yield "content words", content
    yield "word counts", functions, counts
    yield "overlap", len(set(ours) & set(theirs)), sum(n > 0 for n in counts), len(counts)
    yield "shared bigrams", len(set(pairwise(ours)) & set(pairwise(theirs))), len(theirs)
    yield "operators", _operators(ours), _operators(theirs)
    yield "length", len(ours) - len(theirs)
    yield "function words of each", _function_words(ours), _function_words(theirs)


def ngram_cues(premise: str, hypothesis: str) -> Iterator[Cue]:
    """Yield the words and bigrams that both sentences have, or one of them, and their numbers."""
    ours, theirs = _ngrams(premise), _ngrams(hypothesis)
    for name, found in (
        ("both", [ngram for ngram in ours if ngram in theirs]),
        ("premise", [ngram for ngram in ours if ngram not in theirs]),
        ("hypothesis", [ngram for ngram in theirs if ngram not in ours]),
    ):
        yield name, len(found)
        for ngram in found:
            yield name, ngram


def _ngrams(text: str) -> dict[object, None]:
    """Return words and bigrams in their order, without repetition."""
    words = ["", *text.split(" "), ""]
    return dict.fromkeys([*words, *pairwise(words)])


def _operators(words: Sequence[str]) -> tuple[str, ...]:
    """Return the first word; after `it is not the case that`, the next word, too."""
    return (words[0], words[6]) if words[0] == "it" else (words[0],)


def _function_words(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(word for word in words if word in FUNCTION_WORDS))
