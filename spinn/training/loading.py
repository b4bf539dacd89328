"""A trained model, rebuilt from its run folder alone.

A run folder is data: it is never unpickled, and builds only classes of this package.
"""

from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from spinn.data.dataset import Dataset
from spinn.data.text.vocabulary import Vocabulary
from spinn.errors import InputError
from spinn.layers.embedding import WordEmbedding
from spinn.project import DEMO
from spinn.tasks.task import Task
from spinn.tasks.text_task import TextTask
from spinn.training.build import build_dataset, task_factory
from spinn.training.calibration import load_calibration
from spinn.training.checkpoint import load_frozen, load_weights
from spinn.training.run_folder import RunFolder


@dataclass(frozen=True)
class Run:
    """A trained model, and the other contents of its run folder."""

    folder: RunFolder
    config: DictConfig
    vocabulary: Vocabulary
    dataset: Dataset
    task: Task

    @property
    def model_name(self) -> str:
        """The option of the group `model`, such as `spinn_pi`; else the encoder's class."""
        return str(OmegaConf.select(self.config, "names.model") or type(self.task.encoder).__name__)


def load_run(path: str | Path) -> Run:
    """Read a run folder and rebuild its trained model.

    Args: path: of the folder; `demo` is the run of the package, unless there is such a folder.

    Raises:
        InputError: if the folder is not that of a run, or its files disagree.
    """
    if str(path) == DEMO.name and not Path(path).exists():
        path = DEMO
    folder = RunFolder(path)
    if not folder.path.is_dir():
        raise InputError(f"{path}: no such folder; expected the folder of a training run")
    folder.check_no_sweep()
    for file in (folder.config, folder.vocabulary, folder.weights):
        if not file.is_file():
            raise InputError(f"{path} is not the folder of a run: {file.name} is not in it")
    config = folder.read_config()
    vocabulary = Vocabulary.load(folder.vocabulary)
    dataset = build_dataset(config)
    task = task_factory(config, dataset)(vocabulary)
    load_vectors_only(folder, vocabulary, task)
    load_weights(folder.weights, task)
    task.eval()
    calibration = load_calibration(folder)
    if calibration is not None and isinstance(task, TextTask) and task.classes is not None:
        task.classes.temperature = calibration.temperature
    return Run(folder, config, vocabulary, dataset, task)


def load_vectors_only(folder: RunFolder, vocabulary: Vocabulary, task: Task) -> None:
    """Load the frozen vectors of the words that train lacks, if there are any.

    Raises: InputError: if their file is missing, damaged, or has another number or width.
    """
    embedding = task.encoder.embedding
    if vocabulary.vectors_only and isinstance(embedding, WordEmbedding):
        shape = len(vocabulary.vectors_only), embedding.table.embedding_dim
        embedding.add_frozen(load_frozen(folder.vectors, shape))
