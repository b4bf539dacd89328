"""Start-up: torch is imported only for a command that needs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import spinn
from spinn.cli import main
from spinn.encoders.sequence_model import SequenceModel

TESTS = Path(__file__).parent.parent
CODE = """
import sys
{code}
heavy = sorted({{"torch", "numpy", "nltk", "hydra"}} & set(sys.modules))
assert not heavy, heavy
"""
COMMAND = """
from spinn.cli import main
try:
    main({arguments})
except SystemExit as end:
    assert end.code == {code}, end.code
"""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        *(([name, "--help"], 0) for name in ("evaluate", "parse-eval", "predict", "inspect")),
        (["draw", "--help"], 0),
        (["compare", "--help"], 0),
        (["search", "--help"], 0),
        (["search", "model=lstm"], 2),
        (["data", "download", "--help"], 0),
        (["data", "parse", "--help"], 0),
        (["data", "audit", "--help"], 0),
        (["predict", "run", "--jsn"], 2),
        (["predict", "run", "--trees", "up"], 2),
        (["prdict"], 2),
        ([], 2),
    ],
)
def test_arguments_are_parsed_without_torch(arguments: list[str], code: int) -> None:
    check(COMMAND.format(arguments=arguments, code=code))


def test_errors_of_arguments_need_no_torch() -> None:
    check("from spinn.cli import main\nassert main(['predict', 'run', 'a', '--file', 'b']) == 2")


def test_importing_the_package_is_light() -> None:
    check("import spinn\nassert spinn.__version__")


def check(code: str) -> None:
    """Run code in a new process, and check that it has imported nothing heavy."""
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(code=code)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["spinn.cli", "benchmarks", "conftest"])
def test_torch_finds_its_variables_when_it_is_imported(module: str) -> None:
    """Import a module with a stand-in for torch that looks for the variables."""
    names = ["GOMP_SPINCOUNT", "ONEDNN_PRIMITIVE_CACHE_CAPACITY"]
    code = f"""
import importlib.abc, os, sys
sys.path.insert(0, {str(TESTS)!r})

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "torch":
            assert set({names}) <= set(os.environ)
            sys.exit(0)

sys.meta_path.insert(0, Finder())
import {module}
import torch
"""
    environment = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment
    )
    assert done.returncode == 0, done.stderr


def test_names_of_the_package_are_imported_at_first_use() -> None:
    assert spinn.SequenceModel is SequenceModel
    assert set(spinn.__all__) <= {*vars(spinn), *spinn._MODULES}
    with pytest.raises(AttributeError, match="module 'spinn' has no attribute 'SequenceModle'"):
        spinn.SequenceModle  # noqa: B018


def test_the_package_of_commands_is_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spinn.cli", "--version"], capture_output=True, text=True, timeout=60
    )
    with pytest.raises(SystemExit):
        main(["--version"])
    assert done.stdout == capsys.readouterr().out
