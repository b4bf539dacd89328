"""The training loop: batch, forward, loss, backward, clip, step, log, evaluate, checkpoint."""

import logging
import math
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from types import FrameType, TracebackType
from typing import Any, Literal, Self

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from spinn.errors import Interrupted, TrainingError
from spinn.tasks.task import Batch, Metrics
from spinn.training.batches import Batches, Prefetch
from spinn.training.checkpoint import load_state, load_weights, save_state, save_weights
from spinn.training.evaluation import evaluate
from spinn.training.hardware import choose_precision
from spinn.training.optimization import OptimizerSettings, learning_rate, make_optimizer
from spinn.training.recording import Recorder
from spinn.training.run_folder import RunFolder

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class TrainerSettings:
    """The `trainer` group.

    Args:
        epochs: passes over the training data.
        batch_size: examples in a training batch.
        evaluation_batch_size: examples in a batch of dev or test.
        clip_norm: the largest norm of the gradient; null for no clipping.
        evaluate_every: steps between evaluations on dev; null for once an epoch.
        patience: evaluations without a better score on dev before stopping; null for never.
        device: auto takes a GPU where there is one.
        precision: the arithmetic of matrix products; auto takes bf16 on a GPU that has it.
        threads: CPU threads; null takes one for a small model and torch's default for others.
        resume: a run folder to continue from, with its `last.safetensors`.
        init_from: a run folder whose weights this run starts from; see `init_from.copy_weights`.
        progress: a progress bar; null for one only on a terminal.
        target_loss: training stops when the training loss since the last evaluation on dev, the
            mean over the steps, is at most this; null for all epochs.
    """

    epochs: int
    batch_size: int
    evaluation_batch_size: int
    clip_norm: float | None
    evaluate_every: int | None
    patience: int | None
    device: Literal["auto", "cpu", "cuda"]
    precision: Literal["auto", "no", "bf16", "fp16"]
    threads: int | None
    resume: str | None
    progress: bool | None
    init_from: str | None = None  # older run folders lack it
    target_loss: float | None = None  # older run folders lack it

    def __post_init__(self) -> None:
        if self.resume is not None and self.init_from is not None:
            raise ValueError(
                f"resume={self.resume} continues a run and init_from={self.init_from} starts a new "
                "one from its weights; choose one: trainer.resume=null or trainer.init_from=null"
            )
        counts = {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "evaluation_batch_size": self.evaluation_batch_size,
            "evaluate_every": self.evaluate_every,
            "patience": self.patience,
            "threads": self.threads,
        }
        for name, value in counts.items():
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; expected 1 or more")
        if self.target_loss is not None and not math.isfinite(self.target_loss):
            raise ValueError(f"target_loss is {self.target_loss}; expected a finite number or null")


@dataclass
class Progress:
    """The state of a training run; all that a resumed run must know besides weights.

    Args:
        step: optimizer steps done.
        best: the best score on dev so far, reached at `best_step`; None before the first.
        best_loss: the loss on dev then; of equal scores, the one with the smaller loss is better.
        stale: evaluations since then.
        seconds: wall-clock seconds of training, dev evaluations included.
        step_seconds: of these, seconds in training steps, the wait for batches included.
        sentences: sentences trained on.
        init_from: what was copied from the weights of another run; None without one.
        loss_sum: the sum of the training losses of the steps since the last evaluation.
        loss_steps: the number of these steps.
        interval_loss: their mean at the last evaluation; None before the first.
    """

    step: int = 0
    best: float | None = None
    best_loss: float = math.inf
    best_step: int = 0
    stale: int = 0
    seconds: float = 0.0
    step_seconds: float = 0.0
    sentences: int = 0
    init_from: dict[str, Any] | None = None
    loss_sum: float = 0.0
    loss_steps: int = 0
    interval_loss: float | None = None

    def add_loss(self, loss: float) -> None:
        """Add the training loss of a step."""
        self.loss_sum += loss
        self.loss_steps += 1

    def end_interval(self) -> None:
        """Set the mean training loss since the last evaluation, and start the next interval."""
        self.interval_loss = self.loss_sum / self.loss_steps
        self.loss_sum, self.loss_steps = 0.0, 0

    def add_evaluation(self, metrics: Metrics) -> bool:
        """Count an evaluation on dev at this step; return whether it is the best so far."""
        score, loss = metrics.score, metrics.loss
        if self.best is None or score > self.best or (score == self.best and loss < self.best_loss):
            self.best, self.best_loss, self.best_step, self.stale = score, loss, self.step, 0
        else:
            self.stale += 1
        return self.stale == 0


