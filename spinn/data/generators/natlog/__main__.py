"""Generate the natlog dataset: ``python -m spinn.data.generators.natlog``."""

import argparse
import gzip
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from random import Random

from tqdm import tqdm

from spinn.data.generators.natlog.candidates import Drafter, SetRules, Used
from spinn.data.generators.natlog.cues import Cues
from spinn.data.generators.natlog.formulas import Grammar
from spinn.data.generators.natlog.groups import Group, GroupMaker
from spinn.data.generators.natlog.lexicon import Lexicon, read_lexicon
from spinn.data.generators.natlog.semantics import Semantics
from spinn.data.generators.natlog.sets import Hyper, Lexical, Longer, Ordinary
from spinn.files import write_atomically

DEFAULT_OUT = Path("data/natlog")
DEFAULT_SEED = 1
DEFAULT_PAIRS = 50_000
SHARES = {  # a file with share n has 1/n of the number of training pairs; in the order of drawing
    "test_hyper": 25,
    "test_lexical": 25,
    "test_longer": 25,
    "test": 10,
    "dev": 10,
    "train": 1,
}
RULES: dict[str, Callable[[Lexicon], SetRules]] = {
    "test_hyper": Hyper,
    "test_lexical": Lexical,
    "test_longer": Longer,
}


class Source:
    """Draws the files for one seed, in the order of `SHARES`.

    A file depends on those before it: no sentence occurs in two files.
    """

    def __init__(self, pairs: int, seed: int) -> None:
        self.pairs, self.seed = pairs, seed
        self.lexicon = read_lexicon()
        self.grammar = Grammar(self.lexicon)
        self.semantics = Semantics(self.lexicon)
        self.used, self.cues = Used(), Cues()

    def groups(self, name: str) -> Iterator[Group]:
        """Yield the groups of one file, until it has its number of pairs."""
        rng = Random(f"{self.seed} {name}")
        rules = RULES.get(name, Ordinary)(self.lexicon)
        drafter = Drafter(name, self.grammar, self.semantics, rng, rules=rules, used=self.used)
        count = 0
        for group in GroupMaker(drafter, self.cues).groups():
            yield group
            count += len(group.pairs)
            if count * SHARES[name] >= self.pairs:
                return


def rows(name: str, groups: Iterable[Group]) -> Iterator[dict[str, str]]:
    """Yield the pairs of a file in SNLI's format."""
    for number, group in enumerate(groups):
        for place, pair in enumerate(group.pairs):
            yield {
                "gold_label": pair.label,
                "sentence1": pair.premise.sentence.text,
                "sentence2": pair.hypothesis.sentence.text,
                "sentence1_binary_parse": pair.premise.sentence.parse,
                "sentence2_binary_parse": pair.hypothesis.sentence.parse,
                "pairID": f"{name}-{number}-{place}{pair.label[0]}",
                "kind": group.kind,
            }


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
    source, labels = Source(pairs, seed), dict[str, Counter[str]]()
    total = sum(pairs // share for share in SHARES.values())
    with tqdm(total=total, unit=" pairs", desc="natlog") as bar:
        for name in SHARES:
            content = []
            for row in rows(name, source.groups(name)):
                content.append(row)
                bar.update()
            write_rows(out / f"{name}.jsonl.gz", content)
            labels[name] = Counter(row["gold_label"] for row in content)
    return labels


def require(parser: argparse.ArgumentParser, module: str) -> None:
    """End the program with a message if a library of the extra `generators` is missing."""
    if find_spec(module) is None:
        parser.error(f'it needs {module}, which is missing: pip install "spinn[generators]"')


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, write the files, and report."""
    parser = argparse.ArgumentParser(
        prog="python -m spinn.data.generators.natlog", description=__doc__
    )
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder for the files")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--pairs", type=int, default=DEFAULT_PAIRS, help="pairs for training")
    options = parser.parse_args(arguments)
    require(parser, "scipy")
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
