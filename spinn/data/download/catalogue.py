"""Where each external dataset comes from: the table behind `spinn data download`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlsplit

MB, GB = 10**6, 10**9


@dataclass(frozen=True, kw_only=True)
class Remote:
    """One file on a server: a zip with files that are wanted, or a file that is wanted itself.

    Args:
        url: where it is, http or https.
        files: the names wanted, without the folders that they stand in inside the zip.
        most: bytes that the file itself may have.
        most_unpacked: bytes that the wanted files may have together.
        sha256: its published checksum; None where none is known.
        size: its bytes; None where they are not known.
    """

    url: str
    files: tuple[str, ...]
    most: int
    most_unpacked: int
    sha256: str | None = None
    size: int | None = None

    @property
    def name(self) -> str:
        """The file's own name, under which it is kept."""
        return urlsplit(self.url).path.rpartition("/")[2]

    @property
    def zipped(self) -> bool:
        """Whether the wanted files have to be unpacked."""
        return self.name.endswith(".zip")


@dataclass(frozen=True, kw_only=True)
class Source:
    """What `spinn data download NAME` fetches, in this order.

    Args:
        page: of the people who made it, for a person to read.
        licence: in one line.
    """

    name: str
    page: str
    licence: str
    remotes: tuple[Remote, ...]

    @property
    def pinned(self) -> bool:
        """Whether the checksum of every file is known beforehand."""
        return all(remote.sha256 for remote in self.remotes)

    def with_sums(self, sums: Mapping[str, str]) -> Self:
        """Return the source with other SHA-256 sums, by file name; a size known is let go."""
        remotes = tuple(
            replace(remote, sha256=sums[remote.name], size=None) if remote.name in sums else remote
            for remote in self.remotes
        )
        return replace(self, remotes=remotes)


def _sick_official(split: str, file: str) -> Remote:
    url = f"https://alt.qcri.org/semeval2014/task1/data/uploads/sick_{split}.zip"
    return Remote(url=url, files=(file,), most=5 * MB, most_unpacked=20 * MB)


def _sick_parsed(file: str, commit: str) -> Remote:
    """By commit, for the folder has been renamed since, and files of these names have changed."""
    repository = "https://raw.githubusercontent.com/sleepinyourhat/vector-entailment"
    url = f"{repository}/{commit}/sick_data/{file}"
    return Remote(url=url, files=(file,), most=20 * MB, most_unpacked=20 * MB)


_SOURCES = (
    # The sums and sizes of snli and multinli are those that TensorFlow Datasets (url_checksums/)
    # and Hugging Face Datasets (dataset_infos.json) publish alike; the sum of glove is the one in
    # Embeddings.jl (src/glove.jl). For the files of sick no published sum was found.
    Source(
        name="snli",
        page="https://nlp.stanford.edu/projects/snli/",
        licence="CC BY-SA 4.0",
        remotes=(
            Remote(
                url="https://nlp.stanford.edu/projects/snli/snli_1.0.zip",
                files=("snli_1.0_train.jsonl", "snli_1.0_dev.jsonl", "snli_1.0_test.jsonl"),
                most=200 * MB,
                most_unpacked=2 * GB,
                sha256="afb3d70a5af5d8de0d9d81e2637e0fb8c22d1235c2749d83125ca43dab0dbd3e",
                size=94_550_081,
            ),
        ),
    ),
    Source(
        name="multinli",
        page="https://cims.nyu.edu/~sbowman/multinli/",
        licence="mostly that of the Open American National Corpus; see the paper, section 2.1",
        remotes=(
            Remote(
                url="https://cims.nyu.edu/~sbowman/multinli/multinli_1.0.zip",
                files=(
                    "multinli_1.0_train.jsonl",
                    "multinli_1.0_dev_matched.jsonl",
                    "multinli_1.0_dev_mismatched.jsonl",
                ),
                most=500 * MB,
                most_unpacked=4 * GB,
                sha256="049f507b9e36b1fcb756cfd5aeb3b7a0cfcb84bf023793652987f7e7e0957822",
                size=226_850_426,
            ),
        ),
    ),
    Source(
        name="glove",
        page="https://nlp.stanford.edu/projects/glove/",
        licence="PDDL 1.0",
        remotes=(
            Remote(
                url="https://nlp.stanford.edu/data/glove.840B.300d.zip",
                files=("glove.840B.300d.txt",),
                most=4 * GB,
                most_unpacked=10 * GB,
                sha256="c06db255e65095393609f19a4cfca20bf3a71e20cc53e892aafa490347e3849f",
                size=2_176_768_927,
            ),
        ),
    ),
    Source(
        name="sick",
        page="https://alt.qcri.org/semeval2014/task1/",
        licence="CC BY-NC-SA 3.0",
        remotes=(  # with parses first: they are what data=sick reads
            _sick_parsed("SICK_train_parsed.txt", "967008a8cd5a17bfe44fc6f727f862e1de234136"),
            _sick_parsed("SICK_trial_parsed.txt", "967008a8cd5a17bfe44fc6f727f862e1de234136"),
            _sick_parsed(
                "SICK_test_annotated_rearranged_parsed.txt",
                "b6bcdc88b6a2504762e4a579363ea2c7ab64c16e",
            ),
            _sick_official("train", "SICK_train.txt"),
            _sick_official("trial", "SICK_trial.txt"),
            _sick_official("test_annotated", "SICK_test_annotated.txt"),
        ),
    ),
)
SOURCES: dict[str, Source] = {source.name: source for source in _SOURCES}
