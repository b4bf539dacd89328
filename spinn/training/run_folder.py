"""The files of a run: configuration, vocabulary, weights, metrics and results."""

import json
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from spinn.data.vocabulary import Vocabulary
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
        if resumed is None or Path(resumed).resolve() != self.path.resolve():
            self.metrics.unlink(missing_ok=True)
        write_text(self.config, OmegaConf.to_yaml(config, resolve=True))
        vocabulary.save(self.vocabulary)

    def append_metrics(self, line: dict[str, Any]) -> None:
        """Add the figures of one evaluation."""
        with self.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def write_results(self, results: dict[str, Any]) -> None:
        """Write the figures of the finished run."""
        write_json(self.results, results)
