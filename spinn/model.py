"""Trained models from Python: `spinn.load(RUN)` and `spinn.train(OVERRIDES)`.

    import spinn
    model = spinn.load("runs/latest")
    model.predict([("some dogs run", "some dogs move")])

A model gives what the commands `predict`, `encode`, `parse-eval` and `evaluate` give.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinn.cli.support import compute_options
from spinn.cli.support.input_examples import Fields, InputExample, Row, read_example
from spinn.cli.support.predictor import Predictor
from spinn.cli.support.tree_options import TreeChoice, choose_trees
from spinn.data.text.tree_source import PREDICTED
from spinn.errors import InputError
from spinn.sharing import download, export, upload
from spinn.tasks.text_task import TextTask
from spinn.training.evaluation import encode, encoder_trees, evaluate_split
from spinn.training.loading import Run, load_run
from spinn.trees.transitions import Parse, to_nltk

if TYPE_CHECKING:
    from nltk.tree import Tree

WINDOW = 8  # batches whose sentences are sorted by length together


class Model:
    """The trained model of a run over sentences.

    Args:
        run: the folder of a training run.
        device: such as cpu or cuda.
        threads: on the CPU; None for torch's choice, which is that of the whole process.

    Attributes:
        results: of the run: `results["test"]["accuracy"]`.

    Raises: InputError: if the folder is not that of a run over sentences, or there is no such
        device.
    """

    def __init__(self, run: str | Path, *, device: str = "cpu", threads: int | None = None) -> None:
        self.run: Run = load_run(run)
        if not isinstance(self.run.task, TextTask):
            raise InputError(
                f"{run} was trained on {self.run.dataset.describe()}; spinn.load is for sentences"
            )
        self._task = self.run.task
        self.device = compute_options.use(
            argparse.Namespace(device=device, threads=threads), self.run
        )

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path,
        *,
        revision: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> Model:
        """Load a shared run: a folder that `save` has written, or one of the Hugging Face Hub.

        Args:
            name: of the folder, or `OWNER/NAME` on the Hub.
            revision: of the Hub's repository: a branch, a tag or a commit.
            device, threads: as for the class.

        Raises: InputError: if there is no such run, or the extra `hub` is missing.
        """
        folder = Path(name) if Path(name).is_dir() else download(str(name), revision=revision)
        return cls(folder, device=device, threads=threads)

    def save(self, folder: str | Path) -> None:
        """Write what others need of the run, and a model card, into a new folder.

        Raises: InputError: if the folder is not empty, or the run not finished.
        """
        export(self.run, Path(folder))

    def push_to_hub(self, name: str, *, private: bool = False) -> str:
        """Upload the run and its model card to the Hugging Face Hub; return its address.

        Args: name: `OWNER/NAME`; the token is that of `hf auth login`.

        Raises: InputError: if the extra `hub` is missing, or the Hub refuses.
        """
        return upload(self.run, name, private=private)

    @property
    def folder(self) -> Path:
        """Of the run."""
        return self.run.folder.path

    @property
    def results(self) -> dict[str, Any]:
        """The contents of `results.json`."""
        return self.run.folder.read_results()

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes; empty for a task without them."""
        return self._task.labels

    def predict(
        self,
        examples: Iterable[str | Sequence[str]],
        *,
        trees: str | None = None,
        batch_size: int = 64,
    ) -> list[dict[str, Any]]:
        """Return a prediction for each example, as `spinn predict --json` prints it.

        Args:
            examples: the sentences of each example, in the order of the run's data: a text, or a
                pair. A sentence is plain text, or a tree in brackets.
            trees: as `--trees`: which trees the encoder follows.
            batch_size: examples in a batch.

        Raises: InputError: for a bad example, naming its number.
        """
        choice = choose_trees(self.run, trees, None)
        predictor = Predictor(
            self._task, self.run.vocabulary, choice, batch_size=batch_size, device=self.device
        )
        found: list[dict[str, Any]] = []
        read = self._read(examples, choice)
        while batch := list(islice(read, WINDOW * batch_size)):
            found += predictor.predict(batch)
        return found

    def encode(
        self, sentences: Iterable[str], *, trees: str | None = None, batch_size: int = 256
    ) -> NDArray[np.float32]:
        """(B, D) the vector of each sentence.

        Args: as for `predict`; each sentence is read alone.

        Raises: InputError: for a bad sentence, naming its number.
        """
        parses = self._parses(sentences, choose_trees(self.run, trees, None))
        return encode(self._task.encoder, parses, self.run.vocabulary, batch_size, self.device)

    def parse(self, sentences: Iterable[str], *, batch_size: int = 256) -> list[Tree]:
        """Return the tree that the encoder predicts for each sentence.

        Raises: InputError: if the encoder predicts no trees, or for a bad sentence.
        """
        if self._task.encoder.tree_source != PREDICTED:
            raise InputError(
                f"{self.run.model_name} predicts no trees; load a run of model=spinn, rl_spinn or "
                "gumbel_treelstm"
            )
        parses = self._parses(sentences, choose_trees(self.run, None, None))
        trees = encoder_trees(
            self._task.encoder, parses, self.run.vocabulary, batch_size, self.device
        )
        return [
            to_nltk(Parse(parse.words, tree), label="X")
            for parse, tree in zip(parses, trees, strict=True)
        ]

    def evaluate(
        self, file: str | Path | None = None, *, trees: str | None = None, batch_size: int = 256
    ) -> dict[str, dict[str, Any]]:
        """Return the results on each set, as `spinn evaluate --json` prints them.

        Args:
            file: to evaluate on, in the format of the run's data; None for its own dev and test
                sets.

        Raises: InputError: if the file cannot be read, or the run's data are not there.
        """
        from spinn.cli.support.evaluation_data import load_evaluation_data

        options = argparse.Namespace(
            file=None if file is None else Path(file), format=None, root=None, data_changed=False,
            overrides=[], trees=trees, parser_url=None, on_error="raise",
        )  # fmt: skip
        data = load_evaluation_data(self.run, options)
        return {
            name: evaluate_split(
                self._task,
                data.dataset,
                split,
                self.run.vocabulary,
                batch_size=batch_size,
                device=self.device,
            ).summary
            for name, split in data.sets.items()
        }

    def _read(
        self, examples: Iterable[str | Sequence[str]], choice: TreeChoice
    ) -> Iterator[InputExample]:
        fields = Fields.of(self._task.encoded_names, range(len(self._task.places)))
        source = choice.source()
        for number, example in enumerate(examples):
            texts = [example] if isinstance(example, str) else list(example)
            if len(texts) == len(self._task.sentence_names):
                texts = [texts[place] for place in self._task.places]
            if len(texts) != len(self._task.places):
                names = ", ".join(self._task.encoded_names)
                raise InputError(
                    f"example {number} has {len(texts)} sentences; {self.folder} reads "
                    f"{len(self._task.places)} ({names})"
                )
            found = read_example(number, Row(None, texts), fields.encoded, source)
            if not isinstance(found, InputExample):
                raise InputError(f"example {number}: {found.error}")
            yield found

    def _parses(self, sentences: Iterable[str], choice: TreeChoice) -> list[Parse]:
        source = choice.source()
        parses = []
        for number, text in enumerate(sentences):
            try:
                parses.append(source.read(text)[0])
            except ValueError as error:
                raise InputError(f"sentence {number}, {text!r}: {error}") from error
        return parses


def load(run: str | Path, *, device: str = "cpu", threads: int | None = None) -> Model:
    """Load the trained model of a run; see `Model`."""
    return Model(run, device=device, threads=threads)


def train(overrides: Sequence[str] = ()) -> Model:
    """Train as `python train.py OVERRIDES...` does, and return the trained model.

    The run folder is that of the command, `runs/DATE_MODEL_DATA`, unless `hydra.run.dir=FOLDER` is
    among the overrides.

    Raises:
        InputError: for a bad override or bad data.
        TrainingError: if the loss is not finite.
    """
    from spinn.cli.support.composing import composed_run
    from spinn.training.run import train as train_run

    with composed_run(overrides) as config:
        train_run(config)
        return Model(config.run)
