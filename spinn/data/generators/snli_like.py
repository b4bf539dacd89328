"""Generate pairs in SNLI's format: ``python -m spinn.data.generators.snli_like OUT.jsonl``.

SYNTHETIC: words and labels are random, so nothing can be learned from the file. It has SNLI's size
and statistics, for load tests: 550,152 pairs, premises of 14 ± 6 words, hypotheses of 8 ± 3, each
premise in three pairs, 36,000 words by Zipf's law, mostly right-branching trees as in English,
0.14 % of the pairs without a label. ``captionID`` and ``pairID`` of every row contain "synthetic".
"""

import argparse
import gzip
import io
import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import accumulate, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from tqdm import tqdm

from spinn.files import write_atomically
from spinn.trees.transitions import REDUCE, SHIFT

PAIRS = 550_152
VOCABULARY = 36_000
PREMISE, HYPOTHESIS = (14, 6), (8, 3)  # words: mean and standard deviation
UNLABELLED = 0.0014
LABELS = ("entailment", "neutral", "contradiction")
SYLLABLES = [consonant + vowel for consonant in "bdfghjklmnprstvz" for vowel in "aeiou"]


class Sentence(NamedTuple):
    """A synthetic sentence in SNLI's three forms."""

    text: str
    binary: str
    parse: str


def word(rank: int) -> str:
    """Return the synthetic word of a frequency rank, from 0 on; frequent words are short."""
    syllables = []
    while rank >= 0:
        rank, syllable = divmod(rank, len(SYLLABLES))
        syllables.append(SYLLABLES[syllable])
        rank -= 1
    return "".join(reversed(syllables))


def leaning_tree(length: int, rng: random.Random) -> bytes:
    """Draw a tree in which two thirds of the nodes have one word as their left child."""
    transitions = bytearray()
    todo = [length]  # sizes of subtrees that are not yet built; 0 stands for a REDUCE
    while todo:
        size = todo.pop()
        if size < 2:
            transitions.append(SHIFT if size else REDUCE)
        else:
            left = 1 if rng.random() < 2 / 3 else rng.randrange(1, size)
            todo += [0, size - left, left]
    return bytes(transitions)


class Sentences:
    """Draws sentences.

    Args:
        rng: random generator.
        vocabulary: number of words.
    """

    def __init__(self, rng: random.Random, vocabulary: int = VOCABULARY) -> None:
        self._rng = rng
        self._words = [word(rank) for rank in range(vocabulary)]
        self._weights = list(accumulate(1 / rank for rank in range(1, vocabulary + 1)))

    def draw(self, mean: float, deviation: float) -> Sentence:
        """Return a sentence of about `mean` words."""
        length = max(1, round(self._rng.gauss(mean, deviation)))
        words = self._rng.choices(self._words, cum_weights=self._weights, k=length)
        binary, parse = list(words), [f"(X {word})" for word in words]
        stack: list[tuple[str, str]] = []
        words_left = zip(binary, parse, strict=True)
        for transition in leaning_tree(length, self._rng):
            if transition == SHIFT:
                stack.append(next(words_left))
                continue
            right, left = stack.pop(), stack.pop()
            stack.append((f"( {left[0]} {right[0]} )", f"(X {left[1]} {right[1]})"))
        return Sentence(" ".join(words), stack[0][0], f"(ROOT {stack[0][1]})")


def rows(seed: int) -> Iterator[dict[str, object]]:
    """Yield pairs without end; each premise occurs in three, one of each label."""
    rng = random.Random(seed)
    sentences = Sentences(rng)
    number = 0
    while True:
        premise = sentences.draw(*PREMISE)
        caption = f"synthetic-{number}#0"
        for drawn in LABELS:
            label = "-" if rng.random() < UNLABELLED else drawn
            hypothesis = sentences.draw(*HYPOTHESIS)
            yield {
                "annotator_labels": [drawn],
                "captionID": caption,
                "gold_label": label,
                "pairID": f"{caption}r1{drawn[0]}",
                "sentence1": premise.text,
                "sentence1_binary_parse": premise.binary,
                "sentence1_parse": premise.parse,
                "sentence2": hypothesis.text,
                "sentence2_binary_parse": hypothesis.binary,
                "sentence2_parse": hypothesis.parse,
            }
        number += 1


def write(out: Path, pairs: int, seed: int) -> None:
    """Write a file atomically, gzipped if its name ends in `.gz`."""
    out.parent.mkdir(parents=True, exist_ok=True)

    def write(draft: Path) -> None:
        with ExitStack() as files:
            file: BinaryIO = files.enter_context(draft.open("wb"))
            if out.suffix == ".gz":
                # No time and no name in the header, so that a seed gives the same bytes.
                zipped = gzip.GzipFile("", "wb", 6, file, mtime=0)
                file = cast(BinaryIO, files.enter_context(zipped))
            text = files.enter_context(io.TextIOWrapper(file, encoding="utf-8", newline="\n"))
            shown = tqdm(islice(rows(seed), pairs), total=pairs, unit=" pairs", desc=out.name)
            text.writelines(json.dumps(row) + "\n" for row in shown)

    write_atomically(out, write)


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, write the file, and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", metavar="OUT", type=Path, help="the file, .jsonl or .jsonl.gz")
    parser.add_argument("--pairs", type=int, default=PAIRS, help=f"default: {PAIRS}, as in SNLI")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    if options.pairs < 1:
        parser.error(f"--pairs is {options.pairs}; expected 1 or more")
    started = time.perf_counter()
    write(options.out, options.pairs, options.seed)
    seconds = time.perf_counter() - started
    size = options.out.stat().st_size / 1e6
    print(f"{options.pairs} synthetic pairs, {size:.0f} MB, in {seconds:.0f} s, to {options.out}")


if __name__ == "__main__":
    main()
