"""A flood of tokens of keys that nobody knows: one fetch, and nobody else is kept out."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any

import pytest

from tests.api.forging import part
from tests.api.wire import Serve
from tests.api_client import Api
from tests.build import Issuer

pytestmark = pytest.mark.engines("sqlite")

FLOOD = 1000
FETCH_SECONDS = 30
CALLERS = 3


def bearer(token: str) -> dict[str, str | None]:
    return {"Authorization": f"Bearer {token}"}


async def flood(api: Api, token: str, statuses: list[int], others: asyncio.Task[None]) -> None:
    """Send random kids while others call, and then until there were enough."""
    rest = token.partition(".")[2]
    while not others.done() or len(statuses) < FLOOD:
        head = part({"alg": "RS256", "kid": str(uuid.uuid4())})
        statuses.append((await api.alice.cancel(1, headers=bearer(f"{head}.{rest}"))).status_code)
        await asyncio.sleep(0)  # nothing on the way of such a call waits for anything


async def good_calls(api: Api, issuer: Issuer) -> None:
    """A token that is not remembered yet needs its key, whatever goes on."""
    for n in range(5):
        request_id = await api.created(1, headers=bearer(issuer.token(jti=f"first-{n}")))
        answer = await api.alice.cancel(request_id, headers=bearer(issuer.token(jti=f"second-{n}")))
        assert answer.status_code == 204


async def test_d25_1000_random_kids_are_401_fetch_once_and_lock_nobody_out(serve: Serve, issuer: Issuer) -> None:
    asked: list[float] = []

    async def keys() -> list[Any]:
        asked.append(time.monotonic())
        return issuer.jwks()

    statuses: list[int] = []
    async with serve(keys=keys) as api:
        others = asyncio.create_task(good_calls(api, issuer))
        await asyncio.gather(*(flood(api, api.alice.token, statuses, others) for _ in range(CALLERS)))
        await others
    assert set(statuses) == {401}
    assert len(statuses) >= FLOOD
    assert len(asked) <= 2 + (asked[-1] - asked[0]) // FETCH_SECONDS
