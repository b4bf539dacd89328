"""The training loop: one step, one evaluation, and when to stop."""

import logging
import math
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from accelerate import Accelerator
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from spinn.errors import Interrupted, TrainingError
from spinn.tasks.task import Batch, Metrics
from spinn.training.batches import Batches, Prefetch
from spinn.training.checkpoint import load_state, load_weights, save_state, save_weights
from spinn.training.evaluation import evaluate
from spinn.training.optimization import OptimizerSettings, learning_rate, make_optimizer
from spinn.training.run_folder import RunFolder
from spinn.training.signals import StopSignals

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class TrainerSettings:
    """What the `trainer` group configures.

    Args:
        epochs: passes over the training data.
        batch_size: examples in a training batch.
        evaluation_batch_size: examples in a batch of dev or test.
        clip_norm: the largest norm of the gradient; null for no clipping.
        evaluate_every: steps between evaluations on dev; null for once an epoch.
        patience: evaluations without a better score on dev before stopping; null for never.
        device: auto takes a GPU where there is one.
        precision: the arithmetic of matrix products.
        threads: CPU threads; null leaves it to torch.
        resume: a run folder to go on from, with its `last.safetensors`.
        progress: a progress bar; null for one only on a terminal.
    """

    epochs: int
    batch_size: int
    evaluation_batch_size: int
    clip_norm: float | None
    evaluate_every: int | None
    patience: int | None
    device: Literal["auto", "cpu", "cuda"]
    precision: Literal["no", "bf16", "fp16"]
    threads: int | None
    resume: str | None
    progress: bool | None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "evaluation_batch_size", "evaluate_every", "patience"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; expected 1 or more")


@dataclass
class Progress:
    """Where a training run stands; all that a resumed run must know besides weights.

    Args:
        step: optimizer steps done.
        best: the best score on dev so far, reached at `best_step`; None before the first.
        best_loss: the loss on dev then; of equal scores, the one with the smaller loss is better.
        stale: evaluations since then.
        seconds: wall-clock seconds of training, dev evaluations included.
        step_seconds: of these, seconds in training steps, the wait for batches included.
        sentences: sentences trained on.
    """

    step: int = 0
    best: float | None = None
    best_loss: float = math.inf
    best_step: int = 0
    stale: int = 0
    seconds: float = 0.0
    step_seconds: float = 0.0
    sentences: int = 0


