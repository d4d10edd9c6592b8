"""Requests with a few bytes changed: answered or cut off, never a 500, never silence, and the service lives on."""

from __future__ import annotations

import random

import pytest

from tests.api.wire import cancel_bytes, everything_said
from tests.api_client import Api

pytestmark = pytest.mark.engines("sqlite")

TRIES = 400
PIECES = [b"\r\n", b"\n", b"\r", b"\x00", b"\t", b":", b";", b"%00", b"{", b"\xff", b"\r\n\r\n", b"0", b"chunked"]


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop of `serve`."""
    return ("asyncio", {"use_uvloop": True})


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Change, remove, double or put in a few bytes."""
    found = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        place, length = chance.randrange(len(found)), chance.choice([0, 1, 1, 4, 40])
        piece = chance.choice([b"", chance.choice(PIECES), chance.randbytes(1), bytes(found[place : place + 40])])
        found[place : place + length] = piece
    return bytes(found)


async def test_any_damage_to_a_request_is_answered_or_cut_off(port: int, shared_api: Api) -> None:
    chance = random.Random(300)  # noqa: S311 - the same damage in every run
    request_id = 4_000_000_000
    whole = cancel_bytes(shared_api.alice.token, request_id)
    for _ in range(TRIES):
        sent = damaged(whole, chance)
        said = await everything_said(port, sent)
        assert b"HTTP/1.1 500" not in said, sent
        assert b"HTTP/1.1 503" not in said, sent
    assert (await everything_said(port, whole)).startswith(b"HTTP/1.1 404 ")
