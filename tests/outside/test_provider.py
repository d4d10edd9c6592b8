from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx2
import pytest
from joserfc import jws, jwt
from joserfc.jwk import KeySet

if TYPE_CHECKING:
    from tests.outside.provider import Provider


def published_keys(provider: Provider) -> KeySet:
    with httpx2.Client() as client:
        return KeySet.import_key_set(client.get(str(provider.discovery["jwks_uri"])).raise_for_status().json())


def test_its_addresses_are_those_of_a_keycloak_realm(provider: Provider) -> None:
    assert provider.issuer.endswith("/auth/realms/connect")
    assert provider.discovery["issuer"] == provider.issuer
    assert provider.discovery["token_endpoint"] == f"{provider.issuer}/protocol/openid-connect/token"
    assert provider.discovery["jwks_uri"] == f"{provider.issuer}/protocol/openid-connect/certs"


def test_a_token_is_signed_rs256_with_a_published_key(provider: Provider) -> None:
    header = jws.extract_compact(provider.token().encode()).headers()
    published = {key.kid for key in published_keys(provider)}
    assert header == {"alg": "RS256", "typ": "at+jwt", "kid": header["kid"]}
    assert published == {header["kid"]}


@pytest.mark.parametrize(("client", "user_id"), [("alice", "11001"), ("bob", "11002")])
def test_a_token_says_whose_it_is_and_lives_an_hour(provider: Provider, client: str, user_id: str) -> None:
    claims = jwt.decode(provider.token(client), published_keys(provider), ["RS256"]).claims
    told = {name: claims[name] for name in ("iss", "aud", "typ", "userId", "clientId")}
    assert told == {
        "iss": provider.issuer,
        "aud": provider.audience,
        "typ": "Bearer",
        "userId": user_id,
        "clientId": client,
    }
    assert claims["exp"] - claims["iat"] == 3600
    assert abs(claims["iat"] - time.time()) < 60


def test_an_assertion_is_good_once(provider: Provider) -> None:
    assertion = provider.assertion("alice")
    assert provider.exchange(assertion).status_code == 200
    replayed = provider.exchange(assertion)
    assert (replayed.status_code, replayed.json()["error"]) == (401, "invalid_client")


def test_an_assertion_of_another_key_is_refused(provider: Provider) -> None:
    header, _, signature = provider.assertion("bob").split(".")
    claims = provider.assertion("alice").split(".")[1]
    assert provider.exchange(f"{header}.{claims}.{signature}").status_code == 401
