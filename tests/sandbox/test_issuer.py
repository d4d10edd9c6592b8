"""The built-in issuer over HTTP: discovery, keys, tokens, and requests that are none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from connect_appointments.sandbox.issuer import Issuer
from connect_appointments.sandbox.keys import SandboxKeys
from connect_appointments.sandbox.tokens import mint
from connect_appointments.web.api.refusals import BodyTimeout
from connect_appointments.web.api.request import ConnectionLost, Request, ServerContext
from connect_appointments.web.api.response import Response

from .realm import (
    CERTS,
    DISCOVERY,
    ISSUER,
    NOW,
    TOKEN,
    Realm,
    parts,
    refused,
)

CLAIM_NAMES_OF_THE_PAGE = [
    "sub",
    "clientId",
    "clientHost",
    "iss",
    "typ",
    "userId",
    "clientAddress",
    "azp",
    "exp",
    "iat",
    "jti",
    "apps",
]


# --- what anyone may read


def test_discovery_names_the_endpoints(realm: Realm) -> None:
    answer = realm.send("GET", DISCOVERY)
    assert answer.status_code == 200
    assert answer.json() == {
        "issuer": ISSUER,
        "token_endpoint": TOKEN,
        "jwks_uri": CERTS,
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def test_certs_are_the_public_keys(realm: Realm) -> None:
    answer = realm.send("GET", CERTS)
    assert answer.status_code == 200
    assert answer.json() == realm.keys.public_jwks()
    assert "d" not in answer.json()["keys"][0]


@pytest.mark.parametrize("path", ["", "/", "/protocol/openid-connect/auth", "/protocol/openid-connect/token/"])
def test_an_unknown_path_is_404(realm: Realm, path: str) -> None:
    refused(realm.send("GET", ISSUER + path), 404, "not_found", "/auth/realms/connect/.well-known/openid-configuration")


@pytest.mark.parametrize(("verb", "url", "allowed"), [("GET", TOKEN, "POST"), ("POST", CERTS, "GET")])
def test_another_verb_is_405_and_names_the_right_one(realm: Realm, verb: str, url: str, allowed: str) -> None:
    answer = realm.send(verb, url)
    refused(answer, 405, "method_not_allowed", allowed)
    assert answer.headers["allow"] == allowed


# --- a token


def test_a_secret_gets_a_token(realm: Realm) -> None:
    answer = realm.token(realm.with_secret())
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["access_token", "expires_in", "token_type", "not-before-policy", "scope"]
    assert {**body, "access_token": ""} == {
        "access_token": "",
        "expires_in": 3600,
        "token_type": "Bearer",
        "not-before-policy": 0,
        "scope": "",
    }
    token = jwt.decode(body["access_token"], RSAKey.import_key(realm.send("GET", CERTS).json()["keys"][0]))
    assert (token.claims["iss"], token.claims["userId"], token.claims["jti"]) == (ISSUER, "11001", "id-1")


def test_an_assertion_gets_a_token(realm: Realm) -> None:
    bob = realm.keys.clients["bob"]
    answer = realm.token(realm.signed(realm.claims("bob"), bob.key, kid=bob.kid))
    assert answer.status_code == 200
    _, claims = parts(answer.json()["access_token"])
    assert (claims["userId"], claims["azp"]) == ("11002", "bob")


def test_the_key_file_alone_is_enough_to_sign_an_assertion(realm: Realm) -> None:
    key = RSAKey.import_key(realm.keys.clients["alice"].key_file.read_bytes())
    assert realm.token(realm.signed(realm.claims(), key)).status_code == 200


def test_a_token_has_exactly_the_shape_of_the_pages_example(keys: SandboxKeys) -> None:
    token = mint(keys, issuer=ISSUER, owner="11001", client="alice", lifetime_seconds=3600, now=NOW, jti="a-jti")
    header, claims = parts(token)
    assert list(header.items()) == [("kid", keys.kid), ("alg", "RS256")]
    assert list(claims) == CLAIM_NAMES_OF_THE_PAGE
    assert {name: type(value) for name, value in claims.items()} == {
        name: int if name in {"exp", "iat"} else str for name in CLAIM_NAMES_OF_THE_PAGE
    }
    assert str(UUID(claims.pop("sub"))) == parts(token)[1]["sub"]
    assert claims == {
        "clientId": "alice",
        "clientHost": "localhost",
        "iss": ISSUER,
        "typ": "Bearer",
        "userId": "11001",
        "clientAddress": "127.0.0.1",
        "azp": "alice",
        "exp": NOW + 3600,
        "iat": NOW,
        "jti": "a-jti",
        "apps": "alice",
    }


def test_the_subject_of_a_client_is_always_the_same(keys: SandboxKeys) -> None:
    def subject(client: str, issuer: str, now: int) -> str:
        token = mint(keys, issuer=issuer, owner="1", client=client, lifetime_seconds=1, now=now, jti="1")
        return str(parts(token)[1]["sub"])

    assert subject("alice", "http://a", 1) == subject("alice", "http://b", 2)
    assert subject("alice", "http://a", 1) != subject("bob", "http://a", 1)


@pytest.mark.parametrize(
    "media_type", ["application/x-www-form-urlencoded;charset=UTF-8", "Application/X-WWW-Form-UrlEncoded"]
)
def test_the_media_type_may_have_parameters_and_any_case(realm: Realm, media_type: str) -> None:
    assert realm.token(realm.with_secret(), headers={"Content-Type": media_type}).status_code == 200


def test_a_body_may_come_in_pieces(realm: Realm) -> None:
    whole = httpx2.QueryParams({"grant_type": "client_credentials", **realm.with_secret()})

    async def pieces() -> AsyncIterator[bytes]:
        for letter in str(whole):
            yield letter.encode()

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert realm.send("POST", TOKEN, content=pieces(), headers=headers).status_code == 200


# --- requests that are none


def test_without_grant_type_the_request_is_invalid(realm: Realm) -> None:
    for grant in ({}, {"grant_type": ""}):
        answer = realm.send("POST", TOKEN, data={**realm.with_secret(), **grant})
        refused(answer, 400, "invalid_request", "grant_type=client_credentials")


@pytest.mark.parametrize("grant", ["password", "authorization_code", "refresh_token", "CLIENT_CREDENTIALS"])
def test_another_grant_is_unsupported(realm: Realm, grant: str) -> None:
    answer = realm.token({**realm.with_secret(), "grant_type": grant})
    refused(answer, 400, "unsupported_grant_type", "grant_type=client_credentials")


@pytest.mark.parametrize("headers", [{"Content-Type": "application/json"}, {}])
def test_a_body_that_is_no_form_is_invalid(realm: Realm, headers: dict[str, str]) -> None:
    answer = realm.send("POST", TOKEN, content=b'{"grant_type":"client_credentials"}', headers=headers)
    refused(answer, 400, "invalid_request", "application/x-www-form-urlencoded")


@pytest.mark.parametrize("body", [b"grant_type=%ff", b"grant_type=\xff"])
def test_a_body_that_is_not_utf_8_is_invalid(realm: Realm, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    refused(realm.send("POST", TOKEN, content=body, headers=headers), 400, "invalid_request", "UTF-8")


def test_a_repeated_parameter_is_invalid(realm: Realm) -> None:
    body = f"grant_type=client_credentials&client_id=bob&{httpx2.QueryParams(realm.with_secret())}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    refused(realm.send("POST", TOKEN, content=body, headers=headers), 400, "invalid_request", "repeated")


def test_a_body_over_16_kib_is_413_and_closes_the_connection(realm: Realm) -> None:
    form = {"grant_type": "client_credentials", **realm.with_secret(), "padding": ""}
    room = 16 * 1024 - len("&padding=") - len(str(httpx2.QueryParams({k: v for k, v in form.items() if v})))
    assert realm.token({**form, "padding": "x" * room}).status_code == 200
    answer = realm.token({**form, "padding": "x" * (room + 1)})
    refused(answer, 413, "invalid_request", "16384 bytes")
    assert answer.headers["connection"] == "close"


def answered(app: Issuer, error: Exception) -> Response | None:
    """The response to a token request whose body ends in an error."""
    fields = {b"content-type": b"application/x-www-form-urlencoded"}

    async def exchange() -> Response | None:
        request = Request(ServerContext(None), "POST", "/auth/realms/connect/protocol/openid-connect/token", fields)
        request.add_body(b"grant_type=")
        request.fail_body(error)
        return await app(request)

    return asyncio.run(exchange())


def test_a_body_that_stops_half_way_is_408_and_closes_the_connection(realm: Realm) -> None:
    response = answered(realm.app, BodyTimeout())
    assert response is not None
    assert (response.status, response.closes) == (408, True)


def test_nothing_is_sent_to_a_caller_that_has_gone(realm: Realm) -> None:
    assert answered(realm.app, ConnectionLost()) is None
