"""How a run reads an example of a comparison: the command `spinn inspect`, and its page."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from spinn.analysis.comparison.comparison import tree_source
from spinn.analysis.comparison.records import RunRecord
from spinn.analysis.page import render_page
from spinn.analysis.trace import LONGEST, trace
from spinn.config import class_of
from spinn.data.text.tree_source import SHAPE_NAMES
from spinn.encoders.encoder import Encoder
from spinn.errors import InputError
from spinn.files import write_text
from spinn.tasks.text_task import TextTask
from spinn.training.loading import load_run
from spinn.training.run_folder import RunFolder
from spinn.trees.transitions import Parse, parse_brackets, to_brackets


def is_inspectable(run: RunRecord) -> bool:
    """Whether `spinn inspect` shows a run's encoder: it has a vector at every node of a tree."""
    config = RunFolder(run.path).read_config()
    encoder = class_of(config.model, Encoder, within="spinn.encoders", key="model")
    return bool(encoder.has_nodes)


def inspect_command(run: RunRecord, trees: Sequence[Parse | None]) -> str | None:
    """Return the command that shows how a run reads an example; None if it would refuse.

    Args:
        run: `is_inspectable`.
        trees: of the sentences that the run's task encodes; None for the others.
    """
    parses = [parse for parse in trees if parse is not None]
    if not parses or max(len(parse.words) for parse in parses) > LONGEST:
        return None
    try:
        texts = [to_brackets(parse) for parse in parses]
    except ValueError:  # a word is a bracket
        return None
    # Brackets count as gold trees, unless a shape is requested.
    origin = str(run.settings.get("data.trees"))
    follows_shape = tree_source(run) == "given" and origin in SHAPE_NAMES
    shape = ["--trees", origin] if follows_shape else []
    return shlex.join(["spinn", "inspect", str(run.path), *texts, *shape])


def write_pages(entry: dict[str, Any], folder: Path) -> list[Path]:
    """Write a page of the inspector for each example and each row that has a command.

    The name of a page, relative to the parent of the folder, becomes the answer's `page`.

    Args: entry: see `disagreements`; notes are added to it about rows that cannot be loaded.

    Returns: the pages.
    """
    written = []
    for side, row in enumerate(entry["rows"]):
        answers = [example["answers"][side] for example in entry["examples"]]
        if not any(answer["command"] for answer in answers):
            continue
        try:
            loaded = load_run(row["folder"])
        except InputError as error:
            entry["notes"].append(f"no pages of {row['name']}: {error}")
            continue
        task = loaded.task
        assert isinstance(task, TextTask)  # its data are sentences
        folder.mkdir(parents=True, exist_ok=True)
        for number, answer in enumerate(answers, 1):
            if not answer["command"]:
                continue
            parses = [parse_brackets(answer["trees"][place]) for place in task.places]
            origins = [row["trees"]] * len(parses)
            found = trace(task, loaded.vocabulary, parses, origins, loaded.model_name)
            path = folder / f"{number:03}-{'ab'[side]}.html"
            write_text(path, render_page(replace(found, run=Path(row["folder"]).name)))
            answer["page"] = f"{folder.name}/{path.name}"
            written.append(path)
    return written
