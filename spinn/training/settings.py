"""The whole configuration, checked before any data is read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig

from spinn.config import arguments, construct, factory
from spinn.data.splits import DataSettings
from spinn.data.vocabulary import Vocabulary
from spinn.errors import InputError
from spinn.nn.embedding import WordEmbedding
from spinn.tasks.pair_classification import PairClassification
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
    """The sections of a configuration, typed; its reader, and what builds its task."""

    root: Root
    data: DataSettings
    trainer: TrainerSettings
    optimizer: OptimizerSettings
    reader: Any
    make_task: Callable[[Vocabulary], PairClassification]


def check(config: DictConfig) -> Settings:
    """Check every key and type of a configuration.

    Raises:
        InputError: naming the key that is unknown, missing or of a wrong type.
    """
    return Settings(
        root=Root(**arguments(config, Root, key="")),
        data=_make(DataSettings, config, "data"),
        trainer=_make(TrainerSettings, config, "trainer"),
        optimizer=_make(OptimizerSettings, config, "optimizer"),
        reader=reader_of(config),
        make_task=task_factory(config),
    )


def _make(kind: type, config: DictConfig, key: str) -> Any:
    return construct(kind, key=key, **arguments(config[key], kind, key=key))


def reader_of(config: DictConfig) -> Any:
    """Build the reader that a configuration names."""
    section = config.data.get("reader")
    return factory(section, within="spinn.data.readers", key="data.reader")()


def task_factory(config: DictConfig) -> Callable[[Vocabulary], PairClassification]:
    """Check the sections `model` and `task`; return what builds them, untrained, for a vocabulary.

    Raises:
        InputError: if a setting is unknown or of a wrong type, or names a class of another package.
    """
    section = config.model.get("embedding")
    embedding = arguments(
        section,
        WordEmbedding,
        key="model.embedding",
        given=("vocabulary_size",),
        apart=("vectors",),
    )
    encoder = factory(
        config.model, within="spinn.nn", key="model", given=("embedding",), apart=("embedding",)
    )
    task = factory(config.task, within="spinn.tasks", key="task", given=("encoder", "labels"))
    labels = tuple(reader_of(config).labels)

    def make(vocabulary: Vocabulary) -> PairClassification:
        words = construct(
            WordEmbedding, key="model.embedding", vocabulary_size=len(vocabulary), **embedding
        )
        made = task(encoder=encoder(embedding=words), labels=labels)
        if not isinstance(made, PairClassification):
            raise InputError(f"task._target_ is {config.task._target_!r}; expected a task")
        return made

    return make
