"""The connection that callers use: what it reads, and what it makes of an end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from .connection import Connection, NotConnectedError

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\nServer: A\r\n\r\n"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def talk(handler: Handler, script: Callable[[Connection], Awaitable[None]]) -> None:
    """Let a script use a connection to a server."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await handler(reader, writer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        connection = Connection(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await script(connection)
        await connection.end()


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", b"ab"),
        (b"HTTP/1.1 200 OK\r\n\r\nall until the end", b"all until the end"),
        (NO_CONTENT, b""),
    ],
)
async def test_an_answer_is_whole_however_it_comes_in_pieces(answer: bytes, body: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for place in range(len(answer)):
            writer.write(answer[place : place + 1])
            await writer.drain()
            await asyncio.sleep(0)

    async def script(connection: Connection) -> None:
        assert (await connection.exchange(REQUEST)).body == body

    await talk(handler, script)


async def test_a_header_is_found_whatever_its_case() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(NO_CONTENT)

    async def script(connection: Connection) -> None:
        answer = await connection.exchange(REQUEST)
        assert (answer.header(b"server"), answer.header(b"erver")) == (b"a", b"")

    await talk(handler, script)


async def test_a_connection_that_was_ended_while_it_was_idle_is_replaced() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(NO_CONTENT)

    async def script(connection: Connection) -> None:
        await connection.exchange(REQUEST)
        await connection.ended()
        assert (await connection.exchange(REQUEST)).status == 204
        assert connection.dropped == 0

    await talk(handler, script)


async def test_a_request_that_was_read_and_never_answered_was_dropped() -> None:
    async def handler(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async def script(connection: Connection) -> None:
        with pytest.raises(EOFError):
            await connection.exchange(REQUEST)
        assert connection.dropped == 1

    await talk(handler, script)


@pytest.mark.parametrize("answered", [b"", NO_CONTENT[:9]])
async def test_a_request_was_not_dropped_that_was_not_read_or_was_answered_in_part(answered: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The rest stays unread, so that the system resets the connection.
        await reader.readexactly(1 if not answered else len(REQUEST))
        writer.write(answered)
        if not answered:
            writer.transport.abort()

    async def script(connection: Connection) -> None:
        with pytest.raises((OSError, EOFError)):
            await connection.exchange(REQUEST * 100_000 if not answered else REQUEST)
        assert connection.dropped == 0

    await talk(handler, script)


async def test_nothing_was_sent_where_nobody_listens() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    connection = Connection(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    server.close()
    await server.wait_closed()
    with pytest.raises(NotConnectedError):
        await connection.exchange(REQUEST)
