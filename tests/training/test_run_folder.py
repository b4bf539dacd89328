"""What a run folder keeps of an earlier run in it."""

from pathlib import Path

import pytest
from omegaconf import DictConfig, OmegaConf

from spinn.data.text.vocabulary import Vocabulary
from spinn.training.run_folder import RunFolder

RESULTS = {"results.json", "predictions.npz"}
STATE = {"metrics.jsonl", "metrics.csv", "vectors.safetensors", "last.safetensors",
         "model.safetensors"}  # fmt: skip


@pytest.mark.parametrize("resumed", [False, True])
def test_results_never_stand_beside_another_configuration(resumed: bool, tmp_path: Path) -> None:
    for name in RESULTS | STATE:
        (tmp_path / name).touch()
    resume = str(tmp_path) if resumed else None
    config = OmegaConf.create({"model": {}, "trainer": {"resume": resume}})
    assert isinstance(config, DictConfig)
    RunFolder(tmp_path).create(config, Vocabulary([]))
    kept = STATE if resumed else set()
    assert {path.name for path in tmp_path.iterdir()} == kept | {"config.yaml", "vocabulary.json"}
