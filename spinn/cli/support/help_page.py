"""`train.py --help`: Hydra's page, with the comments of conf/ beside the keys."""

import contextlib
import io
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

FLAGS = ("-h", "--help")
COLUMN = 34  # of the comments; they begin later behind a long value
KEY = re.compile(r"(?P<indent> *)(?P<key>[\w.]+):(?P<value>.*)")
INCLUDED = re.compile(r"\s*- (?P<path>[\w/]+)@(?P<package>[\w.]+)$")  # of another file
COMMENT = re.compile(r"\s#\s+(?P<text>.*)$")


def is_wanted() -> bool:
    """Whether the command line asks for help."""
    return any(word in FLAGS for word in sys.argv[1:])


def show(main: Callable[[], object], conf: Path) -> None:
    """Print Hydra's help page, and beside each key the comment of its file.

    Args: conf: the folder of the configuration.
    """
    page = io.StringIO()
    with contextlib.redirect_stdout(page), contextlib.suppress(SystemExit):  # Hydra's last act
        main()
    print(annotated(page.getvalue(), comments(conf, _choices(conf))), end="")


def _choices(conf: Path) -> dict[str, str]:
    """Return the chosen option of each group, by `group` or `group@package`."""
    words = [word for word in sys.argv[1:] if "=" in word and not word.startswith("-")]
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf), version_base="1.3"):
        config = compose("train", overrides=words, return_hydra_config=True)
    return {**config.hydra.runtime.choices, "": "train"}


def comments(conf: Path, choices: Mapping[str, str]) -> dict[str, str]:
    """Return the comment of each key, by its full name.

    For example, conf/optimizer/adamw.yaml has `lr: 0.002  # …`, which is the comment of
    `optimizer.lr`.
    """
    found: dict[str, str] = {}
    for group, option in choices.items():
        folder, _, package = group.partition("@")
        _add(found, conf / folder / f"{option}.yaml", (package or folder).replace("/", "."))
    return found


def _add(found: dict[str, str], path: Path, prefix: str) -> None:
    """Add the comments of a file and of those that it includes; its own win."""
    if not path.is_file():
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    if "# @package _global_" in lines[:1]:
        prefix = ""
    for line in lines:
        if included := INCLUDED.match(line):
            package = included["package"]
            inner = prefix if package == "_here_" else package
            _add(found, path.parent / f"{included['path']}.yaml", inner)
    for place, key in _places(lines):
        if comment := COMMENT.search(lines[place]):
            found[f"{prefix}.{key}".lstrip(".")] = comment["text"]


def annotated(page: str, known: Mapping[str, str]) -> str:
    """Add comments to the lines of a page that are keys of the configuration."""
    lines = page.splitlines()
    keys = dict(_places(lines))
    for place, key in keys.items():
        if key in known:
            lines[place] = f"{lines[place]:{COLUMN}}  # {known[key]}"
    return "\n".join(lines) + "\n"


def _places(lines: list[str]) -> Iterator[tuple[int, str]]:
    r"""Yield the number of each line with a key, and its full key.

    The lines `a:`, `  b: 1`, `c: 2` have the keys a, a.b and c.
    """
    open_keys: list[tuple[int, str]] = []  # the keys around the line, with their indentation
    for place, line in enumerate(lines):
        found = KEY.match(line)
        if found is None:
            continue
        indent = len(found["indent"])
        while open_keys and open_keys[-1][0] >= indent:
            open_keys.pop()
        open_keys.append((indent, found["key"]))
        yield place, ".".join(key for _, key in open_keys)
