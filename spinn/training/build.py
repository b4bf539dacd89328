"""The whole configuration, checked before any data is read."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf

from spinn.config import arguments, construct, factory, target_of
from spinn.data.dataset import Dataset, GeneratedSequences, PairFiles
from spinn.data.sequences.sequence_dataset import Source
from spinn.data.text.splits import DataSettings
from spinn.data.text.tree_source import PREDICTED
from spinn.data.text.vocabulary import Vocabulary
from spinn.encoders.encoder import Encoder
from spinn.errors import InputError
from spinn.layers.composition import Composition, CompositionSpec
from spinn.layers.embedding import Vectors, WordEmbedding
from spinn.tasks.task import Task
from spinn.training.loop import TrainerSettings
from spinn.training.optimization import OptimizerSettings


@dataclass(frozen=True, kw_only=True)
class Root:
    """The keys that stand at the root of the configuration.

    Args:
        model: the encoder, and its `embedding`.
        data: the files, their reader and their trees.
        task: the head.
        optimizer: the algorithm and the learning rate over time.
        trainer: epochs, batches, device.
        seed: decides initial weights, dropout and the order of the batches.
        run: the folder that the run leaves behind.
        names: the chosen options of the groups, for tables.
    """

    model: Any
    data: Any
    task: Any
    optimizer: Any
    trainer: Any
    seed: int
    run: str
    names: dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """The sections of a configuration, typed; its dataset, and what builds its task."""

    root: Root
    dataset: Dataset
    trainer: TrainerSettings
    optimizer: OptimizerSettings
    make_task: Callable[[Vocabulary], Task]


def check(config: DictConfig) -> Settings:
    """Check every key and type of a configuration.

    Raises:
        InputError: naming the key that is unknown, missing or of a wrong type.
    """
    dataset = dataset_of(config)
    _check_trees(config, dataset)
    return Settings(
        root=Root(**arguments(config, Root, key="")),
        dataset=dataset,
        trainer=_make(TrainerSettings, config, "trainer"),
        optimizer=_make(OptimizerSettings, config, "optimizer"),
        make_task=task_factory(config, dataset),
    )


def _check_trees(config: DictConfig, dataset: Dataset) -> None:
    """Raise InputError if the encoder cannot be trained with the trees of the data."""
    kind: type[Encoder] = target_of(config.model, within="spinn.encoders", key="model")
    if not isinstance(dataset, PairFiles):
        if kind.auxiliary_loss is not Encoder.auxiliary_loss:
            raise InputError(
                f"model: {kind.__name__} learns to parse from pairs of sentences, and the data are "
                f"{dataset.describe()}; choose another model"
            )
        return
    if dataset.settings.trees != PREDICTED:
        return
    if kind.tree_source == "given":
        lacks = "follows given trees and predicts none"
    elif kind.needs_gold_trees:
        lacks = "learns to parse from trees in the data"
    else:
        return
    raise InputError(
        f"data.trees={PREDICTED}: {kind.__name__} {lacks}; choose data.trees=gold or another, or "
        "train model=rl_spinn or gumbel_treelstm"
    )


def _make(kind: type, config: DictConfig, key: str) -> Any:
    return construct(kind, key=key, **arguments(config[key], kind, key=key))


def dataset_of(config: DictConfig) -> Dataset:
    """Build the dataset that a configuration names: a class of sequences, or files and a reader."""
    if config.data.get("_target_") is not None:
        within = "spinn.data.sequences"
        if not issubclass(target_of(config.data, within=within, key="data"), Source):
            raise InputError(f"data._target_ is {config.data._target_!r}; expected a dataset")
        return GeneratedSequences(factory(config.data, within=within, key="data")())
    return PairFiles(_make(DataSettings, config, "data"), reader_of(config))


def reader_of(config: DictConfig) -> Any:
    """Build the reader that a configuration names."""
    section = config.data.get("reader")
    return factory(section, within="spinn.data.text.readers", key="data.reader")()


def task_factory(config: DictConfig, dataset: Dataset) -> Callable[[Vocabulary], Task]:
    """Check the sections `model` and `task`; return what builds them, untrained, for a vocabulary.

    Raises:
        InputError: if a setting is unknown or of a wrong type, names a class of another package, or
            asks for what the dataset does not have.
    """
    embed = _embedding_factory(config, dataset)
    composition = _composition(config)
    apart = ("embedding", *composition)
    encoder = factory(config.model, within="spinn.encoders", key="model", given=apart, apart=apart)
    kind = target_of(config.task, within="spinn.tasks", key="task")
    if not issubclass(kind, Task):
        raise InputError(f"task._target_ is {config.task._target_!r}; expected a task")
    if kind.split is not dataset.split:
        raise InputError(
            f"task: {kind.__name__} is not for {dataset.describe()}; leave out task=… to get the "
            "data's own"
        )
    offered = {"labels": dataset.labels, "outputs": dataset.outputs}
    asked = {k: v for k, v in offered.items() if k in inspect.signature(kind).parameters}
    if asked.get("labels", ()) is None or (dataset.labels and "labels" not in asked):
        has = "classes" if dataset.labels else "numbers"
        raise InputError(f"task {kind.__name__} is not for this data: its targets are {has}")
    build = factory(config.task, within="spinn.tasks", key="task", given=("encoder", *offered))

    def make(vocabulary: Vocabulary) -> Task:
        task: Task = build(encoder=encoder(embedding=embed(vocabulary), **composition), **asked)
        return task

    return make


def _composition(config: DictConfig) -> dict[str, CompositionSpec]:
    """Check `model.composition`; return it as the encoder's argument, where it takes one."""
    kind = target_of(config.model, within="spinn.encoders", key="model")
    section, key = config.model.get("composition"), "model.composition"
    if section is None or "composition" not in inspect.signature(kind).parameters:
        return {}  # of a key that the encoder does not know, `factory` says so
    composition = target_of(section, within="spinn.layers", key=key)
    if not issubclass(composition, Composition):
        raise InputError(f"{key}._target_ is {section._target_!r}; expected a composition")
    sizes = ("hidden_size", "tracker_size")
    return {
        "composition": CompositionSpec(
            composition, arguments(section, composition, key=key, given=sizes)
        )
    }


def _embedding_factory(config: DictConfig, dataset: Dataset) -> Callable[[Vocabulary], Any]:
    """Check `model.embedding`; return what turns the dataset's inputs into vectors."""
    section, key = config.model.get("embedding"), "model.embedding"
    looks_up = OmegaConf.is_dict(section) and "size" in section
    if looks_up != (dataset.inputs is None):
        wanted = "learned" if dataset.inputs is None else "vectors"
        raise InputError(f"{key} is not for {dataset.describe()}; choose model/embedding={wanted}")
    if dataset.inputs is None:
        words = arguments(
            section, WordEmbedding, key=key, given=("vocabulary_size",), apart=("vectors",)
        )
        return lambda vocabulary: construct(
            WordEmbedding, key=key, vocabulary_size=len(vocabulary), **words
        )
    # A model's own yaml may say how a table of words starts; numbers have no table.
    apart = ("vectors", "initial_std")
    numbers = arguments(section, Vectors, key=key, given=("size",), apart=apart)
    return lambda vocabulary: construct(Vectors, key=key, size=dataset.inputs, **numbers)
