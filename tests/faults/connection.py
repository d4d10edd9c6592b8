"""One keep-alive connection: a request out, a response back, as lean as a load needs it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import NamedTuple
from urllib.parse import urlsplit

_NO_CONTENT = 204
_MAX_HEAD_BYTES = 65_536
_CLOSE_WAIT = 8


class Response(NamedTuple):
    """A whole answer. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


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
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def exchange(self, request: bytes) -> Response:
        """Send one request and read its whole answer.

        Raises NotConnectedError if nothing was sent, and OSError or EOFError if the outcome is unknown.
        """
        reader, writer = await self._open()
        try:
            writer.write(request)
            response = await _read_response(reader)
        except asyncio.IncompleteReadError as error:
            self.dropped += not error.partial and _everything_was_read(writer)
            self.close()
            raise
        except BaseException:
            self.close()
            raise
        self.told_to_close = response.headers.get("connection", "").lower() == "close"
        if self.told_to_close:
            self.close()
        return response

    async def send(self, piece: bytes) -> None:
        """Send a piece of a request, and expect nothing."""
        _, writer = await self._open()
        writer.write(piece)
        await writer.drain()

    async def ended(self) -> float:
        """Wait until the server ends the idle connection; when it did, by the loop's clock."""
        reader, _ = await self._open()
        with contextlib.suppress(OSError):
            await reader.read(1)
        return asyncio.get_running_loop().time()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The open connection; one that the server has ended while it was idle is replaced."""
        if self._streams and (self._streams[0].at_eof() or self._streams[1].is_closing()):
            self.close()
        if not self._streams:
            try:
                self._streams = await asyncio.open_connection(self.host, self.port, limit=_MAX_HEAD_BYTES)
            except OSError as error:
                raise NotConnectedError from error
        return self._streams

    def close(self) -> None:
        """Begin to end the connection, if there is one."""
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def end(self) -> None:
        """End the connection, if there is one, and wait until it has ended."""
        if self._streams:
            writer = self._streams[1]
            self.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def _everything_was_read(writer: asyncio.StreamWriter) -> bool:
    """Whether the other end had read all that was sent when it ended the connection: if not, the system resets it."""
    with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as its:
        return its.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _CLOSE_WAIT


async def _read_response(reader: asyncio.StreamReader) -> Response:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ", 2)[1])
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    if status == _NO_CONTENT:
        return Response(status, headers, b"")
    if "content-length" in headers:
        return Response(status, headers, await reader.readexactly(int(headers["content-length"])))
    return Response(status, headers, await reader.read(-1))
