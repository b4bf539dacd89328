"""How a model reads an example, transition by transition, as plain numbers and texts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.data.text.tree_source import PREDICTED
from spinn.data.text.vocabulary import UNKNOWN, Vocabulary
from spinn.errors import InputError
from spinn.tasks.text_task import TextTask
from spinn.trees.transitions import SHIFT, Parse

LONGEST = 400  # words of a sentence; the cosines are a table of 2T-1 by 2T-1


@dataclass(frozen=True)
class Node:
    """The result of one transition: a word, or two nodes composed.

    What the model predicts at the node is the node's own label for a task with a label at every
    node. For another task it is the prediction for the example, if the node replaces its sentence
    and the other sentences are complete.

    Attributes:
        children: the transitions that made the two children; none for a word.
        span: the words it covers, [start, end).
        probabilities: (C,) of each label; none for a task that predicts a number.
        score: the number that is predicted; None for labels.
    """

    children: tuple[int, ...]
    span: tuple[int, int]
    probabilities: list[float]
    score: float | None = None


@dataclass(frozen=True)
class SentenceTrace:
    """A sentence of T words, read in S = 2T-1 transitions; transition s makes node s.

    Attributes:
        role: the name of the sentence, such as premise.
        words: (T,) texts.
        unknown: (T,) whether a word is not in the vocabulary.
        origin: of the tree: gold, predicted, the name of a shape or of a parser.
        transitions: (S,) SHIFT or REDUCE.
        transition_probabilities: (S,) of the transition that was made, where the encoder predicts
            transitions.
        tracking: (S, K) the Tracker's h before each transition, where there is a Tracker.
        nodes: (S,) the result of each transition; the last one is the sentence.
    """

    role: str
    words: list[str]
    unknown: list[bool]
    origin: str
    transitions: list[int]
    transition_probabilities: list[float] | None
    tracking: list[list[float]] | None
    nodes: list[Node]


@dataclass(frozen=True)
class Trace:
    """How a model read an example.

    Attributes:
        model: the name of the encoder.
        labels: (C,) the names of the classes; none for a task that predicts a number.
        probabilities: (C,) of the example.
        sentences: those that the task encodes.
        cosine: (S, S) between each node of the first sentence and each of the second; empty if
            there are not two.
        score: the number that is predicted; None for labels.
        own_labels: whether the model is trained to predict a label at each node.
        run: the name of the run's folder; empty where there is none.
        warnings: about the trees that were followed.
    """

    model: str
    labels: list[str]
    probabilities: list[float]
    sentences: tuple[SentenceTrace, ...]
    cosine: list[list[float]]
    score: float | None = None
    own_labels: bool = False
    run: str = ""
    warnings: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The most probable label of the example, or its score."""
        if self.score is not None:
            return f"{self.score:.2f}"
        return self.labels[int(np.argmax(self.probabilities))]

    @property
    def legend(self) -> str:
        """What is shown at each node."""
        shown = "label" if self.score is None else "score"
        return f"the {shown}" if self.own_labels else f"the {shown} if the node were its sentence"


@torch.no_grad()
def trace(
    task: TextTask,
    vocabulary: Vocabulary,
    sentences: Sequence[Parse],
    origins: Sequence[str],
    model: str,
    device: torch.device | str = "cpu",
) -> Trace:
    """Run a model on an example, and record each step.

    Args:
        task: in evaluation mode.
        vocabulary: of the model.
        sentences: those that the task encodes; an encoder that predicts trees ignores their trees.
        origins: of the trees.
        model: the name of the encoder, for display.
        device: of the task.

    Raises: InputError: if a sentence is too long, or the encoder builds no nodes.
    """
    _check(task, sentences, model)
    batch = Sentences.from_lists(
        [vocabulary.encode(parse.words) for parse in sentences],
        [parse.transitions for parse in sentences],
    ).to(device)
    encoding = task.encoder(batch)
    if encoding.transitions is not None:
        origins = [PREDICTED] * len(sentences)
    transitions = encoding.followed_transitions(batch)
    sizes = [2 * len(parse.words) - 1 for parse in sentences]
    nodes = in_order(encoding.nodes, transitions)  # (M, D)
    own_labels = task.target == "nodes"
    by_sentence = nodes.split_with_sizes(sizes)
    values = task.values(nodes if own_labels else _in_place(encoding.sentence, by_sentence))
    predicted = task.predictions(values)  # one for each of M nodes
    # The root is the sentence, so that it has the prediction of the example to the last digit.
    whole = task.predictions(task.values(encoding.sentence))[0]
    probabilities, tracking = _columns(encoding, transitions)
    traces = []
    end = 0
    for name, parse, origin, size in zip(
        task.encoded_names, sentences, origins, sizes, strict=True
    ):
        start, end = end, end + size
        made = transitions[start:end].tolist()
        at_nodes = [*predicted[start : end - 1], predicted[end - 1] if own_labels else whole]
        traces.append(
            SentenceTrace(
                role=name,
                words=list(parse.words),
                unknown=[number == UNKNOWN for number in vocabulary.encode(parse.words)],
                origin=origin,
                transitions=made,
                transition_probabilities=(
                    None if probabilities is None else _rounded(probabilities[start:end], 4)
                ),
                tracking=None if tracking is None else _rounded(tracking[start:end], 3),
                nodes=_nodes(made, at_nodes),
            )
        )
    cosine = []
    if len(by_sentence) == 2:
        u, v = (F.normalize(part, dim=1) for part in by_sentence)  # (S, D) each
        cosine = _rounded(u @ v.t(), 3)  # (S, S)
    return Trace(
        model,
        list(whole.get("probabilities", {})),
        list(whole.get("probabilities", {}).values()),
        tuple(traces),
        cosine,
        score=whole.get("score"),
        own_labels=own_labels,
    )


