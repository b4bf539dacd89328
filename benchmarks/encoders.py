"""Sentences per second, forward and backward, of every encoder side by side in one run.

    python -m benchmarks.encoders            # 32 to 256 pairs at d = 300
    python -m benchmarks.encoders --quick    # a minute
    python -m benchmarks.encoders --json results.json

Sentences are as long as SNLI's (premise 14 ± 6 words, hypothesis 8 ± 3), word frequencies follow
Zipf's law, trees lean to the right as those of English do. Encoders take turns, so that whatever
else the machine does falls on all of them alike.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from spinn.batch import Encoding, Sentences
from spinn.nn.bag import Bag
from spinn.nn.embedding import WordEmbedding
from spinn.nn.recurrent import Recurrent
from spinn.nn.spinn import SPINN
from spinn.nn.stack import reference
from spinn.trees import REDUCE, SHIFT

VOCABULARY = 20_000


class ReferenceSPINN(SPINN):
    """SPINN over the list-per-stack machine."""

    def forward(self, sentences: Sentences) -> Encoding:
        """Encode a batch."""
        h, c = self.leaf(self.embedding(sentences.words)).chunk(2, dim=1)
        sentence, nodes = reference.encode(h, c, sentences, self.reduce, self.tracker)
        return Encoding(sentence, nodes=nodes)


def leaning_tree(length: int, rng: random.Random) -> bytes:
    """A random tree in which two thirds of the nodes have one word as their left child."""
    moves = bytearray()
    todo = [length]  # words still to be covered by a subtree; 0 stands for a REDUCE
    while todo:
        size = todo.pop()
        if size < 2:
            moves.append(SHIFT if size else REDUCE)
        else:
            left = 1 if rng.random() < 2 / 3 else rng.randrange(1, size)
            todo += [0, size - left, left]
    return bytes(moves)


def snli_like(pairs: int, rng: random.Random) -> Sentences:
    """A batch of premises and hypotheses, packed together."""
    lengths = [max(1, round(rng.gauss(14, 6))) for _ in range(pairs)]
    lengths += [max(1, round(rng.gauss(8, 3))) for _ in range(pairs)]
    zipf = [1 / rank for rank in range(1, VOCABULARY - 1)]
    words = iter(rng.choices(range(2, VOCABULARY), weights=zipf, k=sum(lengths)))
    return Sentences.pack(
        [[next(words) for _ in range(length)] for length in lengths],
        [leaning_tree(length, rng) for length in lengths],
    )


def encoders(size: int, tracker_size: int) -> dict[str, nn.Module]:
    """Every encoder at the same width over one frozen table of words."""
    words = WordEmbedding(VOCABULARY, size=size, projection_size=None, dropout=0.0, trained=False)

    def recurrent(hidden_size: int, bidirectional: bool) -> Recurrent:
        return Recurrent(
            words,
            cell="lstm",
            hidden_size=hidden_size,
            layers=1,
            bidirectional=bidirectional,
            pooling="max" if bidirectional else "last",
            dropout=0.0,
        )

    return {
        "reference": ReferenceSPINN(
            words, hidden_size=size, tracker_size=tracker_size, dropout=0.0
        ),
        "spinn": SPINN(words, hidden_size=size, tracker_size=tracker_size, dropout=0.0),
        "treelstm": SPINN(words, hidden_size=size, tracker_size=None, dropout=0.0),
        "lstm": recurrent(size, bidirectional=False),
        "bilstm": recurrent(size // 2, bidirectional=True),
        "bow": Bag(
            WordEmbedding(VOCABULARY, size=size, projection_size=size, dropout=0.0, trained=False),
            pooling="sum",
            dropout=0.0,
        ),
    }


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def train_steps(encoder: nn.Module, batches: list[Sentences]) -> None:
    """Forward and backward over every batch."""
    for sentences in batches:
        encoder.zero_grad()
        encoder(sentences).sentence.sum().backward()


def measure(
    models: dict[str, nn.Module], batches: list[Sentences], repeats: int
) -> dict[str, list[float]]:
    """Sentences per second of each encoder, one figure for each repeat over all batches."""
    rates: dict[str, list[float]] = {name: [] for name in models}
    count = sum(map(len, batches))
    for repeat in range(repeats + 1):
        for name, model in models.items():
            taken = seconds(partial(train_steps, model, batches))
            if repeat:  # the first is the warm-up
                rates[name].append(count / taken)
    return rates


def summary(rates: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Median, spread (half the range between quartiles) and ratios."""
    medians = {name: statistics.median(values) for name, values in rates.items()}
    rows = {}
    for name, values in rates.items():
        low, _, high = statistics.quantiles(values, n=4)
        rows[name] = {
            "sentences_per_second": medians[name],
            "spread": (high - low) / 2,
            "of_lstm": medians[name] / medians["lstm"],
            "of_reference": medians[name] / medians["reference"],
        }
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--size", type=int, default=300, help="D, width of words and of h")
    parser.add_argument("--tracker-size", type=int, default=64, help="K, width of the Tracker")
    parser.add_argument("--pairs", type=int, nargs="+", default=[32, 64, 128, 256])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="64 pairs, three repeats")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    if options.quick:
        options.pairs, options.repeats = [64], 3
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    models = encoders(options.size, options.tracker_size)
    results = {}
    for pairs in options.pairs:
        rng = random.Random(options.seed)
        batches = [snli_like(pairs, rng) for _ in range(2)]
        results[str(pairs)] = rows = summary(measure(models, batches, options.repeats))
        print(f"\n{pairs} pairs, d = {options.size}, {options.threads} threads")
        print(f"{'encoder':<12}{'sentences/s':>12}{'±':>7}{'of lstm':>10}{'of reference':>14}")
        for name, row in rows.items():
            rate, spread, of_lstm, of_reference = row.values()
            print(f"{name:<12}{rate:>12.0f}{spread:>7.0f}{of_lstm:>9.2f}x{of_reference:>13.2f}x")
    if options.json:
        settings = {k: v for k, v in vars(options).items() if k not in ("json", "quick")}
        options.json.write_text(json.dumps({"settings": settings, "pairs": results}, indent=2))


if __name__ == "__main__":
    main()
