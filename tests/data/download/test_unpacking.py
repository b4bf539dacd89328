import hashlib
import io
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spinn.data.download.unpacking import BadArchiveError, unpack
from spinn.errors import InputError

Zipped = Callable[[dict[str, Any]], bytes]
GOOD = {"set/train": b"many rows\n" * 500, "set/dev": b"few rows\n", "set/notes": b"unwanted"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "outer" / "a folder"  # with a space, as users' folders have
    folder.mkdir(parents=True)
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def refused(folder: Path, data: bytes, most: int = 10_000) -> str:
    """Return the error message; check that no file was written in or around the folder."""
    archive = folder / "set.zip"
    archive.write_bytes(data)
    around = set(folder.parent.parent.rglob("*"))
    with pytest.raises(BadArchiveError) as error:
        unpack(archive, folder, ["train", "dev"], most)
    assert set(folder.parent.parent.rglob("*")) == around
    return str(error.value).removeprefix(f"{archive}: ")


def test_only_wanted_files_are_unpacked_without_their_folders(folder: Path, zipped: Zipped) -> None:
    (folder / "set.zip").write_bytes(
        zipped({**GOOD, "set/": b"", "__MACOSX/set/train": b"?", "__MACOSX/set/._dev": b"?"})
    )
    sums = unpack(folder / "set.zip", folder, ["train", "dev"], 10_000)
    assert names(folder) == {"set.zip", "train", "dev"}
    for file in ("train", "dev"):
        assert (folder / file).read_bytes() == GOOD[f"set/{file}"]
        assert sums[file] == hashlib.sha256(GOOD[f"set/{file}"]).hexdigest()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../x", "would be written outside its folder"),
        ("set/../../x", "would be written outside its folder"),
        ("set\\..\\..\\x", "would be written outside its folder"),
        ("..", "would be written outside its folder"),
        ("/tmp/x", "has an absolute path"),
        ("\\\\host\\x", "has an absolute path"),
        ("C:\\x", "has an absolute path"),
        ("c:x", "has an absolute path"),
        ("x\0/../y", "has an empty name, or a NUL in it"),
    ],
)
def test_a_member_outside_the_folder_is_an_error(
    folder: Path, zipped: Zipped, name: str, reason: str
) -> None:
    assert refused(folder, zipped({**GOOD, name: b"evil"})).endswith(reason)


@pytest.mark.parametrize("name", ["set/link", "set/train"])
@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_are_errors(folder: Path, zipped: Zipped, name: str, kind: int) -> None:
    data = zipped({**GOOD, name: (kind | 0o777, b"/etc/passwd")})
    expected = f"refused, its member '{name}' is a link or a device; expected files and folders"
    assert refused(folder, data) == expected


def test_names_with_harmless_dots_are_allowed(folder: Path, zipped: Zipped) -> None:
    (folder / "set.zip").write_bytes(zipped({**GOOD, "set/..notes": b"", "set/a..b": b""}))
    assert set(unpack(folder / "set.zip", folder, ["dev"], 100)) == {"dev"}


def test_a_zip_bomb_is_an_error_before_a_byte_is_written(folder: Path, zipped: Zipped) -> None:
    data = zipped({**GOOD, "set/train": bytes(10**7)})
    assert len(data) < 20_000
    message = "train, dev would take 10,000,009 bytes; expected at most 10,000"
    assert refused(folder, data) == message


def test_a_zip_bomb_with_a_wrong_size_is_stopped_at_that_size(folder: Path, zipped: Zipped) -> None:
    data = zipped({**GOOD, "set/train": bytes(10**7)})
    lie = data.replace((10**7).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lie != data
    assert "not a zip file, or damaged (Bad CRC-32 for file 'set/train')" in refused(folder, lie)


def test_a_flipped_bit_fails_the_crc(folder: Path, zipped: Zipped) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:  # stored, so that the byte is found
        archive.writestr("train", b"abcdefgh")
        archive.writestr("dev", b"x")
    data = stream.getvalue().replace(b"abcdefgh", b"abcdXfgh")
    assert refused(folder, data) == "not a zip file, or damaged (Bad CRC-32 for file 'train')"


def test_truncated_and_corrupt_zips_are_errors(folder: Path, zipped: Zipped) -> None:
    data = zipped(GOOD)
    for cut in range(0, len(data), 7):
        assert refused(folder, data[:cut]).startswith("not a zip file, or damaged (")
    assert refused(folder, b"<html>" * 99).startswith("not a zip file, or damaged (")


def test_a_missing_or_repeated_member_is_an_error(folder: Path, zipped: Zipped) -> None:
    assert refused(folder, zipped({"train": b""})) == "holds 0 files dev; expected one"
    assert refused(folder, zipped({**GOOD, "b/dev": b""})) == "holds 2 files dev; expected one"


def test_old_files_stay_when_a_later_one_is_damaged(folder: Path, zipped: Zipped) -> None:
    (folder / "dev").write_bytes(b"old")
    data = zipped({"dev": b"new", "train": bytes(10**4)})
    lie = data.replace((10**4).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    refused(folder, lie)
    assert (folder / "dev").read_bytes() == b"old"


def test_a_full_disk_is_an_error_before_unpacking(
    folder: Path, zipped: Zipped, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "set.zip").write_bytes(zipped(GOOD))
    usage = shutil.disk_usage(folder)._replace(free=4000)
    monkeypatch.setattr("spinn.data.download.unpacking.shutil.disk_usage", lambda path: usage)
    with pytest.raises(InputError) as error:
        unpack(folder / "set.zip", folder, ["train", "dev"], 10_000)
    assert str(error.value).startswith(
        f"{folder}: unpacking set.zip takes 5,009 bytes, and 4,000 are free; free some space, or"
    )
    assert names(folder) == {"set.zip"}
