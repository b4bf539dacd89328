"""A run folder stands alone: a trained model is rebuilt from it and nothing else.

What is read from one is data: it is never unpickled, and builds only this package's own classes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from spinn.data.dataset import Dataset
from spinn.data.text.tree_source import PREDICTED
from spinn.data.text.vocabulary import Vocabulary
from spinn.errors import InputError
from spinn.tasks.task import Task
from spinn.training.build import dataset_of, task_factory
from spinn.training.checkpoint import load_weights
from spinn.training.run_folder import RunFolder

OWN = "own"  # the trees of an encoder that parses for itself


@dataclass(frozen=True)
class Run:
    """A trained model, read back from its folder."""

    folder: RunFolder
    config: DictConfig
    vocabulary: Vocabulary
    dataset: Dataset
    task: Task

    def follow(self, trees: str) -> None:
        """Let the encoder follow these trees: `predicted` are its own, all others given to it.

        Raises: InputError: if it cannot.
        """
        encoder: Any = self.task.encoder
        kind, parses = type(encoder).__name__, getattr(encoder, "parses", None)
        if trees == PREDICTED and parses is False:
            raise InputError(
                f"--trees {PREDICTED}: {kind} follows trees and finds none itself; choose others, "
                "or train model=spinn_predicted, rl_spinn or gumbel_treelstm"
            )
        if trees != PREDICTED and parses and not hasattr(encoder, "follow"):
            raise InputError(
                f"--trees {trees}: {kind} finds its own trees and follows no others; choose "
                f"{PREDICTED}"
            )
        if hasattr(encoder, "follow"):
            encoder.follow = OWN if trees == PREDICTED else "given"

    def followed(self, trees: str) -> str | None:
        """Return what the encoder follows where the data's trees are these, by their name.

        Returns: `own`, the name, or None of an encoder that reads without trees.
        """
        encoder: Any = self.task.encoder
        if not hasattr(encoder, "parses"):
            return None
        return OWN if encoder.parses and getattr(encoder, "follow", OWN) == OWN else trees


def config_of(folder: RunFolder) -> DictConfig:
    """Read the configuration that a run was trained with.

    Raises:
        InputError: if it is no configuration of a run.
    """
    try:
        config = OmegaConf.load(folder.config)
    except (YAMLError, OmegaConfBaseException, UnicodeDecodeError, OSError) as error:
        raise InputError(f"{folder.config}: not a configuration ({error})") from error
    sections = ("model", "data", "task")
    if not isinstance(config, DictConfig) or not all(
        isinstance(config.get(name), DictConfig) for name in sections
    ):
        raise InputError(f"{folder.config}: expected the sections {', '.join(sections)}")
    return config


def load_run(path: str | Path) -> Run:
    """Read a run folder and rebuild its trained model.

    Raises:
        InputError: if the folder is no run, or its files disagree.
    """
    folder = RunFolder(path)
    if not folder.path.is_dir():
        raise InputError(f"{path}: no such folder; expected the folder of a training run")
    for file in (folder.config, folder.vocabulary, folder.weights):
        if not file.is_file():
            raise InputError(f"{path} is not the folder of a run: {file.name} is not in it")
    config = config_of(folder)
    vocabulary = Vocabulary.load(folder.vocabulary)
    dataset = dataset_of(config)
    task = task_factory(config, dataset)(vocabulary)
    load_weights(folder.weights, task)
    task.eval()
    return Run(folder, config, vocabulary, dataset, task)
