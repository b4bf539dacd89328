"""Metrics of a task over a split, and the outputs and trees of a model for every example."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spinn.batch.sentences import Sentences
from spinn.data.batching import LengthBuckets
from spinn.data.dataset import Dataset
from spinn.data.predictions import Columns, describe_examples
from spinn.data.text.vocabulary import Vocabulary
from spinn.encoders.encoder import Encoder
from spinn.tasks.sequence_tasks import Decoding, SeriesBatch
from spinn.tasks.task import Batch, Metrics, Task
from spinn.training.batches import Batches, Prefetch
from spinn.trees.transitions import Parse


class Evaluation(NamedTuple):
    """The summary of the metrics over a split, and the columns of `predictions.npz`."""

    summary: dict[str, Any]
    columns: Columns


@torch.no_grad()
def evaluate(
    task: Task,
    batches: Iterable[Batch],
    device: torch.device,
    results: list[dict[str, Tensor]] | None = None,
    *,
    after_batch: Callable[[], object] = lambda: None,
) -> Metrics:
    """Return the metrics of a task's model over batches; dropout is off.

    Args:
        results: takes the `example_results` of each batch.
        after_batch: is called after each batch.
    """
    metrics = task.metrics()
    task.eval()
    with Prefetch(batches) as prefetched:
        for batch in prefetched:
            batch = batch.to(device)
            outputs = task(batch)
            metrics.update(outputs, batch, task.loss(outputs, batch))
            if results is not None:
                found = task.example_results(outputs, batch)
                results.append({name: values.cpu() for name, values in found.items()})
            after_batch()
    return metrics


def evaluate_split(
    task: Task,
    dataset: Dataset,
    split: Any,
    vocabulary: Vocabulary,
    *,
    batch_size: int,
    device: torch.device,
    after_batch: Callable[[], object] = lambda: None,
) -> Evaluation:
    """Return the summary of a task's metrics over a split, and the results of every example.

    Where the dataset has baselines, errors in the dataset's own unit replace the task's metrics,
    and `baselines` holds those of forecasts without training.

    Args: after_batch: is called after each batch.
    """
    batches = Batches(task.prepare(split, vocabulary), batch_size=batch_size)
    results: list[dict[str, Tensor]] = []
    summary = evaluate(task, batches, device, results, after_batch=after_batch).summary()
    in_order = np.argsort(np.concatenate(batches.rows()))
    columns = {
        name: torch.cat([found[name] for found in results])[in_order].numpy() for name in results[0]
    }
    if "squared_error" in columns:
        columns["squared_error"] = columns["squared_error"] * dataset.unit**2
    columns |= describe_examples(dataset, split)
    baselines = dataset.baselines(split)
    if baselines:
        errors = dataset.errors(split, predict_sequences(task, batches, device).numpy())
        rest = {"loss": summary["loss"], "examples": len(split), "baselines": baselines}
        summary = {**errors, **rest}
    return Evaluation(summary, columns)


@torch.no_grad()
def predict_sequences(task: Task, batches: Batches, device: torch.device) -> Tensor:
    """(R, O) the outputs of a sequence task in the split's order."""
    task.eval()
    outputs: list[Tensor] = []  # (targets, O) of each sequence
    for batch in cast(Iterable[SeriesBatch], batches):
        outputs += torch.split(task(batch.to(device)).values.cpu(), batch.target_lengths.tolist())
    in_order = np.argsort(np.concatenate(batches.rows()))
    return torch.cat([outputs[row] for row in in_order])


@torch.no_grad()
def decode_sequences(task: Decoding, batches: Batches, device: torch.device) -> list[NDArray[Any]]:
    """Return the output of a task for each sequence, in the split's order; see `Decoding`."""
    assert isinstance(task, Task)
    task.eval()
    outputs: list[Tensor] = []
    for batch in cast(Iterable[SeriesBatch], batches):
        batch = batch.to(device)
        outputs += task.decode(task(batch), batch)
    in_order = np.argsort(np.concatenate(batches.rows()))
    return [outputs[row].numpy() for row in in_order]


@torch.no_grad()
def encode(
    encoder: Encoder,
    parses: Sequence[Parse],
    vocabulary: Vocabulary,
    batch_size: int,
    device: torch.device | str = "cpu",
) -> NDArray[np.float32]:
    """Return (B, D) the vectors of sentences by an encoder in evaluation.

    Args: as for `encoder_trees`.
    """
    vectors = np.empty((len(parses), encoder.size), dtype=np.float32)
    for rows, sentences in _batches(parses, vocabulary, batch_size, device):
        vectors[rows] = encoder(sentences).sentence.float().cpu().numpy()
    return vectors


def _batches(
    parses: Sequence[Parse], vocabulary: Vocabulary, batch_size: int, device: torch.device | str
) -> Iterator[tuple[list[int], Sentences]]:
    """Yield batches of sentences of similar length, and their places."""
    lengths = [len(parse.words) for parse in parses]
    for rows in LengthBuckets(lengths, batch_size=batch_size).batches(0, shuffle=False):
        batch = [parses[row] for row in rows]
        sentences = Sentences.from_lists(
            [vocabulary.encode(words) for words, _ in batch], [tree for _, tree in batch]
        )
        yield list(rows), sentences.to(device)


@torch.no_grad()
def encoder_trees(
    encoder: Encoder,
    parses: Sequence[Parse],
    vocabulary: Vocabulary,
    batch_size: int,
    device: torch.device | str = "cpu",
) -> list[bytes]:
    """Return the tree that an encoder in evaluation uses for each sentence.

    Args:
        parses: the sentences with the given trees.
        device: of the encoder.
    """
    trees = [b""] * len(parses)
    for rows, sentences in _batches(parses, vocabulary, batch_size, device):
        transitions = encoder(sentences).followed_transitions(sentences).numpy().tobytes()
        end = 0
        for row in rows:
            start, end = end, end + len(parses[row].transitions)
            trees[row] = transitions[start:end]
    return trees
