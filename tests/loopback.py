"""A server on loopback with scripted faults: broken connections, wrong headers, changed files."""

import io
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_plus

import pytest


@dataclass
class Site:
    """The server's files, scripted faults for the next requests, and the requests so far.

    Each entry of `script` is for one request: `status`, `headers` (these replace the server's own),
    `cut` (close after so many bytes), `whole` (ignore Range), `stall` (stop sending), `mute` (send
    nothing), `drip` (send one byte at a time, without end).
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    etag: str | None = '"one"'
    script: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Mapping[str, str]] = field(default_factory=list)
    posted: list[tuple[str, str]] = field(default_factory=list)  # the query and the body
    over: threading.Event = field(default_factory=threading.Event)

    def url(self, name: str) -> str:
        return f"{self.address}/{name}"


def answer(site: Site, handler: BaseHTTPRequestHandler) -> None:
    step = site.script.pop(0) if site.script else {}
    site.requests.append(dict(handler.headers))
    if step.get("mute"):
        site.over.wait()
        return
    name = handler.path[1:].partition("?")[0]
    body = site.files.get(name, b"")
    start = wanted(site, handler.headers) if not step.get("whole") else 0
    headers = {"Content-Length": str(len(body) - start)}
    if site.etag:
        headers["ETag"] = site.etag
    if start:
        headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
    found = 200 if name in site.files else 404
    handler.send_response(step.get("status", 206 if start and found == 200 else found))
    for name, value in (headers | step.get("headers", {})).items():
        if value is not None:
            handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body[start : step.get("cut", len(body))])
    if step.get("stall"):
        handler.wfile.flush()
        site.over.wait()
    if step.get("drip"):
        drip(site, handler)


def drip(site: Site, handler: BaseHTTPRequestHandler) -> None:
    with suppress(OSError):  # the client has left
        while not site.over.wait(0.02):
            handler.wfile.write(b" ")
            handler.wfile.flush()


def wanted(site: Site, headers: Any) -> int:
    """Return the first requested byte; 0 if If-Range names another version."""
    if "Range" not in headers or headers.get("If-Range", site.etag) != site.etag:
        return 0
    return int(headers["Range"].removeprefix("bytes=").removesuffix("-"))


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Run a server; the client does not wait between attempts and uses no proxy."""
    monkeypatch.setattr("spinn.data.download.fetching.WAITS", (0.0, 0.0))
    monkeypatch.setenv("no_proxy", "*")
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(site, self)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            site.posted.append((unquote_plus(self.path.partition("?")[2]), body))
            answer(site, self)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield site
        site.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def zipped() -> Callable[[Mapping[str, bytes | tuple[int, bytes]]], bytes]:
    """Build a zip from names and contents; a content may have the Unix mode of its member."""

    def make(members: Mapping[str, bytes | tuple[int, bytes]]) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                mode, data = content if isinstance(content, tuple) else (0o100644, content)
                info = zipfile.ZipInfo("name")
                info.filename = info.orig_filename = name  # not checked by zipfile
                info.external_attr, info.compress_type = mode << 16, zipfile.ZIP_DEFLATED
                archive.writestr(info, data)
        return stream.getvalue()

    return make
