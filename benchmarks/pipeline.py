"""The speed of `train.py` as a part of the model's speed, on the same batches.

`python -m benchmarks.pipeline OVERRIDES...` takes the options of train.py. It trains one epoch as
train.py does; before and after, it runs encoder and classifier alone, forward and backward, over
the same batches, prepared in advance.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from spinn.cli.support import exit_codes
from spinn.project import PROJECT_ROOT
from spinn.tasks.task import Batch, Task
from spinn.training.batches import Batches
from spinn.training.build import build
from spinn.training.hardware import threads_for
from spinn.training.run import train

# Hydra knows these in train.py alone.
NAMES = [f"names.{name}=benchmark" for name in ("model", "data", "experiment")]


def prepare(config: DictConfig) -> tuple[Task, list[Batch]]:
    """The model of a configuration, and the batches of its first epoch."""
    setup = build(config)
    splits = setup.dataset.load()
    vocabulary = setup.dataset.vocabulary(splits)
    torch.manual_seed(setup.seed)
    task = setup.make_task(vocabulary)
    pairs = task.prepare(splits.train, vocabulary)
    batches = Batches(pairs, batch_size=setup.trainer.batch_size, seed=setup.seed)
    return task, list(batches.shuffled(0))


def alone(task: Task, batches: list[Batch]) -> float:
    """Sentences a second of encoder and classifier, forward and backward."""
    for warming_up in (True, False):
        began = time.perf_counter()
        for batch in batches[:10] if warming_up else batches:
            task.zero_grad(set_to_none=True)
            torch.autograd.backward(task.loss(task(batch), batch))
    return sum(len(batch.sentences.lengths) for batch in batches) / (time.perf_counter() - began)


def main(overrides: Sequence[str]) -> None:
    """Print both speeds and their ratio."""
    conf = initialize_config_dir(str(PROJECT_ROOT / "conf"), version_base=None)
    with TemporaryDirectory() as folder, conf:
        own_settings = ["trainer.epochs=1", f"run={Path(folder) / 'run'}", *NAMES]
        config = compose("train", [*overrides, *own_settings])
        task, batches = prepare(config)
        with threads_for(task, config.trainer.threads):  # as many as train takes
            before = alone(task, batches)
        whole = train(config)["sentences_per_second"]
        with threads_for(task, config.trainer.threads):
            model = (before + alone(task, batches)) / 2
    print(
        f"{len(batches)} batches; encoder and classifier {model:,.0f} sentences/s, "
        f"train.py {whole:,.0f} sentences/s: {whole / model:.0%}"
    )


if __name__ == "__main__":
    sys.exit(exit_codes.run(lambda: main(sys.argv[1:])))
