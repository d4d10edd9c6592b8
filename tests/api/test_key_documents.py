"""What an issuer may publish: bad keys are skipped, bad documents change nothing."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey

from connect_appointments.web.api.tokens.keys import (
    MAX_DOCUMENT_BYTES,
    KeyRing,
    KeySource,
    keys_at_url,
    keys_in_file,
    keys_of_issuer,
    usable_keys,
)
from tests.api.issuers import Seconds, Source, first, ring, second, seconds, source
from tests.build import ISSUER, Issuer

__all__ = ["ring", "seconds", "source"]

DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
JWKS = f"{ISSUER}/protocol/openid-connect/certs"


def member(**changes: object) -> dict[str, Any]:
    """The JWK of a good key, with changes; None leaves one out."""
    found = {**second.jwks()[0], **changes}
    return {name: value for name, value in found.items() if value is not None}


def short_key(bits: int) -> dict[str, Any]:
    """The JWK of a good key but for its length."""
    numbers = rsa.generate_private_key(65537, bits).public_key().public_numbers()
    modulus = numbers.n.to_bytes(256, "big").lstrip(b"\x00")
    return member(n=base64.urlsafe_b64encode(modulus).rstrip(b"=").decode())


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
    "1,024 bits": short_key(1024),
    "2,047 bits": short_key(2047),
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


@settings(deadline=None)
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


def client(answers: dict[str, Any]) -> httpx2.AsyncClient:
    """A client of an issuer whose documents are these, by URL."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        found = answers.get(str(request.url), 404)
        if isinstance(found, int):
            return httpx2.Response(found)
        return httpx2.Response(200, content=found if isinstance(found, bytes) else json.dumps(found).encode())

    return httpx2.AsyncClient(transport=httpx2.MockTransport(answer))


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
    sources: list[KeySource] = [bad, source]

    async def one_after_the_other() -> list[Any]:
        return await sources.pop()()

    ring = KeyRing(one_after_the_other, seconds)
    await ring.refresh()
    await ring.refresh()
    assert await ring.get("first") is not None
    assert not (await fetched(bad, seconds)).ready


async def fetched(source: KeySource, seconds: Seconds) -> KeyRing:
    ring = KeyRing(source, seconds)
    await ring.refresh()
    return ring


async def test_a_redirect_to_other_keys_is_not_followed(seconds: Seconds) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if str(request.url) == JWKS:
            return httpx2.Response(302, headers={"Location": "https://evil.test/jwks"})
        return httpx2.Response(200, json=SET)

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    assert not (await fetched(keys_at_url(JWKS, http), seconds)).ready


async def test_keys_in_a_file_are_read_anew_at_each_refresh(tmp_path: Path, seconds: Seconds) -> None:
    path = tmp_path / "jwks.json"
    ring = await fetched(keys_in_file(path), seconds)
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
