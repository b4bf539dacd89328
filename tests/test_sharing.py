"""A shared run: a folder with a model card, and its way to and from the Hub."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from omegaconf import DictConfig, OmegaConf

import spinn
from spinn import sharing
from spinn.errors import InputError
from spinn.training.run import train

PAIR = [("some old dogs move", "some dogs move")]


@pytest.fixture
def model(
    composed: Callable[..., DictConfig], tiny_overrides: list[str], tmp_path: Path
) -> spinn.Model:
    own = [part for part in tiny_overrides if not part.startswith("hydra.run.dir")]
    train(composed(*own, "model=spinn", f"hydra.run.dir='{tmp_path / 'run'}'"))
    return spinn.load(tmp_path / "run")


def test_a_saved_run_is_the_same_model_without_paths_of_the_user(
    model: spinn.Model, tmp_path: Path
) -> None:
    shared = tmp_path / "shared run"
    model.save(shared)
    assert {path.name for path in shared.iterdir()} == {
        "config.yaml", "vocabulary.json", "model.safetensors", "results.json", "README.md",
    }  # fmt: skip
    for path in shared.iterdir():
        assert str(tmp_path) not in path.read_text(encoding="utf-8", errors="replace")
    loaded = spinn.Model.from_pretrained(shared)
    assert loaded.predict(PAIR) == model.predict(PAIR)
    assert loaded.results["test"] == model.results["test"]
    with pytest.raises(InputError, match=r"data\.root"):
        loaded.evaluate()
    with pytest.raises(InputError, match="exists; expected a new folder"):
        model.save(shared)


def test_the_card_has_the_results(model: spinn.Model, tmp_path: Path) -> None:
    model.save(tmp_path / "shared")
    card = (tmp_path / "shared" / "README.md").read_text(encoding="utf-8")
    _, metadata, text = card.split("---\n", 2)
    found = yaml.safe_load(metadata)
    assert found["library_name"] == "spinn"
    (index,) = found["model-index"]
    accuracies = {
        entry["dataset"]["name"]: metric["value"]
        for entry in index["results"]
        for metric in entry["metrics"]
        if metric["type"] == "accuracy"
    }
    results = model.results
    sets = {"dev": results["dev"], "test": results["test"], **results["tests"]}
    data = results["data"]
    assert accuracies == pytest.approx(
        {f"{data}, {name}": found["accuracy"] for name, found in sets.items()}, abs=1e-4
    )
    assert f"| test | {100 * results['test']['accuracy']:.1f} %" in text
    assert 'model.predict([("the premise", "the hypothesis")])' in text


class FakeHub:
    """Keeps what is uploaded; raises a given error."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.errors = SimpleNamespace(HfHubHTTPError=RuntimeError)
        self.refusal: str | None = None

    def HfApi(self) -> "FakeHub":  # noqa: N802 - the library's name
        return self

    def create_repo(self, name: str, *, private: bool, exist_ok: bool) -> str:
        if self.refusal:
            raise RuntimeError(self.refusal)
        self.private = private
        return f"https://hub/{name}"

    def upload_folder(self, *, repo_id: str, folder_path: str) -> None:
        Path(folder_path).rename(self.folder / repo_id)

    def snapshot_download(
        self, name: str, *, revision: str | None, allow_patterns: list[str]
    ) -> str:
        if self.refusal:
            raise RuntimeError(self.refusal)
        self.patterns, self.revision = allow_patterns, revision
        return str(self.folder / name)


def test_the_way_to_the_hub_and_back(
    model: spinn.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeHub(tmp_path)
    monkeypatch.setattr(sharing, "hub", lambda: fake)
    assert model.push_to_hub("mine", private=True) == "https://hub/mine"
    assert fake.private
    loaded = spinn.Model.from_pretrained("mine", revision="v1")
    assert loaded.predict(PAIR) == model.predict(PAIR)
    assert fake.revision == "v1"
    assert set(fake.patterns) == set(sharing.SHARED)  # nothing else is fetched
    fake.refusal = "401 Unauthorized"
    with pytest.raises(InputError, match="mine: the Hub refuses the upload: 401 Unauthorized"):
        model.push_to_hub("mine")
    with pytest.raises(InputError, match="other: neither a folder nor a run on the Hub: 401"):
        spinn.Model.from_pretrained("other")


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(InputError, match=r'pip install "spinn\[hub\]"'):
        spinn.Model.from_pretrained("mine")


def test_settings_that_are_paths_keep_their_last_part(model: spinn.Model) -> None:
    config: Any = OmegaConf.create(sharing._without_places(model.run.config))
    assert config.data.root == Path(model.run.config.data.root).name
    assert config.format == 3
