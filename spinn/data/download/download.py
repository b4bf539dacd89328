"""Download a dataset from its official site: resume, verify, unpack."""

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
    report: Callable[[str], None] = print,
) -> None:
    """Download the files of a dataset into a folder; existing files are not replaced.

    An archive that is already in the folder is unpacked and not downloaded again. The SHA-256 of
    every file, and of its archive, is written to `SHA256SUMS`.

    Args:
        source: the dataset's files.
        folder: target folder; created if missing.
        keep_archive: do not delete the archive.
        force: download and replace existing files.
        report: prints one line of progress.

    Raises:
        InputError: if a file cannot be downloaded or verified. No target file is then incomplete,
            and the next call resumes a broken transfer.
    """
    report(f"{source.name}: from {source.page}; licence: {source.licence}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for remote in source.remotes:
            files = [
                file
                for file in remote.files
                if force or not ((folder / file).is_file() or (folder / f"{file}.gz").is_file())
            ]
            _report_present(folder, [file for file in remote.files if file not in files], report)
            if files:
                _install(
                    remote, files, folder, keep_archive=keep_archive, force=force, report=report
                )
    except OSError as error:
        raise InputError(
            f"{error.filename or folder}: {error.strerror or error}; correct this and run again"
        ) from error


def _report_present(folder: Path, files: Sequence[str], report: Callable[[str], None]) -> None:
    """Report each existing file, and verify it if `SHA256SUMS` has its sum."""
    sums = read_sums(folder)
    for file in files:
        path = folder / file
        if not path.is_file():
            report(f"{path}.gz exists; nothing to do")
        elif file not in sums:
            report(f"{path} exists, but {SUMS} does not list it; --force downloads it again")
        elif (found := _digest(path)) != sums[file]:
            raise InputError(
                f"{path}: its SHA-256 is {found}, but {SUMS} has {sums[file]}; it has changed "
                "or is damaged. --force downloads it again"
            )
        else:
            report(f"{path} exists and matches {SUMS}; nothing to do")


def _install(
    remote: Remote,
    files: Sequence[str],
    folder: Path,
    *,
    keep_archive: bool,
    force: bool,
    report: Callable[[str], None],
) -> None:
    """Download and verify one file, unpack the wanted files, and write the sums."""
    archive = folder / remote.name
    if remote.zipped and archive.is_file() and not force:
        report(f"{archive} exists and is not downloaded again")
        digest = _verified(archive, remote, report)
    else:
        digest = _fetched(archive, remote, report)
    sums = {remote.name: digest}
    if remote.zipped:
        try:
            sums |= unpack(archive, folder, files, remote.most_unpacked)
        except BadArchiveError as error:
            raise _set_aside(archive, str(error)) from error
        if not keep_archive:
            archive.unlink()
    write_sums(folder, read_sums(folder) | sums)
    report(f"{', '.join(files)}: in {folder}")


def _fetched(archive: Path, remote: Remote, report: Callable[[str], None]) -> str:
    """Download a file and return its SHA-256."""
    transfer = Transfer(remote, archive.parent, report)
    part = transfer.run()
    try:
        digest = _verified(part, remote, report)
    except InputError:
        transfer.discard()
        raise
    part.replace(archive)
    transfer.discard()
    return digest


def _verified(path: Path, remote: Remote, report: Callable[[str], None]) -> str:
    """Return a file's SHA-256; if another is expected, raise InputError."""
    found = _digest(path)
    if remote.sha256 and found != remote.sha256:
        message = (
            f"{path}: its SHA-256 is {found}; expected {remote.sha256} (--sha256 sets another, "
            "for a new version that you trust)"
        )
        raise _set_aside(path, message)
    how = "as expected" if remote.sha256 else "no published sum; --sha256 sets an expected one"
    report(f"{remote.name}: SHA-256 {found} ({how})")
    return found


def _set_aside(path: Path, message: str) -> InputError:
    """Rename a bad file, so that the next run downloads it from the start."""
    bad = path.with_name(path.name.removesuffix(".part") + ".bad")
    path.replace(bad)
    return InputError(f"{message}. It is now {bad.name}; the same command downloads it again")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_sums(folder: Path) -> dict[str, str]:
    """Return the sums in the folder's SHA256SUMS by file name; empty if it is missing."""
    path = folder / SUMS
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return {match[2]: match[1] for line in lines if (match := _LINE.fullmatch(line))}


def write_sums(folder: Path, sums: dict[str, str]) -> None:
    """Write sums for `sha256sum -c`; files that do not exist, such as archives, are comments."""
    lines = [
        f"{'' if (folder / name).is_file() else '# '}{digest}  {name}\n"
        for name, digest in sorted(sums.items())
    ]
    write_text(folder / SUMS, "".join(lines))
