"""Bytes in, bytes out: the page's example, kept connections, half-closed, pipelined and odd requests."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.wire import Wire, cancel_bytes, on_the_wire, open_wire, spell
from tests.api_client import CANCEL, CREATE, Api

LARGEST_BODY = 16 * 1024

PAGE_EXAMPLE = """\
POST /api/connect/orders/appointment-requests/cancel HTTP/1.1
Content-Type: application/json;charset=UTF-8
Authorization: Bearer {token}
X-API-VERSION: {version}
Content-Length: 28
Host: localhost:8080

{{"appointmentRequestId":300}}"""

PAGE_ANSWER = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-XSS-Protection", "1; mode=block"),
    ("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate"),
    ("Pragma", "no-cache"),
    ("Expires", "0"),
    ("X-Frame-Options", "DENY"),
]


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop of `serve`, whose transports differ from asyncio's own."""
    return ("asyncio", {"use_uvloop": True})


async def still_works(wire: Wire, api: Api) -> None:
    """The connection takes another request and answers it right."""
    request_id = await api.created(1)
    await wire.send(cancel_bytes(api.alice.token, request_id))
    answer = await wire.answer()
    assert answer.status == 204, answer


async def untouched(api: Api, request_id: int) -> bool:
    """Whether the appointment-request is as it was created."""
    answer = await api.settled(lambda: api.alice.read(request_id))
    return bool(answer.json()["status"] == "open")


@pytest.mark.parametrize("version", "1234567")
async def test_section_2_the_pages_example_gets_the_pages_answer_byte_for_byte(api: Api, version: str) -> None:
    ids = [await api.created(1)]
    while ids[-1] < 300:
        ids.append(await api.created(1))
    assert ids[-1] == 300
    async with on_the_wire(api) as port, open_wire(port) as wire:
        text = PAGE_EXAMPLE.format(token=api.alice.token, version=version)
        await wire.send(text.replace("\n", "\r\n").encode())
        answer = await wire.answer()
        assert answer.status_line == "HTTP/1.1 204 No Content"
        first = [name.lower() for name, _ in answer.fields].index("x-content-type-options")
        six = answer.fields[first : first + 6]
        assert [(name.lower(), value) for name, value in six] == [(name.lower(), value) for name, value in PAGE_ANSWER]
        for absent in ("content-type", "content-length", "location", "transfer-encoding"):
            assert answer.values(absent) == []
        assert bool(answer.values("deprecation")) is (version in "12")
        wire.half_close()
        assert await wire.ended()
    assert (await api.alice.read(300)).json()["status"] == "cancelled"
