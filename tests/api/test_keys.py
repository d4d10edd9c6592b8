"""The issuer's keys: rotated, missing, bad, slow, and never lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from connect_appointments.api.auth import Authenticator, TokenRules
from connect_appointments.api.keys import (
    EXTRA_FETCH_SECONDS,
    MAX_DOCUMENT_BYTES,
    KeyRing,
    keys_at_url,
    keys_in_file,
    keys_of_issuer,
    usable_keys,
)
from connect_appointments.api.refusals import RefusedToken
from connect_appointments.core.errors import Unavailable
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tests.build import ISSUER, Issuer

DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
JWKS = f"{ISSUER}/protocol/openid-connect/certs"

first, second = Issuer("first"), Issuer("second")


class Source:
    """An issuer's keys, as a test sets them; counts how often it was asked."""

    def __init__(self, *members: Any) -> None:
        self.members: list[Any] = list(members)
        self.asked = 0
        self.error: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self) -> list[Any]:
        self.asked += 1
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return self.members


class Seconds:
    """A clock that never goes by itself."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def source() -> Source:
    return Source(*first.jwks())


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
async def ring(source: Source, seconds: Seconds) -> KeyRing:
    """A ring that has fetched once."""
    found = KeyRing(source, seconds)
    await found.refresh()
    assert source.asked == 1
    return found


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


@pytest.mark.parametrize("error", [OSError("refused"), TimeoutError(), KeyError("keys"), RuntimeError("x"), httpx.ConnectError("x")])
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


def member(**changes: object) -> dict[str, Any]:
    """The JWK of a good key, with changes; None leaves one out."""
    found = {**second.jwks()[0], **changes}
    return {name: value for name, value in found.items() if value is not None}


BAD_KEYS: dict[str, Any] = {
    "no kid": member(kid=None),
    "a kid that is no text": member(kid=1),
    "a kid that is a list": member(kid=["second"]),
    "no kty": member(kty=None),
    "an unknown kty": member(kty="XYZ"),
    "a kty that is no text": member(kty=1),
    "a wrong kty": member(kty="EC"),
    "a symmetric key": OctKey.import_key("x" * 64, {"kid": "second"}).as_dict(private=True),
    "an Ed25519 key": OKPKey.generate_key("Ed25519", {"kid": "second"}).as_dict(private=False),
    "an unknown curve": {**ECKey.generate_key("P-256", {"kid": "second"}).as_dict(private=False), "crv": "P-1"},
    "a point off its curve": {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ", "kid": "second"},
    "no modulus": member(n=None),
    "an empty modulus": member(n=""),
    "a modulus that is a number": member(n=12345),
    "a modulus that is no base64": member(n="*" * 342),
    "a modulus of zero": member(n="AA"),
    "an exponent of 1": member(e="AQ"),
    "an even exponent": member(e="Ag"),
    "no exponent": member(e=None),
    "a huge exponent": member(e="A" + "_" * 5000),
    "1,024 bits": {**member(), "n": "3" + first.jwks()[0]["n"][:170]},
    "a private key": second.key.as_dict(private=True) | {"kid": "second"},
    "for encryption": member(use="enc"),
    "a use that is a list": member(use=["sig"]),
    "only for signing": member(key_ops=["sign"]),
    "key_ops that are a number": member(key_ops=1),
    "for an unknown algorithm": member(alg="RSA-OAEP"),
    "for none": member(alg="none"),
    "for HS256": member(alg="HS256"),
    "an algorithm that is a list": member(alg=["RS256"]),
    "an empty object": {},
    "null": None,
    "a text": "second",
    "a number": 1,
    "a list": [member()],
    "true": True,
}


@pytest.mark.parametrize("bad", BAD_KEYS.values(), ids=BAD_KEYS)
async def test_a_bad_key_is_skipped_and_never_the_set(source: Source, ring: KeyRing, bad: Any) -> None:
    for members in ([bad, *first.jwks()], [*first.jwks(), bad]):
        source.members = members
        await ring.refresh()
        assert await ring.get("second") is None
        assert await ring.get("first") is not None
        assert usable_keys(members).keys() == {"first"}


def test_of_two_keys_with_one_kid_the_first_counts() -> None:
    other = Issuer("first")
    found = usable_keys([*first.jwks(), *other.jwks()])
    assert found["first"].thumbprint == first.key.thumbprint()
    assert len(found) == 1


@pytest.mark.parametrize(
    ("changes", "algorithms"),
    [
        ({"alg": None}, {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        ({"alg": "RS256"}, {"RS256"}),
        ({"use": None, "key_ops": None, "alg": "RS256"}, {"RS256"}),
        ({"key_ops": ["verify", "sign"]}, {"RS256"}),
        ({"x5c": ["MIIB"], "x5t": "x", "unknown": {}}, {"RS256"}),
    ],
)
def test_a_good_key_is_taken_for_its_algorithms(changes: dict[str, object], algorithms: set[str]) -> None:
    assert usable_keys([member(**changes)])["second"].algorithms == algorithms


@given(
    st.dictionaries(
        st.sampled_from(["kty", "kid", "n", "e", "crv", "x", "y", "use", "alg", "key_ops", "d", "k"]),
        st.sampled_from(["RSA", "EC", "oct", "OKP", "P-256", "AQAB", "sig", "RS256", "k", "", "=", "é"])
        | st.none()
        | st.integers()
        | st.lists(st.text(max_size=2), max_size=2)
        | st.text(max_size=400),
    )
)
def test_any_garbage_beside_a_good_key_leaves_the_good_key(garbage: dict[str, Any]) -> None:
    assert "first" in usable_keys([garbage, *first.jwks()])


Answer = Callable[[httpx.Request], httpx.Response]


def client(answers: dict[str, Any]) -> httpx.AsyncClient:
    """A client of an issuer whose documents are these, by URL."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = answers.get(str(request.url), 404)
        if isinstance(found, int):
            return httpx.Response(found)
        return httpx.Response(200, content=found if isinstance(found, bytes) else json.dumps(found).encode())

    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


