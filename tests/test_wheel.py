"""The installed package, without a checkout: a wheel, unpacked, is all that a process sees."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the content of the wheel."""
    folder = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=PROJECT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder)
    return folder


def spinn(installed: Path, cwd: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-m", "spinn.cli", *arguments],
        cwd=cwd, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_trains_evaluates_and_reproduces(installed: Path, tmp_path: Path) -> None:
    trained = spinn(installed, tmp_path, "train", "debug=fast", "model=bow", "trainer.epochs=1")
    assert "saved in runs/" in trained
    (run,) = (path for path in (tmp_path / "runs").iterdir() if not path.is_symlink())
    settings = (run / "config.yaml").read_text(encoding="utf-8")
    assert f"root: {installed}/spinn/project/data/natlog" in settings
    assert '"command": "spinn train debug=fast' in (run / "results.json").read_text()
    assert "test_hyper" in spinn(installed, tmp_path, "evaluate", "runs/latest")
    ledger = spinn(installed, tmp_path, "reproduce")
    assert "Bowman et al. 2016, table 1" in ledger


def test_the_demo_predicts_before_any_training(installed: Path, tmp_path: Path) -> None:
    pair = ("all dogs whisper", "some dogs whisper")
    assert "predicted tree" in spinn(installed, tmp_path, "predict", "demo", *pair)
    page = tmp_path / "page.html"
    spinn(installed, tmp_path, "inspect", "demo", *pair, "--html", str(page))
    assert page.stat().st_size > 10_000


def test_every_stored_result_is_in_the_wheel() -> None:
    with (PROJECT / "pyproject.toml").open("rb") as file:
        wheel = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]
    stored = {f"docs/results/{path.name}" for path in (PROJECT / "docs/results").glob("*.json")}
    assert stored <= wheel["force-include"].keys()


def test_the_demo_is_small() -> None:
    assert sum(path.stat().st_size for path in (PROJECT / "spinn/demo").iterdir()) < 2**20
