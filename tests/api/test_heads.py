"""Heads that are too large, of too many fields, or behind a body."""

from __future__ import annotations

import asyncio

import pytest

from connect_appointments.web.server.reader import MAX_HEAD_BYTES, MAX_LINE_BYTES
from tests.api.test_bodies_on_the_wire import send_all_then_read
from tests.api.wire import RawAnswer, Wire, cancel_bytes, is_cancelled, open_wire, spell, still_works
from tests.api_client import Api

pytestmark = pytest.mark.engines("sqlite")

KIB = 1024


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop of `serve`."""
    return ("asyncio", {"use_uvloop": True})


def head_bytes(request: bytes) -> int:
    """The size of the target and of the fields with their ends of line."""
    line, _, fields = request.partition(b"\r\n\r\n")[0].partition(b"\r\n")
    return len(line.split()[1]) + len(fields) + 2


def check_refused(answer: RawAnswer) -> None:
    assert (answer.status, answer.code, answer.last) == (431, "head-too-large", True)


@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize(("over", "status"), [(0, 204), (1, 431)])
async def test_a_head_of_32_kib_is_taken_and_one_byte_more_is_431(
    port: int, shared_api: Api, over: int, status: int, before: int
) -> None:
    request_id = await shared_api.created(1)
    token = shared_api.alice.token
    room = MAX_HEAD_BYTES - head_bytes(cancel_bytes(token, request_id, X_Padding=""))
    async with open_wire(port) as wire:
        for _ in range(before):
            await still_works(wire, shared_api)
        await wire.send(cancel_bytes(token, request_id, X_Padding="x" * (room + over)))
        answer = await wire.answer()
        assert (answer.status, answer.last) == (status, status == 431)
    assert await is_cancelled(shared_api, request_id) is (status == 204)


@pytest.mark.parametrize(("more", "status"), [(95, 204), (96, 431)])
async def test_100_fields_are_taken_and_one_more_is_431(port: int, shared_api: Api, more: int, status: int) -> None:
    request_id = await shared_api.created(1)
    sent = cancel_bytes(shared_api.alice.token, request_id, X_Padding=["x"] * more)
    assert sent.count(b"\r\n") - 2 == 5 + more
    async with open_wire(port) as wire:
        await wire.send(sent)
        assert (await wire.answer()).status == status
    assert await is_cancelled(shared_api, request_id) is (status == 204)


ENDLESS = {
    "a target": b"GET /" + b"x" * 1024 * KIB,
    "one field": b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 1024 * KIB,
    "the name of a field": b"GET / HTTP/1.1\r\nHost: a\r\n" + b"x" * 1024 * KIB,
    "many fields": b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 100_000,
    "the size of a chunk": b"POST /nowhere HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;" + b"x" * 1024 * KIB,
    "a field behind the chunks": b"POST /nowhere HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na: "
    + b"x" * 1024 * KIB,
    "fields behind the chunks": b"POST /nowhere HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    + b"a: b\r\n" * 100_000,
}


@pytest.mark.parametrize("sent", ENDLESS.values(), ids=ENDLESS)
async def test_what_never_ends_is_refused_and_the_refusal_can_be_read(port: int, sent: bytes) -> None:
    said = await asyncio.to_thread(send_all_then_read, port, sent)
    # What is behind a head may come after its answer; then there is no other.
    assert said.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 404 "))
    assert said.count(b"HTTP/1.1 ") == 1


async def test_a_head_that_never_ends_is_refused_soon_after_32_kib(port: int) -> None:
    async with open_wire(port) as wire:
        await wire.send(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * (MAX_HEAD_BYTES + MAX_LINE_BYTES))
        check_refused(await wire.answer())


async def test_many_requests_in_one_piece_are_not_one_large_head(port: int, shared_api: Api) -> None:
    async with open_wire(port) as wire:
        await wire.send(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n" * 3000 + b"GET /livez HTTP/1.1\r\n")
        assert {(await wire.answer("GET")).status for _ in range(3000)} == {200}
        await wire.send(b"Host: a\r\n\r\n")
        assert (await wire.answer("GET")).status == 200
        await still_works(wire, shared_api)


async def test_a_large_head_behind_a_request_is_refused_after_its_answer(port: int, shared_api: Api) -> None:
    request_id = await shared_api.created(1)
    async with open_wire(port) as wire:
        await wire.send(cancel_bytes(shared_api.alice.token, request_id) + b"GET /" + b"x" * 64 * KIB)
        assert (await wire.answer()).status == 204
        check_refused(await wire.answer())


async def cancelled_with(wire: Wire, head: bytes, request_id: int, trailer: bytes) -> int:
    """The status of a cancel in chunks, with fields behind its body."""
    body = b'{"appointmentRequestId":%d}' % request_id
    await wire.send(head + b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(body), body, trailer))
    return (await wire.answer()).status


async def test_fields_behind_a_body_are_not_among_the_headers(port: int, shared_api: Api) -> None:
    request_id = await shared_api.created(1)
    token = shared_api.alice.token
    bearer = f"Authorization: Bearer {token}\r\n".encode()
    async with open_wire(port) as wire:
        head = spell(token, Authorization=None, Content_Length=None, Transfer_Encoding="chunked")
        assert await cancelled_with(wire, head, request_id, bearer) == 401
        head = spell(token, Content_Length=None, Transfer_Encoding="chunked")
        assert await cancelled_with(wire, head, request_id, bearer) == 204
        await still_works(wire, shared_api)