class Trainer:
    """Trains a task, keeps the best weights on dev and the last state in the run folder.

    Args:
        task: encoder, head, loss and metrics.
        settings: the `trainer` group.
        optimization: the `optimizer` group.
        folder: where metrics and checkpoints go.
    """

    def __init__(
        self,
        task: Any,
        *,
        settings: TrainerSettings,
        optimization: OptimizerSettings,
        folder: RunFolder,
    ) -> None:
        self.settings = settings
        self.optimization = optimization
        self.folder = folder
        self.accelerator = Accelerator(
            cpu=settings.device == "cpu", mixed_precision=settings.precision
        )
        optimizer = make_optimizer(task, optimization)
        self.task, self.optimizer = self.accelerator.prepare(task, optimizer)
        self.progress = Progress()
        self.steps = 0  # optimizer steps in all, known once the data is
        self._lap_began = time.perf_counter()
        self._recent: deque[float] = deque(maxlen=50)

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        device: torch.device = self.accelerator.device
        return device

    def fit(self, train: Batches, dev: Batches) -> Progress:
        """Train, and leave the best weights on dev both in the model and in the run folder.

        Raises:
            TrainingError: at the first loss or gradient that is not finite; the weights stay.
            Interrupted: after Ctrl-C or SIGTERM, when the state is saved.
        """
        self.steps = self.settings.epochs * len(train)
        self._resume()
        every = self.settings.evaluate_every or len(train)
        self._lap_began = time.perf_counter()
        with (
            StopSignals() as signals,
            self._bar() as bar,
            logging_redirect_tqdm(),
            Prefetch(self._remaining(train)) as remaining,
        ):
            for epoch, batch in remaining:
                self._train_on(batch, bar)
                if self.progress.step % every == 0 or self.progress.step == self.steps:
                    self._evaluate(dev, epoch)
                if signals.received is not None:
                    self._interrupt(signals.received)
                if self.settings.patience and self.progress.stale >= self.settings.patience:
                    break
        load_weights(self.folder.weights, self.task)
        return self.progress

    def _remaining(self, train: Batches) -> Iterator[tuple[int, Any]]:
        """Yield the batches still to come, each with its epoch; all are known at the start."""
        first, start = divmod(self.progress.step, len(train))
        for epoch in range(first, self.settings.epochs):
            for batch in train.shuffled(epoch, start if epoch == first else 0):
                yield epoch, batch

    def _lap(self) -> float:
        """Return the seconds since the last lap, and count them as training."""
        now = time.perf_counter()
        seconds, self._lap_began = now - self._lap_began, now
        self.progress.seconds += seconds
        return seconds

    def _bar(self) -> "tqdm[Any]":
        disable = None if self.settings.progress is None else not self.settings.progress
        return tqdm(
            total=self.steps, initial=self.progress.step, desc="train", unit="step",
            disable=disable, dynamic_ncols=True, smoothing=0.05,
        )  # fmt: skip

    def _train_on(self, batch: Any, bar: "tqdm[Any]") -> None:
        """Take a step; keep count of it, and tell the bar."""
        self._recent.append(self._step(batch.to(self.device)))
        self.progress.step += 1
        self.progress.step_seconds += self._lap()
        self.progress.sentences += len(batch.sentences.lengths)
        bar.update()
        if self.progress.step % 10 == 0:
            rate = self.progress.sentences / self.progress.step_seconds
            bar.set_postfix_str(
                f"loss {self._mean_loss():.3f}, {rate:,.0f} sequences/s", refresh=False
            )

    def _mean_loss(self) -> float:
        """Of the last few steps."""
        return sum(self._recent) / len(self._recent)

    def _step(self, batch: Batch) -> float:
        """Train on one batch; return its loss."""
        rate = learning_rate(self.optimization, self.progress.step, self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.task.train()
        outputs = self.task(batch)
        loss = self.task.loss(outputs, batch)
        self._require_finite(loss.item(), "loss")
        self.optimizer.zero_grad(set_to_none=True)
        self.accelerator.backward(loss)
        limit = self.settings.clip_norm if self.settings.clip_norm is not None else math.inf
        norm = self.accelerator.clip_grad_norm_(self.task.parameters(), limit)
        if self.settings.precision != "fp16":  # with fp16 the gradient scaler skips such steps
            self._require_finite(float(norm), "norm of the gradient")
        self.optimizer.step()
        return float(loss.detach())

    def _require_finite(self, value: float, name: str) -> None:
        if not math.isfinite(value):
            epoch, batch = divmod(self.progress.step, self.steps // self.settings.epochs)
            raise TrainingError(
                f"the {name} is {value} at step {self.progress.step + 1} (epoch {epoch + 1}, batch "
                f"{batch + 1}); the weights are those of step {self.progress.step}. "
                f"Try a lower optimizer.lr or trainer.clip_norm, or look at the data."
            )

    def _evaluate(self, dev: Batches, epoch: int) -> None:
        """Evaluate on dev, write a line of metrics, keep the weights if they are the best yet."""
        progress = self.progress
        metrics = evaluate(self.task, dev, self.device)
        if self._is_better(metrics):
            progress.best, progress.best_step, progress.stale = metrics.score, progress.step, 0
            progress.best_loss = metrics.loss
            save_weights(self.folder.weights, self.task)
        else:
            progress.stale += 1
        self._lap()
        mean_loss = self._mean_loss()
        line = {
            "step": progress.step,
            "epoch": epoch + 1,
            "train_loss": mean_loss,
            "learning_rate": self.optimizer.param_groups[0]["lr"],
            "seconds": round(progress.seconds, 3),
            "dev": metrics.summary(),
        }
        self.folder.append_metrics(line)
        save_state(self.folder.last, self.task, self.optimizer, asdict(progress))
        log.info(
            "epoch %d/%d  step %d/%d  train loss %.3f  dev loss %.3f  dev %s%s",
            epoch + 1, self.settings.epochs, progress.step, self.steps, mean_loss,
            metrics.loss, metrics.told, "" if progress.stale else "  (best)",
        )  # fmt: skip

    def _is_better(self, metrics: Metrics) -> bool:
        best, loss = self.progress.best, self.progress.best_loss
        if best is None or metrics.score != best:
            return best is None or metrics.score > best
        return metrics.loss < loss

    def _interrupt(self, number: int) -> None:
        save_state(self.folder.last, self.task, self.optimizer, asdict(self.progress))
        if not self.folder.weights.is_file():  # no evaluation yet
            save_weights(self.folder.weights, self.task)
        raise Interrupted(
            f"stopped at step {self.progress.step} of {self.steps}; saved in {self.folder.path}",
            number,
        )

    def _resume(self) -> None:
        if self.settings.resume is None:
            return
        source = RunFolder(self.settings.resume)
        self.progress = Progress(**load_state(source.last, self.task, self.optimizer))
        if source.weights.is_file():
            load_best = source.weights.read_bytes()
            self.folder.weights.write_bytes(load_best)
        self.folder.take_metrics(source, self.progress.step)
        log.info("going on from step %d of %s", self.progress.step, source.path)
