"""Download a file over HTTP into FILE.part, and resume earlier attempts."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from email.message import Message
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from tqdm import tqdm

from spinn import __version__
from spinn.data.download.catalogue import Remote
from spinn.data.download.unpacking import check_room
from spinn.errors import InputError

TIMEOUT = 30.0  # seconds to connect, and to wait for each further chunk
WAITS = (1.0, 3.0, 9.0)  # seconds before each further attempt
CHUNK = 1 << 16
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})  # temporary errors
RANGE_REFUSED = 416


class BrokenTransferError(Exception):
    """The transfer ended early; another attempt can resume it."""


@dataclass(frozen=True)
class PartNotes:
    """The origin of a partial file, stored beside it.

    Args:
        url: address of the file.
        validator: the server's ETag or date of the file, for `If-Range`; empty if it sent none.
        total: bytes of the complete file; None if unknown.
    """

    url: str = ""
    validator: str = ""
    total: int | None = None


class Redirects(HTTPRedirectHandler):
    """Follows redirects to http and https, but not from https to http."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        """Return the next request, or raise InputError."""
        fp.close()
        check_scheme(newurl, f"{req.full_url} redirects to ")
        if urlsplit(req.full_url).scheme == "https" != urlsplit(newurl).scheme:
            raise InputError(f"{req.full_url} redirects to {newurl}: refused, it is not encrypted")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def check_scheme(url: str, before: str = "") -> None:
    """Raise InputError if an address is not http or https."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise InputError(f"{before}{url}: refused; expected an address of http or https")


