"""A dataset to training: splits to learn from, the vocabulary, and what a target is.

Two kinds: files of sentence pairs in a format that a reader knows, and sequences that a class of
`spinn.data.sequences` makes or reads.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from spinn.data.sequences.sequence_dataset import Source
from spinn.data.sequences.series import Series, SeriesSplits
from spinn.data.text.corpus import Corpus
from spinn.data.text.splits import DataSettings, Splits, load_splits
from spinn.data.text.vocabulary import Vocabulary
from spinn.text import plural


class Dataset(Protocol):
    """What training asks of a dataset."""

    @property
    def labels(self) -> tuple[str, ...] | None:
        """What classes, or symbols to be written, stand for; None where targets are numbers."""

    @property
    def outputs(self) -> int:
        """How many numbers a target has; 1 for a class."""

    @property
    def inputs(self) -> int | None:
        """How many numbers a step of the input has; None where it is a word or symbol."""

    @property
    def split(self) -> type:
        """What a split is: a corpus of sentences, or a series."""

    def load(self) -> Any:
        """Return the splits: `train`, `dev`, `test` and further `tests` by name."""

    def vocabulary(self, splits: Any) -> Vocabulary:
        """Return the words or symbols that a model of this dataset knows."""

    def describe(self) -> str:
        """Return what an example is, in the plural, for messages."""

    def facts(self) -> dict[str, Any]:
        """Return what a run's results say of the dataset."""

    def errors(self, split: Any, outputs: Any) -> dict[str, float]:
        """Return figures of what a model said of a split, in the dataset's own unit; or none.

        Args: outputs: (R, O) in the order of the split, as the targets are.
        """

    def baselines(self, split: Any) -> dict[str, dict[str, float]]:
        """Return the same figures of what needs no training, by name; or none."""


@dataclass(frozen=True)
class PairFiles:
    """Files of sentence pairs, in a format that a reader knows."""

    settings: DataSettings
    reader: Any

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names, as the reader has them."""
        return tuple(self.reader.labels)

    @property
    def outputs(self) -> int:
        """One class."""
        return 1

    @property
    def inputs(self) -> None:
        """Words."""
        return None

    @property
    def split(self) -> type:
        """Examples of sentences."""
        return Corpus

    def load(self) -> Splits:
        """Read every split; as `load_splits`."""
        return load_splits(self.settings, self.reader)

    def vocabulary(self, splits: Splits) -> Vocabulary:
        """The words of train."""
        return Vocabulary.build(
            splits.train.counts(),
            lowercase=self.settings.lowercase,
            min_count=self.settings.min_count,
        )

    def describe(self) -> str:
        """Pairs, and where their trees come from."""
        return f"pairs, {self.settings.trees} trees"

    def facts(self) -> dict[str, Any]:
        """Where the trees come from."""
        return {"trees": self.settings.trees}

    def errors(self, split: Any, outputs: Any) -> dict[str, float]:
        """None: labels have no unit."""
        return {}

    def baselines(self, split: Any) -> dict[str, dict[str, float]]:
        """None."""
        return {}


@dataclass(frozen=True)
class GeneratedSequences:
    """Sequences that a class of `spinn.data.sequences` gives."""

    source: Source

    @property
    def labels(self) -> tuple[str, ...] | None:
        """As the source says."""
        return self.source.labels

    @property
    def outputs(self) -> int:
        """As the source says."""
        return self.source.outputs

    @property
    def inputs(self) -> int | None:
        """As the source says, where inputs are numbers."""
        return self.source.inputs if self.source.symbols is None else None

    @property
    def split(self) -> type:
        """Sequences."""
        return Series

    def load(self) -> SeriesSplits:
        """Make or read every split."""
        return self.source.load()

    def vocabulary(self, splits: SeriesSplits) -> Vocabulary:
        """The source's symbols, in its order."""
        return Vocabulary(self.source.symbols or ())

    def describe(self) -> str:
        """Sequences, and what a step is."""
        if self.inputs is None:
            return "sequences of symbols"
        return f"sequences, {plural(self.inputs, 'number')} a step"

    def facts(self) -> dict[str, Any]:
        """Nothing: all is in the configuration."""
        return {}

    def errors(self, split: Any, outputs: Any) -> dict[str, float]:
        """As the source says."""
        return self.source.errors(outputs, split)

    def baselines(self, split: Any) -> dict[str, dict[str, float]]:
        """As the source says."""
        return self.source.baselines(split)
