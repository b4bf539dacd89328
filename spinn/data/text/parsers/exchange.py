"""One question to an HTTP server, with a bound on every wait and on the size of the answer."""

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

CONNECT_SECONDS = 5.0  # for each address that the server's name has
ANSWER_SECONDS = 60.0  # from the question to the last byte of the answer
MOST_BYTES = 16 << 20
SHOWN = 200  # characters of what a server says of its failure


@dataclass(frozen=True)
class Answer:
    """What the server sent, in the form in which NLTK's client takes it from `requests`."""

    status_code: int
    body: bytes

    def json(self, **options: Any) -> Any:
        """Read the body as JSON."""
        return json.loads(self.body, **options)


class Exchange:
    """Does for NLTK's client what a `requests.Session` does.

    `requests` bounds the wait for the next byte alone, so that a server which drips bytes holds it
    for good, and reads an answer of any size. Nor does NLTK install it.

    Args: url: the server's address.

    Raises: InputError: if it is no address of http or https.
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
        """Ask, and return the answer.

        Args:
            url: as at the start; a redirect is not followed.
            params: are appended to the address.
            data: the body of the question.
            headers: sent with it.
            timeout: is not waited for; this module's bounds hold.

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
        if over.is_set():  # what came may end anywhere
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
            place = _printable(response.headers.get("Location", "nowhere"))
            raise self.failure(f"it redirects to {place}, which is not followed")
        if not 200 <= response.status < 300:
            said = _printable(body.decode("utf-8", "replace")) or "nothing more"
            reason = _printable(response.reason)
            raise self.failure(f"it answers {response.status} {reason}, and says: {said}")
        return Answer(response.status, body)


@contextmanager
def _shut_after(seconds: float, connected: socket.socket, over: Event) -> Iterator[None]:
    """Break a connection off after so many seconds, whatever it is doing then, and set `over`."""
    with connected.dup() as handle:  # stays usable when TLS or http.client closes its own

        def shut() -> None:
            over.set()
            with suppress(OSError):  # the other side was faster
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
        return f"no whole answer within {ANSWER_SECONDS:g} s"
    if isinstance(error, TimeoutError):
        return f"no connection within {CONNECT_SECONDS:g} s"
    return _printable(getattr(error, "strerror", None) or str(error)) or type(error).__name__


def _printable(text: str) -> str:
    """Return the beginning of what a server says, as it may stand in a message."""
    return "".join(c if c.isprintable() else " " for c in text[:SHOWN]).strip()
