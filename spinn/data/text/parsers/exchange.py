"""One HTTP request with limits on the time and on the size of the response."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Event, Timer
from typing import Any
from urllib.parse import urlencode, urlsplit

from spinn.errors import InputError, ParserUnavailableError

CONNECT_SECONDS = 5.0  # for each address of the server's name
ANSWER_SECONDS = 60.0  # from the request to the last byte of the response
MOST_BYTES = 16 << 20
SHOWN = 200  # characters of a server's error text in messages


@dataclass(frozen=True)
class Answer:
    """The server's response, with the interface of a response of `requests`."""

    status_code: int
    body: bytes

    def json(self, **options: Any) -> Any:
        """Parse the body as JSON."""
        return json.loads(self.body, **options)


class Exchange:
    """Replaces the `requests.Session` of NLTK's client.

    `requests` limits only the wait for the next byte, so that a server that sends slowly can block
    it forever, and it reads responses of any size. NLTK does not install it either.

    Args: url: the server's address.

    Raises: InputError: if it is not an http or https address.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError:
            self._host = ""
        unused = not self._host or "@" in parts.netloc or parts.query or parts.fragment
        if unused or parts.scheme not in ("http", "https"):
            raise InputError(f"parser_url={url!r}, expected an address such as http://HOST:9000")
        self._encrypted = parts.scheme == "https"
        self._path = parts.path or "/"

    def post(
        self,
        url: str,
        *,
        params: Mapping[str, str],
        data: bytes,
        headers: Mapping[str, str],
        timeout: float,
    ) -> Answer:
        """Send a request and return the response.

        Args:
            url: ignored, the address is that of the constructor; redirects are not followed.
            params: appended to the address.
            data: the request's body.
            headers: of the request.
            timeout: ignored, this module's limits apply.

        Raises: ParserUnavailableError: naming the address and the reason.
        """
        target = f"{self._path}?{urlencode(params)}"
        over = Event()
        try:
            with self._connection(over) as connection:
                connection.request("POST", target, data, dict(headers))
                with connection.getresponse() as response:
                    answer = self._received(response)
        except (OSError, HTTPException, UnicodeError) as error:
            raise self.failure(_reason(error, over)) from error
        if over.is_set():  # the response may be incomplete
            raise self.failure(_reason(TimeoutError(), over))
        return answer

    def failure(self, reason: str) -> ParserUnavailableError:
        """Return the error to raise: the address, the reason, what to do."""
        return ParserUnavailableError(
            f"{self.url}: no CoreNLP server answers there ({reason}). Start one, see "
            "https://stanfordnlp.github.io/CoreNLP/corenlp-server.html, or name its address: "
            "--parser-url (commands), data.parser_url (training)"
        )

    @contextmanager
    def _connection(self, over: Event) -> Iterator[HTTPConnection]:
        kind = HTTPSConnection if self._encrypted else HTTPConnection
        connection = kind(self._host, self._port)
        with closing(connection):
            address = (connection.host, connection.port)
            raw = socket.create_connection(address, CONNECT_SECONDS)
            connection.sock = raw
            raw.settimeout(None)
            with _shut_after(ANSWER_SECONDS, raw, over):
                if self._encrypted:
                    context = ssl.create_default_context()
                    connection.sock = context.wrap_socket(raw, server_hostname=self._host)
                yield connection

    def _received(self, response: HTTPResponse) -> Answer:
        body = response.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise self.failure(f"it sends more than {MOST_BYTES:,} bytes")
        if 300 <= response.status < 400:
            location = _printable(response.headers.get("Location", "nowhere"))
            raise self.failure(f"it redirects to {location}; redirects are not followed")
        if not 200 <= response.status < 300:
            text = _printable(body.decode("utf-8", "replace")) or "no further text"
            reason = _printable(response.reason)
            raise self.failure(f"it answers {response.status} {reason}: {text}")
        return Answer(response.status, body)


@contextmanager
def _shut_after(seconds: float, connected: socket.socket, over: Event) -> Iterator[None]:
    """Shut a connection down after a time limit, and set `over`."""
    with connected.dup() as handle:  # stays usable when TLS or http.client closes its own

        def shut() -> None:
            over.set()
            with suppress(OSError):  # the server closed it first
                handle.shutdown(socket.SHUT_RDWR)

        timer = Timer(seconds, shut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def _reason(error: Exception, over: Event) -> str:
    if over.is_set():
        return f"no complete answer within {ANSWER_SECONDS:g} s"
    if isinstance(error, TimeoutError):
        return f"no connection within {CONNECT_SECONDS:g} s"
    text = error.strerror if isinstance(error, OSError) else None
    return _printable(text or str(error)) or type(error).__name__


def _printable(text: str) -> str:
    """Return the beginning of a server's text without control characters, for a message."""
    return "".join(c if c.isprintable() else " " for c in text[:SHOWN]).strip()
