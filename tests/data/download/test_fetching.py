import io
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import Request

import pytest
from loopback import Site

from spinn.data.download.catalogue import Remote
from spinn.data.download.fetching import PartNotes, Redirects, Transfer
from spinn.errors import InputError

BODY = bytes(range(256)) * 1000
ELSE = bytes(range(255, -1, -1)) * 1000


@pytest.fixture
def transfer(site: Site, tmp_path: Path) -> Transfer:
    site.files["big.zip"] = BODY
    remote = Remote(url=site.url("big.zip"), files=("x",), most=10**6, most_unpacked=10**6)
    printed: list[str] = []
    transfer = Transfer(remote, tmp_path, printed.append)
    transfer.printed = printed  # type: ignore[attr-defined]
    return transfer


def printed(transfer: Transfer) -> list[str]:
    return transfer.printed  # type: ignore[attr-defined, no-any-return]


def failure(transfer: Transfer) -> str:
    with pytest.raises(InputError) as error:
        transfer.run()
    return str(error.value)


def broken_off(site: Site, transfer: Transfer, after: int, **step: Any) -> None:
    """Leave a partial file of this size, as after a run whose attempts all broke."""
    site.script = [{"cut": after, **step}, {"status": 503}, {"status": 503}]
    failure(transfer)
    assert transfer.part.read_bytes() == site.files["big.zip"][:after]
    site.requests.clear()


def test_a_complete_file_in_one_attempt(site: Site, transfer: Transfer) -> None:
    assert transfer.run().read_bytes() == BODY
    (headers,) = site.requests
    assert "Range" not in headers
    assert headers["User-Agent"].startswith("spinn/")
    assert headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("cuts", [(1,), (100_000, 200_000), (0, 255_999)])
def test_a_broken_transfer_is_resumed(
    site: Site, transfer: Transfer, cuts: tuple[int, ...]
) -> None:
    site.script = [{"cut": cut} for cut in cuts]
    assert transfer.run().read_bytes() == BODY
    assert [headers.get("Range") for headers in site.requests[1:]] == [
        f"bytes={cut}-" if cut else None for cut in cuts
    ]
    assert printed(transfer)[0] == (
        f"big.zip: the connection broke after {cuts[0]:,} of 256,000 bytes; next attempt in 0 s"
    )


def test_after_the_last_attempt_the_part_stays_and_a_later_run_resumes(
    site: Site, transfer: Transfer
) -> None:
    site.script = [{"cut": 1000}, {"cut": 2000}, {"cut": 3000}]
    assert failure(transfer) == (
        f"{site.url('big.zip')}: the connection broke after 3,000 of 256,000 bytes, in 3 attempts. "
        f"3,000 bytes are in {transfer.part}; the same command resumes the transfer"
    )
    again = Transfer(transfer.remote, transfer.part.parent, print)
    assert again.run().read_bytes() == BODY
    assert site.requests[-1]["Range"] == "bytes=3000-"
    assert site.requests[-1]["If-Range"] == '"one"'


def test_a_complete_part_needs_no_server(site: Site, transfer: Transfer) -> None:
    transfer.run()
    site.requests.clear()
    assert transfer.run().read_bytes() == BODY
    assert site.requests == []


def test_without_ranges_the_transfer_starts_over(site: Site, transfer: Transfer) -> None:
    broken_off(site, transfer, 1000)
    site.script = [{"whole": True}]
    assert transfer.run().read_bytes() == BODY
    assert printed(transfer)[-1] == "big.zip: it cannot be resumed there; starting over"


def test_versions_of_a_file_are_not_mixed(site: Site, transfer: Transfer) -> None:
    broken_off(site, transfer, 1000)
    site.files["big.zip"], site.etag = ELSE, '"two"'
    assert transfer.run().read_bytes() == ELSE
    assert printed(transfer)[-1] == "big.zip: it has changed on the server; starting over"


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": '"two"'},
        {"Content-Range": "bytes 500-255999/256000"},
        {"Content-Range": "bytes 1000-255999/256001"},
        {"Content-Range": None},
        {"Content-Range": "bytes */256000"},
    ],
)
def test_a_mismatching_range_is_discarded(
    site: Site, transfer: Transfer, headers: dict[str, str | None]
) -> None:
    broken_off(site, transfer, 1000)
    site.script = [{"headers": headers}]
    assert transfer.run().read_bytes() == BODY
    assert "requested bytes from 1,000 on, of 256,000, got" in printed(transfer)[-1]
    assert [headers.get("Range") for headers in site.requests] == ["bytes=1000-", None]


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_validator_only_a_known_sum_allows_to_resume(
    site: Site, transfer: Transfer, etag: str | None
) -> None:
    site.etag = etag
    broken_off(site, transfer, 1000)
    transfer.remote = replace(transfer.remote, sha256="0" * 64)
    site.script = [{"cut": 1500}, {}]
    assert transfer.run().read_bytes() == BODY
    assert [headers.get("Range") for headers in site.requests] == ["bytes=1000-", "bytes=1500-"]
    transfer.discard()
    site.requests.clear()
    transfer.remote = replace(transfer.remote, sha256=None)
    site.script = [{"cut": 1000}, {}]
    assert transfer.run().read_bytes() == BODY
    assert [headers.get("Range") for headers in site.requests] == [None, None]


@pytest.mark.parametrize("notes", ["", "[]", "{}", '{"url": 1}', '{"total": "x"}', "\0"])
def test_a_part_without_good_notes_is_not_trusted(
    site: Site, transfer: Transfer, notes: str
) -> None:
    transfer.part.write_bytes(b"of another file")
    transfer.notes_path.write_text(notes)
    assert transfer.run().read_bytes() == BODY
    assert "Range" not in site.requests[0]


