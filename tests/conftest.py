"""Fixtures for all tests."""

import spinn  # noqa: I001 - before torch, for the variables that torch reads at import

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from loopback import site, zipped  # noqa: F401 - fixtures
from omegaconf import DictConfig, OmegaConf

import spinn.cli.train  # noqa: F401 - registers the resolver that conf/ uses

TESTS = Path(__file__).parent
torch.set_num_threads(1)  # tests run in parallel


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Use a temporary cache folder instead of the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPINN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def fixtures() -> Path:
    """The folder of small synthetic data files."""
    return TESTS / "fixtures"


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """Return a sub-folder of the real data; skip the test if it is missing.

    The data folder is SPINN_DATA, or else ../shared/data beside the project.
    """
    default = TESTS.parent.parent / "shared" / "data"
    root = Path(os.environ.get("SPINN_DATA") or default)

    def folder(name: str) -> Path:
        if not (root / name).is_dir():
            pytest.skip(f"no real data in {root / name}; set SPINN_DATA to where it is")
        return root / name

    return folder


def write_pairs(path: Path, count: int, seed: int) -> None:
    """Write pairs in SNLI's format that a small model can learn: same, opposite or other words."""
    rng = random.Random(seed)
    animals, acts, opposite = ["dogs", "cats", "birds"], ["move", "stop"], {"move": "stop"}
    rows = []
    for number in range(count):
        animal, act = rng.choice(animals), rng.choice(acts)
        label = ("entailment", "neutral", "contradiction")[number % 3]
        other = rng.choice([a for a in animals if a != animal]) if label == "neutral" else animal
        then = opposite.get(act, "move") if label == "contradiction" else act
        many = "many " if rng.random() < 0.5 else ""
        premise = f"( ( {many}( old {animal} ) ) {act} )" if many else f"( {animal} {act} )"
        rows.append(
            {
                "gold_label": label,
                "sentence1": premise.replace("( ", "").replace(" )", ""),
                "sentence2": f"{other} {then}",
                "sentence1_binary_parse": premise,
                "sentence2_binary_parse": f"( {other} {then} )",
            }
        )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train, dev, test and test_more in SNLI's format, learnable in seconds."""
    folder = tmp_path_factory.mktemp("tiny data")  # with a space, as users' folders have
    for seed, (name, count) in enumerate(
        {"train": 120, "dev": 30, "test": 30, "test_more": 12}.items()
    ):
        write_pairs(folder / f"{name}.jsonl", count, seed)
    return folder


@pytest.fixture
def tiny_overrides(tiny_data: Path, tmp_path: Path) -> list[str]:
    """Overrides with which `train.py` takes a second or two."""
    return [
        f"data.root='{tiny_data}'",
        "data.train=[train.jsonl]",
        "data.dev=[dev.jsonl]",
        "data.test=[test.jsonl]",
        "data.tests=['test_*.jsonl']",
        "model.hidden_size=8",
        "model.embedding.size=8",
        "task.hidden_size=8",
        "trainer.epochs=2",
        "trainer.batch_size=16",
        "trainer.device=cpu",
        "trainer.threads=1",
        f"hydra.run.dir='{tmp_path / 'run'}'",
    ]


@pytest.fixture
def composed() -> Iterator[Callable[..., DictConfig]]:
    """Compose the configuration as train.py does, with a given run folder."""

    def compose_with(*overrides: str) -> DictConfig:
        config = compose("train", overrides=list(overrides), return_hydra_config=True)
        HydraConfig.instance().set_config(config)
        OmegaConf.set_struct(config, False)
        config.run = config.hydra.run.dir
        config.names = {group: config.hydra.runtime.choices[group] for group in ("model", "data")}
        del config["hydra"]
        return config

    with initialize_config_dir(str(TESTS.parent / "conf"), version_base="1.3"):
        yield compose_with
