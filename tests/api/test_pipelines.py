"""What one connection can make the server hold: a caller who asks and asks waits until there is room for more."""

from __future__ import annotations

import asyncio

from connect_appointments.web.api.request import Request, ServerContext
from connect_appointments.web.api.response import NO_CONTENT, Response
from connect_appointments.web.server.connection import Connection, Connections
from connect_appointments.web.server.timeouts import Timeouts

SHORTEST = b"GET / HTTP/1.1\r\n\r\n"
ANSWER = b"HTTP/1.1 204 No Content\r\n"


class Line(asyncio.Transport):
    """The server's end of a connection in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.reads = True
        self.closed = self.closing = False
        self._written = asyncio.Event()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))
        self._written.set()

    async def wait_for(self, count: int) -> None:
        """Wait until so many writes were made."""
        while len(self.writes) < count:
            await self._written.wait()
            self._written.clear()

    def write_eof(self) -> None:
        self.closed = True

    def close(self) -> None:
        self.closed = self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


async def test_of_any_number_of_requests_one_is_handled_at_a_time_and_all_are_answered() -> None:
    answering = asyncio.Event()
    handled = most = 0

    async def handler(_request: Request) -> Response:
        nonlocal handled, most
        handled += 1
        most = max(most, handled)
        await answering.wait()
        handled -= 1
        return NO_CONTENT

    connection = Connection(Connections(handler, ServerContext(None), Timeouts()))
    line = Line()
    connection.connection_made(line)
    count = 10_000
    connection.data_received(SHORTEST * count)
    await asyncio.sleep(0)  # the first of them begins
    assert not line.reads
    answering.set()
    await line.wait_for(count)
    assert all(written.startswith(ANSWER) for written in line.writes)
    assert most == 1
    assert line.reads


async def test_nothing_more_is_handled_while_its_caller_reads_no_responses() -> None:
    async def handler(_request: Request) -> Response:
        return NO_CONTENT

    connection = Connection(Connections(handler, ServerContext(None), Timeouts()))
    line = Line()
    connection.connection_made(line)
    connection.pause_writing()
    connection.data_received(SHORTEST * 3)
    for _ in range(10):
        await asyncio.sleep(0)
    assert line.writes == []
    assert not line.reads
    connection.resume_writing()
    await line.wait_for(3)
    assert line.reads
