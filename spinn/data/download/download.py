"""Fetch a dataset from its official site: resumed, checked, and unpacked in one step."""

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from spinn.data.download.catalogue import Remote, Source
from spinn.data.download.fetching import Transfer
from spinn.data.download.unpacking import BadArchiveError, unpack
from spinn.errors import InputError
from spinn.files import write_text

SUMS = "SHA256SUMS"
_LINE = re.compile(r"(?:# )?([0-9a-f]{64})  (.+)")


def download(
    source: Source,
    folder: Path,
    *,
    keep_archive: bool = False,
    force: bool = False,
    say: Callable[[str], None] = print,
) -> None:
    """Put the files of a dataset into a folder; those that are there stay as they are.

    An archive that lies in the folder already is unpacked and not fetched again. The SHA-256 of
    every file, and of the archive that it came in, is written to `SHA256SUMS`.

    Args:
        source: what to fetch.
        folder: where to; made if need be.
        keep_archive: leave the archive there as well.
        force: fetch and replace files that are there.
        say: is told, line by line, what happens.

    Raises:
        InputError: if a file cannot be fetched or is not what was expected. No wanted file is
            then half-written, and what a broken connection left is resumed by the next call.
    """
    say(f"{source.name}: from {source.page}; licence: {source.licence}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for remote in source.remotes:
            files = [file for file in remote.files if force or not _present(folder / file)]
            _tell_present(folder, [file for file in remote.files if file not in files], say)
            if files:
                _install(remote, files, folder, keep_archive=keep_archive, force=force, say=say)
    except OSError as error:
        place = error.filename or folder
        raise InputError(f"{place}: {error.strerror or error}; mend it and run again") from error


def _present(path: Path) -> bool:
    return path.is_file() or path.with_name(path.name + ".gz").is_file()


def _tell_present(folder: Path, files: Sequence[str], say: Callable[[str], None]) -> None:
    """Say of each file that it is there, and hold it against its sum where one was written."""
    sums = read_sums(folder)
    for file in files:
        path = folder / file
        if not path.is_file():
            say(f"{path}.gz is there, nothing to do")
        elif file not in sums:
            say(f"{path} is there, but {SUMS} says nothing of it; --force fetches it again")
        elif (found := _digest(path)) != sums[file]:
            raise InputError(
                f"{path}: its SHA-256 is {found}, but {SUMS} says {sums[file]}; it has changed "
                "since, or is damaged. --force fetches it again"
            )
        else:
            say(f"{path} is there, as {SUMS} says; nothing to do")


def _install(
    remote: Remote,
    files: Sequence[str],
    folder: Path,
    *,
    keep_archive: bool,
    force: bool,
    say: Callable[[str], None],
) -> None:
    """Fetch one file, check it, unpack what is wanted, and write down the sums."""
    archive = folder / remote.name
    if remote.zipped and archive.is_file() and not force:
        say(f"{archive} is there, and is not fetched again")
        digest = _verified(archive, remote, say)
    else:
        digest = _fetched(archive, remote, say)
    sums = {remote.name: digest}
    if remote.zipped:
        try:
            sums |= unpack(archive, folder, files, remote.most_unpacked)
        except BadArchiveError as error:
            raise _set_aside(archive, str(error)) from error
        if not keep_archive:
            archive.unlink()
    write_sums(folder, read_sums(folder) | sums)
    say(f"{', '.join(files)}: in {folder}")


def _fetched(archive: Path, remote: Remote, say: Callable[[str], None]) -> str:
    """Fetch a file to its place, and return its SHA-256."""
    transfer = Transfer(remote, archive.parent, say)
    part = transfer.run()
    try:
        digest = _verified(part, remote, say)
    except InputError:
        transfer.discard()
        raise
    part.replace(archive)
    transfer.discard()
    return digest


def _verified(path: Path, remote: Remote, say: Callable[[str], None]) -> str:
    """Return a file's SHA-256, held against the one expected where there is one."""
    found = _digest(path)
    if remote.sha256 and found != remote.sha256:
        message = (
            f"{path}: its SHA-256 is {found}; expected {remote.sha256} (--sha256 names another, "
            "for a new version that you trust)"
        )
        raise _set_aside(path, message)
    how = "as expected" if remote.sha256 else "nothing to compare it with; --sha256 pins it"
    say(f"{remote.name}: SHA-256 {found} ({how})")
    return found


def _set_aside(path: Path, message: str) -> InputError:
    """Move a bad file out of the way, so that the next run starts afresh."""
    bad = path.with_name(path.name.removesuffix(".part") + ".bad")
    path.replace(bad)
    return InputError(f"{message}. It is now {bad.name}; the same command fetches it again")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_sums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file that the folder's SHA256SUMS names; none without one."""
    path = folder / SUMS
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return {match[2]: match[1] for line in lines if (match := _LINE.fullmatch(line))}


def write_sums(folder: Path, sums: dict[str, str]) -> None:
    """Write the sums as `sha256sum -c` reads them; a file not kept, as an archive, in a comment."""
    lines = [
        f"{'' if (folder / name).is_file() else '# '}{digest}  {name}\n"
        for name, digest in sorted(sums.items())
    ]
    write_text(folder / SUMS, "".join(lines))
