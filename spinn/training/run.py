"""One training run: read, build, train, evaluate, save."""

import copy
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf

from spinn.data.dataset import TextDataset
from spinn.data.predictions import Predictions
from spinn.data.text.tree_source import PREDICTED
from spinn.data.text.vocabulary import Vocabulary
from spinn.tasks.task import Task
from spinn.tasks.text_task import TextTask
from spinn.text import plural
from spinn.training import old_runs
from spinn.training.automatic import AUTO, task_options
from spinn.training.batches import Batches
from spinn.training.build import Setup, build
from spinn.training.evaluation import Evaluation, evaluate_split
from spinn.training.git_commit import git_commit
from spinn.training.hardware import check_hardware, threads_for
from spinn.training.init_from import copy_weights, load_source
from spinn.training.loop import Progress, Trainer
from spinn.training.pretrained import load_pretrained, take_vectors_only
from spinn.training.recording import Recorder, WatchedTrees
from spinn.training.resume import check_resumed
from spinn.training.run_folder import RunFolder

log = logging.getLogger(__name__)


def seed_everything(seed: int) -> None:
    """Seed torch, so that a run on CPU repeats exactly.

    Nothing draws from the global state of NumPy or Python. The order of the batches depends on
    (seed, epoch), not on torch's state, so a resumed run has the batches of an uninterrupted run.
    """
    torch.manual_seed(seed)


def train(config: DictConfig, *, command: str | None = None) -> dict[str, Any]:
    """Train as a configuration says, and return the contents of `results.json`.

    Args: command: of the shell, that trains this run; for the results.

    Raises:
        InputError: if a setting or the data is bad, before any training.
        TrainingError: if the loss is not finite.
        Interrupted: after Ctrl-C or SIGTERM.
    """
    commit = git_commit()
    setup = build(config)
    check_hardware(setup.trainer.device, setup.trainer.precision)
    if setup.dataset.settled:
        check_resumed(setup.config, setup.trainer.resume)
    source = load_source(setup.trainer.init_from)
    splits = setup.dataset.load()
    if found := setup.dataset.resolve(splits):
        setup = build(with_data(config, found))
        check_resumed(setup.config, setup.trainer.resume)
    if OmegaConf.select(config, "task._target_") == AUTO:
        log.info("%s, as the targets need", task_options(setup.config.task))
    vocabulary = setup.dataset.vocabulary(splits)
    seed_everything(setup.seed)
    task = setup.make_task(vocabulary)
    vocabulary, vectors = load_pretrained(task, setup.vectors, vocabulary, splits)
    if setup.trainer.resume is not None and vocabulary.vectors_only:
        take_vectors_only(RunFolder(setup.trainer.resume), vocabulary, task)
    copied = None
    if source is not None:
        copied = copy_weights(
            source, task, vocabulary, labels=setup.dataset.labels, model=setup.names["model"]
        )
        del source  # it may hold gigabytes of vectors
    train_examples = task.prepare(splits.train, vocabulary)
    task.initialize(train_examples)
    train_batches = Batches(
        train_examples,
        batch_size=setup.trainer.batch_size,
        seed=setup.seed,
    )
    dev_batches = Batches(
        task.prepare(splits.dev, vocabulary), batch_size=setup.trainer.evaluation_batch_size
    )
    folder = RunFolder(setup.run)  # only now: a run with bad settings or data leaves no folder
    folder.create(setup.config, vocabulary, task.encoder.embedding.frozen)
    with threads_for(task, setup.trainer.threads):
        trainer = Trainer(
            task,
            settings=setup.trainer,
            optimization=setup.optimizer,
            folder=folder,
            recorder=_recorder(setup, task, splits.dev, vocabulary),
        )
        trainer.progress.init_from = copied
        _log_start(setup, splits, vocabulary, task, trainer.device)
        progress = trainer.fit(train_batches, dev_batches)

        evaluations = _evaluate_all(setup, splits, task, vocabulary, trainer.device)
        results = {
            **_results(setup, splits, task, progress, evaluations),
            "epochs": round(progress.step / len(train_batches), 3),
            "vectors": vectors,
            "device": str(trainer.device),
            "precision": trainer.precision,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "command": command,
            "git_commit": commit,
        }
    columns = {name: found.columns for name, found in evaluations.items()}
    labels = setup.dataset.labels or ()
    Predictions(labels, splits.fingerprint, columns).save(folder.predictions)
    folder.write_results(results)
    return results


