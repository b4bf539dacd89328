"""What a run tells of a split: the task's figures, and where the dataset has some its own."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spinn.data.dataset import Dataset
from spinn.data.text.vocabulary import Vocabulary
from spinn.tasks.task import Batch, Metrics, Task
from spinn.training.batches import Batches, Prefetch


@torch.no_grad()
def evaluate(task: Task, batches: Iterable[Batch], device: torch.device) -> Metrics:
    """Return the metrics of a task's model over batches; dropout is off."""
    metrics = task.metrics()
    task.eval()
    with Prefetch(batches) as made:
        for batch in made:
            batch = batch.to(device)
            outputs = task(batch)
            metrics.update(outputs, batch, task.loss(outputs, batch))
    return metrics


def figures(
    task: Task,
    dataset: Dataset,
    split: Any,
    vocabulary: Vocabulary,
    *,
    batch_size: int,
    device: torch.device,
) -> dict[str, Any]:
    """Return the summary of a task's metrics; errors in the dataset's own unit replace others.

    With `baselines`, the figures of forecasts that need no training, where there are any.
    """
    batches = Batches(task.prepare(split, vocabulary), batch_size=batch_size)
    summary = evaluate(task, batches, device).summary()
    baselines = dataset.baselines(split)
    if not baselines:
        return summary
    errors = dataset.errors(split, outputs(task, batches, device).numpy())
    return {**errors, "loss": summary["loss"], "examples": len(split), "baselines": baselines}


@torch.no_grad()
def outputs(task: Task, batches: Batches, device: torch.device) -> Tensor:
    """(R, O) what a model says of sequences of equally many targets, in their own order."""
    task.eval()
    rows = torch.from_numpy(np.concatenate(batches.rows()))
    made = torch.cat([task(batch.to(device)).cpu() for batch in batches])  # (R, O)
    by_example = made.view(len(rows), -1)
    return torch.empty_like(by_example).index_copy(0, rows, by_example).view_as(made)