def _check(task: TextTask, sentences: Sequence[Parse], model: str) -> None:
    if not task.encoder.has_nodes:
        raise InputError(
            f"{model} ({type(task.encoder).__name__}) builds no tree, so there are no steps to "
            "show; inspect is for tree encoders (spinn, treelstm); spinn predict gives the "
            "prediction"
        )
    for name, parse in zip(task.encoded_names, sentences, strict=True):
        if len(parse.words) > LONGEST:
            raise InputError(
                f"{name}: {len(parse.words)} words; inspect shows at most {LONGEST}. "
                "spinn predict takes longer sentences"
            )


def in_order(nodes: Tensor, transitions: Tensor) -> Tensor:
    """Put nodes, (M, D) with all words first, in the order of the transitions that make them.

    For ( robins sing ) the nodes are robins, sing, ( robins sing ), in this order already. For
    ( ( a b ) c ) they are a, b, c, ab, abc; transitions SHIFT SHIFT REDUCE SHIFT REDUCE make a, b,
    ab, c, abc, so that `place` is 0, 1, 3, 2, 4.
    """
    shifts = (transitions == SHIFT).long()
    words = int(shifts.sum())
    place = torch.where(
        transitions == SHIFT, shifts.cumsum(0) - 1, words + (1 - shifts).cumsum(0) - 1
    )  # (M,)
    return nodes.index_select(0, place.to(nodes.device))


def _in_place(whole: Tensor, by_sentence: Sequence[Tensor]) -> Tensor:
    """(nM, D) the sentences of M examples, each with one node in place of its sentence.

    For a premise p with the nodes a, b and a hypothesis q with the node c, the examples are (a, q),
    (b, q) and (p, c), and the result is a b p, q q c.

    Args:
        whole: (n, D) the complete sentences.
        by_sentence: (S, D) the nodes of each sentence.
    """
    return torch.cat(
        [
            part if number == place else whole[place].expand(len(part), -1)
            for place in range(len(by_sentence))
            for number, part in enumerate(by_sentence)
        ]
    )


def _columns(encoding: Encoding, transitions: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """Return (M,) probabilities of the transitions, and (M, K) tracking, where there are any."""
    probabilities = None
    if encoding.log_probs is not None:
        made = transitions.long().to(encoding.log_probs.device)
        probabilities = encoding.log_probs.gather(1, made[:, None])[:, 0].exp()
    return probabilities, encoding.tracking


def _nodes(transitions: Sequence[int], predicted: Sequence[dict[str, Any]]) -> list[Node]:
    """Return the result of each transition; numbers have few digits, so that a page stays small.

    Args: predicted: by the task, at each node.
    """
    last = len(predicted) - 1
    return [
        Node(
            children,
            span,
            [
                p if number == last else round(p, 4)
                for p in outputs.get("probabilities", {}).values()
            ],
            outputs.get("score"),
        )
        for number, ((children, span), outputs) in enumerate(
            zip(children_and_spans(transitions), predicted, strict=True)
        )
    ]


def children_and_spans(
    transitions: Sequence[int],
) -> list[tuple[tuple[int, ...], tuple[int, int]]]:
    """List the nodes that transitions make: their children, and the words that they cover.

    For ( a b ), they are ((), (0, 1)), ((), (1, 2)) and ((0, 1), (0, 2)).
    """
    # starts[s]: words shifted before transition s
    starts = [0, *accumulate(int(transition == SHIFT) for transition in transitions)]
    stack: list[int] = []
    nodes: list[tuple[tuple[int, ...], tuple[int, int]]] = []
    for number, transition in enumerate(transitions):
        children: tuple[int, ...] = ()
        span = (starts[number], starts[number + 1])
        if transition != SHIFT:
            children = (stack[-2], stack[-1])
            span = (nodes[children[0]][1][0], nodes[children[1]][1][1])
            del stack[-2:]
        stack.append(number)
        nodes.append((children, span))
    return nodes


def _rounded(values: Tensor, digits: int) -> list:  # type: ignore[type-arg]
    """Return nested lists of numbers with few digits, so that a page stays small."""
    rounded: list = np.round(values.double().cpu().numpy(), digits).tolist()  # type: ignore[type-arg]
    return rounded


def marks(labels: Sequence[str]) -> list[str]:
    """Return the shortest prefixes of the labels that all differ, as short signs for them."""
    for size in range(1, max(map(len, labels), default=0) + 1):
        short = [label[:size].capitalize() for label in labels]
        if len(set(short)) == len(labels):
            return short
    return list(labels)
