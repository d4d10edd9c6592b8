"""What one connection can make the server hold: a caller who asks and asks waits until there is room for more."""

from __future__ import annotations

import asyncio

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from connect_appointments.web.api.shell import Serving
from connect_appointments.web.server.protocol import PIECE_BYTES, Patience, Protocol

SHORTEST = b"GET / HTTP/1.1\r\n\r\n"
MOST = PIECE_BYTES // len(SHORTEST) + 1
"""As many as one piece holds, or begins to."""
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Line(asyncio.Transport):
    """The server's end of a connection in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.reads = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


async def test_of_any_number_of_requests_only_a_few_are_held_and_all_are_answered() -> None:
    answering = asyncio.Event()
    held = 0

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal held
        await receive()
        await answering.wait()
        held = max(held, len(connection.pipeline))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    config = uvicorn.Config(app, log_config=None, lifespan="off")
    config.load()
    connection = Protocol(Serving(None), Patience(), config=config, server_state=ServerState(), app_state={})
    line = Line()
    connection.connection_made(line)
    count = 10_000
    connection.data_received(SHORTEST * count)
    await asyncio.sleep(0)  # the first of them begins
    assert not line.reads
    assert 0 < len(connection.pipeline) <= MOST
    answering.set()
    while line.sent.count(ANSWER) < count:
        await asyncio.sleep(0)
        assert line.reads is not bool(connection.pipeline)
    assert held <= MOST
    assert line.reads
