"""Loggers: further records of a run, beside `metrics.jsonl` and `metrics.csv` (group `logger`).

Each class uses its library's own client. The trackers of accelerate would not make it shorter: the
MLflow one drops texts and shares one active run in the process, the TensorBoard one writes the
configuration as a second run.
"""

import csv
import html
import importlib
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from omegaconf import OmegaConf

from spinn.config import flat
from spinn.errors import InputError
from spinn.files import write_text
from spinn.trees.transitions import SHIFT, Parse, to_brackets

# Seconds: no logger waits without bound.
LOGIN, START, FINISH, REQUEST = 30, 60, 300, 10


class RunLogger(ABC):
    """Receives the record of one training run.

    A subclass is an option of the group `logger`. Its constructor takes the settings of its yaml by
    keyword. A run calls `start` first and `finish` last, each once. An exception in `start` ends
    the run before training; after a later exception, training continues without the logger.

    Args:
        every: training steps between two records of the training.
        folder: for the logger's files.

    Attributes:
        packages: what it imports; the extra that installs them has the name of the option.
        option: its name in the group.

    Raises: InputError: if a package is missing.
    """

    packages: ClassVar[tuple[str, ...]] = ()
    option: ClassVar[str]

    def __init__(self, *, every: int, folder: str) -> None:
        if every < 1:
            raise ValueError(f"every is {every}; expected 1 or more")
        for package in self.packages:
            try:
                importlib.import_module(package)
            except ImportError as error:
                raise InputError(
                    f"logger={self.option} needs {package}, which is missing: "
                    f'pip install "spinn[{self.option}]"'
                ) from error
        self.every = every
        self.folder = Path(folder)

    @abstractmethod
    def start(self, run: Path, config: dict[str, Any], step: int) -> None:
        """Begin the record of a run.

        Args:
            run: its folder; the folder's name is the name of the run.
            config: the resolved configuration, nested.
            step: training steps done; more than 0 for a run that is resumed.
        """

    @abstractmethod
    def log(self, values: Mapping[str, float], step: int) -> None:
        """Add numbers by their names, such as `train/loss`, after a training step."""

    @abstractmethod
    def log_tree(self, name: str, tree: Parse, step: int) -> None:
        """Add the tree that the encoder uses for a sentence after a training step."""

    @abstractmethod
    def finish(self, *, complete: bool) -> None:
        """Write what is left; `complete` is false if the training was stopped or failed."""


class CSVFile(RunLogger):
    """A file `log.csv` with a row for each value: step, name, value. A tree is in brackets."""

    option = "csv"

    def start(self, run: Path, config: dict[str, Any], step: int) -> None:
        """Begin the file; of an earlier file in the folder, keep the rows up to this step."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._path = self.folder / "log.csv"
        rows: list[list[str]] = []
        if step and self._path.is_file():
            with self._path.open(encoding="utf-8", newline="") as file:
                rows = [row for row in csv.reader(file) if _is_row(row) and int(row[0]) <= step]
        write_text(self._path, "step,name,value\n")
        self._append(rows)

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Add a row for each value."""
        self._append([step, name, value] for name, value in values.items())

    def log_tree(self, name: str, tree: Parse, step: int) -> None:
        """Add a row with the brackets."""
        self._append([[step, name, to_brackets(tree)]])

    def finish(self, *, complete: bool) -> None:
        """Do nothing: every row is in the file."""

    def _append(self, rows: Any) -> None:
        with self._path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


def _is_row(cells: list[str]) -> bool:
    """Whether a line of `log.csv` is complete; the header is not, nor a line that was cut off."""
    return len(cells) == 3 and cells[0].isdecimal() and bool(cells[2])


class TensorBoard(RunLogger):
    """Event files of TensorBoard: `tensorboard --logdir RUN`."""

    packages = ("tensorboard",)
    option = "tensorboard"

    def start(self, run: Path, config: dict[str, Any], step: int) -> None:
        """Open an event file; values after this step in earlier files of the folder are hidden."""
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(self.folder), purge_step=step + 1)
        self._writer.add_text("configuration", _as_block(OmegaConf.to_yaml(config)), step)

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Add scalars."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def log_tree(self, name: str, tree: Parse, step: int) -> None:
        """Add a text."""
        self._writer.add_text(name, _as_block(drawn(tree)), step)

    def finish(self, *, complete: bool) -> None:
        """Write the rest and close the file."""
        self._writer.close()


