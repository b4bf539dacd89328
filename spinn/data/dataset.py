"""The dataset contract and its two kinds: files of sentences, and sequences."""

# No `from __future__ import annotations`: the type of `SequenceDataset.trees` is read in the
# modules of its subclasses, where a name as text has no meaning.
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spinn.data.sequences.sequence_text import (
    format_numbers,
    format_symbols,
    parse_numbers,
    parse_symbols,
)
from spinn.data.sequences.series import Series, SeriesSplits
from spinn.data.text.corpus import NO_CLASS, Corpus, Target
from spinn.data.text.readers.reader import Reader
from spinn.data.text.splits import DataSettings, Splits, check_splits, load_splits
from spinn.data.text.tree_source import tree_kind
from spinn.data.text.vocabulary import Vocabulary
from spinn.text import plural

log = logging.getLogger(__name__)

COUNTED = {1: "sentences", 2: "pairs", 3: "triples"}  # examples, by their number of sentences
Shape = Literal["left", "right", "balanced", "random"]
Per = Literal["step", "sequence", "any"]


class Dataset(ABC):
    """The splits of a dataset, its vocabulary, and the form of its inputs and targets."""

    @property
    @abstractmethod
    def labels(self) -> tuple[str, ...] | None:
        """Names of the classes or output symbols; None where targets are numbers."""

    @property
    def targets(self) -> frozenset[Target]:
        """Which targets the examples have."""
        return frozenset({"score"} if self.labels is None else {"class"})

    @property
    def sentence_names(self) -> tuple[str, ...]:
        """One name for each sentence of an example; empty where inputs are no sentences."""
        return ()

    @property
    @abstractmethod
    def inputs(self) -> int | None:
        """Numbers per input step; None where a step is a word or a symbol."""

    @property
    def outputs(self) -> int:
        """Numbers per target step; 1 for a class or a symbol."""
        return 1

    @property
    def has_files(self) -> bool:
        """Whether the splits are read, and may change after training; if not, generated."""
        return True

    @property
    @abstractmethod
    def split(self) -> type:
        """Type of a split: `Corpus` or `Series`."""

    @abstractmethod
    def load(self) -> Any:
        """Return the splits: `train`, `dev`, `test`, and further `tests` by name.

        Raises: InputError: for data that cannot be read or generated.
        """

    @abstractmethod
    def vocabulary(self, splits: Any) -> Vocabulary:
        """Return the words or symbols of a model that is trained on these splits."""

    @abstractmethod
    def describe(self, *, trees: bool = True) -> str:
        """Return a plural noun phrase for the examples, used in messages.

        Args: trees: whether it names the origin of their trees, where they have any.
        """

    @property
    def settled(self) -> bool:
        """Whether labels, inputs and outputs are known; if not, `resolve` finds them in train."""
        return True

    def resolve(self, splits: Any) -> dict[str, Any]:
        """Return the settings that were found in the data: values by dotted key below `data`.

        Training calls it once, stores the settings in the run's configuration and builds the task
        from it. It may log what was found.

        Args: splits: as returned by `load`.
        """
        return {}

    def summary(self) -> dict[str, Any]:
        """Return entries about the dataset for a run's results."""
        return {}

    def errors(self, split: Any, outputs: Any) -> dict[str, float]:
        """Return errors in the dataset's own unit; empty for a dataset without one.

        Args: outputs: (R, O) model outputs in the order of the split's targets.
        """
        return {}

    @property
    def unit(self) -> float:
        """What 1 in a model's output is in the dataset's own unit."""
        return 1.0

    def baselines(self, split: Any) -> dict[str, dict[str, float]]:
        """Return the `errors` of baselines that need no training, by the baseline's name."""
        return {}


