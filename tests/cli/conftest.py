import logging
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from spinn.training.run import train

PROJECT = Path(__file__).parent.parent.parent
CONF = PROJECT / "conf"


class Ended(NamedTuple):
    """The exit code and the output of a command."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run_train(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """Run train.py as a script, but in this process: a new one spends seconds on imports."""

    def run(*arguments: str) -> Ended:
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
        monkeypatch.setenv("HYDRA_FULL_ERROR", "1")  # train.py sets it; the test resets it
        try:
            with pytest.raises(SystemExit) as ended:
                runpy.run_path(str(PROJECT / "train.py"), run_name="__main__")
        finally:  # Hydra puts its own handlers on the root logger
            for handler in set(root.handlers) - set(handlers):
                handler.close()
            root.handlers[:] = handlers
            root.setLevel(level)
        code = ended.value.code
        assert isinstance(code, int)
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def train_tiny(tiny_data: Path) -> Callable[..., Path]:
    """Train a small model on the tiny task, in a given folder."""

    def train_in(run: Path, *further: str) -> Path:
        overrides = [
            f"data.root='{tiny_data}'", "data.train=[train.jsonl]", "data.dev=[dev.jsonl]",
            "data.test=[test.jsonl]", "data.tests=['test_*.jsonl']", "model.hidden_size=16",
            "model.embedding.size=16", "task.hidden_size=16", "trainer.epochs=25",
            "trainer.batch_size=16", "optimizer.lr=0.02", "trainer.device=cpu", "trainer.threads=1",
        ]  # fmt: skip
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = compose("train", overrides=[*overrides, *further])
        OmegaConf.set_struct(config, False)
        model = next((o.split("=")[1] for o in further if o.startswith("model=")), "spinn")
        config.run, config.names = str(run), {"model": model, "data": "tiny"}
        train(config)
        return run

    return train_in


@pytest.fixture(scope="session")
def trained_run(train_tiny: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small SPINN-PI, which follows given trees, trained on the tiny task."""
    return train_tiny(tmp_path_factory.mktemp("trained run"), "model=spinn_pi")


@pytest.fixture(scope="session")
def parsing_run(train_tiny: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small SPINN, which predicts trees, trained on the tiny task."""
    run = tmp_path_factory.mktemp("parsing run")
    return train_tiny(run, "model=spinn", "trainer.epochs=10")


@pytest.fixture(scope="session")
def lstm_run(train_tiny: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small LSTM, which reads no trees, trained on the tiny task."""
    return train_tiny(tmp_path_factory.mktemp("lstm run"), "model=lstm", "trainer.epochs=3")


@pytest.fixture(scope="session")
def right_run(train_tiny: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small SPINN-PI trained on right-branching trees."""
    run = tmp_path_factory.mktemp("right run")
    return train_tiny(run, "model=spinn_pi", "data.trees=right", "trainer.epochs=3")


@pytest.fixture
def copied_run(trained_run: Path, tmp_path: Path) -> Path:
    """A copy of the trained run, to be damaged."""
    copy = tmp_path / "copied run"
    copy.mkdir()
    for path in trained_run.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    return copy


@pytest.fixture
def edit_config(copied_run: Path) -> Callable[[Callable[[DictConfig], None]], None]:
    """Change the configuration of the copied run."""

    def edit(change: Callable[[DictConfig], None]) -> None:
        config = OmegaConf.load(copied_run / "config.yaml")
        assert isinstance(config, DictConfig)
        change(config)
        OmegaConf.save(config, copied_run / "config.yaml")

    return edit
