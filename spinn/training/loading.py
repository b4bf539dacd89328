"""A run folder stands alone: a trained model is rebuilt from it and nothing else.

What is read from one is data: it is never unpickled, and builds only this package's own classes.
"""

from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from spinn.data.dataset import Dataset
from spinn.data.text.vocabulary import Vocabulary
from spinn.errors import InputError
from spinn.tasks.task import Task
from spinn.training.build import dataset_of, task_factory
from spinn.training.checkpoint import load_weights
from spinn.training.run_folder import RunFolder


@dataclass(frozen=True)
class Run:
    """A trained model, read back from its folder."""

    folder: RunFolder
    config: DictConfig
    vocabulary: Vocabulary
    dataset: Dataset
    task: Task


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
