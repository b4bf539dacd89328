"""The trees that a run's encoder finds, or follows, for the sentences of each set."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from spinn.batch.sentences import Sentences
from spinn.cli.support import evaluation_sets
from spinn.data.batching import LengthBuckets
from spinn.data.dataset import PairFiles
from spinn.data.text.corpus import Corpus
from spinn.data.text.reading import ReadReport
from spinn.data.text.tree_source import GOLD
from spinn.data.text.vocabulary import Vocabulary
from spinn.errors import InputError
from spinn.tasks.pair_classification import PairClassification
from spinn.training.loading import Run
from spinn.trees.transitions import Parse


class Found(NamedTuple):
    """The sentences of a set as the data has them, and the tree that the encoder used of each."""

    parses: list[Parse]
    trees: list[bytes]


class Parsed(NamedTuple):
    """A run's trees.

    Attributes:
        folder: of the run.
        given: where the data's trees come from, as `data.trees` says.
        own: whether the encoder found trees of its own; else it followed the given ones.
        sets: by name.
        reports: how reading them went.
    """

    folder: str
    given: str
    own: bool
    sets: dict[str, Found]
    reports: dict[str, ReadReport]


def parsed(loaded: Run, options: argparse.Namespace) -> Parsed:
    """Let a run's encoder find the trees of every set: its own, if it parses for itself.

    Raises: InputError: if the run is not of sentence pairs, or its encoder has no trees.
    """
    folder = str(loaded.folder.path)
    predicts = loaded.task.encoder.tree_source == "predicted"
    dataset = evaluation_sets.chosen_dataset(loaded, options, followed=not predicts)
    if not isinstance(dataset, PairFiles) or not isinstance(loaded.task, PairClassification):
        raise InputError(
            f"{folder} was trained on {dataset.describe()}; parse-eval is for pairs of sentences"
        )
    chosen, reports = evaluation_sets.read_sets(dataset, options)
    found, own = {}, False
    for name, corpus in chosen.items():
        parses = _sentences(corpus, loaded.task.sentences, options.each_occurrence)
        encoder = loaded.task.encoder
        trees = encoder_trees(encoder, parses, loaded.vocabulary, options.batch_size)
        if trees is None:
            raise InputError(
                f"{folder}: its encoder, {type(encoder).__name__}, reads without trees; give the "
                "run of one that parses or follows trees"
            )
        found[name], own = Found(parses, trees[0]), trees[1]
    return Parsed(folder, dataset.settings.trees, own, found, reports)


def _sentences(corpus: Corpus, sides: str, each_occurrence: bool) -> list[Parse]:
    """List what the task lets its encoder see, each sentence (words and tree) once or each time."""
    first = 1 if sides == "hypothesis" else 0
    parses = [parse for example in corpus for parse in example.sentences[first:]]
    return parses if each_occurrence else list(dict.fromkeys(parses))


@torch.no_grad()
def encoder_trees(
    encoder: nn.Module, parses: Sequence[Parse], vocabulary: Vocabulary, batch_size: int
) -> tuple[list[bytes], bool] | None:
    """Return the tree that an encoder in evaluation uses for each sentence.

    Args: parses: the sentences with the trees that are given to it.

    Returns: the trees, and whether they are its own; None if it knows of no trees.
    """
    trees = [b""] * len(parses)
    own = False
    lengths = [len(parse.words) for parse in parses]
    for rows in LengthBuckets(lengths, batch_size=batch_size).batches(0, shuffle=False):
        batch = [parses[row] for row in rows]
        sentences = Sentences.from_lists(
            [vocabulary.encode(words) for words, _ in batch], [tree for _, tree in batch]
        )
        encoding = encoder(sentences)
        own = encoding.transitions is not None
        if not own and encoding.gather_nodes is None:
            return None
        moves = encoding.followed_transitions(sentences).numpy().tobytes()
        end = 0
        for row in rows:
            start, end = end, end + 2 * lengths[row] - 1
            trees[row] = moves[start:end]
    return trees, own


def check_each_once(folders: Sequence[str]) -> None:
    """Check that no run is given twice, by whatever names: it would agree with itself.

    Raises: InputError: naming both.
    """
    seen: dict[Path, str] = {}
    for folder in folders:
        path = Path(folder).resolve()
        if path in seen:
            raise InputError(f"{seen[path]} and {folder} are the same run; give each run once")
        seen[path] = folder


def check_same_kind(first: Parsed, other: Parsed) -> None:
    """Check that both runs' trees are their own, or both those of the data: a mean is of one kind.

    Raises: InputError: naming which is which.
    """
    if first.own == other.own:
        return
    own, follows = (first, other) if first.own else (other, first)
    raise InputError(
        f"{own.folder} finds its own trees, and {follows.folder} follows the data's "
        f"({follows.given}): a mean of the two says nothing; give them one at a time"
    )


def check_same_sentences(first: Parsed, other: Parsed) -> None:
    """Check that two runs' trees can be compared, and gold's where both have them.

    Raises: InputError: naming the set that differs.
    """
    both_gold = first.given == other.given == GOLD
    for name in sorted(first.sets.keys() | other.sets.keys()):
        one, two = (
            parses if both_gold else [parse.words for parse in parses]
            for parses in (
                run.sets[name].parses if name in run.sets else [] for run in (first, other)
            )
        )
        if one != two:
            raise InputError(
                f"{other.folder}: the sentences of {name}, {len(two)} in all, are not the "
                f"{len(one)} of {first.folder}; expected runs on the same data, or the same "
                "--file, --root or --trees for all"
            )
