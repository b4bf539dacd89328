"""Train, dev and test as a configuration names them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from spinn.data.text.cache import Cache
from spinn.data.text.corpus import Corpus
from spinn.data.text.parsers import DEFAULT_URL, PARSERS
from spinn.data.text.reading import ReadReport, every_nth, fingerprint, read_split
from spinn.data.text.tree_source import TreeSource
from spinn.errors import InputError


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """What the `data` group configures.

    Args:
        reader: the format, as a section with a `_target_` in `spinn.data.text.readers`.
        root: the folder that holds the files.
        source: where to get the files, for the message when they are not there.
        train: files of the training split, read as one.
        dev: files of the dev split; none where `dev_every` takes it from train.
        test: files of the test split, perhaps none.
        tests: further test sets; each file that matches one of these patterns is one, by its name.
        dev_every: every nth row of train is dev; 0 for never.
        trees: the tree of every sentence; see `TreeSource`.
        tree_seed: the seed of random trees.
        lowercase: lower-case all words.
        min_count: rarer words of train are unknown words.
        on_error: stop at a bad row, or skip and count it.
        limit: read the first so many examples of train only; null for all.
        cache: keep large splits in `$SPINN_CACHE` or the user's cache folder, and read them there
            until something changes. Trees of a parser are not kept.
        parser_url: the CoreNLP server's address, for `trees=corenlp`.
    """

    reader: Any
    root: str
    source: str
    train: list[str]
    dev: list[str]
    test: list[str]
    tests: list[str]
    dev_every: int
    trees: Literal[
        "gold", "left", "right", "balanced", "random", "predicted", "corenlp", "link-grammar"
    ]
    tree_seed: int
    lowercase: bool
    min_count: int
    on_error: Literal["raise", "skip"]
    limit: int | None
    # Runs from before there were these do not name them.
    cache: bool = True
    parser_url: str = DEFAULT_URL

    def __post_init__(self) -> None:
        if bool(self.dev) == bool(self.dev_every):
            raise ValueError("name either dev files or dev_every, one of the two")
        if not self.train:
            raise ValueError("train names no file")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit is {self.limit}; expected 1 or more, or null for all")


@dataclass(frozen=True)
class Splits:
    """The examples of every split, and how reading them went."""

    train: Corpus
    dev: Corpus
    test: Corpus
    tests: dict[str, Corpus]
    reports: dict[str, ReadReport] = field(default_factory=dict)
    fingerprint: str = ""


def split_reader(settings: DataSettings) -> Callable[..., tuple[Corpus, ReadReport]]:
    """Return `read_split`, or what does the same with a cache.

    What a parser answers is not kept, because nothing here tells when it would answer otherwise.
    """
    return Cache().read_split if settings.cache and settings.trees not in PARSERS else read_split


def tree_source(settings: DataSettings) -> TreeSource:
    """Return the source of every sentence's tree.

    Raises: InputError: if it is not there, saying how to get it.
    """
    return TreeSource(settings.trees, settings.tree_seed, settings.parser_url)


def load_splits(settings: DataSettings, reader: Any) -> Splits:
    """Read every split.

    Raises:
        InputError: if a folder or file is not there, a row is bad, or a split ends up empty.
    """
    root = Path(settings.root).expanduser()
    if not root.is_dir():
        raise InputError(f"data.root: no folder {root}. {settings.source}")
    further = _matches(root, settings.tests)
    names = {"train": settings.train, "dev": settings.dev, "test": settings.test}
    wanted = {name: [root / file for file in listed] for name, listed in names.items() if listed}
    wanted.update({name: [path] for name, path in further.items()})
    trees = tree_source(settings)
    source = f"{settings.source} Set data.root=FOLDER if the files lie elsewhere"
    read = split_reader(settings)
    examples: dict[str, Corpus] = {}
    reports: dict[str, ReadReport] = {}
    for name, paths in wanted.items():
        examples[name], reports[name] = read(
            reader, paths, trees, on_error=settings.on_error, source=source
        )
    if settings.dev_every:
        examples["train"], examples["dev"] = every_nth(examples["train"], settings.dev_every)
    for name in ("train", "dev"):
        if not examples[name]:
            raise InputError(f"{root}: no example is left in {name}; training needs one at least")
    train = examples["train"]
    if settings.limit is not None:
        train = train[: settings.limit]
    return Splits(
        train=train,
        dev=examples["dev"],
        test=examples.get("test", Corpus.of([])),
        tests={name: examples[name] for name in further},
        reports=reports,
        fingerprint=fingerprint([path for report in reports.values() for path in report.files]),
    )


def _matches(root: Path, patterns: Sequence[str]) -> dict[str, Path]:
    """Return the files in `root` that match a pattern, by their names without endings."""
    found = sorted(path for pattern in patterns for path in root.glob(pattern) if path.is_file())
    return {path.name.split(".")[0]: path for path in found}
