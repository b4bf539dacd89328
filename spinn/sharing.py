"""A run as a folder to share, with a model card; and its way to and from the Hugging Face Hub."""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from omegaconf import DictConfig, OmegaConf

from spinn.cli.support.text_tables import PERCENT
from spinn.errors import InputError
from spinn.files import write_json, write_text
from spinn.training import old_runs

if TYPE_CHECKING:
    from spinn.training.loading import Run

CARD = "README.md"
PLACES = ("run", "data.root", "model.embedding.vectors")  # settings that are paths of the user
SHARED = (
    "config.yaml", "vocabulary.json", "model.safetensors", "vectors.safetensors",
    "calibration.json", "results.json", CARD,
)  # fmt: skip


def export(run: Run, folder: Path) -> None:
    """Write what others need of a run into a new folder, and a model card.

    Paths of the user are left out of the configuration.

    Raises: InputError: if the folder exists and is not empty, or the run is not finished.
    """
    results = run.folder.read_results()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists; expected a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name in SHARED:
        source = run.folder.path / name
        if source.is_file() and name not in ("config.yaml", "results.json", CARD):
            shutil.copyfile(source, folder / name)
    write_text(folder / "config.yaml", _without_places(run.config))
    kept = {key: value for key, value in results.items() if key not in ("command", "data_report")}
    write_json(folder / "results.json", kept)
    write_text(folder / CARD, model_card(run, results))


def _without_places(settings: DictConfig) -> str:
    """Return a configuration as YAML; of a path of the user, the last part is kept."""
    config = copy.deepcopy(settings)
    for key in PLACES:
        if OmegaConf.select(config, key) is not None:
            OmegaConf.update(config, key, Path(str(OmegaConf.select(config, key))).name)
    config.pop(old_runs.KEY, None)
    return f"{old_runs.KEY}: {old_runs.FORMAT}\n{OmegaConf.to_yaml(config, resolve=True)}"


def model_card(run: Run, results: Mapping[str, Any]) -> str:
    """Return a model card: metadata that the Hub reads, results on every set, and how to load it.

    https://huggingface.co/docs/hub/model-cards describes the metadata.
    """
    sets = {"dev": results["dev"], "test": results["test"], **results["tests"]}
    rows = {name: _numbers(found) for name, found in sets.items() if found}
    data, model = str(results["data"]), str(results["model"])
    metadata = {
        "library_name": "spinn",
        "language": "en",
        "tags": ["spinn", model, "tree-structured", "sentence-encoder"],
        "metrics": sorted({metric for row in rows.values() for metric in row}),
        "model-index": [
            {
                "name": f"{model} on {data}",
                "results": [
                    {
                        "task": {"type": "text-classification"},
                        "dataset": {"name": f"{data}, {name}", "type": data},
                        "metrics": [
                            {"type": metric, "value": value} for metric, value in row.items()
                        ],
                    }
                    for name, row in rows.items()
                ],
            }
        ],
    }
    columns = list(dict.fromkeys(metric for row in rows.values() for metric in row))
    table = [
        f"| set | {' | '.join(columns)} |",
        f"| --- |{' --: |' * len(columns)}",
        *(
            f"| {name} | {' | '.join(_shown(column, row.get(column)) for column in columns)} |"
            for name, row in rows.items()
        ),
    ]
    places = run.dataset.sentence_names
    example = ", ".join(f'"the {name.replace("_", " ")}"' for name in places)
    return "\n".join(
        [
            "---", yaml.safe_dump(metadata, sort_keys=False).rstrip(), "---", "",
            f"# {model} on {data}", "",
            f"`model={model}` with {results['parameters']:,} parameters, trained on {data} with "
            f"seed {results['seed']}. The best epoch on dev was chosen.", "",
            *table, "",
            "```python", "import spinn", 'model = spinn.Model.from_pretrained("NAME OR FOLDER")',
            f"model.predict([({example})])", "```", "",
        ]
    )  # fmt: skip


def _numbers(found: Mapping[str, Any]) -> dict[str, float]:
    """Return the results of a set that are one number, apart from counts."""
    return {
        key: round(value, 4)
        for key, value in found.items()
        if isinstance(value, float) and key != "loss"
    }


def _shown(metric: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.1f} %" if metric in PERCENT else f"{value:.3f}"


def hub() -> Any:
    """Return the library of the Hugging Face Hub.

    Raises: InputError: if it is not installed.
    """
    try:
        import huggingface_hub
    except ImportError as error:
        raise InputError(
            'the Hugging Face Hub needs huggingface_hub: pip install "spinn[hub]"'
        ) from error
    return huggingface_hub


def upload(run: Run, name: str, *, private: bool) -> str:
    """Upload a run to the Hub, with the token of `hf auth login`; return its address.

    Raises: InputError: if the library is missing, or the Hub refuses.
    """
    library = hub()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        export(run, folder)
        api = library.HfApi()
        try:
            address = api.create_repo(name, private=private, exist_ok=True)
            api.upload_folder(repo_id=name, folder_path=str(folder))
        except (library.errors.HfHubHTTPError, OSError, ValueError) as error:
            raise InputError(f"{name}: the Hub refuses the upload: {error}") from error
    return str(address)


def download(name: str, *, revision: str | None = None) -> Path:
    """Fetch a shared run from the Hub, those of its files that a run has; return its folder.

    Raises: InputError: if the library is missing, or there is no such run.
    """
    library = hub()
    try:
        return Path(library.snapshot_download(name, revision=revision, allow_patterns=list(SHARED)))
    except (library.errors.HfHubHTTPError, OSError, ValueError) as error:
        raise InputError(f"{name}: neither a folder nor a run on the Hub: {error}") from error
