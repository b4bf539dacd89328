"""Whole training runs, weight for weight, against the same run by hand in a few lines of torch."""

import json
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import DictConfig
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from spinn.training.run import train

LABELS = ("entailment", "neutral", "contradiction")
E, H = 4, 5  # width of a word's vector, units of the hidden layer
EPOCHS, BATCH, SEED = 2, 4, 7
RATE, WARMUP, WEIGHT_DECAY, DROPOUT = 0.05, 0.25, 0.3, 0.4

Pair = tuple[list[str], list[str], int]
Update = Callable[[Tensor, Tensor, float, float, dict[str, Tensor], int], None]


def pairs(count: int, seed: int) -> list[Pair]:
    """Random pairs of random labels: dev goes up and down, so its best step is not the last."""
    rng = random.Random(seed)

    def sentence() -> list[str]:
        return rng.choices("abcdefgh", k=rng.randint(1, 6))

    return [(sentence(), sentence(), rng.randrange(3)) for _ in range(count)]


def write(path: Path, rows: list[Pair]) -> None:
    """Write pairs in SNLI's form, with left-branching trees."""

    def brackets(words: list[str]) -> str:
        text = words[0]
        for word in words[1:]:
            text = f"( {text} {word} )"
        return text

    path.write_text(
        "".join(
            json.dumps(
                {
                    "gold_label": LABELS[label],
                    "sentence1_binary_parse": brackets(premise),
                    "sentence2_binary_parse": brackets(hypothesis),
                }
            )
            + "\n"
            for premise, hypothesis, label in rows
        ),
        encoding="utf-8",
    )


