"""The jobs of a sweep: the names of their folders, and what the folders say about them."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spinn.project import PROJECT_ROOT

BASIC = "basic"  # the launcher that runs one job after the other
RESULTS = "results.json"  # of a finished job
FAILURE = "failure.json"  # of a failed one: the error, and its exit code
UNSAFE = re.compile(r"[^A-Za-z0-9_.+-]+")  # elsewhere, Hydra or the shell may need quotes
LONGEST_VALUE, LONGEST_NAME = 40, 120


def job_name(overrides: Sequence[str], varied: Sequence[str], *, hashed: bool = False) -> str:
    """Return the name of a job's folder, such as `treelstm_lr0.004_seed1`.

    It has the option of each group that varies, the last part of each other key with its value, and
    a hash where a value was changed to be safe. The order of the overrides does not matter.

    Args:
        overrides: of the job.
        varied: the keys that vary over the sweep.
        hashed: whether to add a hash of all these overrides, since names without it are not
            distinct.
    """
    values = dict(override.partition("=")[::2] for override in overrides)
    parts = {key: key.lstrip("+").split("@")[0].split(".") for key in varied}
    last = Counter(part[-1] for part in parts.values())
    order = sorted(varied, key=lambda key: (not _is_group(key), key != "model", key == "seed", key))
    names = []
    for key in order:
        label = parts[key][-1] if last[parts[key][-1]] == 1 else ".".join(parts[key])
        names.append(("" if _is_group(key) else label) + _safe(values[key]))
    name = "_".join(names) or "run"
    if hashed or len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}-{_hash(' '.join(f'{k}={values[k]}' for k in order))}"
    return name


def _is_group(key: str) -> bool:
    return (PROJECT_ROOT / "conf" / key.lstrip("+").split("@")[0]).is_dir()


def _safe(value: str) -> str:
    """Return a value with characters that need no quotes; a hash distinguishes the changed ones."""
    text = value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
    safe = UNSAFE.sub("-", text)[:LONGEST_VALUE]
    return safe if safe == text else f"{safe}-{_hash(value)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def is_finished(job: Path) -> bool:
    """Whether the folder of a job holds its results, and no later error."""
    return (job / RESULTS).is_file() and not (job / FAILURE).is_file()


def read_results(job: Path) -> dict[str, Any]:
    """Return the results of a finished job."""
    results: dict[str, Any] = json.loads((job / RESULTS).read_text(encoding="utf-8"))
    return results


def read_failure(job: Path) -> dict[str, Any] | None:
    """Return the `error` and the `exit_code` of a failed job; None if it did not fail."""
    try:
        failure: dict[str, Any] = json.loads((job / FAILURE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return failure