def _evaluate_all(
    setup: Setup, splits: Any, task: Task, vocabulary: Vocabulary, device: torch.device
) -> dict[str, Evaluation]:
    """Evaluate the best weights on dev and on every test set that has examples."""
    sets = {"dev": splits.dev, "test": splits.test, **splits.tests}
    size = setup.trainer.evaluation_batch_size
    return {
        name: evaluate_split(task, setup.dataset, split, vocabulary, batch_size=size, device=device)
        for name, split in sets.items()
        if len(split)
    }


def _results(
    setup: Setup,
    splits: Any,
    task: Task,
    progress: Progress,
    evaluations: Mapping[str, Evaluation],
) -> dict[str, Any]:
    """Return what `results.json` says of the model and its data."""
    summaries = {name: found.summary for name, found in evaluations.items()}
    return {
        old_runs.KEY: old_runs.FORMAT,
        **setup.names,
        **setup.dataset.summary(),
        "seed": setup.seed,
        "parameters": _count_parameters(task),
        "steps": progress.step,
        "best_step": progress.best_step,
        "dev_score": progress.best,
        "train_seconds": round(progress.seconds, 2),
        "sentences_per_second": round(progress.sentences / max(progress.step_seconds, 1e-9), 1),
        "init_from": progress.init_from,
        "tree_source": task.encoder.tree_source,
        "dev": summaries["dev"],
        "test": summaries.get("test"),
        "tests": {name: summaries[name] for name in splits.tests if name in summaries},
        "data_report": {name: report.entry() for name, report in splits.reports.items()},
        "data_fingerprint": splits.fingerprint,
    }


def _recorder(setup: Setup, task: Task, dev: Any, vocabulary: Vocabulary) -> Recorder:
    trees = None
    if isinstance(task, TextTask) and task.encoder.tree_source != "none":
        trees = WatchedTrees(task, dev, vocabulary)
    return Recorder(setup.logger, setup.config, trees)


def with_data(config: DictConfig, found: dict[str, Any]) -> DictConfig:
    """Return the configuration with settings that were found in the data."""
    config = copy.deepcopy(config)
    for key, value in found.items():
        OmegaConf.update(config, f"data.{key}", value, merge=False, force_add=True)
    return config


def _count_parameters(task: Task) -> int:
    """Return the number of trained parameters."""
    return sum(p.numel() for p in task.parameters() if p.requires_grad)


def _log_start(
    setup: Setup, splits: Any, vocabulary: Vocabulary, task: Task, device: torch.device
) -> None:
    reads_trees = task.encoder.tree_source != "none"
    for name, report in splits.reports.items():
        shown = report if reads_trees else replace(report, trees=None)
        log.info("%s: %s", name, shown.summary())
        reads_trees = reads_trees and report.trees != PREDICTED  # none, where a parse is missing
    kind = setup.dataset.describe(trees=reads_trees)
    if isinstance(setup.dataset, TextDataset) and setup.dataset.labels:
        classes = len(setup.dataset.labels)
        kind += f", {classes:,} {'class' if classes == 1 else 'classes'}"
        if classes == 1:
            log.warning(
                "one class is left, %s: every prediction is right; see data.labels",
                setup.dataset.labels[0],
            )
    sizes = f"{len(splits.train):,} train, {len(splits.dev):,} dev, {len(splits.test):,} test"
    log.info(
        "%s on %s (%s %s): %s%s parameters, on %s with %s",
        setup.names["model"], setup.names["data"], sizes, kind,
        f"{len(vocabulary):,} words, " if vocabulary.words else "",
        f"{_count_parameters(task):,}", device, plural(torch.get_num_threads(), "thread"),
    )  # fmt: skip
