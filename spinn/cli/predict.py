"""`spinn predict RUN`: the label of one's own sentences."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch

from spinn.cli import tree_options
from spinn.data.corpus import Corpus
from spinn.data.datasets import PairFiles
from spinn.data.example import Example
from spinn.data.sentences import TreeSource
from spinn.data.vocabulary import UNKNOWN
from spinn.errors import InputError
from spinn.training.restore import Run, load_run
from spinn.trees import Parse, to_brackets

LONGEST_LINE = 1 << 20  # characters of a line on standard input


class Question(NamedTuple):
    """A pair of sentences, and where each tree comes from."""

    sentences: tuple[Parse, Parse]
    sources: tuple[str, str]


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "predict",
        help="label and probabilities for your own sentences",
        description="Say whether a premise entails a hypothesis. Without --premise and "
        '--hypothesis, read JSON lines {"premise": "…", "hypothesis": "…"} from standard input. '
        'A sentence in brackets, "( ( all dogs ) move )", keeps its tree; plain text gets the '
        "tree of --trees.",
    )
    parser.add_argument("folder", metavar="RUN", help="the folder that training left")
    parser.add_argument("--premise", help="the sentence that is taken to be true")
    parser.add_argument("--hypothesis", help="the sentence that may follow from it")
    tree_options.add_to(parser)
    parser.add_argument("--batch-size", type=int, default=64, help="pairs in a batch")
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Answer each question in the order it came."""
    if (options.premise is None) != (options.hypothesis is None):
        raise InputError("give both --premise and --hypothesis, or neither and JSON lines on stdin")
    if options.batch_size < 1:
        raise InputError(f"--batch-size is {options.batch_size}; expected 1 or more")
    loaded = load_run(options.folder)
    if not isinstance(loaded.dataset, PairFiles):
        raise InputError(
            f"{options.folder} was trained on {loaded.dataset.describe()}; predict is for pairs of "
            "sentences"
        )
    trees = tree_options.tree_source(options)
    if options.premise is not None:
        questions = iter([_question(options.premise, options.hypothesis, trees)])
    else:
        questions = _questions(sys.stdin, trees)
    for answer in _answers(loaded, questions, options.batch_size):
        print(json.dumps(answer, ensure_ascii=False) if options.json else _text(answer), flush=True)


def _questions(lines: Iterable[str], trees: TreeSource) -> Iterator[Question]:
    """Read JSON lines; a bad one is named by its number, after the answers to those before it."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            if len(line) > LONGEST_LINE:
                raise ValueError(f"{len(line)} characters; expected at most {LONGEST_LINE}")
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError('expected an object {"premise": "…", "hypothesis": "…"}')
            yield _question(row.get("premise"), row.get("hypothesis"), trees)
        except (ValueError, RecursionError) as error:
            raise InputError(f"<stdin>:{number}: {error}") from error


def _question(premise: Any, hypothesis: Any, trees: TreeSource) -> Question:
    parses, sources = [], []
    for name, text in (("premise", premise), ("hypothesis", hypothesis)):
        if not isinstance(text, str):
            raise InputError(f"{name} is {text!r}; expected a sentence")
        try:
            parse, source = read_sentence(text, trees)
        except ValueError as error:
            raise InputError(f"{name} {text!r}: {error}") from error
        parses.append(parse)
        sources.append(source)
    return Question((parses[0], parses[1]), (sources[0], sources[1]))


def read_sentence(text: str, trees: TreeSource) -> tuple[Parse, str]:
    """Return a sentence's words and tree, and where the tree comes from: `given` or a choice."""
    return trees.read(text)


def _answers(loaded: Run, questions: Iterator[Question], size: int) -> Iterator[dict[str, Any]]:
    """Answer batch by batch; where a question is bad, the ones before it are answered first."""
    failure: InputError | None = None
    while failure is None:
        batch: list[Question] = []
        try:
            for question in islice(questions, size):
                batch.append(question)
        except InputError as error:
            failure = error
        if not batch:
            break
        yield from _classify(loaded, batch)
    if failure is not None:
        raise failure


@torch.no_grad()
def _classify(loaded: Run, questions: Sequence[Question]) -> list[dict[str, Any]]:
    task, labels = loaded.task, loaded.dataset.labels or ()
    corpus = Corpus.of(Example(question.sentences, labels[0]) for question in questions)
    pairs = task.prepare(corpus, loaded.vocabulary)
    probabilities = task(pairs.collate(np.arange(len(corpus)))).logits.softmax(dim=1)  # (P, C)
    return [
        _answer(loaded, question, row)
        for question, row in zip(questions, probabilities.tolist(), strict=True)
    ]


def _answer(loaded: Run, question: Question, probabilities: Sequence[float]) -> dict[str, Any]:
    by_label = dict(zip(loaded.dataset.labels or (), probabilities, strict=True))
    sides = dict(zip(("premise", "hypothesis"), question.sentences, strict=True))
    words = [word for parse in question.sentences for word in parse.words]
    ids = loaded.vocabulary.encode(words)
    return {
        "label": max(by_label, key=lambda label: by_label[label]),
        "probabilities": {label: round(p, 6) for label, p in by_label.items()},
        **{side: to_brackets(parse) for side, parse in sides.items()},
        "trees": dict(zip(sides, question.sources, strict=True)),
        "unknown_words": [w for w, number in zip(words, ids, strict=True) if number == UNKNOWN],
    }


def _text(answer: dict[str, Any]) -> str:
    chances = "  ".join(f"{label} {p:.1%}" for label, p in answer["probabilities"].items())
    lines = [f"{answer['label']}    ({chances})"]
    lines += [
        f"  {side:10} {answer[side]}   [{answer['trees'][side]} tree]"
        for side in ("premise", "hypothesis")
    ]
    if answer["unknown_words"]:
        lines.append(f"  words not seen in training: {', '.join(answer['unknown_words'])}")
    return "\n".join(lines)