DOCUMENT = {"issuer": ISSUER, "jwks_uri": JWKS}
SET = {"keys": first.jwks()}


async def test_keys_are_found_by_discovery() -> None:
    assert await keys_of_issuer(ISSUER, client({DISCOVERY: DOCUMENT, JWKS: SET}))() == first.jwks()


async def test_keys_are_found_at_a_url() -> None:
    assert await keys_at_url(JWKS, client({JWKS: SET}))() == first.jwks()


BAD_DOCUMENTS: dict[str, dict[str, Any]] = {
    "the discovery document of another issuer": {DISCOVERY: {**DOCUMENT, "issuer": "https://evil.test"}, JWKS: SET},
    "of an issuer with a slash": {DISCOVERY: {**DOCUMENT, "issuer": ISSUER + "/"}, JWKS: SET},
    "without an issuer": {DISCOVERY: {"jwks_uri": JWKS}, JWKS: SET},
    "without a jwks_uri": {DISCOVERY: {"issuer": ISSUER}, JWKS: SET},
    "with a jwks_uri that is no text": {DISCOVERY: {**DOCUMENT, "jwks_uri": 1}, JWKS: SET},
    "with a jwks_uri that is no URL": {DISCOVERY: {**DOCUMENT, "jwks_uri": "nowhere"}, JWKS: SET},
    "that is a list": {DISCOVERY: [DOCUMENT], JWKS: SET},
    "that is no JSON": {DISCOVERY: b"<html>", JWKS: SET},
    "that is missing": {JWKS: SET},
    "that is an error": {DISCOVERY: 500, JWKS: SET},
    "that is too large": {DISCOVERY: {**DOCUMENT, "x": "x" * MAX_DOCUMENT_BYTES}, JWKS: SET},
    "keys that are missing": {DISCOVERY: DOCUMENT},
    "keys that are an error": {DISCOVERY: DOCUMENT, JWKS: 503},
    "keys that are too large": {DISCOVERY: DOCUMENT, JWKS: {**SET, "x": "x" * MAX_DOCUMENT_BYTES}},
    "keys that are no list": {DISCOVERY: DOCUMENT, JWKS: {"keys": {"first": first.jwks()[0]}}},
    "a set without keys": {DISCOVERY: DOCUMENT, JWKS: {}},
    "a set that is a list": {DISCOVERY: DOCUMENT, JWKS: first.jwks()},
    "a set that is no JSON": {DISCOVERY: DOCUMENT, JWKS: b"\xff"},
    "a set that is 4,000 deep": {DISCOVERY: DOCUMENT, JWKS: b'{"keys":' + b"[" * 4000 + b"]" * 4000 + b"}"},
}


@pytest.mark.parametrize("documents", BAD_DOCUMENTS.values(), ids=BAD_DOCUMENTS)
async def test_a_bad_document_is_no_keys_and_takes_none_away(
    source: Source, seconds: Seconds, documents: dict[str, Any]
) -> None:
    bad = keys_of_issuer(ISSUER, client(documents))
    asked: Callable[[], Awaitable[list[Any]]] = source
    ring = KeyRing(lambda: asked(), seconds)
    await ring.refresh()
    asked = bad
    await ring.refresh()
    assert await ring.get("first") is not None
    assert not (await _empty(bad, seconds)).ready


async def _empty(source: Callable[[], Awaitable[list[Any]]], seconds: Seconds) -> KeyRing:
    ring = KeyRing(source, seconds)
    await ring.refresh()
    return ring


async def test_a_redirect_to_other_keys_is_not_followed(seconds: Seconds) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if str(request.url) == JWKS:
            return httpx.Response(302, headers={"Location": "https://evil.test/jwks"})
        return httpx.Response(200, json=SET)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    assert not (await _empty(keys_at_url(JWKS, http), seconds)).ready


async def test_keys_in_a_file_are_read_anew_at_each_refresh(tmp_path: Path, seconds: Seconds) -> None:
    path = tmp_path / "jwks.json"
    ring = await _empty(keys_in_file(path), seconds)
    assert not ring.ready
    path.write_text(json.dumps(SET))
    await ring.refresh()
    assert await ring.get("first") is not None
    path.write_text("{")
    await ring.refresh()
    assert await ring.get("first") is not None
    path.write_text(json.dumps({"keys": second.jwks()}))
    await ring.refresh()
    assert await ring.get("first") is None
    assert await ring.get("second") is not None
