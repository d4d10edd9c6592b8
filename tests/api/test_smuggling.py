"""A request hidden in another: whatever a server before ours made of the bytes, ours does one thing or none."""

from __future__ import annotations

import re

import pytest

from tests.api.wire import Serve, cancel_bytes, everything_said, on_the_wire, open_wire, spell
from tests.api_client import CANCEL, CREATE, Api

pytestmark = pytest.mark.engines("sqlite")

HIDDEN, LENGTH, HEX = "<hidden>", "<length>", "<hex>"
"""What stands for the hidden request, for its length, and for that in hexadecimal."""

END = "0\r\n\r\n"
CHUNKED = "Transfer-Encoding: chunked"
OBSCURED = [
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunk",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding:\tchunked",
    "Transfer-Encoding:\x0bchunked",
    "Transfer-Encoding: chunked\x00",
    "Transfer-Encoding: ch\x00unked",
    'Transfer-Encoding: "chunked"',
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: identity, chunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: chunked;x=1",
    "Transfer-Encoding: CHUNKED",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow",
    "Transfer-Encoding: cow\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding:\r\n chunked",
    "Transfer-Encoding\r\n: chunked",
    " Transfer-Encoding: chunked",
    "X: x\nTransfer-Encoding: chunked",
    "X: x\rTransfer-Encoding: chunked",
    "Transfer_Encoding: chunked",
    "Transfer-Encoding\x00: chunked",
    "Transfer\xad-Encoding: chunked",
]
NO_LENGTHS = [
    "Content-Length: 0\r\nContent-Length: <length>",
    "Content-Length: <length>\r\nContent-Length: 0",
    "Content-Length: 0, <length>",
    "Content-Length: <length>, 0",
    "Content-Length: 0;<length>",
    "Content-Length: 0 <length>",
    "Content-Length: +0",
    "Content-Length: -0",
    "Content-Length: -1",
    "Content-Length: 0x0",
    "Content-Length: 0.0",
    "Content-Length: 0e1",
    "Content-Length: \x0b0",
    "Content-Length: 0\x00",
    "Content-Length: \xb2",
    "Content-Length: zero",
    "Content-Length:",
    "Content-Length : 0",
    "Content-Length: 4294967296",
    "Content-Length: 18446744073709551616",
    "Content-Length: 36893488147419103232",
    "Content-Length:\r\n 0",
    "Content_Length: 0\r\nContent-Length: <length>",
]
NO_CHUNKS = {
    "a size of 2^64": "10000000000000000\r\n\r\n<hidden>",
    "a size of 2^32 and nothing": "100000000\r\n\r\n<hidden>",
    "a size of 200 digits": "0" * 199 + "g\r\n\r\n<hidden>",
    "a negative size": "-0\r\n\r\n<hidden>",
    "a size with a plus": "+0\r\n\r\n<hidden>",
    "a size with 0x": "0x0\r\n\r\n<hidden>",
    "a size after a space": " 0\r\n\r\n<hidden>",
    "no size": "\r\n\r\n<hidden>",
    "a size before a line feed alone": "0\n\n<hidden>",
    "a size before a carriage return alone": "0\r\r<hidden>",
    "more than its size": "1\r\nxx\r\n0\r\n\r\n<hidden>",
    "an extension with a line feed": "0;x\n\r\n<hidden>",
    "an extension with U+0000": "0;\x00\r\n\r\n<hidden>",
    "a trailer without a colon": "0\r\nx\r\n\r\n<hidden>",
    "a trailer that is folded": "0\r\nX: 1\r\n 2\r\n\r\n<hidden>",
}
LINES = {
    "two versions": "POST /x HTTP/1.1 HTTP/1.1",
    "no version": "POST /x",
    "version 0.9": "POST /x HTTP/0.9",
    "version 2.0": "POST /x HTTP/2.0",
    "version 1.10": "POST /x HTTP/1.10",
    "version 1.1x": "POST /x HTTP/1.1x",
    "a verb in small letters": "post /x HTTP/1.1",
    "a verb with U+0000": "PO\x00ST /x HTTP/1.1",
    "a carriage return in the path": f"POST /x\rPOST {CANCEL} HTTP/1.1",
    "a line feed alone": "POST /x HTTP/1.1\nX: x",
    "U+0000 in the path": "POST /x\x00 HTTP/1.1",
}
ONE_BODY = {
    "CL.TE": f"{CHUNKED}\r\nContent-Length: <length>\r\n\r\n{END}<hidden>",
    "TE.CL": f"Content-Length: 4\r\n{CHUNKED}\r\n\r\n<hex>\r\n<hidden>\r\n{END}",
    "TE.0": f"Content-Length: 0\r\n{CHUNKED}\r\n\r\n<hex>\r\n<hidden>\r\n{END}",
    "chunks": f"{CHUNKED}\r\n\r\n<hex>\r\n<hidden>\r\n{END}",
    "a length": "Content-Length: <length>\r\n\r\n<hidden>",
    "an upgrade with a length": "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: <length>\r\n\r\n<hidden>",
    "an upgrade with chunks": f"Connection: Upgrade\r\nUpgrade: h2c\r\n{CHUNKED}\r\n\r\n<hex>\r\n<hidden>\r\n{END}",
    "a length that Connection names": "Connection: Content-Length\r\nContent-Length: <length>\r\n\r\n<hidden>",
    "an expectation": "Expect: 100-continue\r\nContent-Length: <length>\r\n\r\n<hidden>",
    "a folded header": "X: 1\r\n 2\r\nContent-Length: <length>\r\n\r\n<hidden>",
    "a header without a colon": "X\r\nContent-Length: <length>\r\n\r\n<hidden>",
    "a header without a name": ": x\r\nContent-Length: <length>\r\n\r\n<hidden>",
    "a header with U+0000": "X: \x00\r\nContent-Length: <length>\r\n\r\n<hidden>",
    "a header with a carriage return": "X: a\rb\r\nContent-Length: <length>\r\n\r\n<hidden>",
    "a header with an end": "X: a\n\nContent-Length: <length>\r\n\r\n<hidden>",
}
CASES = {
    **ONE_BODY,
    **{f"length and {line!r}": f"{line}\r\nContent-Length: <length>\r\n\r\n{END}<hidden>" for line in OBSCURED},
    **{f"{line!r}": f"{line}\r\n\r\n<hidden>" for line in NO_LENGTHS},
    **{f"chunks with {name}": f"{CHUNKED}\r\n\r\n{body}" for name, body in NO_CHUNKS.items()},
}


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop of `serve`."""
    return ("asyncio", {"use_uvloop": True})


@pytest.fixture(scope="module")
async def victim(shared_api: Api) -> int:
    """An appointment-request that only a hidden request would cancel."""
    return await shared_api.created(1)


def filled(text: str, hidden: bytes) -> bytes:
    """The bytes of a case."""
    whole = END if END + HIDDEN in text else ""
    values = {LENGTH: str(len(hidden) + len(whole)), HEX: f"{len(hidden):x}", HIDDEN: hidden.decode("latin-1")}
    for name, value in values.items():
        text = text.replace(name, value)
    return text.encode("latin-1")


async def is_cancelled(api: Api, request_id: int) -> bool:
    answer = await api.settled(lambda: api.alice.read(request_id))
    return bool(answer.json()["status"] == "cancelled")


def head_of(token: str, line: str = f"POST {CANCEL} HTTP/1.1") -> bytes:
    """A head but for its end and for what says where the body ends."""
    return spell(token, line=line, Content_Length=None).removesuffix(b"\r\n")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_request_hidden_in_a_body_is_never_done(port: int, shared_api: Api, victim: int, case: str) -> None:
    token = shared_api.alice.token
    said = await everything_said(port, head_of(token) + filled(case, cancel_bytes(token, victim)))
    assert not await is_cancelled(shared_api, victim)
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said) if status != b"100"]
    assert len(statuses) <= 1
    assert all(400 <= status < 500 for status in statuses)


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
async def test_a_request_behind_a_broken_first_line_is_never_done(
    port: int, shared_api: Api, victim: int, line: str
) -> None:
    token = shared_api.alice.token
    await everything_said(port, head_of(token, line) + b"Content-Length: x\r\n\r\n" + cancel_bytes(token, victim))
    assert not await is_cancelled(shared_api, victim)


async def test_the_hidden_request_alone_would_have_been_done(port: int, shared_api: Api) -> None:
    request_id = await shared_api.created(1)
    said = await everything_said(port, cancel_bytes(shared_api.alice.token, request_id))
    assert said.startswith(b"HTTP/1.1 204 ")
    assert await is_cancelled(shared_api, request_id)


async def test_what_stands_behind_the_chunks_is_no_header(port: int, shared_api: Api, victim: int) -> None:
    token = shared_api.alice.token
    body = b'{"appointmentRequestId":%d}' % victim
    for name, value in (("Authorization", f"Bearer {token}"), ("X-API-VERSION", "7"), ("Host", "a")):
        left_out = {name.replace("-", "_"): None, "Content_Length": None, "Transfer_Encoding": "chunked"}
        head = spell(token, **left_out)  # type: ignore[arg-type]  # None leaves a header out
        chunks = b"%x\r\n%b\r\n0\r\n%b: %b\r\n\r\n" % (len(body), body, name.encode(), value.encode())
        said = await everything_said(port, head + chunks)
        assert said.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 400 "))
        assert not await is_cancelled(shared_api, victim)


FORWARDED = ["evil.test/path", "a b", "a, b", "a?b", "user@a", "a\\b", "<a>", "a\x80", "a" * 256]


@pytest.mark.parametrize("host", FORWARDED, ids=lambda host: repr(host[:12]))
async def test_d17_what_is_no_host_gets_into_no_link_even_from_a_named_proxy(serve: Serve, host: str) -> None:
    async with serve(public_url=None, trusted_proxies=frozenset({"127.0.0.1"})) as api, on_the_wire(api) as port:
        for fields in ({"X_Forwarded_Host": host}, {"X_Forwarded_Host": "a.test", "X_Forwarded_Proto": host}):
            async with open_wire(port) as wire:
                await wire.send(spell(api.alice.token, b"{}", line=f"POST {CREATE} HTTP/1.1", **fields))
                assert b'"type":"/problems/' in (await wire.answer()).body