class WandB(RunLogger):
    """A run of Weights & Biases.

    Args:
        project: that the run belongs to.
        mode: offline needs neither account nor network, and `wandb sync` uploads later; null
            follows WANDB_MODE, else it is online.
    """

    packages = ("wandb",)
    option = "wandb"

    def __init__(
        self, *, every: int, folder: str, project: str, mode: Literal["online", "offline"] | None
    ) -> None:
        super().__init__(every=every, folder=folder)
        self.project = project
        self.mode = mode

    def start(self, run: Path, config: dict[str, Any], step: int) -> None:
        """Begin a run with this configuration."""
        import wandb

        os.environ.setdefault("WANDB_LOGIN_TIMEOUT", str(LOGIN))  # at a prompt for the account
        self.folder.mkdir(parents=True, exist_ok=True)
        self._run = wandb.init(
            project=self.project,
            name=run.name,
            dir=str(self.folder),
            mode=self.mode,
            config=config,
            settings=wandb.Settings(console="off", init_timeout=START, finish_timeout=FINISH),
        )

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Add numbers to the history."""
        self._run.log(dict(values), step=step)

    def log_tree(self, name: str, tree: Parse, step: int) -> None:
        """Add a panel with the drawing."""
        import wandb

        self._run.log({name: wandb.Html(f"<pre>{html.escape(drawn(tree))}</pre>")}, step=step)

    def finish(self, *, complete: bool) -> None:
        """End the run; online, wait for the upload."""
        self._run.finish(exit_code=0 if complete else 1)


class MLflow(RunLogger):
    """A run of MLflow.

    Args:
        experiment: that the run belongs to.
        uri: of a tracking server; null for a database in the folder:
            `mlflow ui --backend-store-uri sqlite:///RUN/mlflow/mlflow.db`.
    """

    packages = ("mlflow", "sqlalchemy", "alembic")
    option = "mlflow"

    def __init__(self, *, every: int, folder: str, experiment: str, uri: str | None) -> None:
        super().__init__(every=every, folder=folder)
        self.experiment = experiment
        self.uri = uri

    def start(self, run: Path, config: dict[str, Any], step: int) -> None:
        """Begin a run, with the values of the configuration as its parameters."""
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(REQUEST))
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        from mlflow import MlflowClient
        from mlflow.entities import Param

        self.folder.mkdir(parents=True, exist_ok=True)
        local = self.folder.resolve()
        self._client = MlflowClient(
            tracking_uri=self.uri or f"sqlite:///{quote(str(local))}/mlflow.db"
        )
        found = self._client.get_experiment_by_name(self.experiment)
        if found is not None:
            number = found.experiment_id
        else:
            place = None if self.uri else (local / "artifacts").as_uri()
            number = self._client.create_experiment(self.experiment, artifact_location=place)
        self._run = self._client.create_run(number, run_name=run.name).info.run_id
        parameters = [Param(key, str(value)) for key, value in flat(config)]
        for first in range(0, len(parameters), 100):  # the most in a batch
            self._client.log_batch(self._run, params=parameters[first : first + 100])

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Add metrics, in one request."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [Metric(name, value, now, step) for name, value in values.items()]
        self._client.log_batch(self._run, metrics=metrics)

    def log_tree(self, name: str, tree: Parse, step: int) -> None:
        """Add a text to the artifacts."""
        self._client.log_text(self._run, drawn(tree), f"{name}/step_{step}.txt")

    def finish(self, *, complete: bool) -> None:
        """End the run."""
        self._client.set_terminated(self._run, "FINISHED" if complete else "FAILED")


def drawn(tree: Parse) -> str:
    """Return the brackets of a tree, and below them a line for each node.

    nltk's drawing would import SciPy and scikit-learn, which takes seconds.
    """
    words = iter(tree.words)
    stack: list[list[str]] = []  # the lines of each tree
    for transition in tree.transitions:
        if transition == SHIFT:
            stack.append([next(words)])
        else:
            right, left = stack.pop(), stack.pop()
            stack.append(["·", *_below(left, "├─ ", "│  "), *_below(right, "└─ ", "   ")])
    return "\n".join([to_brackets(tree), "", *stack[0]])


def _below(lines: list[str], first: str, further: str) -> list[str]:
    return [first + lines[0], *(further + line for line in lines[1:])]


def _as_block(text: str) -> str:
    """Return a text as Markdown that keeps its spaces."""
    return "\n".join(f"    {line}" for line in text.splitlines())
