"""What goes out in one piece is, byte for byte, what uvicorn sends in two; anything else is left to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from connect_appointments.web.api.shell import Serving
from connect_appointments.web.server.protocol import Patience, Protocol
from tests.api.test_pipelines import Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Receive, Scope, Send

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = GET.replace(b"GET", b"HEAD")
LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
OLD = b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
TWO = (b"content-length", b"2")

ANSWERS: dict[str, tuple[int, list[tuple[bytes, bytes]], list[bytes]]] = {
    "nothing": (204, [(b"x-a", b"1"), (b"x-a", b"2")], [b""]),
    "a body": (200, [(b"x-a", b"1"), TWO], [b"ok"]),
    "no length": (200, [], [b"ok"]),
    "no length and no body": (200, [], [b""]),
    "a length of nothing": (200, [(b"content-length", b"0")], [b""]),
    "in two pieces": (200, [TWO], [b"o", b"k"]),
    "in two pieces without a length": (200, [], [b"o", b"k"]),
    "the last one": (200, [TWO, (b"connection", b"close")], [b"ok"]),
    "in chunks": (200, [(b"transfer-encoding", b"chunked")], [b"ok"]),
    "longer than it says": (200, [(b"content-length", b"1")], [b"ok"]),
    "shorter than it says": (200, [(b"content-length", b"3")], [b"ok"]),
    "not modified": (304, [], [b""]),
}


class Kept(Line):
    """A connection that keeps what is written on it."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:  # type: ignore[override]
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True


async def answered(protocol: Any, request: bytes, app: Any) -> Kept:
    """What is written in answer to a request."""
    config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", access_log=False)
    config.load()
    connection = protocol(config=config, server_state=ServerState(), app_state={})
    line = Kept()
    connection.connection_made(line)
    connection.data_received(request)
    await asyncio.gather(*connection.tasks)
    return line


def ours(**of_uvicorn: Any) -> Protocol:
    return Protocol(Serving(None), Patience(), **of_uvicorn)


def app_of(status: int, headers: Sequence[tuple[bytes, bytes]], pieces: Sequence[bytes]) -> Any:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for number, piece in enumerate(pieces, 1):
            await send({"type": "http.response.body", "body": piece, "more_body": number < len(pieces)})

    return app


@pytest.mark.parametrize("request_bytes", [GET, HEAD, LAST, OLD], ids=["GET", "HEAD", "last", "HTTP/1.0"])
@pytest.mark.parametrize("name", ANSWERS)
async def test_every_answer_is_what_uvicorn_sends(name: str, request_bytes: bytes) -> None:
    app = app_of(*ANSWERS[name])
    found, wanted = await answered(ours, request_bytes, app), await answered(HttpToolsProtocol, request_bytes, app)
    assert b"".join(found.writes) == b"".join(wanted.writes)
    assert found.closed == wanted.closed


async def test_nobody_is_told_to_go_on_behind_an_answer() -> None:
    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await app_of(204, [], [b""])(_scope, receive, send)
        await receive()

    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"
    assert (await answered(ours, request, app)).writes == [b"HTTP/1.1 204 No Content\r\n\r\n"]


@pytest.mark.parametrize("name", ["nothing", "a body"])
async def test_a_whole_answer_is_one_piece(name: str) -> None:
    assert len((await answered(ours, GET, app_of(*ANSWERS[name]))).writes) == 1


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb"])
@pytest.mark.parametrize("where", ["name", "value"])
async def test_a_line_end_in_a_field_never_gets_out(where: str, value: bytes) -> None:
    field = (b"x-a", value) if where == "value" else (value, b"x")
    sent = b"".join((await answered(ours, GET, app_of(204, [field], [b""]))).writes)
    assert sent.startswith(b"HTTP/1.1 500 ")
    assert value not in sent


async def test_an_application_that_fails_behind_its_head_is_a_500() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        raise ValueError

    sent = b"".join((await answered(ours, GET, app)).writes)
    assert sent.startswith(b"HTTP/1.1 500 ")
    assert b"204" not in sent
