"""Bytes in, bytes out: kept connections, methods, odd targets, and bytes that are not HTTP."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.wire import (
    cancel_bytes,
    is_cancelled,
    open_wire,
    spell,
    still_works,
)
from tests.api_client import CANCEL, CREATE, Api

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop of `serve`, whose transports differ from asyncio's own."""
    return ("asyncio", {"use_uvloop": True})


REFUSED = {
    "D13 no such path": (404, {"line": "POST /nowhere HTTP/1.1"}),
    "D11 another verb": (405, {"line": f"PUT {CANCEL} HTTP/1.1"}),
    "D13 two Host headers": (400, {"Host": ["localhost:8080", "localhost:8080"]}),
    "D13 no Host": (400, {"Host": None}),
    "D15 no token": (401, {"Authorization": None}),
    "D12 no version": (400, {"X-API-VERSION": None}),
    "D11 another media type": (415, {"Content-Type": "text/plain"}),
    "D11 a content encoding": (415, {"Content-Encoding": "gzip"}),
    "D10 broken JSON": (400, {"body": b'{"appointmentRequestId":'}),
    "D9 a text": (422, {"body": b'{"appointmentRequestId":"300"}'}),
    "D7 an unknown id": (404, {"body": b'{"appointmentRequestId":4611686018427387904}'}),
}


@pytest.mark.parametrize(("status", "changes"), REFUSED.values(), ids=REFUSED)
async def test_a_kept_connection_works_after_the_refusal_of(
    port: int, shared_api: Api, status: int, changes: dict[str, object]
) -> None:
    body = changes.get("body", b'{"appointmentRequestId":1}')
    others = {name: value for name, value in changes.items() if name != "body"}
    async with open_wire(port) as wire:
        await wire.send(spell(shared_api.alice.token, body, **others))
        answer = await wire.answer()
        assert answer.status == status
        assert not answer.last
        await still_works(wire, shared_api)


