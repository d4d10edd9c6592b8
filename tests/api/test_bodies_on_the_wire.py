"""Bodies that are late, long, in chunks, or never whole (D11, D37)."""

from __future__ import annotations

import asyncio
import socket

import pytest

from connect_appointments.settings import ServeSettings
from connect_appointments.web.server.timeouts import Timeouts
from tests.api.wire import (
    LONGEST_WAIT_SECONDS,
    Serve,
    cancel_bytes,
    is_cancelled,
    on_the_wire,
    open_wire,
    spell,
    still_works,
)
from tests.api_client import CREATE, Api

pytestmark = pytest.mark.engines("sqlite")

KIB = 1024
LARGEST = 16 * KIB


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop of `serve`."""
    return ("asyncio", {"use_uvloop": True})


def padded(request_id: int, size: int) -> bytes:
    """A cancel's body of exactly so many bytes."""
    body = b'{"appointmentRequestId":%d}' % request_id
    return body + b" " * (size - len(body))


def chunked(body: bytes, size: int = 1000) -> bytes:
    """A body in chunks."""
    parts = [body[n : n + size] for n in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])


@pytest.mark.parametrize("size", [LARGEST - 1, LARGEST], ids=["D11 16 KiB but one", "D11 exactly 16 KiB"])
@pytest.mark.parametrize("way", ["length", "chunks"])
async def test_d11_up_to_16_kib_is_taken(port: int, shared_api: Api, size: int, way: str) -> None:
    request_id = await shared_api.created(1)
    body, token = padded(request_id, size), shared_api.alice.token
    async with open_wire(port) as wire:
        if way == "length":
            await wire.send(spell(token, body))
        else:
            await wire.send(spell(token, Content_Length=None, Transfer_Encoding="chunked") + chunked(body))
        assert (await wire.answer()).status == 204
        await still_works(wire, shared_api)
    assert await is_cancelled(shared_api, request_id)


@pytest.mark.parametrize(
    "size", [LARGEST + 1, 64 * KIB, 1024 * KIB], ids=["D11 16 KiB and one", "D11 64 KiB", "D11 1 MiB"]
)
@pytest.mark.parametrize("way", ["length", "chunks"])
async def test_d11_over_16_kib_is_413_and_the_connection_ends(port: int, shared_api: Api, size: int, way: str) -> None:
    request_id = await shared_api.created(1)
    body, token = padded(request_id, size), shared_api.alice.token
    async with open_wire(port) as wire:
        if way == "length":
            wire.writer.write(spell(token, body))
        else:
            wire.writer.write(spell(token, Content_Length=None, Transfer_Encoding="chunked") + chunked(body))
        answer = await wire.answer()
        assert (answer.status, answer.code, answer.last) == (413, "body-too-large", True)
        assert await wire.ended()
    assert not await is_cancelled(shared_api, request_id)


async def test_d11_a_caller_that_sends_all_of_1_mb_before_it_reads_gets_to_read_the_413(
    port: int, shared_api: Api
) -> None:
    sent = spell(shared_api.alice.token, b" " * 1024 * KIB)
    answer = await asyncio.to_thread(send_all_then_read, port, sent)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"body-too-large" in answer


def send_all_then_read(port: int, data: bytes) -> bytes:
    """What a caller reads that looks at nothing before it has written everything."""
    with socket.create_connection(("127.0.0.1", port), timeout=LONGEST_WAIT_SECONDS) as connection:
        for place in range(0, len(data), 8 * KIB):
            connection.sendall(data[place : place + 8 * KIB])
        found = b""
        while more := connection.recv(65_536):
            found += more
        return found


async def test_d11_a_length_over_16_kib_is_413_before_any_byte_of_the_body(port: int, shared_api: Api) -> None:
    async with open_wire(port) as wire:
        await wire.send(spell(shared_api.alice.token, Content_Length=str(LARGEST + 1)))
        assert (await wire.answer()).status == 413
        assert await wire.ended()


