"""Shared by all tests: where the fixtures and the real data are."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


@pytest.fixture
def fixtures() -> Path:
    """The folder of tiny invented data files."""
    return TESTS / "fixtures"


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """Return a sub-folder of the real data, or skip the test where it is not there.

    It is looked for where SPINN_DATA points, else in ../shared/data beside the project.
    """
    default = TESTS.parent.parent / "shared" / "data"
    root = Path(os.environ.get("SPINN_DATA") or default)

    def folder(name: str) -> Path:
        if not (root / name).is_dir():
            pytest.skip(f"no real data in {root / name}; set SPINN_DATA to where it is")
        return root / name

    return folder