@pytest.mark.parametrize("verb", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
async def test_d11_every_other_verb_is_405_and_names_the_right_one(port: int, shared_api: Api, verb: str) -> None:
    async with open_wire(port) as wire:
        await wire.send(spell(shared_api.alice.token, line=f"{verb} {CANCEL} HTTP/1.1", Content_Length=None))
        answer = await wire.answer(verb)
        assert (answer.status, answer.values("allow")) == (405, ["POST"])
        await still_works(wire, shared_api)


async def test_d13_head_of_the_api_is_405_without_a_body(port: int, shared_api: Api) -> None:
    async with open_wire(port) as wire:
        await wire.send(spell(shared_api.alice.token, line=f"HEAD {CREATE}/300 HTTP/1.1", Content_Length=None))
        answer = await wire.answer("HEAD")
        assert (answer.status, answer.values("allow"), answer.body) == (405, ["GET"], b"")
        await still_works(wire, shared_api)


@pytest.mark.parametrize(
    "path", ["/livez", "/docs", "/docs/assets/site.css", "/problems/not-found", "/openapi/v7.json"]
)
async def test_d13_head_of_a_page_is_its_get_without_the_body(port: int, shared_api: Api, path: str) -> None:
    fields = []
    async with open_wire(port) as wire:
        for method in ("GET", "HEAD"):
            line = f"{method} {path} HTTP/1.1"
            await wire.send(spell("", line=line, Authorization=None, Content_Length=None, X_Request_Id="same"))
            answer = await wire.answer(method)
            assert (answer.status, bool(answer.body)) == (200, method == "GET")
            fields.append([field for field in answer.fields if field[0] != "date"])
        assert fields[0] == fields[1]
        await still_works(wire, shared_api)


async def test_d13_head_of_the_metrics_and_of_no_page(port: int, shared_api: Api) -> None:
    async with open_wire(port) as wire:
        for path, status in (("/metrics", 200), ("/nowhere", 404)):
            await wire.send(spell("", line=f"HEAD {path} HTTP/1.1", Content_Length=None))
            answer = await wire.answer("HEAD")
            assert (answer.status, int(answer.values("content-length")[0]) > 0) == (status, True)
        await still_works(wire, shared_api)


@pytest.mark.parametrize("upgrade", ["websocket", "h2c"])
async def test_an_offer_to_upgrade_is_not_taken_and_the_request_is_answered(
    port: int, shared_api: Api, upgrade: str
) -> None:
    request_id = await shared_api.created(1)
    async with open_wire(port) as wire:
        await wire.send(cancel_bytes(shared_api.alice.token, request_id, Connection="Upgrade", Upgrade=upgrade))
        assert (await wire.answer()).status == 204
        await still_works(wire, shared_api)


@pytest.mark.parametrize("host", ["localhost:8080", "another.test"])
async def test_a_target_in_absolute_form_is_its_path(port: int, shared_api: Api, host: str) -> None:
    request_id = await shared_api.created(1)
    async with open_wire(port) as wire:
        line = f"POST http://{host}{CANCEL} HTTP/1.1"
        await wire.send(cancel_bytes(shared_api.alice.token, request_id, line=line))
        assert (await wire.answer()).status == 204


@pytest.mark.parametrize("target", ["*", "http://localhost:8080", "localhost:443", "/%", "//", "/\xc3\xa9", "/?", "?x"])
@pytest.mark.parametrize("verb", ["OPTIONS", "GET", "CONNECT"])
async def test_an_odd_target_is_refused_and_never_a_500(port: int, shared_api: Api, verb: str, target: str) -> None:
    async with open_wire(port) as wire:
        await wire.send(spell(shared_api.alice.token, line=f"{verb} {target} HTTP/1.1", Content_Length=None))
        answer = await wire.bare_answer(verb)
        assert answer.status in ({200, 400, 404, 405} if target == "/?" else {400, 404, 405})


BARE = {
    "no HTTP at all": b"hello\r\n\r\n",
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2 with prior knowledge": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "a length and chunks": b"POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "a length of 5,000 digits": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "a chunk without a size": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n 2\r\n\r\n",
    "a fragment": b"GET /metrics#x HTTP/1.1\r\nHost: a\r\n\r\n",
    "an empty fragment": b"GET /livez?x# HTTP/1.1\r\nHost: a\r\n\r\n",
    "two spaces before the target": b"GET  /livez HTTP/1.1\r\nHost: a\r\n\r\n",
    "two spaces behind the target": b"GET /livez  HTTP/1.1\r\nHost: a\r\n\r\n",
    "a space behind the version": b"GET /livez HTTP/1.1 \r\nHost: a\r\n\r\n",
    "HTTP/2.0": b"GET /livez HTTP/2.0\r\nHost: a\r\n\r\n",
    "HTTP/0.9 with fields": b"GET /livez HTTP/0.9\r\nHost: a\r\n\r\n",
    "an encoding before chunked": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked in two fields": b"POST / HTTP/1.1\r\nHost: a\r\n"
    + b"Transfer-Encoding: chunked\r\n" * 2
    + b"\r\n0\r\n\r\n",
    "an encoding that is no encoding": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
}


@pytest.mark.parametrize("data", BARE.values(), ids=BARE)
async def test_d13_bytes_that_are_not_http_are_a_400_and_the_connection_ends(port: int, data: bytes) -> None:
    async with open_wire(port) as wire:
        await wire.send(data)
        answer = await wire.answer()
        assert (answer.status, answer.code, answer.last) == (400, "malformed-request", True)
        assert await wire.ended()


@pytest.mark.parametrize("line", ["FETCH / HTTP/1.1", "CONNECT localhost:443 HTTP/1.1", "GET http://a HTTP/1.1"])
async def test_d14_a_verb_or_a_target_that_no_path_has_gets_a_problem_too(
    port: int, shared_api: Api, line: str
) -> None:
    async with open_wire(port) as wire:
        await wire.send(spell(shared_api.alice.token, line=line, Content_Length=None))
        answer = await wire.answer()
        assert (answer.status, answer.code, answer.last) == (400, "malformed-request", True)


@pytest.mark.parametrize("before", [0, 1, 2])
async def test_a_request_with_a_broken_body_is_a_400_and_changes_nothing(
    port: int, shared_api: Api, before: int
) -> None:
    token = shared_api.alice.token
    ids = [await shared_api.created(1) for _ in range(before + 1)]
    broken = spell(token, Content_Length=None, Transfer_Encoding="chunked")
    broken += b'1c\r\n{"appointmentRequestId":%4d}\r\nnot a size\r\n' % ids[-1]
    async with open_wire(port) as wire:
        await wire.send(b"".join(cancel_bytes(token, n) for n in ids[:-1]) + broken)
        answers = [(await wire.answer()).status for _ in ids]
        assert answers == [204] * before + [400]
        assert await wire.ended()
    assert not await is_cancelled(shared_api, ids[-1])


async def test_a_request_sent_byte_by_byte_is_answered(port: int, shared_api: Api) -> None:
    request_id = await shared_api.created(1)
    async with open_wire(port) as wire:
        for byte in cancel_bytes(shared_api.alice.token, request_id):
            await wire.send(bytes([byte]))
            await asyncio.sleep(0)
        assert (await wire.answer()).status == 204


async def test_http_1_0_gets_its_answer_and_the_connection_ends(port: int, shared_api: Api) -> None:
    request_id = await shared_api.created(1)
    async with open_wire(port) as wire:
        await wire.send(cancel_bytes(shared_api.alice.token, request_id, line=f"POST {CANCEL} HTTP/1.0"))
        answer = await wire.answer()
        assert (answer.status, answer.last) == (204, True)
        assert await wire.ended()


async def test_connection_close_is_kept_to(port: int, shared_api: Api) -> None:
    request_id = await shared_api.created(1)
    async with open_wire(port) as wire:
        await wire.send(cancel_bytes(shared_api.alice.token, request_id, Connection="close"))
        answer = await wire.answer()
        assert (answer.status, answer.last) == (204, True)
        assert await wire.ended()
