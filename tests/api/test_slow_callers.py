"""Callers that keep a connection waiting: each is let go in time, and nobody else notices."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from connect_appointments.web.server.timeouts import Timeouts
from tests.api.wire import LONGEST_WAIT_SECONDS, Wire, on_the_wire, open_wire, spell
from tests.api_client import Api

pytestmark = pytest.mark.engines("sqlite")

SHORT = Timeouts(head_seconds=0.2, body_seconds=0.2, idle_seconds=0.4)


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop of `serve`."""
    return ("asyncio", {"use_uvloop": True})


@pytest.fixture(scope="module")
async def port(shared_api: Api) -> AsyncIterator[int]:
    """The service with little timeouts."""
    async with on_the_wire(shared_api, SHORT) as found:
        yield found


@asynccontextmanager
async def trickling(wire: Wire, piece: bytes) -> AsyncIterator[None]:
    """Send it again and again, until nobody takes it any more."""

    async def send() -> None:
        while True:
            await wire.send(piece)
            await asyncio.sleep(0.01)

    task = asyncio.create_task(send())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


BEGUN = {
    "one byte": b"G",
    "a line": b"POST / HTTP/1.1\r\n",
    "all but the last byte": b"POST / HTTP/1.1\r\nHost: a\r\n\r",
}


@pytest.mark.parametrize("sent", BEGUN.values(), ids=BEGUN)
async def test_a_head_that_stops_half_way_is_408_and_the_connection_ends(port: int, sent: bytes) -> None:
    async with open_wire(port) as wire:
        await wire.send(sent)
        answer = await wire.answer()
        assert (answer.status, answer.code, answer.last) == (408, "head-timeout", True)
        assert await wire.ended()


async def test_a_head_that_trickles_is_408_though_it_never_pauses(port: int) -> None:
    async with open_wire(port) as wire:
        await wire.send(b"GET / HTTP/1.1\r\nX-Long: ")
        async with trickling(wire, b"x"):
            assert (await wire.answer()).code == "head-timeout"


async def test_a_head_that_stops_half_way_behind_an_answer_is_408_too(port: int) -> None:
    async with open_wire(port) as wire:
        await wire.send(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\nGET /livez")
        assert (await wire.answer("GET")).status == 200
        assert (await wire.answer("GET")).code == "head-timeout"


async def test_a_connection_on_which_nothing_is_asked_ends_without_a_word(port: int) -> None:
    async with open_wire(port) as wire:
        assert await wire.ended()


async def test_a_connection_on_which_nothing_more_is_asked_ends_without_a_word(port: int) -> None:
    async with open_wire(port) as wire:
        await wire.send(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await wire.answer("GET")).status == 200
        assert await wire.ended()


async def test_empty_lines_are_not_a_request_and_keep_no_connection_open(port: int) -> None:
    async with open_wire(port) as wire, trickling(wire, b"\r\n"):
        assert await wire.ended()


async def test_a_caller_that_asks_again_and_again_is_never_cut_off(port: int) -> None:
    async def two_idle_ones() -> bool:
        for _ in range(2):
            async with open_wire(port) as idle:
                assert await idle.ended()
        return True

    async with open_wire(port) as busy:
        ended = asyncio.create_task(two_idle_ones())
        while not ended.done():
            await busy.send(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await busy.answer("GET")).status == 200
            await asyncio.sleep(SHORT.idle_seconds / 8)  # so that it is idle whenever it is looked at
        assert ended.result()


@pytest.mark.parametrize("piece", [b"", b" "], ids=["never comes", "trickles"])
async def test_a_body_that_was_refused_and_never_ends_holds_no_connection(
    port: int, shared_api: Api, piece: bytes
) -> None:
    async with open_wire(port) as wire:
        await wire.send(spell(shared_api.alice.token, Authorization=None, Content_Length="10000"))
        assert (await wire.answer()).status == 401
        async with trickling(wire, piece):
            assert await wire.ended()


async def test_a_caller_that_reads_no_answer_is_cut_off(port: int) -> None:
    asked = 500
    loop = asyncio.get_running_loop()
    with socket.socket() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        caller.settimeout(0)
        await loop.sock_connect(caller, ("127.0.0.1", port))
        await loop.sock_sendall(caller, b"GET /openapi/v7.json HTTP/1.1\r\nHost: a\r\n\r\n" * asked)
        for _ in range(3):  # each is idle for as long as this one may keep the server waiting
            async with open_wire(port) as idle:
                assert await idle.ended()
        found = b""
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            while more := await loop.sock_recv(caller, 2**20):
                found += more
    assert 0 < found.count(b"HTTP/1.1 200") < asked


async def test_the_limits_are_10_and_75_s() -> None:
    assert Timeouts() == Timeouts(head_seconds=10, body_seconds=10, idle_seconds=75)
