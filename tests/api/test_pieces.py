"""It does not matter in which pieces the bytes of a connection arrive."""

from __future__ import annotations

import asyncio
import random
import re

import pytest

from connect_appointments.web.api.request import Request, ServerContext
from connect_appointments.web.api.response import Response
from connect_appointments.web.server.connection import Connection, Connections
from connect_appointments.web.server.timeouts import Timeouts
from tests.api.test_pipelines import Line

STREAMS = 300
MOST_PIECES = 11
TURNS = 30
"""Of the event loop: enough for every request of a stream."""
MESSAGES = [
    b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\r\n\r\nGET /b?x HTTP/1.1\r\n\r\n",
    b"GET http://a/c HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"HEAD /d HTTP/1.1\r\nX-Request-Id: e\r\n\r\n",
    b"POST /f HTTP/1.1\r\nContent-Length: 9\r\n\r\n\r\n\r\nGET  ",
    b"POST /g HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\r\n \r\n1;x\r\na\r\n0\r\nHost: a\r\n\r\n",
    b"POST /h HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nhi",
    b"POST /i HTTP/1.1\r\nTransfer-Encoding: chunked\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n1\r\na\r\n0\r\n\r\n",
    b"POST /j HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
    b"POST /k HTTP/1.1\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20_000,
]
LAST = [
    b"GET /l HTTP/1.1\r\nConnection: close\r\n\r\n",
    b"GET /m HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET  /n HTTP/1.1\r\n\r\n",
    b"GET /o  HTTP/1.1\r\n\r\n",
    b"GET /p#q HTTP/1.1\r\n\r\n",
    b"GET /r HTTP/2.0\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\n\r\n",
    b"POST /s HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"POST /t HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n",
    b"GET /" + b"u" * 40_000 + b" HTTP/1.1\r\n\r\n",
    b"hello\r\n\r\n",
]


async def handler(request: Request) -> Response:
    """Say what was read."""
    body = b"" if request.path == "/k" else await request.read_body()
    said = f"{request.method} {request.path} {body!r} {sorted(request.headers)} {sorted(request.repeated)}"
    return Response(200, said.encode(), b"text/plain")


async def answers_to(pieces: list[bytes]) -> tuple[bytes, bool]:
    """Everything that is written, but for ids of its own, and whether the connection ends."""
    connection = Connection(Connections(handler, ServerContext(None), Timeouts()))
    line = Line()
    connection.connection_made(line)
    for piece in pieces:
        connection.data_received(piece)
        for _ in range(TURNS):
            await asyncio.sleep(0)
    ids = rb"[0-9a-f]{16}-[0-9a-f]+|[0-9a-f-]{36}|content-length: \d+"
    return re.sub(ids, b"", b"".join(line.writes)), line.closed


def cut(data: bytes, chance: random.Random) -> list[bytes]:
    """The same bytes in pieces."""
    places = sorted(chance.randrange(len(data)) for _ in range(chance.randrange(MOST_PIECES)))
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True) if start < end]


@pytest.mark.parametrize("seed", range(STREAMS))
async def test_the_answers_are_the_same_in_whatever_pieces_a_stream_arrives(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same streams in every run
    messages = chance.choices(MESSAGES, k=chance.randrange(6)) + chance.choices([*LAST, b""], k=1)
    data = b"".join(messages)
    if data:
        found = await answers_to(cut(data, chance))
        assert found == await answers_to([data])
        assert found[1] is bool(messages[-1])


@pytest.mark.parametrize("message", MESSAGES[:-1])
async def test_a_request_sent_byte_by_byte_gets_what_it_gets_at_once(message: bytes) -> None:
    found = await answers_to([message[place : place + 1] for place in range(len(message))])
    assert found == await answers_to([message])
    assert b" 200 OK" in found[0]