@dataclass(frozen=True)
class TextDataset(Dataset):
    """Files of examples of n sentences, in the format of a reader."""

    settings: DataSettings
    reader: Reader
    needs_trees: bool = True

    def __post_init__(self) -> None:
        check_splits(self.settings, self.reader)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Class names; empty until they are found in train; None where targets are numbers."""
        return self.settings.labels.classes if "class" in self.targets else None

    @property
    def settled(self) -> bool:
        """Whether the labels are named; if not, they are those of train."""
        return self.labels != ()

    @property
    def targets(self) -> frozenset[Target]:
        """Which targets the format has."""
        return self.reader.targets

    @property
    def sentence_names(self) -> tuple[str, ...]:
        """The sentences of an example, as the format names them."""
        return self.reader.sentence_names

    @property
    def inputs(self) -> None:
        """None: a step is a word."""
        return None

    @property
    def split(self) -> type:
        """A corpus of sentences."""
        return Corpus

    def load(self) -> Splits:
        """Read every split; see `load_splits`."""
        return load_splits(self.settings, self.reader, needs_trees=self.needs_trees)

    def vocabulary(self, splits: Splits) -> Vocabulary:
        """Return the words of train."""
        return Vocabulary.build(
            splits.train.counts(),
            lowercase=self.settings.lowercase,
            min_count=self.settings.min_count,
        )

    def resolve(self, splits: Splits) -> dict[str, Any]:
        """Return the labels that were found in train, and what the reader resolves."""
        names = splits.labels.names
        unchanged = names in (None, self.settings.labels.names)
        targets = splits.train.targets
        counts = np.bincount(targets[targets != NO_CLASS])
        if not unchanged and 2 * (counts == 1).sum() > (counts > 0).sum():
            log.warning(
                "most labels occur once: is it the right column? For a number use "
                "data.columns.score and task=regression"
            )
        return self.reader.resolve() | ({} if unchanged else {"labels.names": names})

    def describe(self, *, trees: bool = True) -> str:
        """Return "sentences" or "pairs", and the origin of their trees."""
        n = len(self.sentence_names)
        counted = COUNTED.get(n, f"examples of {n} sentences")
        return f"{counted}, {tree_kind(self.settings.trees)} trees" if trees else counted

    def summary(self) -> dict[str, Any]:
        """Return the origin of the trees."""
        return {"trees": self.settings.trees}


@dataclass(frozen=True, kw_only=True)
class SequenceDataset(Dataset):
    """Sequences of symbols or numbers. A subclass's constructor takes the dataset's settings.

    Attributes:
        trees: the shape of the tree that an encoder with given trees follows on every sequence;
            None for no trees: such an encoder is refused.
    """

    trees: Shape | None = None

    @property
    @abstractmethod
    def symbols(self) -> tuple[str, ...] | None:
        """Names of the input symbols; None where input steps are numbers."""

    @property
    def has_files(self) -> bool:
        """Whether the sequences are read from files; by default, they are generated."""
        return False

    @property
    def per(self) -> Per | None:
        """How many targets an input has, for `task=auto`; None where the yaml names the task.

        One a step, one a sequence, or any number (an output sequence).
        """
        return None

    @property
    def split(self) -> type:
        """A series."""
        return Series

    @abstractmethod
    def load(self) -> SeriesSplits:
        """Generate or read every split."""

    def parse_input(self, text: str) -> Sequence[Any]:
        """Return the steps of an input that a user writes, as they stand in `Series.inputs`.

        Symbols and numbers are separated by spaces, the numbers of a step by commas. Symbols of one
        character each need no spaces.

        Raises: ValueError: for text that is no input: an unknown symbol, a wrong number of values.
        """
        if self.symbols is not None:
            return parse_symbols(text, self.symbols)
        return parse_numbers(text, self.inputs or 1)

    def format_input(self, steps: NDArray[Any]) -> str:
        """Return an input as `parse_input` reads it.

        Args: steps: (T,) symbols or (T, I) numbers, as they stand in `Series.inputs`.
        """
        if self.symbols is not None:
            return format_symbols(steps, self.symbols)
        return format_numbers(steps)

    def format_output(self, steps: NDArray[Any]) -> str:
        """Return targets or outputs of a sequence as text.

        Args: steps: (T,) classes or symbols, or (T, O) numbers, as they stand in `Series.targets`.
        """
        if self.labels is not None:
            return format_symbols(steps, self.labels)
        return format_numbers(self.unscaled(steps))

    def unscaled(self, steps: NDArray[Any]) -> NDArray[np.float64]:
        """Return targets or outputs that are numbers in the dataset's own unit, (T, O)."""
        return np.asarray(steps, dtype=np.float64)

    def vocabulary(self, splits: SeriesSplits) -> Vocabulary:
        """Return the input symbols, in the dataset's order."""
        return Vocabulary(self.symbols or ())

    def describe(self, *, trees: bool = True) -> str:
        """Return "sequences" and the form of a step."""
        steps = (
            " of symbols" if self.inputs is None else f", {plural(self.inputs, 'number')} a step"
        )
        shape = f", {tree_kind(self.trees)} trees" if trees and self.trees else ""
        return f"sequences{steps}{shape}"

    def summary(self) -> dict[str, Any]:
        """Return the shape of the trees, if they have one."""
        return {"trees": self.trees} if self.trees else {}
