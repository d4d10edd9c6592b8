"""Several requests on one connection, and callers that close their half of it."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.wire import LONGEST_WAIT_SECONDS, cancel_bytes, is_cancelled, open_wire, spell, still_works
from tests.api_client import Api

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop of `serve`, whose transports differ from asyncio's own."""
    return ("asyncio", {"use_uvloop": True})


async def test_an_offer_to_upgrade_loses_no_pipelined_request(port: int, shared_api: Api) -> None:
    token = shared_api.alice.token
    request_id = await shared_api.created(1)
    offer = spell(token, line="GET /livez HTTP/1.1", Content_Length=None, Connection="Upgrade", Upgrade="websocket")
    async with open_wire(port) as wire:
        await wire.send(offer + cancel_bytes(token, request_id))
        assert (await wire.answer()).status == 200
        assert (await wire.answer()).status == 204


async def test_what_came_before_bytes_that_are_not_http_is_answered_before_them(port: int, shared_api: Api) -> None:
    ids = [await shared_api.created(1) for _ in range(2)]
    async with open_wire(port) as wire:
        await wire.send(b"".join(cancel_bytes(shared_api.alice.token, n) for n in ids) + b"hello\r\n\r\n")
        assert [(await wire.answer()).status for _ in range(3)] == [204, 204, 400]
        assert await wire.ended()


@pytest.mark.parametrize("how", ["stays", "half-closes"])
async def test_any_number_of_pipelined_requests_is_answered_in_order(port: int, shared_api: Api, how: str) -> None:
    count = 5000
    async with open_wire(port) as wire:
        sent = [b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Request-Id: %d\r\n\r\n" % n for n in range(count)]
        wire.writer.write(b"".join(sent))
        if how == "half-closes":
            wire.half_close()
        answers = [await wire.answer("GET") for _ in sent]
        assert [answer.values("x-request-id") for answer in answers] == [[str(n)] for n in range(count)]
        if how == "half-closes":
            assert await wire.ended()
        else:
            await still_works(wire, shared_api)


async def test_a_caller_that_half_closes_after_its_request_still_gets_the_answer(port: int, shared_api: Api) -> None:
    request_id = await shared_api.created(1)
    async with open_wire(port) as wire:
        await wire.send(cancel_bytes(shared_api.alice.token, request_id))
        wire.half_close()
        assert (await wire.answer()).status == 204
        assert await wire.ended()
    assert await is_cancelled(shared_api, request_id)


async def test_a_caller_that_half_closes_after_three_pipelined_requests_gets_three_answers(
    port: int, shared_api: Api
) -> None:
    ids = [await shared_api.created(1) for _ in range(3)]
    async with open_wire(port) as wire:
        await wire.send(b"".join(cancel_bytes(shared_api.alice.token, n) for n in ids))
        wire.half_close()
        assert [(await wire.answer()).status for _ in ids] == [204, 204, 204]
        assert await wire.ended()


@pytest.mark.parametrize("behind", [b"hello\r\n\r\n", b"GET /li", spell("x", b"half a body")[:-5]])
async def test_a_caller_that_half_closes_after_less_than_a_request_gets_the_answers_before_it(
    port: int, shared_api: Api, behind: bytes
) -> None:
    ids = [await shared_api.created(1) for _ in range(2)]
    async with open_wire(port) as wire:
        await wire.send(b"".join(cancel_bytes(shared_api.alice.token, n) for n in ids) + behind)
        wire.half_close()
        assert [(await wire.answer()).status for _ in ids] == [204, 204]
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            said = await wire.rest()
    assert said.startswith(b"HTTP/1.1 400 ") or said == b""


async def test_a_caller_that_half_closes_while_it_is_idle_is_let_go(port: int, shared_api: Api) -> None:
    async with open_wire(port) as wire:
        await still_works(wire, shared_api)
        wire.half_close()
        assert await wire.ended()


async def test_pipelined_requests_are_answered_in_their_order(port: int, shared_api: Api) -> None:
    token = shared_api.alice.token
    ids = [await shared_api.created(1) for _ in range(2)]
    sent = [
        cancel_bytes(token, ids[0], X_Request_Id="first"),
        spell(token, line="GET /nowhere HTTP/1.1", Content_Length=None, X_Request_Id="second"),
        cancel_bytes("x", ids[1], X_Request_Id="third"),
        spell(token, b"{", X_Request_Id="fourth"),
        cancel_bytes(token, ids[1], X_Request_Id="fifth"),
    ]
    async with open_wire(port) as wire:
        await wire.send(b"".join(sent))
        answers = [await wire.answer() for _ in sent]
    assert [answer.status for answer in answers] == [204, 404, 401, 400, 204]
    names = [name for answer in answers for name in answer.values("x-request-id")]
    assert names == ["first", "second", "third", "fourth", "fifth"]
