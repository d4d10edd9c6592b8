"""The service behind a real socket, and clients that write bytes to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from connect_appointments.web.server.server import bind, serving_on
from connect_appointments.web.server.timeouts import Timeouts
from tests.api_client import CANCEL, Api
from tests.documents import check_six_headers

LONGEST_WAIT_SECONDS = 20

Serve = Callable[..., AbstractAsyncContextManager[Api]]
"""What the `serve` fixture is."""


@dataclass(frozen=True)
class RawAnswer:
    """An answer as it came: the status line, the header fields in their order, the body."""

    status_line: str
    fields: list[tuple[str, str]]
    body: bytes

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.status_line.split(" ")[1])

    @property
    def code(self) -> str | None:
        """The code of a problem; None when there is no body."""
        return str(json.loads(self.body)["code"]) if self.body else None

    def values(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for field, value in self.fields if field.lower() == name.lower()]

    @property
    def last(self) -> bool:
        """Whether the server said that it closes the connection."""
        return self.values("connection") == ["close"]


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """`open_wire` makes one."""
        self._reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Write some bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, verb: str = "POST") -> RawAnswer:
        """The next answer, held against the six headers; fails when none comes."""
        found = await self.bare_answer(verb)
        check_six_headers([(name.lower(), value) for name, value in found.fields])
        return found

    async def bare_answer(self, verb: str = "POST") -> RawAnswer:
        """The next answer, whatever its headers are."""
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status_line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
            fields = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
            length = next((int(value) for name, value in fields if name.lower() == "content-length"), 0)
            body = await self._reader.readexactly(0 if verb == "HEAD" else length)
        return RawAnswer(status_line, fields, body)

    async def interim(self) -> str:
        """The status line of an interim answer."""
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            return (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip()

    async def rest(self) -> bytes:
        """Everything until the server closes the connection."""
        try:
            return await self._reader.read()
        except ConnectionResetError:
            return b""

    async def ended(self) -> bool:
        """Whether the server closes the connection with nothing more to say."""
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            try:
                return await self._reader.read(1) == b""
            except ConnectionResetError:
                return True

    def half_close(self) -> None:
        """Say that nothing more will be written."""
        self.writer.write_eof()


@asynccontextmanager
async def open_wire(port: int) -> AsyncIterator[Wire]:
    """A connection to the service."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


@asynccontextmanager
async def on_the_wire(api: Api, timeouts: Timeouts | None = None) -> AsyncIterator[int]:
    """Serve it on a free port of this machine; give the port."""
    listener = bind("127.0.0.1", 0)
    port: int = listener.getsockname()[1]
    parts = api.parts
    async with serving_on(listener, parts.app, parts.context, drain_seconds=0, shutdown_seconds=1, timeouts=timeouts):
        yield port


def spell(
    token: str, body: bytes = b"", *, line: str = f"POST {CANCEL} HTTP/1.1", **changes: str | list[str] | None
) -> bytes:
    """The bytes of a request.

    changes: header fields by name, with _ for -; None leaves a default out, a list makes it stand more than once.
    """
    fields: dict[str, Any] = {
        "Host": "localhost:8080",
        "Authorization": f"Bearer {token}",
        "X-API-VERSION": "7",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    lines = [line]
    for name, value in fields.items():
        values = value if isinstance(value, list) else [value]
        lines += [f"{name}: {item}" for item in values if item is not None]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def cancel_bytes(token: str, request_id: int, **changes: str | list[str] | None) -> bytes:
    """The bytes of a cancel."""
    return spell(token, b'{"appointmentRequestId":%d}' % request_id, **changes)


async def everything_said(port: int, data: bytes) -> bytes:
    """What comes until the connection ends, which it must soon after the caller has no more to say."""
    async with open_wire(port) as wire:
        await wire.send(data)
        wire.half_close()
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            return await wire.rest()


async def still_works(wire: Wire, api: Api) -> None:
    """The connection takes another request and answers it right."""
    request_id = await api.created(1)
    await wire.send(cancel_bytes(api.alice.token, request_id))
    assert (await wire.answer()).status == 204
    assert (await api.alice.read(request_id)).json()["status"] == "cancelled"


async def is_cancelled(api: Api, request_id: int) -> bool:
    """Whether it is; otherwise it is as it was created."""
    found = await api.settled(lambda: api.alice.read(request_id))
    return {"cancelled": True, "open": False}[found.json()["status"]]
