import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from loopback import Site

from spinn.cli import main
from spinn.data.download.catalogue import SOURCES, Source

FILES = {f"snli_1.0_{split}.jsonl": split.encode() for split in ("train", "dev", "test")}


@pytest.fixture
def served(
    site: Site, zipped: Callable[[dict[str, Any]], bytes], monkeypatch: pytest.MonkeyPatch
) -> Source:
    """SNLI on the loopback server."""
    site.files["snli_1.0.zip"] = zipped({f"snli_1.0/{name}": data for name, data in FILES.items()})
    digest = hashlib.sha256(site.files["snli_1.0.zip"]).hexdigest()
    (remote,) = SOURCES["snli"].remotes
    remote = replace(remote, url=site.url("snli_1.0.zip"), sha256=digest, size=None)
    source = replace(SOURCES["snli"], remotes=(remote,))
    monkeypatch.setitem(SOURCES, "snli", source)
    return source


def error(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    assert main(["data", "download", *arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()[-1]


def test_the_default_folder_is_data_in_the_project(
    served: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spinn.project.PROJECT_ROOT", tmp_path)
    assert main(["data", "download", "snli"]) == 0
    folder = tmp_path / "data" / "snli"
    assert {path.name for path in folder.iterdir()} == {*FILES, "SHA256SUMS"}
    assert all((folder / name).read_bytes() == data for name, data in FILES.items())


def test_another_folder_and_a_kept_archive(served: Source, tmp_path: Path) -> None:
    folder = tmp_path / "my data"
    assert main(["data", "download", "snli", "--to", str(folder), "--keep-archive"]) == 0
    assert {path.name for path in folder.iterdir()} == {*FILES, "snli_1.0.zip", "SHA256SUMS"}


def test_without_a_checkout_the_folder_is_data_below_the_current_one(
    served: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spinn.project.PROJECT_ROOT", tmp_path / "site-packages")
    monkeypatch.setattr("spinn.project.IN_CHECKOUT", False)
    monkeypatch.chdir(tmp_path)
    assert main(["data", "download", "snli"]) == 0
    assert (tmp_path / "data" / "snli" / "SHA256SUMS").is_file()


def test_a_given_sum_is_verified(
    served: Source, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = "A" * 64
    message = error(capsys, 2, "snli", "--to", str(tmp_path), "--sha256", wrong)
    assert f"its SHA-256 is {served.remotes[0].sha256}; expected {wrong.lower()}" in message
    right = f"snli_1.0.zip={served.remotes[0].sha256}"
    assert main(["data", "download", "snli", "--to", str(tmp_path), "--sha256", right]) == 0


@pytest.mark.parametrize("given", ["12", "x" * 64, f"other.zip={'0' * 64}"])
def test_an_invalid_sum_is_an_error(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert error(capsys, 2, "snli", "--sha256", given) == (
        f"error: --sha256 is {given!r}; expected FILE=HEX, with 64 hexadecimal digits and FILE one "
        "of snli_1.0.zip"
    )


def test_a_sum_for_one_of_several_files_needs_a_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    message = error(capsys, 2, "sick", "--sha256", "0" * 64)
    assert "FILE one of SICK_train_parsed.txt, SICK_trial_parsed.txt" in message


def test_a_broken_download_prints_how_to_resume(
    served: Source, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.script = [{"cut": 50}, {"status": 503}, {"status": 503}]
    message = error(capsys, 2, "snli", "--to", str(tmp_path))
    assert message.endswith("snli_1.0.zip.part; the same command resumes the transfer")


def test_ctrl_c_prints_the_command_that_resumes(
    served: Source,
    site: Site,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    site.script = [{"cut": 50}]
    monkeypatch.setattr("spinn.data.download.fetching.time.sleep", interrupt)
    folder = tmp_path / "my data"
    assert error(capsys, 130, "snli", "--to", str(folder)) == (
        f"interrupted; `spinn data download snli --to '{folder}'` resumes it"
    )
    assert (folder / "snli_1.0.zip.part").stat().st_size == 50


def test_the_help_lists_the_known_sums(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["data", "download", "--help"])
    assert left.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "snli, multinli, glove: compared with the SHA-256" in shown
    assert "sick, sst, listops, hans: no published SHA-256 is known" in shown
