"""The files of a run: configuration, vocabulary, weights, metrics and results."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from torch import Tensor
from yaml import YAMLError

from spinn.data.text.vocabulary import Vocabulary
from spinn.errors import InputError
from spinn.files import write_json, write_text
from spinn.text import by_number
from spinn.training import old_runs
from spinn.training.checkpoint import save_frozen

MOST_RUNS = 10  # in a message


class RunFolder:
    """The files of one training run.

    Args:
        path: the folder; it need not exist yet.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.vocabulary = self.path / "vocabulary.json"
        self.vectors = self.path / "vectors.safetensors"  # frozen, of words that train lacks
        self.weights = self.path / "model.safetensors"  # the best on dev
        self.last = self.path / "last.safetensors"  # the last state, to continue from
        self.metrics = self.path / "metrics.jsonl"
        self.metrics_table = self.path / "metrics.csv"  # the numbers of metrics.jsonl
        self.results = self.path / "results.json"
        self.predictions = self.path / "predictions.npz"  # of every example of dev and tests
        self.calibration = self.path / "calibration.json"  # the temperature of its probabilities
        self._columns: dict[str, None] = {}  # of the table, in order

    def check_no_sweep(self) -> None:
        """Raise InputError if this is the folder of a sweep, with the names of its runs."""
        if self.config.is_file():
            return
        names = sorted(
            (file.parent.name for file in self.path.glob("*/config.yaml")), key=by_number
        )
        if names:
            more = f", … ({len(names)} in all)" if len(names) > MOST_RUNS else ""
            raise InputError(
                f"{self.path} is the folder of a sweep; name one of its runs, such as "
                f"{self.path / names[0]}: {', '.join(names[:MOST_RUNS])}{more}"
            )

    def create(
        self, config: DictConfig, vocabulary: Vocabulary, frozen: Tensor | None = None
    ) -> None:
        """Make the folder; write its format, the configuration, the vocabulary, frozen vectors.

        What an earlier run has left is deleted first: its results, so that they never stand beside
        another configuration; its metrics, vectors and states too, unless this run continues it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        earlier = [self.results, self.predictions, self.calibration]
        resumed = config.trainer.resume
        continued = resumed is not None and Path(str(resumed)).resolve() == self.path.resolve()
        if not continued:
            earlier += [self.metrics, self.metrics_table, self.vectors, self.last, self.weights]
        for file in earlier:
            file.unlink(missing_ok=True)
        if frozen is not None and not continued:
            save_frozen(self.vectors, frozen)
        number = f"{old_runs.KEY}: {old_runs.FORMAT}  # of the run folder\n"
        settings = {name: value for name, value in config.items() if name != old_runs.KEY}
        text = OmegaConf.to_yaml(OmegaConf.create(settings), resolve=True)
        write_text(self.config, number + text)
        vocabulary.save(self.vocabulary)

    def read_config(self) -> DictConfig:
        """Read the configuration that a run was trained with, old names replaced by today's.

        Raises:
            InputError: if it is not the configuration of a run, or of an unknown format.
        """
        try:
            config = OmegaConf.load(self.config)
        except (YAMLError, OmegaConfBaseException, UnicodeDecodeError, OSError) as error:
            raise InputError(f"{self.config}: not a configuration ({error})") from error
        sections = ("model", "data", "task")
        if not isinstance(config, DictConfig) or not all(
            isinstance(config.get(name), DictConfig) for name in sections
        ):
            raise InputError(f"{self.config}: expected the sections {', '.join(sections)}")
        return old_runs.upgrade_config(config, self.config)

    def append_metrics(self, line: dict[str, Any]) -> None:
        """Add the metrics of one evaluation, also to the table."""
        with self.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        row = _numbers(line)
        if row.keys() <= self._columns.keys():
            with self.metrics_table.open("a", encoding="utf-8", newline="") as file:
                csv.DictWriter(file, self._columns, lineterminator="\n").writerow(row)
        else:  # the first evaluation of this process
            self._write_table()

    def _write_table(self) -> None:
        """Write the table anew; its columns are the numbers of all lines."""
        text = self.metrics.read_text(encoding="utf-8")
        rows = [_numbers(json.loads(line)) for line in text.splitlines()]
        self._columns = dict.fromkeys(name for row in rows for name in row)
        table = io.StringIO()
        writer = csv.DictWriter(table, self._columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.metrics_table, table.getvalue())

    def read_metrics(self) -> tuple[list[dict[str, Any]], str | None]:
        """Read the evaluations of `metrics.jsonl`.

        Returns: the evaluations, and a warning if the last line is incomplete, because the process
            was killed while it wrote; that line is left out.

        Raises: InputError: if the file is missing, or another line is not an evaluation.
        """
        try:
            lines = self.metrics.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            raise InputError(
                f"{self.metrics}: {error.strerror}; expected the folder of a finished run"
            ) from error
        found: list[dict[str, Any]] = []
        for number, text in enumerate(lines, 1):
            try:
                line = json.loads(text)
                if not isinstance(line["dev"], dict) or not isinstance(line["epoch"], int | float):
                    raise TypeError("no evaluation")
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                place = f"{self.metrics}:{number}"
                if number == len(lines):
                    return found, f"{place}: an incomplete evaluation, which is left out"
                raise InputError(
                    f"{place}: not an evaluation of a run; expected JSON with an epoch and the "
                    "results on dev: delete the line"
                ) from error
            found.append(line)
        return found, None

    def copy_metrics(self, source: "RunFolder", step: int) -> None:
        """Copy the evaluations of a resumed run, up to the step from which this one continues.

        The source may be this folder itself; its later evaluations are dropped.

        Raises: InputError: if a line is not an evaluation.
        """
        if not source.metrics.is_file():  # that run was stopped before its first evaluation
            return
        kept = []
        with source.metrics.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    evaluated = int(json.loads(line)["step"])
                except (ValueError, KeyError, TypeError) as error:
                    raise InputError(
                        f"{source.metrics}:{number}: not an evaluation of a run; expected JSON "
                        "with a step: delete the line to continue"
                    ) from error
                if evaluated <= step:
                    kept.append(line)
        write_text(self.metrics, "".join(kept))
        self._write_table()

    def write_results(self, results: dict[str, Any]) -> None:
        """Write the results of the finished run."""
        write_json(self.results, results)

    def read_results(self) -> dict[str, Any]:
        """Read the results of a finished run, old names replaced by today's.

        Raises: InputError: if there are none, or they are damaged.
        """
        try:
            results = json.loads(self.results.read_text(encoding="utf-8"))
            return old_runs.upgrade_results(results, self.results)
        except OSError as error:
            raise InputError(
                f"{self.results}: {error.strerror}; expected the folder of a finished run"
            ) from error
        except (json.JSONDecodeError, AttributeError, KeyError) as error:
            raise InputError(f"{self.results}: not the results of a run ({error!r})") from error


def _numbers(line: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers of an evaluation; those on dev by names such as `dev_accuracy`."""
    flat = line | {f"dev_{name}": value for name, value in line.get("dev", {}).items()}
    return {k: v for k, v in flat.items() if v is None or isinstance(v, int | float)}
