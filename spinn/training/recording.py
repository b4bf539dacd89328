"""What is measured in training, and what is passed to the logger."""

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from omegaconf import DictConfig, OmegaConf

from spinn.data.text.corpus import Corpus
from spinn.data.text.vocabulary import Vocabulary
from spinn.errors import InputError
from spinn.tasks.task import Metrics
from spinn.tasks.text_task import TextTask
from spinn.training.evaluation import encoder_trees
from spinn.training.hardware import peak_memory
from spinn.training.loggers import RunLogger
from spinn.trees.transitions import Parse

log = logging.getLogger(__name__)

WATCHED, SHORTEST = 2, 4  # sentences; words: a sentence of four has five binary trees
LOOKED_AT = 100  # examples


class Window:
    """Training steps since the last `take`."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._losses: list[float] = []
        self._norms: list[float] = []
        self._sentences = 0
        self._seconds = 0.0

    def add(self, loss: float, norm: float, sentences: int, seconds: float) -> None:
        """Add a step; a norm that is not finite is left out, since fp16 skips such steps."""
        self._losses.append(loss)
        if math.isfinite(norm):
            self._norms.append(norm)
        self._sentences += sentences
        self._seconds += seconds

    def take(self) -> dict[str, float]:
        """Return the mean loss, the mean norm of the gradient and the throughput, and reset."""
        means = {"loss": self._losses, "gradient_norm": self._norms}
        taken = {name: sum(values) / len(values) for name, values in means.items() if values}
        taken["sentences_per_second"] = round(self._sentences / max(self._seconds, 1e-9), 1)
        self._clear()
        return taken


class WatchedTrees:
    """The trees that an encoder uses for a few sentences of dev, during training.

    Args:
        task: its encoder predicts trees, or follows those of dev.
        dev: two of its first sentences with at least four words are watched.
        vocabulary: of the task.
    """

    def __init__(self, task: TextTask, dev: Corpus, vocabulary: Vocabulary) -> None:
        sentences = [example.sentences[p] for example in dev[:LOOKED_AT] for p in task.places]
        long = dict.fromkeys(parse for parse in sentences if len(parse.words) >= SHORTEST)
        self._parses = list(long)[:WATCHED]
        self._encoder = task.encoder
        self._vocabulary = vocabulary
        self._last: list[bytes] = [b""] * len(self._parses)

    def changed(self, device: torch.device) -> Iterator[tuple[str, Parse]]:
        """Yield the name and the tree of each sentence whose tree has changed since the last call.

        The encoder must be in evaluation mode.
        """
        size = max(len(self._parses), 1)
        trees = encoder_trees(self._encoder, self._parses, self._vocabulary, size, device)
        for number, (parse, tree) in enumerate(zip(self._parses, trees, strict=True)):
            if tree != self._last[number]:
                yield f"trees/dev_{number + 1}", parse._replace(transitions=tree)
        self._last = trees


class Recorder:
    """Measures a training, and passes the record to a logger.

    A logger that fails during training is left out from then on, with one warning.

    Args:
        logger: None for no record beside the run's files.
        config: of the run, for the logger.
        trees: for the logger; None where the encoder has no trees.
    """

    def __init__(
        self, logger: RunLogger | None, config: DictConfig, trees: WatchedTrees | None
    ) -> None:
        self._logger = logger
        self._config = config
        self._trees = trees
        self._since_record = Window()
        self._since_evaluation = Window()

    @contextmanager
    def recording(self, run: Path, step: int) -> Iterator[None]:
        """Start the logger for the training in the block, and finish it.

        Args:
            run: the run folder.
            step: training steps done before.

        Raises: InputError: if the logger does not start.
        """
        if self._logger is not None:
            try:
                config = OmegaConf.to_container(self._config, resolve=True)
                self._logger.start(run, cast(dict[str, Any], config), step)
            except Exception as error:  # a library, its files and the network raise anything
                option = self._logger.option
                raise InputError(
                    f"logger={option} does not start: {_reason(error)}; logger=csv needs no service"
                ) from error
        complete = False
        try:
            yield
            complete = True
        finally:
            self._pass_on(lambda logger: logger.finish(complete=complete), "the end")

    def add_step(
        self, step: int, *, loss: float, norm: float, rate: float, sentences: int, seconds: float
    ) -> None:
        """Add a training step; every `logger.every` steps, log the steps since the last record.

        Args:
            step: steps done, this one included.
            loss: of the batch.
            norm: of the gradient, before clipping.
            rate: the learning rate.
            sentences: in the batch.
            seconds: of the step, with the wait for the batch.
        """
        self._since_evaluation.add(loss, norm, sentences, seconds)
        if self._logger is None:
            return
        self._since_record.add(loss, norm, sentences, seconds)
        if step % self._logger.every:
            return
        measured = self._since_record.take()
        values = {"learning_rate": rate, **measured, **peak_memory()}
        named = {f"train/{name}": value for name, value in values.items()}
        self._pass_on(lambda logger: logger.log(named, step), f"step {step}")

    def add_evaluation(self, step: int, metrics: Metrics, device: torch.device) -> dict[str, float]:
        """Log an evaluation on dev; return what was measured in training since the last one."""
        summary = {"score": metrics.score, **metrics.summary()}
        numbers = {f"dev/{k}": v for k, v in summary.items() if isinstance(v, int | float)}

        def pass_on(logger: RunLogger) -> None:
            logger.log(numbers, step)
            for name, tree in self._trees.changed(device) if self._trees else ():
                logger.log_tree(name, tree, step)

        self._pass_on(pass_on, f"step {step}")
        measured = self._since_evaluation.take()
        del measured["loss"]  # metrics.jsonl has the mean of the last steps
        return {**measured, **peak_memory()}

    def _pass_on(self, call: Callable[[RunLogger], Any], place: str) -> None:
        """Call the logger; after an exception, leave it out."""
        if self._logger is None:
            return
        try:
            call(self._logger)
        except Exception as error:  # as in `recording`
            log.warning(
                "logger=%s fails at %s and gets no further record; training continues: %s",
                self._logger.option, place, _reason(error),
            )  # fmt: skip
            self._logger = None


def _reason(error: Exception) -> str:
    """Return the first line of an exception's message, or its class."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
