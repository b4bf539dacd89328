"""Generate the natlog dataset: ``python -m spinn.data.generators.natlog``."""

import argparse
import gzip
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import NoReturn

from tqdm import tqdm

from spinn.data.generators.natlog.formulas import Grammar
from spinn.data.generators.natlog.groups import Group, GroupMaker, SetRules, Used
from spinn.data.generators.natlog.lexicon import Lexicon, read_lexicon
from spinn.data.generators.natlog.semantics import Semantics
from spinn.data.generators.natlog.sets import Hyper, Lexical, Longer, Ordinary
from spinn.files import write_atomically

DEFAULT_OUT = Path("data/natlog")
DEFAULT_SEED = 1
DEFAULT_PAIRS = 50_000
SHARES = {  # a file with share n has 1/n of the number of training pairs
    "train": 1,
    "dev": 10,
    "test": 10,
    "test_longer": 25,
    "test_lexical": 25,
    "test_hyper": 25,
}
ORDINARY = ("train", "dev", "test")
SETS: dict[str, Callable[[Lexicon], SetRules]] = {  # in the order of drawing
    "test_hyper": Hyper,
    "test_lexical": Lexical,
    "test_longer": Longer,
    "ordinary": Ordinary,
}


def sizes(pairs: int) -> dict[str, int]:
    """Return the number of groups (three pairs each) per file, rounded up."""
    return {name: -(-pairs // (3 * share)) for name, share in SHARES.items()}


class Source:
    """Draws all sets for one seed; no sentence occurs in two groups of any set."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.lexicon = read_lexicon()
        self.grammar = Grammar(self.lexicon)
        self.semantics = Semantics(self.lexicon)
        self.used = Used()

    def groups(self, name: str) -> Iterator[Group]:
        """Yield the groups of one set, without end."""
        rng = Random(f"{self.seed} {name}")
        rules = SETS[name](self.lexicon)
        return GroupMaker(self.grammar, self.semantics, rng, rules=rules, used=self.used).groups()


def draw_sets(pairs: int, seed: int, bar: "tqdm[NoReturn]") -> dict[str, list[Group]]:
    """Return the groups of every file.

    The small sets are drawn first, so that each can be reproduced alone. The groups of train, dev
    and test come from one draw, which is shuffled and then split.
    """
    source, counts = Source(seed), sizes(pairs)
    counts["ordinary"] = sum(counts[name] for name in ORDINARY)
    drawn: dict[str, list[Group]] = {}
    for name in SETS:
        drawn[name] = []
        for group in islice(source.groups(name), counts[name]):
            drawn[name].append(group)
            bar.update(len(group.premises))
    ordinary = drawn.pop("ordinary")
    Random(f"{seed} split").shuffle(ordinary)
    rest = iter(ordinary)
    return {name: list(islice(rest, counts[name])) for name in ORDINARY} | drawn


def rows(name: str, groups: Sequence[Group]) -> list[dict[str, str]]:
    """Return the pairs of a file in SNLI's format, with the edits from hypothesis to premise."""
    return [
        {
            "gold_label": premise.label,
            "sentence1": premise.sentence.text,
            "sentence2": group.hypothesis.sentence.text,
            "sentence1_binary_parse": premise.sentence.parse,
            "sentence2_binary_parse": group.hypothesis.sentence.parse,
            "pairID": f"{name}-{number}{premise.label[0]}",
            "edits": " ".join(premise.edits),
        }
        for number, group in enumerate(groups)
        for premise in group.premises
    ]


def write_rows(path: Path, content: Sequence[dict[str, str]]) -> None:
    """Write gzipped JSON lines atomically; the same rows give the same bytes."""
    text = "".join(json.dumps(row) + "\n" for row in content)

    def write(draft: Path) -> None:
        # No time and no name in the header, so that the bytes depend on the rows alone.
        with (
            draft.open("wb") as raw,
            gzip.GzipFile("", "wb", compresslevel=9, fileobj=raw, mtime=0) as zipped,
        ):
            zipped.write(text.encode())

    write_atomically(path, write)


def write_sets(out: Path, pairs: int, seed: int) -> dict[str, Counter[str]]:
    """Write the six files into ``out``; return the count of each label by file."""
    out.mkdir(parents=True, exist_ok=True)
    with tqdm(total=3 * sum(sizes(pairs).values()), unit=" pairs", desc="natlog") as bar:
        sets = draw_sets(pairs, seed, bar)
    labels = {}
    for name, groups in sets.items():
        content = rows(name, groups)
        write_rows(out / f"{name}.jsonl.gz", content)
        labels[name] = Counter(row["gold_label"] for row in content)
    return labels


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, write the files, and report."""
    parser = argparse.ArgumentParser(
        prog="python -m spinn.data.generators.natlog", description=__doc__
    )
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder for the files")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--pairs", type=int, default=DEFAULT_PAIRS, help="pairs for training")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    labels = write_sets(options.out, options.pairs, options.seed)
    seconds = time.perf_counter() - started
    for name, counts in labels.items():
        balance = ", ".join(f"{label} {count}" for label, count in counts.items())
        size = (options.out / f"{name}.jsonl.gz").stat().st_size
        print(f"{name:<13} {counts.total():>6} pairs  {size / 1e3:>6.0f} kB  {balance}")
    total = sum(counts.total() for counts in labels.values())
    print(f"{total} pairs in {seconds:.0f} s, {total / seconds:.0f} pairs/s, to {options.out}")


if __name__ == "__main__":
    main()
