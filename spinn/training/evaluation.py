"""Metrics of a task over a split, and the outputs and trees of a model for every example."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from spinn.batch.sentences import Sentences
from spinn.data.batching import LengthBuckets
from spinn.data.dataset import Dataset
from spinn.data.predictions import Columns, describe_examples
from spinn.data.text.vocabulary import Vocabulary
from spinn.encoders.encoder import Encoder
from spinn.tasks.sequence_tasks import SeriesBatch
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
) -> Metrics:
    """Return the metrics of a task's model over batches; dropout is off.

    Args: results: takes the `example_results` of each batch.
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
    return metrics


def evaluate_split(
    task: Task,
    dataset: Dataset,
    split: Any,
    vocabulary: Vocabulary,
    *,
    batch_size: int,
    device: torch.device,
) -> Evaluation:
    """Return the summary of a task's metrics over a split, and the results of every example.

    Where the dataset has baselines, errors in the dataset's own unit replace the task's metrics,
    and `baselines` holds those of forecasts without training.
    """
    batches = Batches(task.prepare(split, vocabulary), batch_size=batch_size)
    results: list[dict[str, Tensor]] = []
    summary = evaluate(task, batches, device, results).summary()
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
    lengths = [len(parse.words) for parse in parses]
    for rows in LengthBuckets(lengths, batch_size=batch_size).batches(0, shuffle=False):
        batch = [parses[row] for row in rows]
        sentences = Sentences.from_lists(
            [vocabulary.encode(words) for words, _ in batch], [tree for _, tree in batch]
        ).to(device)
        transitions = encoder(sentences).followed_transitions(sentences).numpy().tobytes()
        end = 0
        for row in rows:
            start, end = end, end + 2 * lengths[row] - 1
            trees[row] = transitions[start:end]
    return trees
