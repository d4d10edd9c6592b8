"""An HTTP request: its parsed head, and the part of its body that has arrived."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
from collections.abc import Callable, Collection, Mapping

from connect_appointments.telemetry.outage import Outage
from connect_appointments.web.api.refusals import BodyTooLarge, InvalidHost

MAX_BODY_BYTES = 16 * 1024

_request_id = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_host = re.compile(rb"[A-Za-z0-9._~:\[\]-]{1,255}")


class ConnectionLost(Exception):
    """The connection was lost or broken before the request was complete: no response is written."""


class ServerContext:
    """The state shared by all responses of a process: the public URL, and whether the process is draining."""

    def __init__(
        self, public_url: str | None, trusted_proxies: frozenset[str] = frozenset(), outage: Outage | None = None
    ) -> None:
        """Create the context, not draining.

        public_url: without a trailing slash; None trusts the request's Host header, which only the sandbox does.
        trusted_proxies: addresses whose X-Forwarded-Host and -Proto override the Host header.
        outage: the outage of the database; None creates one that is not shared.
        """
        self.outage = outage or Outage()
        self.public_url = public_url
        self.trusted_proxies = trusted_proxies
        self.draining = False
        # A random prefix per process and a counter: a random number per request would cost a system call.
        self._request_ids = map("{}-{:x}".format, itertools.repeat(os.urandom(8).hex()), itertools.count(1))

    def new_request_id(self) -> str:
        """A new, unique request id."""
        return next(self._request_ids)


class Request:
    """A request.

    path: the raw path, without the query.
    query: the raw query string, empty if there is none.
    headers: by lower-case name; the last value of a repeated name.
    repeated: the names of repeated headers.
    headers_after: additional header fields of the response, whatever its status.
    body: the whole body if it has already arrived, empty before; `read_body` waits for it.
    """

    __slots__ = (
        "_body",
        "_error",
        "_send_continue",
        "_waiter",
        "base_url",
        "body",
        "context",
        "headers",
        "headers_after",
        "is_complete",
        "method",
        "owes_continue",
        "path",
        "query",
        "repeated",
        "request_id",
    )

    def __init__(
        self,
        context: ServerContext,
        method: str,
        path: str,
        headers: Mapping[bytes, bytes],
        repeated: Collection[bytes] = (),
        client: str = "",
        query: str = "",
    ) -> None:
        """`client` is the address of the caller, or of the proxy in front of this server."""
        self.context = context
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.repeated = repeated
        self.headers_after: tuple[tuple[bytes, bytes], ...] = ()
        sent = headers.get(b"x-request-id")
        self.request_id = context.new_request_id() if sent is None else self._plain_id(sent) or context.new_request_id()
        self.base_url = context.public_url or self._host_url(client in context.trusted_proxies)
        self.is_complete = False
        self.body = b""
        self.owes_continue = b"expect" in headers
        self._send_continue: Callable[[], None] | None = None
        self._body = b""
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    def _plain_id(self, sent: bytes) -> str | None:
        """The X-Request-Id of the caller, if it has only permitted characters."""
        is_plain = b"x-request-id" not in self.repeated and _request_id.fullmatch(sent)
        return sent.decode("ascii") if is_plain else None

    def _host_url(self, is_proxied: bool) -> str:  # noqa: FBT001 - whether the forwarded headers are believed
        """The base URL according to the caller or a trusted proxy; empty if the headers are invalid."""
        host, scheme = self.headers.get(b"host"), b"http"
        if is_proxied:
            host = self.headers.get(b"x-forwarded-host") or host
            scheme = self.headers.get(b"x-forwarded-proto") or scheme
        if host is None or not _host.fullmatch(host) or scheme not in {b"http", b"https"}:
            return ""
        return f"{scheme.decode('ascii')}://{host.decode('ascii')}"

    def check_host(self) -> None:
        """Raise `InvalidHost` unless there is exactly one Host header, with a host and an optional port."""
        host = self.headers.get(b"host")
        if host is None or b"host" in self.repeated or not _host.fullmatch(host):
            raise InvalidHost

    async def read_body(self) -> bytes:
        """Wait for the whole body. Raises `BodyTooLarge`, `BodyTimeout`, or `ConnectionLost`."""
        self.owes_continue = False
        if self._send_continue is not None:
            self._send_continue()
            self._send_continue = None
        while not self.is_complete and self._error is None and len(self._body) <= MAX_BODY_BYTES:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self._error is not None:
            raise self._error
        if len(self._body) > MAX_BODY_BYTES:
            raise BodyTooLarge
        return self._body

    def expect_continue(self, send_continue: Callable[[], None]) -> None:
        """Call `send_continue` before the body is read."""
        self._send_continue = send_continue

    def add_body(self, piece: bytes) -> None:
        """Append a part of the body; the rest of a body that is too large is discarded."""
        if len(self._body) <= MAX_BODY_BYTES:
            self._body += piece
            if len(self._body) > MAX_BODY_BYTES:
                self._wake()

    def end_body(self) -> None:
        """Mark the body as complete."""
        self.is_complete = True
        if self._send_continue is None and not self.owes_continue and len(self._body) <= MAX_BODY_BYTES:
            self.body = self._body
        self._wake()

    def fail_body(self, error: Exception) -> None:
        """Make `read_body` raise the error."""
        self._error = error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