def batches(rows: list[Pair], epoch: int) -> list[list[Pair]]:
    """An epoch's batches: shuffled, sorted by length, cut, and shuffled again."""
    rng = np.random.default_rng((SEED, epoch))
    order = rng.permutation(len(rows)).tolist()
    order.sort(key=lambda row: len(rows[row][0]) + len(rows[row][1]))
    cut = [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
    return [[rows[row] for row in cut[number]] for number in rng.permutation(len(cut))]


def logits(weights: list[Tensor], ids: dict[str, int], rows: list[Pair], dropout: float) -> Tensor:
    """A sum of word vectors for each sentence, and one hidden layer over both."""
    table, w1, b1, w2, b2 = weights
    u, v = (
        torch.stack([table[[ids[word] for word in row[side]]].sum(dim=0) for row in rows])
        for side in (0, 1)
    )
    features = F.dropout(torch.cat([u, v, (u - v).abs(), u * v], dim=1), dropout)
    hidden = F.dropout(F.linear(features, w1, b1).relu(), dropout)
    return F.linear(hidden, w2, b2)


def sgd(w: Tensor, g: Tensor, rate: float, decay: float, kept: dict[str, Tensor], _: int) -> None:
    g = g + decay * w
    kept["m"] = 0.9 * kept["m"] + g
    w -= rate * kept["m"]


def rmsprop(
    w: Tensor, g: Tensor, rate: float, decay: float, kept: dict[str, Tensor], _: int
) -> None:
    g = g + decay * w
    kept["v"] = 0.9 * kept["v"] + 0.1 * g**2
    w -= rate * g / (kept["v"].sqrt() + 1e-8)


def adamw(w: Tensor, g: Tensor, rate: float, decay: float, kept: dict[str, Tensor], t: int) -> None:
    kept["m"] = 0.9 * kept["m"] + 0.1 * g
    kept["v"] = 0.999 * kept["v"] + 0.001 * g**2
    w *= 1 - rate * decay
    w -= rate * (kept["m"] / (1 - 0.9**t)) / ((kept["v"] / (1 - 0.999**t)).sqrt() + 1e-8)


def by_hand(
    rows: list[Pair], ids: dict[str, int], update: Update, clip: float
) -> Iterator[tuple[list[Tensor], float]]:
    """Yield the weights after each step, and the norm that the gradient had before clipping."""
    torch.manual_seed(SEED)
    first = torch.nn.Embedding(len(ids) + 2, E, padding_idx=0)  # drawn in the order of building
    layers = torch.nn.Linear(4 * E, H), torch.nn.Linear(H, len(LABELS))
    weights = [first.weight, *(w for layer in layers for w in (layer.weight, layer.bias))]
    weights = [w.detach().requires_grad_() for w in weights]
    state = [{"m": torch.zeros_like(w), "v": torch.zeros_like(w)} for w in weights]
    done = [batch for epoch in range(EPOCHS) for batch in batches(rows, epoch)]
    warm = math.ceil(WARMUP * len(done))
    for step, batch in enumerate(done):
        targets = torch.tensor([label for *_, label in batch])
        loss = F.cross_entropy(logits(weights, ids, batch, DROPOUT), targets)
        gradients = torch.autograd.grad(loss, weights)
        norm = math.sqrt(sum(float((g**2).sum()) for g in gradients))
        rate = RATE * min((step + 1) / warm, 1 - (step - warm) / (len(done) - warm))
        with torch.no_grad():
            for w, g, kept in zip(weights, gradients, state, strict=True):
                decay = WEIGHT_DECAY if w.dim() > 1 else 0.0
                update(w, g * min(1, clip / norm), rate, decay, kept, step + 1)
        yield [w.detach().clone() for w in weights], norm


def saved(path: Path, prefix: str = "") -> dict[tuple[int, ...], Tensor]:
    """The weights in a file by their shape, which no two of them share."""
    return {tuple(w.shape): w for key, w in load_file(path).items() if key.startswith(prefix)}


def same(found: dict[tuple[int, ...], Tensor], weights: list[Tensor]) -> None:
    assert len(found) >= len(weights)
    for weight in weights:
        torch.testing.assert_close(found[tuple(weight.shape)], weight, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "update", "clip"),
    [("sgd", sgd, 2.0), ("sgd", sgd, None), ("rmsprop", rmsprop, 2.0), ("adamw", adamw, 2.0)],
)
def test_a_run_is_the_run_by_hand(
    name: str,
    update: Update,
    clip: float | None,
    composed: Callable[..., DictConfig],
    tmp_path: Path,
) -> None:
    """Initial weights, order of the data, dropout, clipping, learning rate, update, best step."""
    rows, dev = pairs(22, 0), pairs(40, 21)
    write(tmp_path / "train.jsonl", rows)
    write(tmp_path / "dev.jsonl", dev)
    results = train(
        composed(
            "model=bow", f"optimizer={name}", f"seed={SEED}", f"hydra.run.dir={tmp_path / 'run'}",
            f"data.root={tmp_path}", "data.train=[train.jsonl]", "data.dev=[dev.jsonl]",
            "data.test=[]", "data.tests=[]", "model.embedding.initial_std=1.0",
            f"model.embedding.size={E}", f"task.hidden_size={H}", f"task.dropout={DROPOUT}",
            f"optimizer.lr={RATE}", f"optimizer.weight_decay={WEIGHT_DECAY}",
            f"optimizer.warmup={WARMUP}", "optimizer.decay=linear",
            f"trainer.epochs={EPOCHS}", f"trainer.batch_size={BATCH}", "trainer.evaluate_every=1",
            f"trainer.clip_norm={'null' if clip is None else clip}", "trainer.device=cpu",
        )
    )  # fmt: skip

    counts = Counter(word for *sentences, _ in rows for side in sentences for word in side)
    by_count = sorted(counts, key=lambda word: (-counts[word], word))
    ids = {word: number for number, word in enumerate(by_count, start=2)}
    steps = list(by_hand(rows, ids, update, math.inf if clip is None else clip))
    norms = [norm for _, norm in steps]
    assert min(norms) < 2.0 < max(norms), "a clip_norm of 2 must clip some steps, but not all"

    def on_dev(weights: list[Tensor]) -> tuple[float, float]:
        outputs = logits(weights, ids, dev, 0.0)
        targets = torch.tensor([label for *_, label in dev])
        accuracy = float((outputs.argmax(dim=1) == targets).double().mean())
        return accuracy, -float(F.cross_entropy(outputs, targets))

    scores = [on_dev(weights) for weights, _ in steps]
    best = max(range(len(steps)), key=scores.__getitem__)
    assert 0 < best < len(steps) - 1, "the best step must not be the first or the last"
    same(saved(tmp_path / "run" / "last.safetensors", "model."), steps[-1][0])
    same(saved(tmp_path / "run" / "model.safetensors"), steps[best][0])
    assert results["best_step"] == best + 1
    # Evaluated last, with the weights in memory: the best ones, too.
    assert results["dev"]["accuracy"] == pytest.approx(scores[best][0])
    assert results["dev"]["loss"] == pytest.approx(-scores[best][1], rel=1e-4)
    assert abs(scores[best][1] - scores[-1][1]) > 5e-3
