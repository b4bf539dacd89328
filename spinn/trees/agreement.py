"""Agreement between trees: unlabelled F1, transition accuracy, depth.

A tree is given by its transitions, as in `spinn.trees.transitions`, and is compared with another
tree over the same words. Numbers in the literature differ in what they count; see `Conventions`.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import Literal, NamedTuple, get_args

from spinn.trees.transitions import SHAPES, SHIFT, Parse, from_spans, random_tree, spans

Average = Literal["sentence", "corpus"]
Punctuation = Literal["keep", "drop"]
FINAL_PUNCTUATION = frozenset([".", "?", "!", "...", "…", ",", ";", ":", "''", '"'])


@dataclass(frozen=True, kw_only=True)
class Conventions:
    """The conventions of a comparison of trees.

    The defaults are those of Williams et al. 2018 (arXiv:1709.01121) and of ListOps (Nangia and
    Bowman 2018, arXiv:1804.06028), where gold trees score 41.6 against left-branching ones and 8.8
    against right-branching ones. PRPN and ON-LSTM (Shen et al. 2018, 2019) leave the whole sentence
    out. A sentence without counted spans scores 1 in the mean over sentences, unless `shortest`
    excludes it.

    Args:
        whole_sentence: whether the span of the whole sentence counts; every tree has it.
        single_words: whether spans of one word count; every tree has them.
        average: the mean of the sentences' F1, or one F1 over the spans of the corpus.
        shortest: least number of words of a compared sentence, without dropped punctuation.
        final_punctuation: keep it, or drop it from the end of each sentence. A sentence of
            punctuation alone is then not compared.

    Raises: ValueError: naming the argument that is out of range.
    """

    whole_sentence: bool = True
    single_words: bool = False
    average: Average = "sentence"
    shortest: int = 1
    final_punctuation: Punctuation = "keep"

    def __post_init__(self) -> None:
        for name, kind in (("average", Average), ("final_punctuation", Punctuation)):
            if getattr(self, name) not in get_args(kind):
                raise ValueError(
                    f"{name}={getattr(self, name)!r}, expected one of {get_args(kind)}"
                )
        if self.shortest < 1:
            raise ValueError(f"shortest={self.shortest}, expected 1 or more")

    def describe(self) -> str:
        """Describe the conventions in one line."""
        whole, single = (
            "counted" if counted else "not counted"
            for counted in (self.whole_sentence, self.single_words)
        )
        over = {"sentence": "mean over sentences", "corpus": "over all spans of the corpus"}
        punctuation = {"keep": "kept", "drop": "dropped"}[self.final_punctuation]
        return (
            f"unlabelled F1, {over[self.average]} of {self.shortest} or more words; whole-sentence "
            f"span {whole}; single words {single}; final punctuation {punctuation}"
        )


class TransitionAgreement(NamedTuple):
    """The share of transitions that equal the gold transition at the same position.

    Attributes:
        transitions: of all transitions.
        free_transitions: of those where both are legal along gold; None if there are none.
    """

    transitions: float
    free_transitions: float | None


def comparable(parses: Iterable[Parse], conventions: Conventions) -> list[bytes]:
    """Return the trees of the sentences that are compared.

    The choice depends on the words alone, so that two parses of the same sentences stay aligned.
    """
    if conventions.final_punctuation == "drop":
        parses = map(_without_final_punctuation, parses)
    return [tree for words, tree in parses if len(words) >= conventions.shortest]


def _without_final_punctuation(parse: Parse) -> Parse:
    words, transitions = parse
    length = len(words)
    while length and words[length - 1] in FINAL_PUNCTUATION:
        length -= 1
    if length in (0, len(words)):
        return Parse(words[:length], transitions if length else b"")
    cut = {(start, min(end, length)) for start, end in spans(transitions) if start < length}
    return Parse(words[:length], from_spans(cut, length))


def f1(trees: Iterable[bytes], others: Iterable[bytes], conventions: Conventions) -> float:
    """Return the unlabelled F1 of trees with others over the same words, from 0 to 1.

    Binary trees over the same words have equally many spans, so precision equals recall.

    Raises: ValueError: if there is no tree, or a pair of trees differs in length.
    """
    shared, counted = [], []
    for tree, other in zip(trees, others, strict=True):
        if len(tree) != len(other):
            raise ValueError(
                f"trees of {len(tree)} and {len(other)} transitions cannot be compared"
            )
        found = _counted(tree, conventions)
        shared.append(len(found & _counted(other, conventions)))
        counted.append(len(found))
    if not counted:
        raise ValueError("no tree to compare")
    if conventions.average == "corpus":
        return sum(shared) / sum(counted) if any(counted) else 1.0
    return fmean(
        part / whole if whole else 1.0 for part, whole in zip(shared, counted, strict=True)
    )


def _counted(tree: bytes, conventions: Conventions) -> set[tuple[int, int]]:
    found = set(spans(tree))
    if conventions.single_words:
        found.update((word, word + 1) for word in range(words_of(tree)))
    if not conventions.whole_sentence:
        found.discard((0, words_of(tree)))
    return found


def words_of(tree: bytes) -> int:
    """Return T of a tree of 2T-1 transitions."""
    return (len(tree) + 1) // 2


def against_shapes(
    trees: Sequence[bytes], conventions: Conventions, *, draws: int, seed: int
) -> dict[str, float]:
    """Return the F1 with left-branching, right-branching, balanced and random trees.

    Args:
        draws: random trees drawn for every sentence; their F1 is averaged.
        seed: of the draws.
    """
    lengths = [words_of(tree) for tree in trees]
    scores = {name: f1(trees, map(grow, lengths), conventions) for name, grow in SHAPES.items()}
    rng = random.Random(seed)
    scores["random"] = fmean(
        f1(trees, [random_tree(length, rng) for length in lengths], conventions)
        for _ in range(draws)
    )
    return scores


def self_agreement(runs: Iterable[Sequence[bytes]], conventions: Conventions) -> float:
    """Return the mean F1 over all pairs of runs, whose trees are over the same sentences."""
    return fmean(f1(one, other, conventions) for one, other in combinations(runs, 2))


def transition_agreement(trees: Iterable[bytes], golds: Iterable[bytes]) -> TransitionAgreement:
    """Compare transitions position by position, over all sentences together.

    Raises: ValueError: if there is no tree, or a pair of trees differs in length.
    """
    same = total = same_free = free = 0
    for tree, gold in zip(trees, golds, strict=True):
        height, waiting = 0, words_of(gold)
        for transition, wanted in zip(tree, gold, strict=True):
            choice = height >= 2 and waiting > 0
            free += choice
            same_free += choice and transition == wanted
            same += transition == wanted
            height += 1 if wanted == SHIFT else -1
            waiting -= wanted == SHIFT
        total += len(gold)
    if not total:
        raise ValueError("no tree to compare")
    return TransitionAgreement(same / total, same_free / free if free else None)


def depth(tree: bytes) -> int:
    """Return the edges from the root to the deepest word."""
    heights: list[int] = []
    for transition in tree:
        if transition == SHIFT:
            heights.append(0)
        else:
            right = heights.pop()
            heights[-1] = 1 + max(heights[-1], right)
    return heights[0]


def word_depth(tree: bytes) -> float:
    """Return the mean depth of the words, the tree depth of Williams et al. 2018."""
    return sum(end - start for start, end in spans(tree)) / words_of(tree)


def measure_trees(
    trees: Sequence[bytes],
    conventions: Conventions,
    *,
    golds: Sequence[bytes] | None = None,
    draws: int,
    seed: int,
) -> dict[str, float | None]:
    """Return all measures of the trees of one encoder, or of the gold trees.

    Args:
        trees: from `comparable`.
        golds: gold trees of the same sentences; None without.
        draws: random trees for each sentence.
        seed: of the random trees.

    Raises: ValueError: if there is no tree, or a pair of trees differs in length.
    """
    measures: dict[str, float | None] = {"sentences": len(trees)}
    if golds is not None:
        measures["gold"] = f1(trees, golds, conventions)
    measures |= against_shapes(trees, conventions, draws=draws, seed=seed)
    measures |= {"depth": fmean(map(depth, trees)), "word_depth": fmean(map(word_depth, trees))}
    return measures if golds is None else measures | transition_agreement(trees, golds)._asdict()