class Trainer:
    """Trains a task; keeps the best weights on dev and the last state in the run folder.

    Args:
        task: encoder, head, loss and metrics.
        settings: the `trainer` group.
        optimization: the `optimizer` group.
        folder: where metrics and checkpoints go.
        recorder: measures the training, and passes the record to a logger.
    """

    def __init__(
        self,
        task: Any,
        *,
        settings: TrainerSettings,
        optimization: OptimizerSettings,
        folder: RunFolder,
        recorder: Recorder,
    ) -> None:
        self.settings = settings
        self.optimization = optimization
        self.folder = folder
        self.recorder = recorder
        on_cpu = settings.device == "cpu" or not torch.cuda.is_available()
        self.precision = choose_precision(
            settings.precision, torch.device("cpu" if on_cpu else "cuda")
        )
        # Accelerate keeps the first device and precision of a process; runs of a sweep may differ.
        AcceleratorState._reset_state(reset_partial_state=True)
        self.accelerator = Accelerator(cpu=settings.device == "cpu", mixed_precision=self.precision)
        optimizer = make_optimizer(task, optimization)
        self.task, self.optimizer = self.accelerator.prepare(task, optimizer)
        self.progress = Progress()

    @property
    def device(self) -> torch.device:
        """The device that holds the model."""
        device: torch.device = self.accelerator.device
        return device

    def fit(self, train: Batches, dev: Batches) -> Progress:
        """Train, and leave the best weights on dev both in the model and in the run folder.

        Raises:
            TrainingError: at the first loss or gradient that is not finite; the weights stay.
            Interrupted: after Ctrl-C or SIGTERM, when the state is saved.
        """
        settings = self.settings
        steps = settings.epochs * len(train)
        evaluate_every = settings.evaluate_every or len(train)
        max_norm = math.inf if settings.clip_norm is None else settings.clip_norm
        if settings.resume is not None:
            self._resume(RunFolder(settings.resume))
            if self._target_reached():  # before, with this target or a lower one
                load_weights(self.folder.weights, self.task)
                return self.progress
        progress = self.progress
        losses: deque[float] = deque(maxlen=50)  # of the last steps, for the log
        clock = Clock(progress)
        bar = tqdm(
            total=steps, initial=progress.step, desc="train", unit="step", dynamic_ncols=True,
            disable=None if settings.progress is None else not settings.progress, smoothing=0.05,
        )  # fmt: skip
        with (
            self.recorder.recording(self.folder.path, progress.step),
            StopSignals() as signals,
            bar,
            nullcontext() if bar.disable else logging_redirect_tqdm(),
            Prefetch(remaining_batches(train, settings.epochs, progress.step)) as batches,
        ):
            for epoch, batch in batches:
                batch = batch.to(self.device)

                self.task.train()
                outputs = self.task(batch)
                loss = self.task.loss(outputs, batch)
                self._require_finite(loss.item(), "loss", len(train))

                self.optimizer.zero_grad(set_to_none=True)
                self.accelerator.backward(loss)
                norm = self.accelerator.clip_grad_norm_(self.task.parameters(), max_norm)
                if self.precision != "fp16":  # with fp16 the gradient scaler skips such steps
                    self._require_finite(float(norm), "norm of the gradient", len(train))

                rate = learning_rate(self.optimization, progress.step, steps)
                for group in self.optimizer.param_groups:
                    group["lr"] = rate
                self.optimizer.step()

                progress.step += 1
                progress.sentences += len(batch.sentences)
                seconds = clock.lap()
                progress.step_seconds += seconds
                losses.append(loss.item())
                progress.add_loss(loss.item())
                self.recorder.add_step(
                    progress.step, loss=loss.item(), norm=float(norm), rate=rate,
                    sentences=len(batch.sentences), seconds=seconds,
                )  # fmt: skip
                train_loss = sum(losses) / len(losses)
                bar.update()
                if progress.step % 10 == 0:
                    speed = progress.sentences / progress.step_seconds
                    bar.set_postfix_str(
                        f"loss {train_loss:.3f}, {speed:,.0f} sequences/s", refresh=False
                    )

                if progress.step % evaluate_every == 0 or progress.step == steps:
                    metrics = evaluate(self.task, dev, self.device)
                    if progress.add_evaluation(metrics):
                        save_weights(self.folder.weights, self.task)
                    progress.end_interval()
                    clock.lap()
                    self._log(metrics, epoch, train_loss, steps)
                    save_state(self.folder.last, self.task, self.optimizer, asdict(progress))

                if signals.received is not None:
                    self._interrupt(signals.received, steps)
                if settings.patience is not None and progress.stale >= settings.patience:
                    break
                if progress.loss_steps == 0 and self._target_reached():  # after an evaluation
                    break
        load_weights(self.folder.weights, self.task)
        return progress

    def _target_reached(self) -> bool:
        """Return whether the training loss before the last evaluation is low enough; log it."""
        target, loss = self.settings.target_loss, self.progress.interval_loss
        if target is None or loss is None or loss > target:
            return False
        log.info(
            "the training loss of the steps before the last evaluation is %.4g, and "
            "trainer.target_loss is %g: training ends at step %d",
            loss, target, self.progress.step,
        )  # fmt: skip
        return True

    def _require_finite(self, value: float, name: str, steps_per_epoch: int) -> None:
        if not math.isfinite(value):
            step = self.progress.step
            epoch, batch = divmod(step, steps_per_epoch)
            raise TrainingError(
                f"the {name} is {value} at step {step + 1} (epoch {epoch + 1}, batch {batch + 1}); "
                f"the weights are those of step {step}. "
                f"Try a lower optimizer.lr or trainer.clip_norm, or look at the data."
            )

    def _log(self, metrics: Metrics, epoch: int, train_loss: float, steps: int) -> None:
        """Report an evaluation on dev: a record, a line of metrics, and one of the log."""
        progress = self.progress
        line = {
            "step": progress.step,
            "epoch": epoch + 1,
            "train_loss": train_loss,
            "learning_rate": self.optimizer.param_groups[0]["lr"],
            "seconds": round(progress.seconds, 3),
            **self.recorder.add_evaluation(progress.step, metrics, self.device),
            "score": metrics.score,
            "dev": metrics.summary(),
        }
        self.folder.append_metrics(line)
        log.info(
            "epoch %d/%d  step %d/%d  train loss %.3f  dev loss %.3f  dev %s%s",
            epoch + 1, self.settings.epochs, progress.step, steps, train_loss,
            metrics.loss, metrics.score_text, "" if progress.stale else "  (best)",
        )  # fmt: skip

    def _interrupt(self, number: int, steps: int) -> None:
        save_state(self.folder.last, self.task, self.optimizer, asdict(self.progress))
        if not self.folder.weights.is_file():  # no evaluation yet
            save_weights(self.folder.weights, self.task)
        raise Interrupted(
            f"stopped at step {self.progress.step} of {steps}; saved in {self.folder.path}", number
        )

    def _resume(self, source: RunFolder) -> None:
        """Load the last state of a run, and copy its best weights and its metrics."""
        self.progress = Progress(**load_state(source.last, self.task, self.optimizer))
        if source.weights.is_file():
            self.folder.weights.write_bytes(source.weights.read_bytes())
        self.folder.copy_metrics(source, self.progress.step)
        log.info("continuing from step %d of %s", self.progress.step, source.path)


def remaining_batches(train: Batches, epochs: int, step: int) -> Iterator[tuple[int, Batch]]:
    """Yield the batches from a step on, each with its epoch, both counted from 0.

    With 8 batches in an epoch, step 11 is batch 3 of epoch 1.
    """
    first, start = divmod(step, len(train))
    for epoch in range(first, epochs):
        for batch in train.shuffled(epoch, start if epoch == first else 0):
            yield epoch, batch


class Clock:
    """Adds the time between two laps to the seconds of a run."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._began = time.perf_counter()

    def lap(self) -> float:
        """Return the seconds since the last lap, and count them as training."""
        now = time.perf_counter()
        seconds, self._began = now - self._began, now
        self._progress.seconds += seconds
        return seconds


class StopSignals:
    """While entered, stores the first SIGINT or SIGTERM in `received`; the process lives on.

    A second one has its usual effect, for a user who does not want to wait.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._previous: dict[int, object] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reset()

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.received = number
        self._reset()

    def _reset(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