def test_a_part_of_another_address_is_not_trusted(site: Site, transfer: Transfer) -> None:
    broken_off(site, transfer, 1000)
    site.files["new/big.zip"] = ELSE
    moved = replace(transfer.remote, url=site.url("new/big.zip"))
    assert Transfer(moved, transfer.part.parent, print).run().read_bytes() == ELSE


def test_a_part_longer_than_the_file_starts_over(site: Site, transfer: Transfer) -> None:
    broken_off(site, transfer, 1000)
    transfer.part.write_bytes(BODY + b"more")
    site.script = [{"status": 416}]
    assert transfer.run().read_bytes() == BODY
    assert "the server answers 416" in printed(transfer)[-1]


def test_temporary_errors_are_retried_and_permanent_ones_are_not(
    site: Site, transfer: Transfer
) -> None:
    site.script = [{"status": 503}, {"status": 429}]
    assert transfer.run().read_bytes() == BODY
    assert len(site.requests) == 3
    del site.files["big.zip"]
    transfer.discard()
    assert failure(transfer) == (
        f"{site.url('big.zip')}: the server answers 404 Not Found; expected the file"
    )
    assert len(site.requests) == 4


def test_a_silent_server_times_out(
    site: Site, transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spinn.data.download.fetching.TIMEOUT", 0.2)
    site.script = [{"cut": 1000, "stall": True}]
    assert transfer.run().read_bytes() == BODY
    assert printed(transfer) == ["big.zip: no answer within 0.2 s; next attempt in 0 s"]
    assert site.requests[1]["Range"] == "bytes=1000-"


def test_no_server_at_all(site: Site, transfer: Transfer) -> None:
    transfer.remote = replace(transfer.remote, url="http://127.0.0.1:9/big.zip")
    assert "refused" in failure(transfer)
    assert len(printed(transfer)) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"most": 1000}, "the server announces 256,000 bytes; expected at most 1,000"),
        ({"size": 256_001}, "the server announces 256,000 bytes; expected 256,001"),
    ],
)
def test_an_announced_size_above_the_limit_is_an_error(
    transfer: Transfer, change: dict[str, int], message: str
) -> None:
    transfer.remote = replace(transfer.remote, **change)  # type: ignore[arg-type]
    assert failure(transfer).endswith(message)
    assert not transfer.part.exists()


def test_a_body_without_content_length_is_limited(site: Site, transfer: Transfer) -> None:
    transfer.remote = replace(transfer.remote, most=100_000)
    site.script = [{"headers": {"Content-Length": None}}]
    assert failure(transfer).endswith("the server sent more than 100,000 bytes")
    assert not transfer.part.exists()
    transfer.remote = replace(transfer.remote, most=256_000)
    site.script = [{"headers": {"Content-Length": None}}]
    assert transfer.run().read_bytes() == BODY


def test_a_known_size_detects_a_short_body_without_content_length(
    site: Site, transfer: Transfer
) -> None:
    transfer.remote = replace(transfer.remote, size=256_000)
    site.script = [{"headers": {"Content-Length": None}, "cut": 1000}]
    assert transfer.run().read_bytes() == BODY
    assert "the connection broke after 1,000 of 256,000 bytes" in printed(transfer)[0]


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Content-Type": "text/html; charset=utf-8"}, "text/html (identity)"),
        ({"Content-Encoding": "gzip"}, "text/plain (gzip)"),
    ],
)
def test_a_html_page_in_place_of_the_file_is_an_error(
    site: Site, transfer: Transfer, headers: dict[str, str], kind: str
) -> None:
    site.script = [{"headers": headers}]
    assert failure(transfer) == (
        f"{site.url('big.zip')}: the server sent {kind}, status 200; "
        "expected the file big.zip itself"
    )


def test_redirects_are_followed_with_the_range(site: Site, transfer: Transfer) -> None:
    broken_off(site, transfer, 1000)
    site.files["there.zip"] = BODY
    site.script = [{"status": 302, "headers": {"Location": site.url("there.zip")}}]
    assert transfer.run().read_bytes() == BODY
    assert [headers["Range"] for headers in site.requests] == ["bytes=1000-"] * 2


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x"])
def test_a_redirect_to_another_scheme_is_an_error(
    site: Site, transfer: Transfer, target: str
) -> None:
    site.script = [{"status": 302, "headers": {"Location": target}}]
    assert target in failure(transfer)
    assert not transfer.part.exists()


def test_a_redirect_from_https_to_http_is_an_error(transfer: Transfer) -> None:
    with pytest.raises(InputError, match=r"^https://a/x redirects to http://b/x: refused, it is"):
        Redirects().redirect_request(
            Request("https://a/x"), io.BytesIO(), 302, "Found", {}, "http://b/x"
        )


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x.zip", "x.zip"])
def test_only_http_is_fetched(transfer: Transfer, url: str) -> None:
    transfer.remote = replace(transfer.remote, url=url)
    assert failure(transfer) == f"{url}: refused; expected an address of http or https"


def test_a_full_disk_is_an_error_before_the_transfer(
    site: Site, transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_off(site, transfer, 1000)
    usage = shutil.disk_usage("/")._replace(free=254_999)
    monkeypatch.setattr("spinn.data.download.unpacking.shutil.disk_usage", lambda path: usage)
    assert "the rest of big.zip takes 255,000 bytes, and 254,999 are free" in failure(transfer)
    assert transfer.part.read_bytes() == BODY[:1000]


def test_notes_are_read_as_they_were_written(site: Site, transfer: Transfer) -> None:
    broken_off(site, transfer, 10)
    assert transfer._notes() == PartNotes(transfer.remote.url, '"one"', 256_000)
