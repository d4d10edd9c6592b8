"""One keep-alive connection: a request out, a response back, as lean as a load needs it."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any, NamedTuple
from urllib.parse import urlsplit

_NO_CONTENT = 204
_CLOSE_WAIT = 8


class Response(NamedTuple):
    """A whole answer. head: its first line and its headers, all in lower case."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> bytes:
        """The first value of a header, whose name is in lower case; empty where there is none."""
        return _header(self.head, name)


class NotConnectedError(Exception):
    """No server took the connection: nothing was sent."""


class Connection:
    """One keep-alive HTTP/1.1 connection to one server, opened when it is needed. One call at a time.

    told_to_close: whether the last answer said that the server would end the connection.
    dropped: how many requests the server had read, and then ended the connection in order without a byte of an answer.
    """

    def __init__(self, base_url: str) -> None:
        self.told_to_close = False
        self.dropped = 0
        parts = urlsplit(base_url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self._line: _Line | None = None

    async def exchange(self, request: bytes) -> Response:
        """Send one request and read its whole answer.

        Raises NotConnectedError if nothing was sent, and OSError or EOFError if the outcome is unknown.
        """
        line = self._line
        if line is None or line.over:
            line = await self._open()
        try:
            response = await line.ask(request)
        except BaseException:
            self.dropped += line.dropped
            self.close()
            raise
        self.told_to_close = response.header(b"connection") == b"close"
        if self.told_to_close:
            self.close()
        return response

    async def send(self, piece: bytes) -> None:
        """Send a piece of a request, and expect nothing."""
        (await self._open()).transport.write(piece)

    async def ended(self) -> float:
        """Wait until the server ends the idle connection; when it did, by the loop's clock."""
        await (await self._open()).lost
        return asyncio.get_running_loop().time()

    async def _open(self) -> _Line:
        """The open connection; one that the server has ended while it was idle is replaced."""
        if self._line and self._line.over:
            self.close()
        if not self._line:
            loop = asyncio.get_running_loop()
            try:
                _, self._line = await loop.create_connection(lambda: _Line(loop), self.host, self.port)
            except OSError as error:
                raise NotConnectedError from error
        return self._line

    def close(self) -> None:
        """Begin to end the connection, if there is one."""
        if self._line:
            self._line.transport.close()
            self._line = None

    async def end(self) -> None:
        """End the connection, if there is one, and wait until it has ended."""
        if self._line:
            line = self._line
            self.close()
            await line.lost


class _Line(asyncio.Protocol):
    """The connection itself.

    over: whether the other end has ended it. lost: done when nothing is left of it.
    dropped: whether the other end had read a request when it ended it in order without a byte of an answer.
    """

    transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.over = False
        self.dropped = False
        self.lost = loop.create_future()
        self._loop = loop
        self._data = b""
        self._answer: asyncio.Future[Response] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    async def ask(self, request: bytes) -> Response:
        self._answer = self._loop.create_future()
        self.transport.write(request)
        try:
            return await self._answer
        finally:
            self._answer = None

    def data_received(self, data: bytes) -> None:
        self._data += data
        if self._answer is not None:
            self._look(self._answer, at_end=False)

    def eof_received(self) -> None:
        self.over = True
        if self._answer is not None and not self._answer.done():
            self.dropped = not self._data and self._everything_was_read()
            self._look(self._answer, at_end=True)
            self._fail(asyncio.IncompleteReadError(self._data, None))

    def connection_lost(self, error: Exception | None) -> None:
        self.over = True
        self._fail(error or asyncio.IncompleteReadError(self._data, None))
        if not self.lost.done():
            self.lost.set_result(None)

    def _look(self, answer: asyncio.Future[Response], *, at_end: bool) -> None:
        """See whether the answer is whole; one of no told length is when the connection has ended."""
        head, end, body = self._data.partition(b"\r\n\r\n")
        if not end or answer.done():
            return
        head, status = head.lower(), int(head[9:12])
        told = b"0" if status == _NO_CONTENT else _header(head, b"content-length")
        length = int(told) if told else len(body)
        if len(body) >= length and (told or at_end):
            self._data = body[length:]
            answer.set_result(Response(status, head, body[:length]))

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _everything_was_read(self) -> bool:
        """Whether the other end had read all that was sent before its end: if not, the system resets it."""
        with socket.socket(fileno=os.dup(self.transport.get_extra_info("socket").fileno())) as its:
            return its.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _CLOSE_WAIT


def _header(head: bytes, name: bytes) -> bytes:
    _, found, rest = head.partition(b"\r\n%b:" % name)
    return rest.partition(b"\r\n")[0].strip() if found else b""
