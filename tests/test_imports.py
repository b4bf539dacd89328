"""Imports go one way between the packages of spinn (see ARCHITECTURE.md)."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "spinn"
FILES = sorted(PACKAGE.rglob("*.py"))
LAYERS = {  # a package may import those with a smaller number, and itself
    "model": 12,
    "sharing": 11,
    "lessons": 11,
    "cli": 10,
    "training": 8,
    "analysis": 9,
    "tasks": 7,
    "encoders": 6,
    "stack_machine": 5,
    "layers": 4,
    "data": 4,
    "batch": 3,
    "reference": 3,
    "trees": 2,
    "config": 1,
    "errors": 0,
    "project": 0,
    "files": 0,
    "text": 0,
}


def package(module: str) -> str:
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
def test_a_package_imports_only_from_packages_below(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name in imports(path):
        if not name.startswith("spinn."):
            continue
        other = package(name)
        if other in (own, "__version__") or own == "__init__":  # it imports lazily
            continue
        assert LAYERS[other] < LAYERS[own], f"{own} must not import {name}"


def test_trees_planning_and_downloads_do_not_import_torch() -> None:
    light = ["batch/schedule.py", "batch/planning.py", "errors.py", "files.py", "text.py"]
    light += [str(path.relative_to(PACKAGE)) for path in (PACKAGE / "trees").glob("*.py")]
    light += [str(path.relative_to(PACKAGE)) for path in (PACKAGE / "data/download").glob("*.py")]
    light += ["data/text/tree_source.py"]
    for name in light:
        roots = {module.split(".")[0] for module in imports(PACKAGE / name)}
        assert "torch" not in roots, f"{name} must not need torch"


def test_reference_needs_numpy_and_trees_alone() -> None:
    allowed = sys.stdlib_module_names | {"numpy"}
    for path in (PACKAGE / "reference").rglob("*.py"):
        for name in imports(path):
            ours = name.startswith(("spinn.reference", "spinn.trees.transitions"))
            assert ours or name.split(".")[0] in allowed, f"{path.name} must not import {name}"


@pytest.mark.parametrize("folder", ["lessons", "reference"])
def test_lessons_and_reference_need_numpy_alone(folder: str) -> None:
    """Also transitively: all other modules are of the standard library or of this package."""
    modules = [f"spinn.{folder}.{path.stem}" for path in (PACKAGE / folder).glob("[!_]*.py")]
    code = f"""
import importlib, sys
import numpy.random
before = set(sys.modules)
for name in {modules!r}:
    importlib.import_module(name)
roots = {{name.split(".")[0] for name in set(sys.modules) - before}}
print(*sorted(roots - sys.stdlib_module_names - {{"numpy"}}))
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["spinn"]


def test_only_lessons_import_reference_and_nothing_imports_lessons() -> None:
    for path in FILES:
        own = path.relative_to(PACKAGE).parts[0]
        for name in imports(path):
            if name.startswith("spinn.reference"):
                assert own in ("reference", "lessons"), f"{path} must not import {name}"
            assert own == "lessons" or not name.startswith("spinn.lessons"), path


def test_every_package_is_known() -> None:
    packages = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES}
    assert packages - {"__init__"} == set(LAYERS)
