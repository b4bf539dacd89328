"""The trees that a run's encoder predicts, or follows, for the sentences of each set."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from spinn.cli.support import compute_options
from spinn.cli.support.evaluation_data import load_evaluation_data
from spinn.data.text.corpus import Corpus
from spinn.data.text.report import ReadReport
from spinn.data.text.tree_source import GOLD, PREDICTED
from spinn.errors import InputError
from spinn.tasks.text_task import TextTask
from spinn.training.evaluation import encoder_trees
from spinn.training.loading import Run
from spinn.trees.transitions import Parse


class SetTrees(NamedTuple):
    """The sentences of a set with the data's trees, and the tree that the encoder used for each."""

    parses: list[Parse]
    trees: list[bytes]


class RunTrees(NamedTuple):
    """A run's trees.

    Attributes:
        folder: of the run.
        given: the origin of the data's trees.
        predicted: whether the encoder predicted its trees; else it followed the given ones.
        sets: by name.
        reports: of reading the sets.
    """

    folder: str
    given: str
    predicted: bool
    sets: dict[str, SetTrees]
    reports: dict[str, ReadReport]


def run_trees(loaded: Run, options: argparse.Namespace) -> RunTrees:
    """Return the trees that a run's encoder uses for every set.

    Raises: InputError: if the run is not of sentences, or its encoder has no trees.
    """
    folder = str(loaded.folder.path)
    if not isinstance(loaded.task, TextTask):
        raise InputError(
            f"{folder} was trained on {loaded.dataset.describe()}; parse-eval is for sentences"
        )
    encoder = loaded.task.encoder
    if encoder.tree_source == "none":
        raise InputError(
            f"{folder}: its encoder, {loaded.model_name}, uses no trees; give a run "
            "whose encoder predicts or follows trees"
        )
    data = load_evaluation_data(loaded, options, compared=True)
    device = compute_options.use(options, loaded)
    sets = {}
    for name, corpus in data.sets.items():
        parses = _sentences(corpus, loaded.task.places, options.each_occurrence)
        trees = encoder_trees(encoder, parses, loaded.vocabulary, options.batch_size, device)
        sets[name] = SetTrees(parses, trees)
    predicted = encoder.tree_source == "predicted"
    return RunTrees(folder, data.read or PREDICTED, predicted, sets, data.reports)


def _sentences(corpus: Corpus, places: Sequence[int], each_occurrence: bool) -> list[Parse]:
    """List the sentences that the task encodes, each (words and tree) once or each time."""
    parses = [example.sentences[place] for example in corpus for place in places]
    return parses if each_occurrence else list(dict.fromkeys(parses))


def check_each_once(folders: Sequence[str]) -> None:
    """Check that no run is given twice, since a run agrees with itself.

    Raises: InputError: naming both.
    """
    seen: dict[Path, str] = {}
    for folder in folders:
        path = Path(folder).resolve()
        if path in seen:
            raise InputError(f"{seen[path]} and {folder} are the same run; give each run once")
        seen[path] = folder


def check_same_kind(first: RunTrees, other: RunTrees) -> None:
    """Check that both runs predict their trees, or that both follow those of the data.

    Raises: InputError: naming which does what.
    """
    if first.predicted == other.predicted:
        return
    predicts, follows = (first, other) if first.predicted else (other, first)
    raise InputError(
        f"{predicts.folder} predicts its trees, and {follows.folder} follows the data's "
        f"({follows.given}): their mean has no meaning; give them one at a time"
    )


def check_same_sentences(first: RunTrees, other: RunTrees) -> None:
    """Check that two runs have the same sentences, with the same trees where both have gold.

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
