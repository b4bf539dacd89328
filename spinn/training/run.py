"""One training run: read, build, train, evaluate, save."""

import logging
from typing import Any

import torch
from omegaconf import DictConfig

from spinn.data.text.reading import ReadReport
from spinn.data.text.vectors import load_vectors
from spinn.data.text.vocabulary import Vocabulary
from spinn.errors import InputError
from spinn.tasks.task import Task
from spinn.text import plural
from spinn.training.batches import Batches
from spinn.training.build import Settings, check
from spinn.training.evaluation import figures
from spinn.training.loop import Progress, Trainer
from spinn.training.resume import check_resumed
from spinn.training.run_folder import RunFolder

log = logging.getLogger(__name__)


def seed_everything(seed: int) -> None:
    """Seed torch, so that a run on CPU repeats exactly.

    Nothing draws from the global state of NumPy or Python. The order of the batches does not depend
    on torch's state but on (seed, epoch), so a resumed run sees the batches that the uninterrupted
    run would have seen.
    """
    torch.manual_seed(seed)


def train(config: DictConfig) -> dict[str, Any]:
    """Train as a configuration says, and return what `results.json` then holds.

    Raises:
        InputError: if a setting or the data is bad, before any training.
        TrainingError: if the loss stops being a number.
        Interrupted: after Ctrl-C or SIGTERM.
    """
    settings = check(config)
    check_resumed(config, settings.trainer.resume)
    if settings.trainer.threads is not None:
        torch.set_num_threads(settings.trainer.threads)
    splits = settings.dataset.load()
    vocabulary = settings.dataset.vocabulary(splits)
    seed_everything(settings.root.seed)
    task = settings.make_task(vocabulary)
    vectors = _fill_vectors(task, config.model.embedding.get("vectors"), vocabulary)

    def batches(split: Any, size: int) -> Batches:
        prepared = task.prepare(split, vocabulary)
        return Batches(prepared, batch_size=size, seed=settings.root.seed)

    held_out = settings.trainer.evaluation_batch_size
    train_batches = batches(splits.train, settings.trainer.batch_size)
    dev_batches = batches(splits.dev, held_out)
    folder = RunFolder(settings.root.run)  # only now: a run that cannot begin leaves none
    folder.create(config, vocabulary)
    trainer = Trainer(
        task, settings=settings.trainer, optimization=settings.optimizer, folder=folder
    )
    _announce(settings, splits, vocabulary, task, trainer.device)
    progress = trainer.fit(train_batches, dev_batches)

    def told(split: Any) -> dict[str, Any] | None:
        if not len(split):
            return None
        return figures(
            task, settings.dataset, split, vocabulary, batch_size=held_out, device=trainer.device
        )

    results = {
        **_facts(settings, task, progress, epochs=progress.step / len(train_batches)),
        "vectors": vectors,
        "dev": told(splits.dev),
        "test": told(splits.test),
        "tests": {name: told(examples) for name, examples in splits.tests.items()},
        "data_report": {name: _account(report) for name, report in splits.reports.items()},
        "data_fingerprint": splits.fingerprint,
        "device": str(trainer.device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    folder.write_results(results)
    return results


def _facts(settings: Settings, task: Task, progress: Progress, *, epochs: float) -> dict[str, Any]:
    return {
        **settings.root.names,
        **settings.dataset.facts(),
        "seed": settings.root.seed,
        "parameters": sum(p.numel() for p in task.parameters() if p.requires_grad),
        "epochs": round(epochs, 3),
        "steps": progress.step,
        "best_step": progress.best_step,
        "dev_score": progress.best,
        "train_seconds": round(progress.seconds, 2),
        "sentences_per_second": round(progress.sentences / max(progress.step_seconds, 1e-9), 1),
    }


def _fill_vectors(task: Task, path: str | None, vocabulary: Vocabulary) -> dict[str, Any] | None:
    """Put pretrained vectors, if a file of them is named, into the embedding; report how many."""
    if path is None:
        return None
    table = task.encoder.get_submodule("embedding.table")
    assert isinstance(table, torch.nn.Embedding)
    source = "`spinn data download glove` fetches GloVe's (data/glove/README.md)"
    vectors = load_vectors(path, vocabulary, source=source)
    if vectors.matrix.shape[1] != table.embedding_dim:
        raise InputError(
            f"{path}: vectors of width {vectors.matrix.shape[1]}, but model.embedding.size is "
            f"{table.embedding_dim}; set it to the file's width"
        )
    table.weight.data.copy_(torch.from_numpy(vectors.matrix))
    log.info("%s: vectors for %.1f %% of the vocabulary", path, 100 * vectors.coverage)
    return {"file": path, "coverage": round(vectors.coverage, 4)}


def _account(report: ReadReport) -> dict[str, Any]:
    return {
        "files": [path.name for path in report.files],
        "examples": report.examples,
        "unlabelled": report.unlabelled,
        "bad_rows": report.bad_rows,
        "messages": report.messages,
    }


def _announce(
    settings: Settings,
    splits: Any,
    vocabulary: Vocabulary,
    task: Task,
    device: torch.device,
) -> None:
    for name, report in splits.reports.items():
        log.info("%s: %s", name, report.summary())
    sizes = f"{len(splits.train):,} train, {len(splits.dev):,} dev, {len(splits.test):,} test"
    parameters = sum(p.numel() for p in task.parameters() if p.requires_grad)
    log.info(
        "%s on %s (%s %s): %s%s parameters, on %s with %s",
        settings.root.names["model"], settings.root.names["data"], sizes,
        settings.dataset.describe(), f"{len(vocabulary):,} words, " if vocabulary.words else "",
        f"{parameters:,}", device, plural(torch.get_num_threads(), "thread"),
    )  # fmt: skip
