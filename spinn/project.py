"""Where conf/ and data/ are: in a checkout, or in the installed package.

A wheel carries conf/, the bundled data and train.py in `spinn/project/` (see pyproject.toml).
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
IN_CHECKOUT = (_PACKAGE.parent / "conf" / "train.yaml").is_file()
PROJECT_ROOT = _PACKAGE.parent if IN_CHECKOUT else _PACKAGE / "project"
DEMO = _PACKAGE / "demo"  # a small trained run


def data_folder(name: str) -> Path:
    """Return the folder of a dataset: in the project; else, without a checkout, ./data/NAME."""
    folder = PROJECT_ROOT / "data" / name
    return folder if IN_CHECKOUT or folder.is_dir() else Path.cwd() / "data" / name
