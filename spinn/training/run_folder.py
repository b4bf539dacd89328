"""The files of a run: configuration, vocabulary, weights, metrics and results."""

import json
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from spinn.data.text.vocabulary import Vocabulary
from spinn.errors import InputError
from spinn.files import write_json, write_text


class RunFolder:
    """The files of one training run.

    Args:
        path: the folder; it need not exist yet.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.vocabulary = self.path / "vocabulary.json"
        self.weights = self.path / "model.safetensors"  # the best on dev
        self.last = self.path / "last.safetensors"  # the last state, to go on from
        self.metrics = self.path / "metrics.jsonl"
        self.results = self.path / "results.json"

    def create(self, config: DictConfig, vocabulary: Vocabulary) -> None:
        """Make the folder and write what is known before training.

        A run that does not go on from this folder begins its metrics anew.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        resumed = config.trainer.resume
        if resumed is None or Path(str(resumed)).resolve() != self.path.resolve():
            self.metrics.unlink(missing_ok=True)
        write_text(self.config, OmegaConf.to_yaml(config, resolve=True))
        vocabulary.save(self.vocabulary)

    def append_metrics(self, line: dict[str, Any]) -> None:
        """Add the figures of one evaluation."""
        with self.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def take_metrics(self, source: "RunFolder", step: int) -> None:
        """Begin with the evaluations of the run gone on from, up to the step it was left at.

        The source may be this folder itself: what it holds of later steps will come again.

        Raises: InputError: if a line of them is no evaluation.
        """
        if not source.metrics.is_file():  # it was stopped before the first one
            return
        with source.metrics.open(encoding="utf-8") as file:
            numbered = [(f"{source.metrics}:{number}", line) for number, line in enumerate(file, 1)]
        kept = [line for place, line in numbered if _step_of(line, place) <= step]
        write_text(self.metrics, "".join(kept))

    def write_results(self, results: dict[str, Any]) -> None:
        """Write the figures of the finished run."""
        write_json(self.results, results)


def _step_of(line: str, place: str) -> int:
    """The step of an evaluation."""
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{place}: no evaluation of a run; expected JSON with a step: delete the line to go on"
        ) from error
