"""What goes out for a response is, byte for byte, what uvicorn sends for it, but in one piece."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from connect_appointments.web.api.request import Request, ServerContext
from connect_appointments.web.api.response import JSON, SECURITY_HEADERS, Response
from connect_appointments.web.server.connection import Connection, Connections
from connect_appointments.web.server.timeouts import Timeouts
from tests.api.test_pipelines import Line

GET = b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: b\r\n\r\n"
HEAD = GET.replace(b"GET", b"HEAD")
LAST = GET.replace(b"Host", b"Connection: close\r\nHost")
OLD = GET.replace(b"HTTP/1.1", b"HTTP/1.0\r\nConnection: keep-alive")

RESPONSES = {
    "nothing": Response(204),
    "nothing, with fields": Response(204, headers_after=((b"x-a", b"1"), (b"x-a", b"2"))),
    "a body": Response(200, b"{}", JSON),
    "an empty body": Response(202, headers_after=((b"retry-after", b"1"),)),
    "a field before the six": Response(201, headers_before=((b"location", b"/a"),)),
    "the last one": Response(413, b"{}", JSON, headers_after=((b"connection", b"close"),)),
}


def fields_of(response: Response) -> list[tuple[bytes, bytes]]:
    """Every header field in the documented order."""
    media_type = [] if response.media_type is None else [(b"content-type", response.media_type)]
    length = [] if response.status == 204 else [(b"content-length", b"%d" % len(response.body))]
    last = [*length, *response.headers_after, (b"x-request-id", b"b")]
    return [*response.headers_before, *media_type, *SECURITY_HEADERS, *last]


async def sent_by_uvicorn(request: bytes, response: Response) -> Line:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": response.status, "headers": fields_of(response)})
        await send({"type": "http.response.body", "body": response.body})

    config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", access_log=False)
    config.load()
    connection = HttpToolsProtocol(config=config, server_state=ServerState(), app_state={})
    line = Line()
    connection.connection_made(line)
    connection.data_received(request)
    await asyncio.gather(*connection.tasks)
    return line


async def sent_by_us(request: bytes, response: Response) -> Line:
    async def handler(_request: Request) -> Response:
        return response

    connection = Connection(Connections(handler, ServerContext(None), Timeouts()))
    line = Line()
    connection.connection_made(line)
    connection.data_received(request)
    await line.wait_for(1)
    return line


@pytest.mark.parametrize("request_bytes", [GET, HEAD, LAST, OLD], ids=["GET", "HEAD", "last", "HTTP/1.0"])
@pytest.mark.parametrize("response", RESPONSES.values(), ids=RESPONSES)
async def test_every_response_is_what_uvicorn_sends(response: Response, request_bytes: bytes) -> None:
    ours, theirs = await sent_by_us(request_bytes, response), await sent_by_uvicorn(request_bytes, response)
    assert ours.writes == [b"".join(theirs.writes)]
    assert ours.closed == theirs.closed


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb"])
@pytest.mark.parametrize("where", ["name", "value"])
async def test_a_line_end_in_a_field_never_gets_out(where: str, value: bytes) -> None:
    field = (b"x-a", value) if where == "value" else (value, b"x")
    line = await sent_by_us(GET, Response(204, headers_after=(field,)))
    assert line.writes[0].startswith(b"HTTP/1.1 500 ")
    assert value not in line.writes[0]
    assert line.closed


async def test_a_handler_that_fails_is_a_500() -> None:
    async def handler(_request: Request) -> Response:
        raise ValueError

    connection = Connection(Connections(handler, ServerContext(None), Timeouts()))
    line = Line()
    connection.connection_made(line)
    connection.data_received(GET)
    await line.wait_for(1)
    assert line.writes[0].startswith(b"HTTP/1.1 500 ")
    assert line.closed
