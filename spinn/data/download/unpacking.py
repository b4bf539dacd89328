"""Unpack wanted files from a zip; reject zips that would write outside the folder."""

import hashlib
import lzma
import os
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from spinn.errors import InputError

CHUNK = 1 << 20
ENCRYPTED = 0x1  # a bit of a member's flags
_DAMAGE = (zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError, NotImplementedError)


class BadArchiveError(InputError):
    """The archive is damaged or has unexpected content."""


def unpack(archive: Path, folder: Path, files: Sequence[str], most: int) -> dict[str, str]:
    """Write the wanted files of a zip into a folder: all of them, or none.

    Args:
        archive: the zip.
        folder: target folder; folders inside the zip are ignored.
        files: names of the wanted files, each of one member.
        most: maximum total size in bytes.

    Returns: the SHA-256 of each file, by its name.

    Raises:
        BadArchiveError: if any member, wanted or not, would be written outside the folder; if a
            wanted one is missing, occurs twice, is too large, or fails its CRC-32.
        InputError: if there is not enough space on the disk.
    """
    drafts = {file: folder / f".{file}.{os.getpid()}.draft" for file in files}
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _chosen(archive, opened, files)
            _check_size(archive, folder, members, most)
            sums = {f: _write(opened, members[f], draft) for f, draft in drafts.items()}
        for file, draft in drafts.items():
            draft.replace(folder / file)
        return sums
    except InputError:
        raise
    except (zipfile.BadZipFile, *_DAMAGE) as error:
        raise BadArchiveError(f"{archive}: not a zip file, or damaged ({error})") from error
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def _chosen(
    archive: Path, opened: zipfile.ZipFile, files: Sequence[str]
) -> dict[str, zipfile.ZipInfo]:
    """Check every member's name; return the one member of each wanted file."""
    found: dict[str, list[zipfile.ZipInfo]] = {file: [] for file in files}
    for member in opened.infolist():
        if reason := _unsafe(member):
            raise BadArchiveError(f"{archive}: refused, its member {member.filename!r} {reason}")
        *parents, base = member.filename.split("/")
        if base in found and "__MACOSX" not in parents:
            found[base].append(member)
    for file, members in found.items():
        if len(members) != 1:
            raise BadArchiveError(f"{archive}: holds {len(members)} files {file}; expected one")
        if members[0].flag_bits & ENCRYPTED:
            raise BadArchiveError(f"{archive}: its member {members[0].filename} is encrypted")
    return {file: members[0] for file, members in found.items()}


def _unsafe(member: zipfile.ZipInfo) -> str:
    """Return what is wrong with a member's name or type on any system; empty if nothing."""
    name = member.orig_filename  # the raw name: zipfile cuts `filename` at a NUL
    mode = member.external_attr >> 16
    if not name or "\0" in name:
        return "has an empty name, or a NUL in it"
    if name[0] in "/\\" or re.match(r"[A-Za-z]:", name):
        return "has an absolute path"
    if ".." in re.split(r"[/\\]", name):
        return "would be written outside its folder"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device; expected files and folders"
    return ""


def _check_size(
    archive: Path, folder: Path, members: dict[str, zipfile.ZipInfo], most: int
) -> None:
    size = sum(member.file_size for member in members.values())
    if size > most:
        raise BadArchiveError(
            f"{archive}: {', '.join(members)} would take {size:,} bytes; expected at most {most:,}"
        )
    check_room(folder, size, f"unpacking {archive.name}")


def check_room(folder: Path, needed: int, purpose: str) -> None:
    """Raise InputError if the folder's disk has fewer bytes free than needed."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InputError(
            f"{folder}: {purpose} takes {needed:,} bytes, and {free:,} are free; free some space, "
            "or choose a folder on another disk with --to, and run the same command again"
        )


def _write(opened: zipfile.ZipFile, member: zipfile.ZipInfo, draft: Path) -> str:
    """Write one member and return its SHA-256; zipfile checks its size and CRC-32."""
    digest = hashlib.sha256()
    bar = tqdm(
        desc=f"unpacking {Path(member.filename).name}", total=member.file_size, unit="B",
        unit_scale=True, disable=None,
    )  # fmt: skip
    with bar, opened.open(member) as source, draft.open("wb") as target:
        while chunk := source.read(CHUNK):
            target.write(chunk)
            digest.update(chunk)
            bar.update(len(chunk))
        if target.tell() != member.file_size:
            raise zipfile.BadZipFile(f"{member.filename} ends early")
    return digest.hexdigest()
