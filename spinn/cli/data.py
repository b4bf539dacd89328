"""`spinn data download NAME`: a dataset from its official site, checked and unpacked."""

import argparse
import re
import shlex
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from spinn.cli.support.project_root import PROJECT_ROOT
from spinn.data.download.catalogue import SOURCES, Source
from spinn.data.download.download import SUMS, download
from spinn.errors import InputError, Interrupted


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser("data", help="download the datasets that do not come with spinn")
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    pinned = ", ".join(source.name for source in SOURCES.values() if source.pinned)
    others = ", ".join(source.name for source in SOURCES.values() if not source.pinned)
    parser = actions.add_parser(
        "download",
        help="download, check and unpack a dataset",
        description="Download a dataset from its official site and unpack the files that spinn "
        "reads. The same command resumes a broken download; an archive that is already in the "
        f"folder is used. {pinned}: compared with the SHA-256 that others have published. "
        f"{others}: no published SHA-256 is known, so only the length that the server announces "
        "and the CRC-32 inside a zip are checked. The SHA-256 of each file is always printed, and "
        f"written to {SUMS} beside the data, for `sha256sum -c`.",
    )
    parser.add_argument("name", metavar="NAME", choices=list(SOURCES), help=", ".join(SOURCES))
    parser.add_argument("--to", metavar="FOLDER", help="default: the project's data/NAME")
    parser.add_argument("--keep-archive", action="store_true", help="keep the zip as well")
    parser.add_argument("--force", action="store_true", help="replace existing files")
    parser.add_argument(
        "--sha256",
        metavar="[FILE=]HEX",
        action="append",
        default=[],
        help="expected SHA-256 of the downloaded file; FILE= where there are several",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Download the dataset; after Ctrl-C, print the command that resumes."""
    source = SOURCES[options.name]
    source = source.with_sums(_sums(options.sha256, source))
    folder = Path(options.to).expanduser() if options.to else _default_folder(source.name)
    report = partial(print, file=sys.stderr, flush=True)
    try:
        download(
            source, folder, keep_archive=options.keep_archive, force=options.force, report=report
        )
    except KeyboardInterrupt:
        to = f" --to {shlex.quote(options.to)}" if options.to else ""
        message = f"interrupted; `spinn data download {source.name}{to}` resumes it"
        raise Interrupted(message, signal.SIGINT) from None


def _default_folder(name: str) -> Path:
    if not (PROJECT_ROOT / "conf").is_dir():
        raise InputError(
            "spinn is installed without its project folder; choose a folder with --to FOLDER"
        )
    return PROJECT_ROOT / "data" / name


def _sums(given: Sequence[str], source: Source) -> dict[str, str]:
    """Return the expected SHA-256 of each file, by its name."""
    names = [remote.name for remote in source.remotes]
    sums = {}
    for text in given:
        name, _, digest = text.rpartition("=")
        name = names[0] if not name and len(names) == 1 else name
        if name not in names or not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
            raise InputError(
                f"--sha256 is {text!r}; expected FILE=HEX, with 64 hexadecimal digits and FILE one "
                f"of {', '.join(names)}"
            )
        sums[name] = digest.lower()
    return sums
