"""How a model reads a pair, move by move, as plain numbers and texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.data.text.corpus import Corpus, Example
from spinn.data.text.vocabulary import UNKNOWN, Vocabulary
from spinn.errors import InputError
from spinn.tasks.pair_classification import PairClassification
from spinn.trees.transitions import SHIFT, Parse

LONGEST = 400  # words of a sentence; cosines are a table of 2T-1 by 2T-1
SIDES = ("premise", "hypothesis")
OWN = "the model's own"


@dataclass(frozen=True)
class Node:
    """What one move has made: a word, or two nodes joined.

    Attributes:
        children: the moves that made the two parts; none of a word.
        span: the words it covers, [start, end).
        probabilities: (C,) of each label, where it stands for its sentence and the other sentence
            is whole.
    """

    children: tuple[int, ...]
    span: tuple[int, int]
    probabilities: list[float]


@dataclass(frozen=True)
class Side:
    """A sentence of T words, read in S = 2T-1 moves; move s makes node s.

    Attributes:
        name: premise or hypothesis.
        words: (T,) texts.
        unknown: (T,) whether training never saw the word.
        source: where the tree comes from.
        moves: (S,) SHIFT or REDUCE.
        chances: (S,) what the encoder gave for the move made, where it predicts moves.
        tracking: (S, K) the Tracker's h before each move, where there is a Tracker.
        nodes: (S,) what each move made; the last one is the sentence.
    """

    name: str
    words: list[str]
    unknown: list[bool]
    source: str
    moves: list[int]
    chances: list[float] | None
    tracking: list[list[float]] | None
    nodes: list[Node]


@dataclass(frozen=True)
class Trace:
    """A pair, read.

    Attributes:
        model: the encoder's name.
        labels: (C,) the names of the classes.
        probabilities: (C,) of the whole pair.
        sides: premise and hypothesis.
        cosine: (S, S) between each node of the premise and each of the hypothesis.
        run: the name of the run's folder, to tell pages apart; empty where there is none.
    """

    model: str
    labels: list[str]
    probabilities: list[float]
    sides: tuple[Side, Side]
    cosine: list[list[float]]
    run: str = ""

    @property
    def label(self) -> str:
        """The label of the whole pair."""
        return self.labels[int(np.argmax(self.probabilities))]


@torch.no_grad()
def trace(
    task: PairClassification,
    vocabulary: Vocabulary,
    sentences: tuple[Parse, Parse],
    sources: tuple[str, str],
    model: str,
) -> Trace:
    """Let a model read a pair, and keep what it did.

    Args:
        task: in evaluation mode.
        vocabulary: the words the model knows.
        sentences: premise and hypothesis; their trees count where the model does not find its own.
        sources: where each tree comes from, for people.
        model: the encoder's name, for people.

    Raises: InputError: if a sentence is too long, the encoder builds no nodes, or the classifier
        looks at one sentence only.
    """
    _check(task, sentences, model)
    batch = _pack(task, vocabulary, sentences)
    encoding = task.encoder(batch)
    if encoding.nodes is None:
        kind = type(task.encoder).__name__
        raise InputError(
            f"{model} ({kind}) builds no tree, so there are no steps to look at; inspect is for "
            "tree encoders (treelstm, spinn); spinn predict gives the label alone"
        )
    if encoding.transitions is not None:
        sources = (OWN, OWN)
    return _told(
        task, vocabulary, sentences, sources, model, encoding, encoding.followed_transitions(batch)
    )


def _told(
    task: PairClassification,
    vocabulary: Vocabulary,
    sentences: tuple[Parse, Parse],
    sources: tuple[str, str],
    model: str,
    encoding: Encoding,
    moves: Tensor,
) -> Trace:
    """Put numbers to what was made: labels at each node, and cosines between the sides."""
    assert encoding.nodes is not None  # a model without nodes has been told so
    sizes = [2 * len(parse.words) - 1 for parse in sentences]
    u, v = _in_order(encoding.nodes, moves).split_with_sizes(sizes)  # (S, D) of each side
    labels = _classify_each(task, encoding.sentence, u, v).split_with_sizes(sizes)
    whole = _rounded(task.classify(encoding.sentence).softmax(dim=1)[0], 6)  # (C,)
    sides = [
        _side(name, parse.words, vocabulary, source, whole, *columns)
        for name, parse, source, *columns in zip(
            SIDES, sentences, sources, labels, *_columns(encoding, moves, sizes), strict=True
        )
    ]
    cosine = F.normalize(u, dim=1) @ F.normalize(v, dim=1).t()  # (S, S)
    return Trace(model, list(task.labels), whole, (sides[0], sides[1]), _rounded(cosine, 3))


def _check(task: PairClassification, sentences: tuple[Parse, Parse], model: str) -> None:
    for name, parse in zip(SIDES, sentences, strict=True):
        if len(parse.words) > LONGEST:
            raise InputError(
                f"{name}: {len(parse.words)} words; inspect shows at most {LONGEST}. "
                "spinn predict takes longer sentences"
            )
    if task.sentences != "both":
        raise InputError(
            f"{model} looks at the {task.sentences} alone (task.sentences={task.sentences}); "
            "inspect shows how two sentences meet"
        )


def _pack(
    task: PairClassification, vocabulary: Vocabulary, sentences: tuple[Parse, Parse]
) -> Sentences:
    corpus = Corpus.of([Example(sentences, task.labels[0])])  # no label is asked for; any will do
    return task.prepare(corpus, vocabulary).collate(np.arange(1)).sentences


def _in_order(nodes: Tensor, moves: Tensor) -> Tensor:
    """(2N-B, D) the nodes in the order of their moves, of (M, D): all words, then all REDUCEs."""
    shifts = (moves == SHIFT).long()
    words = int(shifts.sum())
    place = torch.where(
        moves == SHIFT, shifts.cumsum(0) - 1, words + (1 - shifts).cumsum(0) - 1
    )  # (2N-B,)
    return nodes.index_select(0, place.to(nodes.device))


def _classify_each(task: PairClassification, whole: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """(2N-B, C) label probabilities where each node in turn stands for its sentence.

    Args:
        task: whose classifier is asked.
        whole: (2, D) premise and hypothesis.
        u: (S, D) nodes of the premise.
        v: (S, D) nodes of the hypothesis.
    """
    premises = torch.cat([u, whole[0].expand(len(v), -1)])  # (2N-B, D)
    hypotheses = torch.cat([whole[1].expand(len(u), -1), v])
    return task.classify(torch.cat([premises, hypotheses])).softmax(dim=1)


def _columns(
    encoding: Encoding, moves: Tensor, sizes: list[int]
) -> list[Sequence[Tensor] | tuple[None, None]]:
    """Transitions, chances of the moves made, and tracking: each cut into the two sides."""
    chances = None
    if encoding.log_probs is not None:
        made = moves.long().to(encoding.log_probs.device)
        chances = encoding.log_probs.gather(1, made[:, None])[:, 0].exp()
    columns = (moves, chances, encoding.tracking)
    return [
        (None, None) if column is None else column.split_with_sizes(sizes) for column in columns
    ]


def _side(
    name: str,
    words: tuple[str, ...],
    vocabulary: Vocabulary,
    source: str,
    whole: list[float],
    probabilities: Tensor,
    moves: Tensor,
    chances: Tensor | None,
    tracking: Tensor | None,
) -> Side:
    made = moves.tolist()
    # The root is the sentence: it says what the answer says, to the last digit.
    labels = [*_rounded(probabilities[:-1], 4), whole]
    return Side(
        name=name,
        words=list(words),
        unknown=[number == UNKNOWN for number in vocabulary.encode(words)],
        source=source,
        moves=made,
        chances=None if chances is None else _rounded(chances, 4),
        tracking=None if tracking is None else _rounded(tracking, 3),
        nodes=_nodes(made, labels),
    )


def _nodes(moves: Sequence[int], probabilities: list[list[float]]) -> list[Node]:
    """What each move made."""
    starts = [
        0,
        *accumulate(int(move == SHIFT) for move in moves),
    ]  # words shifted before each move
    stack: list[int] = []
    nodes: list[Node] = []
    for number, (move, row) in enumerate(zip(moves, probabilities, strict=True)):
        children: tuple[int, ...] = ()
        span = (starts[number], starts[number + 1])
        if move != SHIFT:
            children = (stack[-2], stack[-1])
            span = (nodes[children[0]].span[0], nodes[children[1]].span[1])
            del stack[-2:]
        stack.append(number)
        nodes.append(Node(children, span, row))
    return nodes


def _rounded(values: Tensor, digits: int) -> list:  # type: ignore[type-arg]
    """Nested lists of numbers of few digits, so that a page stays small."""
    rounded: list = np.round(values.double().cpu().numpy(), digits).tolist()  # type: ignore[type-arg]
    return rounded


def marks(labels: Sequence[str]) -> list[str]:
    """A short sign for each label: as many of its first letters as tell it from the others."""
    for size in range(1, max(map(len, labels)) + 1):
        short = [label[:size].capitalize() for label in labels]
        if len(set(short)) == len(labels):
            return short
    return list(labels)