class Transfer:
    """The transfer of one file into `FILE.part`.

    Args:
        remote: the file.
        folder: of the partial file and its notes.
        report: prints a line about every further attempt.
    """

    def __init__(self, remote: Remote, folder: Path, report: Callable[[str], None]) -> None:
        self.remote = remote
        self.part = folder / f"{remote.name}.part"
        self.notes_path = folder / f"{remote.name}.part.json"
        self._report = report
        self._opener = build_opener(Redirects)

    def run(self) -> Path:
        """Download all bytes, and return the path of the complete `FILE.part`.

        Raises:
            InputError: if the server refuses the file or announces too many bytes, or if all
                attempts break; the partial file then stays.
        """
        check_scheme(self.remote.url)
        for wait in (*WAITS, None):
            try:
                total = self._notes().total
                if total is None or self._have() != total:
                    self._attempt()
                return self.part
            except BrokenTransferError as error:
                reason = str(error)
            if wait is not None:
                self._report(f"{self.remote.name}: {reason}; next attempt in {wait:g} s")
                time.sleep(wait)
        raise InputError(
            f"{self.remote.url}: {reason}, in {len(WAITS) + 1} attempts. {self._have():,} bytes "
            f"are in {self.part}; the same command resumes the transfer"
        )

    def discard(self) -> None:
        """Delete the partial file and its notes, so that the next attempt starts over."""
        self.part.unlink(missing_ok=True)
        self.notes_path.unlink(missing_ok=True)

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _notes(self) -> PartNotes:
        """Return the partial file's notes; empty ones if they are missing or of another file."""
        with suppress(OSError, ValueError, TypeError):
            notes = PartNotes(**json.loads(self.notes_path.read_text(encoding="utf-8")))
            if notes.url == self.remote.url and isinstance(notes.total, int | None):
                return notes
        return PartNotes()

    def _attempt(self) -> None:
        notes = self._notes()
        # Without a validator, only a published checksum detects a mix of two versions.
        resumable = notes.validator or (notes.url and self.remote.sha256)
        have = self._have() if resumable else 0
        with self._open(have, notes) as response:
            start, total = self._range(response, have, notes)
            total = self.remote.size if total is None else total
            if have and not start:
                changed = notes.validator and _validator(response.headers) != notes.validator
                reason = "has changed on the server" if changed else "cannot be resumed there"
                self._report(f"{self.remote.name}: it {reason}; starting over")
            self._check_size(start, total)
            found = PartNotes(self.remote.url, _validator(response.headers), total)
            self.notes_path.write_text(json.dumps(asdict(found)), encoding="utf-8")
            self._receive(response, start, total)

    def _open(self, have: int, notes: PartNotes) -> Any:
        """Request the file from a byte on; return an open response of status 200 or 206."""
        headers = {"User-Agent": f"spinn/{__version__}", "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if notes.validator:
                headers["If-Range"] = notes.validator
        try:
            request = Request(self.remote.url, headers=headers)
            return self._opener.open(request, timeout=TIMEOUT)
        except HTTPError as error:
            error.close()
            self._refused(error)
        except (OSError, HTTPException) as error:
            raise BrokenTransferError(_reason(error)) from error

    def _refused(self, error: HTTPError) -> None:
        answer = f"the server answers {error.code} {error.reason}"
        if error.code == RANGE_REFUSED:
            self.discard()
        if error.code in PASSING or error.code == RANGE_REFUSED:
            raise BrokenTransferError(answer) from error
        raise InputError(f"{self.remote.url}: {answer}; expected the file") from error

    def _range(self, response: Any, have: int, notes: PartNotes) -> tuple[int, int | None]:
        """Return the response's first byte, and the file's total size if the server sent it."""
        headers: Message = response.headers
        kind, coding = headers.get_content_type(), headers.get("Content-Encoding", "identity")
        if response.status not in (200, 206) or kind == "text/html" or coding != "identity":
            raise InputError(
                f"{self.remote.url}: the server sent {kind} ({coding}), status {response.status}; "
                f"expected the file {self.remote.name} itself"
            )
        if response.status == 200:
            length = headers.get("Content-Length", "")
            return 0, int(length) if length.isdecimal() else None
        content_range = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", ""))
        start = int(content_range[1]) if content_range else -1
        has_total = content_range and content_range[2] != "*"
        total = int(content_range[2]) if content_range and has_total else notes.total
        known = _validator(headers)
        if start != have or total != notes.total or (known and known != notes.validator):
            self.discard()
            total_before = "unknown" if notes.total is None else f"{notes.total:,}"
            raise BrokenTransferError(
                f"requested bytes from {have:,} on, of {total_before}, got "
                f"{headers.get('Content-Range')!r}, perhaps of a changed file; starting over"
            )
        return start, total

    def _check_size(self, start: int, total: int | None) -> None:
        size, most = self.remote.size, self.remote.most
        if total is None:
            return
        if total > most or (size is not None and total != size):
            expected = f"{size:,}" if size is not None else f"at most {most:,}"
            raise InputError(
                f"{self.remote.url}: the server announces {total:,} bytes; expected {expected}"
            )
        check_room(self.part.parent, total - start, f"the rest of {self.remote.name}")

    def _receive(self, response: Any, start: int, total: int | None) -> None:
        limit = self.remote.most if total is None else total
        bar = tqdm(
            desc=self.remote.name, total=total, initial=start, unit="B", unit_scale=True,
            disable=None,
        )  # fmt: skip
        with bar, self.part.open("ab" if start else "wb") as file:
            for piece in _pieces(response):
                if file.tell() + len(piece) > limit:
                    self.discard()
                    raise InputError(
                        f"{self.remote.url}: the server sent more than {limit:,} bytes"
                    )
                file.write(piece)
                bar.update(len(piece))
            if total is not None and file.tell() != total:
                raise BrokenTransferError(
                    f"the connection broke after {file.tell():,} of {total:,} bytes"
                )


def _pieces(response: Any) -> Iterator[bytes]:
    """Yield the body in chunks; raise BrokenTransferError for network errors, not disk errors."""
    while True:
        try:
            piece = response.read1(CHUNK)
        except (OSError, HTTPException) as error:
            raise BrokenTransferError(_reason(error)) from error
        if not piece:
            return
        yield piece


def _validator(headers: Message) -> str:
    """Return the version of the file: a strong ETag, or else its date."""
    tag = headers.get("ETag", "")
    if tag and not tag.startswith("W/"):  # a weak one is not allowed in If-Range
        return str(tag)
    return str(headers.get("Last-Modified", ""))


def _reason(error: Exception) -> str:
    """Describe an error; urllib wraps the cause in a URLError."""
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return f"no answer within {TIMEOUT:g} s"
    return str(reason) or type(reason).__name__
