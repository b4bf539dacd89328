"""Who may import whom: the rooms of ARCHITECTURE.md, held by a test."""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "spinn"
FILES = sorted(PACKAGE.rglob("*.py"))
LAYERS = {  # a room may use those below it, and itself; rooms of one number do not know each other
    "lessons": 8,
    "cli": 7,
    "training": 6,
    "analysis": 6,
    "tasks": 5,
    "nn": 4,
    "data": 4,
    "config": 3,
    "batch": 3,
    "planning": 2,
    "reference": 1,
    "moves": 1,
    "schedule": 0,
    "trees": 0,
    "errors": 0,
    "files": 0,
    "wording": 0,
}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: imports are absolute"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_rooms_below(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name in imports(path):
        if not name.startswith("spinn."):
            continue
        other = room(name)
        if other in (own, "__version__"):
            continue
        assert LAYERS[other] < LAYERS[own], f"{own} must not import {name}"


def test_trees_schedule_and_downloads_do_without_torch() -> None:
    download = ("sources.py", "fetching.py", "unpacking.py", "download.py")
    light = ("trees.py", "schedule.py", "planning.py", "moves.py", "errors.py", "files.py")
    for name in (*light, *(f"data/{file}" for file in download)):
        roots = {module.split(".")[0] for module in imports(PACKAGE / name)}
        assert "torch" not in roots, f"{name} must not need torch"


def test_trees_are_compared_without_torch() -> None:
    for name in ("analysis/agreement.py", "data/sentences.py"):
        assert not any(module.startswith("torch") for module in imports(PACKAGE / name)), name


def test_reference_needs_numpy_and_trees_alone() -> None:
    allowed = sys.stdlib_module_names | {"numpy"}
    for path in (PACKAGE / "reference").rglob("*.py"):
        for name in imports(path):
            ours = name.startswith(("spinn.reference", "spinn.trees"))
            assert ours or name.split(".")[0] in allowed, f"{path.name} must not import {name}"


def test_lessons_alone_import_reference_and_nothing_imports_lessons() -> None:
    for path in FILES:
        own = path.relative_to(PACKAGE).parts[0]
        for name in imports(path):
            if name.startswith("spinn.reference"):
                assert own in ("reference", "lessons"), f"{path} must not import {name}"
            assert own == "lessons" or not name.startswith("spinn.lessons"), path


def test_every_room_is_known() -> None:
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES}
    assert rooms - {"__init__"} == set(LAYERS)
