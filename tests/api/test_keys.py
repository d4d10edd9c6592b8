"""The issuer's keys: rotated, missing, slow, and never lost (D23, D25)."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from connect_appointments.core.errors import Unavailable
from connect_appointments.web.api.refusals import RefusedToken
from connect_appointments.web.api.tokens.auth import Authenticator
from connect_appointments.web.api.tokens.keys import EXTRA_FETCH_SECONDS, KeyRing
from connect_appointments.web.api.tokens.token_rules import TokenRules
from tests.api.issuers import Seconds, Source, first, ring, second, seconds, source
from tests.build import ISSUER, Issuer

__all__ = ["ring", "seconds", "source"]


async def test_a_key_is_known_by_its_kid(ring: KeyRing) -> None:
    assert await ring.get("first") is not None
    assert ring.ready


async def test_an_unknown_kid_fetches_so_that_a_rotated_key_works_at_once(ring: KeyRing, source: Source) -> None:
    source.members = second.jwks()
    assert await ring.get("second") is not None
    assert await ring.get("first") is None
    assert source.asked == 2


async def test_unknown_kids_fetch_at_most_once_in_30_s(ring: KeyRing, source: Source, seconds: Seconds) -> None:
    for second_of in (0, 1, 29.9, 30, 30.1, 59.9, 60):
        seconds.now = 1000 + second_of
        for n in range(10):
            assert await ring.get(f"random-{n}") is None
    assert source.asked == 1 + 3
    assert EXTRA_FETCH_SECONDS == 30


async def test_1000_unknown_kids_at_once_are_one_fetch(ring: KeyRing, source: Source) -> None:
    source.open.clear()
    asking = [asyncio.create_task(ring.get(f"random-{n}")) for n in range(1000)]
    await asyncio.sleep(0)
    source.open.set()
    assert await asyncio.gather(*asking) == [None] * 1000
    assert source.asked == 2


async def test_a_random_kid_does_not_use_up_what_rotation_needs(ring: KeyRing, source: Source) -> None:
    assert await ring.get("random") is None
    source.members = second.jwks()
    assert await ring.get("second") is None
    await ring.refresh()  # as happens every five minutes, whoever asked for what
    assert await ring.get("second") is not None


async def test_a_known_key_never_waits_for_a_fetch_that_hangs(ring: KeyRing, source: Source) -> None:
    source.open.clear()
    waiting = asyncio.create_task(ring.get("random"))
    await asyncio.sleep(0)
    refreshing = asyncio.create_task(ring.refresh())
    await asyncio.sleep(0)
    async with asyncio.timeout(1):
        assert await ring.get("first") is not None
    assert not waiting.done()
    source.open.set()
    assert await waiting is None
    await refreshing


async def test_a_caller_that_goes_away_does_not_end_the_fetch_of_the_others(ring: KeyRing, source: Source) -> None:
    source.open.clear()
    source.members = second.jwks()
    gone, staying = (asyncio.create_task(ring.get("second")) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    source.open.set()
    assert await staying is not None
    assert gone.cancelled()


@pytest.mark.parametrize(
    "error", [OSError("refused"), TimeoutError(), KeyError("keys"), RuntimeError("x"), httpx2.ConnectError("x")]
)
async def test_an_issuer_that_fails_takes_no_key_away(ring: KeyRing, source: Source, error: Exception) -> None:
    source.error = error
    await ring.refresh()
    assert await ring.get("first") is not None
    assert await ring.get("random") is None
    assert ring.ready


async def test_an_issuer_without_a_usable_key_takes_no_key_away(ring: KeyRing, source: Source) -> None:
    for members in ([], [{}], [None]):
        source.members = members
        await ring.refresh()
        assert await ring.get("first") is not None


async def test_without_any_key_nothing_is_said_about_a_token(source: Source, seconds: Seconds) -> None:
    source.error = OSError("refused")
    ring = KeyRing(source, seconds)
    await ring.refresh()
    for _ in range(10):
        with pytest.raises(Unavailable):
            await ring.get("first")
    assert source.asked == 2
    assert not ring.ready
    source.error = None
    seconds.now += EXTRA_FETCH_SECONDS
    assert await ring.get("first") is not None


async def test_a_key_taken_back_is_forgotten_with_the_tokens_it_signed(source: Source, ring: KeyRing) -> None:
    source.members = [*first.jwks(), *second.jwks()]
    await ring.refresh()
    authenticator = Authenticator(ring, TokenRules(frozenset({ISSUER})), lambda: 0.0)
    headers = [f"Bearer {issuer.token(iat=None)}".encode() for issuer in (first, second)]
    for header in headers:
        await authenticator.verify(header)
        assert authenticator.remembered(header) is not None
    source.members = second.jwks()
    await ring.refresh()
    assert authenticator.remembered(headers[0]) is None
    with pytest.raises(RefusedToken):
        await authenticator.verify(headers[0])
    await authenticator.verify(headers[1])


async def test_another_key_under_the_same_kid_forgets_tokens_too(source: Source, ring: KeyRing) -> None:
    authenticator = Authenticator(ring, TokenRules(frozenset({ISSUER})), lambda: 0.0)
    header = f"Bearer {first.token(iat=None)}".encode()
    await authenticator.verify(header)
    source.members = Issuer("first").jwks()
    await ring.refresh()
    assert authenticator.remembered(header) is None
    with pytest.raises(RefusedToken):
        await authenticator.verify(header)


async def test_a_refresh_that_changes_nothing_forgets_no_token(ring: KeyRing, source: Source) -> None:
    authenticator = Authenticator(ring, TokenRules(frozenset({ISSUER})), lambda: 0.0)
    header = f"Bearer {first.token(iat=None)}".encode()
    await authenticator.verify(header)
    source.members = [{**first.jwks()[0], "x5t": "something new"}]
    await ring.refresh()
    assert authenticator.remembered(header) is not None


async def test_remembered_tokens_are_bounded(ring: KeyRing) -> None:
    authenticator = Authenticator(ring, TokenRules(frozenset({ISSUER})), lambda: 0.0, remembered_tokens=3)
    headers = [f"Bearer {first.token(iat=None, jti=str(n))}".encode() for n in range(5)]
    for header in headers:
        await authenticator.verify(header)
    assert [authenticator.remembered(header) is not None for header in headers] == [False, False, True, True, True]


async def test_a_refused_token_is_not_remembered(ring: KeyRing) -> None:
    authenticator = Authenticator(ring, TokenRules(frozenset({ISSUER})), lambda: 0.0)
    header = f"Bearer {first.token(iss='https://evil.test')}".encode()
    with pytest.raises(RefusedToken):
        await authenticator.verify(header)
    assert authenticator.remembered(header) is None


async def test_keys_are_fetched_at_the_start_and_while_it_lasts(source: Source, seconds: Seconds) -> None:
    ring = KeyRing(source, seconds)
    async with ring.refreshing():
        assert ring.ready
        assert source.asked == 1