@pytest.mark.parametrize("changes", [{"Authorization": None}, {"X-API-VERSION": None}, {"Content-Type": "text/plain"}])
async def test_what_is_refused_before_its_body_leaves_the_connection_in_step(
    port: int, shared_api: Api, changes: dict[str, str | None]
) -> None:
    async with open_wire(port) as wire:
        await wire.send(spell(shared_api.alice.token, b"x" * 1024 * KIB, **changes))
        assert (await wire.answer()).status in {400, 401, 415}
        await still_works(wire, shared_api)


async def test_expect_100_continue_is_answered_before_the_body(port: int, shared_api: Api) -> None:
    request_id = await shared_api.created(1)
    body = padded(request_id, 100)
    async with open_wire(port) as wire:
        await wire.send(spell(shared_api.alice.token, Content_Length="100", Expect="100-continue"))
        assert await wire.interim() == "HTTP/1.1 100 Continue"
        await wire.send(body)
        assert (await wire.answer()).status == 204
        await still_works(wire, shared_api)


@pytest.mark.parametrize(
    ("status", "changes"),
    [(401, {"Authorization": None}), (415, {"Content-Type": None}), (413, {"Content-Length": str(LARGEST + 1)})],
)
async def test_expect_100_continue_of_what_is_refused_is_the_refusal_and_the_connection_ends(
    port: int, shared_api: Api, status: int, changes: dict[str, str | None]
) -> None:
    async with open_wire(port) as wire:
        await wire.send(spell(shared_api.alice.token, **{"Content-Length": "100", "Expect": "100-continue", **changes}))
        answer = await wire.answer()
        # Whether the body comes after all is the caller's choice, so that what follows could not be told from it.
        assert (answer.status, answer.last) == (status, True)
        assert await wire.ended()


@pytest.mark.parametrize("sent", [b"", b'{"appointmentRequestId":'])
async def test_d37_a_body_that_stops_half_way_is_408_and_the_connection_ends(serve: Serve, sent: bytes) -> None:
    async with serve() as api, on_the_wire(api, Timeouts(body_seconds=0.2)) as port:
        request_id = await api.created(1)
        async with open_wire(port) as wire:
            whole = cancel_bytes(api.alice.token, request_id)
            head, _, _ = whole.partition(b"\r\n\r\n")
            await wire.send(head + b"\r\n\r\n" + sent)
            answer = await wire.answer()
            assert (answer.status, answer.code, answer.last) == (408, "body-timeout", True)
            assert await wire.ended()
        assert not await is_cancelled(api, request_id)


async def test_d37_a_body_that_trickles_is_408_though_it_never_pauses(serve: Serve) -> None:
    async with (
        serve() as api,
        on_the_wire(api, Timeouts(body_seconds=0.3)) as port,
        open_wire(port) as wire,
    ):
        await wire.send(spell(api.alice.token, Content_Length=str(LARGEST)))

        async def trickle() -> None:
            while True:
                await wire.send(b" ")
                await asyncio.sleep(0.01)

        trickling = asyncio.create_task(trickle())
        answer = await wire.answer()
        trickling.cancel()
        assert (answer.status, answer.last) == (408, True)


async def test_d37_the_limit_is_10_s_unless_configured() -> None:
    assert Timeouts().body_seconds == ServeSettings.model_fields["body_timeout_seconds"].default == 10


@pytest.mark.parametrize("how", ["closes", "half-closes"])
@pytest.mark.parametrize("cut", [1, 10, 80, 100])
async def test_a_caller_that_goes_in_the_middle_of_its_body_changes_nothing(
    port: int, shared_api: Api, cut: int, how: str
) -> None:
    request_id = await shared_api.created(1)
    async with open_wire(port) as wire:
        # With white space at its end, so that what came is JSON already.
        await wire.send(spell(shared_api.alice.token, padded(request_id, 100))[:-cut])
        if how == "half-closes":
            wire.half_close()
            assert await wire.ended()
    assert not await is_cancelled(shared_api, request_id)


async def test_a_get_with_a_body_is_answered_and_the_connection_stays_in_step(port: int, shared_api: Api) -> None:
    request_id, _ = await shared_api.opened(1)
    async with open_wire(port) as wire:
        await wire.send(spell(shared_api.alice.token, b"{}" * 5000, line=f"GET {CREATE}/{request_id} HTTP/1.1"))
        assert (await wire.answer("GET")).status == 200
        await still_works(wire, shared_api)
