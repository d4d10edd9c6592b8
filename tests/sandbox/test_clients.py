"""Who gets a token: secrets, assertions, and every forgery of one."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from connect_appointments.sandbox.clients import SeenAssertions, TokenRefused

from .realm import (
    BEARER_ASSERTION,
    ISSUER,
    NOW,
    TOKEN,
    Realm,
    assertion,
    by_hand,
    part,
    refused,
)

# --- clients that are none


def test_a_client_that_does_not_authenticate_is_refused(realm: Realm) -> None:
    for form in ({}, {"client_id": "alice"}, {"client_id": "alice", "client_secret": ""}):
        refused(realm.token(form), 401, "invalid_client", "client_secret", "client_assertion")


def test_a_wrong_secret_an_unknown_client_and_the_other_clients_secret_look_the_same(realm: Realm) -> None:
    right = realm.with_secret()["client_secret"]
    answers = [
        realm.token({"client_id": client, "client_secret": secret})
        for client, secret in [("alice", "wrong"), ("alice", "é\x00"), ("carol", right), ("bob", right), ("", right)]
    ]
    for answer in answers:
        refused(answer, 401, "invalid_client", "alice or bob", "keys/<client_id>.secret")
    assert len({answer.text for answer in answers}) == 1


def test_both_ways_at_once_are_invalid(realm: Realm) -> None:
    answer = realm.token({**realm.with_secret(), **realm.signed(realm.claims())})
    refused(answer, 400, "invalid_request", "not both")


def test_client_secret_basic_is_refused_in_its_own_scheme(realm: Realm) -> None:
    answer = realm.token({}, auth=("alice", realm.with_secret()["client_secret"]))
    refused(answer, 401, "invalid_client", "in the body")
    assert answer.headers["www-authenticate"] == 'Basic realm="connect"'


@pytest.mark.parametrize("kind", [None, "", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"])
def test_another_type_of_assertion_is_invalid(realm: Realm, kind: str | None) -> None:
    form = realm.signed(realm.claims())
    del form["client_assertion_type"]
    if kind is not None:
        form["client_assertion_type"] = kind
    refused(realm.token(form), 400, "invalid_request", BEARER_ASSERTION)


# --- assertions


def test_an_assertion_serves_once(realm: Realm) -> None:
    form = realm.signed(realm.claims())
    assert realm.token(form).status_code == 200
    refused(realm.token(form), 401, "invalid_client", "used before")


def test_a_jti_serves_once_even_in_another_assertion(realm: Realm) -> None:
    assert realm.token(realm.signed(realm.claims(jti="same"))).status_code == 200
    refused(realm.token(realm.signed(realm.claims(jti="same", exp=NOW + 61))), 401, "invalid_client", "jti")


def test_an_assertion_cannot_be_replayed_within_the_leeway(realm: Realm) -> None:
    form = realm.signed(realm.claims(exp=NOW + 60))
    assert realm.token(form).status_code == 200
    realm.clock.now = NOW + 64.9
    refused(realm.token(form), 401, "invalid_client", "used before")


def test_two_clients_may_use_the_same_jti(realm: Realm) -> None:
    bob = realm.keys.clients["bob"]
    assert realm.token(realm.signed(realm.claims(jti="same"))).status_code == 200
    assert realm.token(realm.signed(realm.claims("bob", jti="same"), bob.key)).status_code == 200


def test_a_refused_assertion_does_not_use_up_its_jti(realm: Realm) -> None:
    refused(realm.token(realm.signed(realm.claims(jti="same", aud="elsewhere"))), 401, "invalid_client")
    assert realm.token(realm.signed(realm.claims(jti="same"))).status_code == 200


def test_used_assertions_are_remembered_in_bounded_memory_until_they_expire() -> None:
    seen = SeenAssertions(capacity=2)
    assert seen.use("alice", "1", until=10, now=0)
    assert seen.use("alice", "2", until=20, now=0)
    with pytest.raises(TokenRefused, match="Too many"):
        seen.use("alice", "3", until=10, now=10)
    assert not seen.use("alice", "1", until=10, now=10)
    assert seen.use("alice", "3", until=20, now=11)
    with pytest.raises(TokenRefused, match="Too many"):
        seen.use("alice", "4", until=20, now=11)


@pytest.mark.parametrize(
    "good",
    [
        {"aud": ISSUER},
        {"aud": ["http://elsewhere", TOKEN]},
        {"iat": None, "nbf": None},
        {"exp": NOW + 60.5},
        {"exp": NOW - 4},
        {"exp": NOW + 305},
        {"iat": NOW + 5, "nbf": NOW + 5},
        {"jti": "\ud800"},
        {"scope": "anything", "extra": [1]},
    ],
)
def test_an_assertion_may_be(realm: Realm, good: dict[str, Any]) -> None:
    assert realm.token(by_hand(realm, realm.claims(**good))).status_code == 200


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"x5t": "AAAA"}, {"x5c": ["A" * 2000]}, {"extra": 1}])
def test_a_header_may_say_more(realm: Realm, header: dict[str, Any]) -> None:
    assert realm.token(by_hand(realm, realm.claims(), {"alg": "RS256", **header})).status_code == 200


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"iss": None}, "lacks: iss"),
        ({"sub": None}, "client_id: alice or bob"),
        ({"aud": None, "exp": None, "jti": None}, "lacks: aud,exp,jti"),
        ({"iss": "bob"}, "iss and sub must both be the client_id"),
        ({"iss": 1}, "iss and sub must both be the client_id"),
        ({"sub": "carol", "iss": "carol"}, "client_id: alice or bob"),
        ({"sub": ["alice"]}, "client_id: alice or bob"),
        ({"aud": "http://elsewhere/token"}, f"aud must contain {TOKEN} or {ISSUER}"),
        ({"aud": []}, "aud must contain"),
        ({"aud": {TOKEN: 1}}, "aud must contain"),
        ({"aud": ISSUER + "/"}, "aud must contain"),
        ({"exp": NOW - 5}, "exp must be a Unix time in the future"),
        ({"exp": NOW + 306}, "at most 300 s ahead"),
        ({"exp": 10**4000}, "at most 300 s ahead"),
        ({"exp": float("inf")}, "exp must be"),
        ({"exp": float("nan")}, "exp must be"),
        ({"exp": str(NOW + 60)}, "exp must be"),
        ({"exp": True}, "exp must be"),
        ({"nbf": NOW + 6}, "nbf must be a Unix time that is not in the future"),
        ({"nbf": "now"}, "nbf must be"),
        ({"iat": NOW + 6}, "iat must be a Unix time that is not in the future"),
        ({"iat": [NOW]}, "iat must be"),
        ({"jti": ""}, "jti must be a string"),
        ({"jti": 7}, "jti must be a string"),
    ],
)
def test_an_assertion_with_a_bad_claim_is_refused(realm: Realm, change: dict[str, Any], advice: str) -> None:
    refused(realm.token(realm.signed(realm.claims(**change))), 401, "invalid_client", advice)


def test_an_expired_assertion_is_refused(realm: Realm) -> None:
    form = realm.signed(realm.claims(exp=NOW + 60))
    realm.clock.now = NOW + 65
    refused(realm.token(form), 401, "invalid_client", "exp must be a Unix time in the future", "clock")


def test_an_assertion_of_another_client_is_refused(realm: Realm) -> None:
    form = {**realm.signed(realm.claims()), "client_id": "bob"}
    refused(realm.token(form), 401, "invalid_client", "client_id is not the sub")
    assert realm.token({**form, "client_id": "alice"}).status_code == 200


def test_an_assertion_signed_by_another_key_is_refused(realm: Realm) -> None:
    for key in (realm.keys.clients["bob"].key, realm.keys.signing, RSAKey.generate_key(2048)):
        refused(realm.token(realm.signed(realm.claims(), key)), 401, "invalid_client", "keys/alice.pem")


def test_a_kid_that_is_not_the_clients_is_refused(realm: Realm) -> None:
    alice = realm.keys.clients["alice"]
    assert realm.token(realm.signed(realm.claims(), kid=alice.kid)).status_code == 200
    for kid in (realm.keys.clients["bob"].kid, realm.keys.kid, ""):
        refused(realm.token(realm.signed(realm.claims(), kid=kid)), 401, "invalid_client", alice.kid)


def test_a_tampered_assertion_is_refused(realm: Realm) -> None:
    header, _, signature = realm.signed(realm.claims())["client_assertion"].split(".")
    form = assertion(f"{header}.{part(realm.claims(exp=NOW + 200))}.{signature}")
    refused(realm.token(form), 401, "invalid_client", "not signed with alice's private key")


@pytest.mark.parametrize("alg", ["none", "None", "NONE"])
def test_alg_none_is_refused(realm: Realm, alg: str) -> None:
    signature = realm.signed(realm.claims())["client_assertion"].split(".")[2]
    for end in ("", signature):
        form = assertion(f"{part({'alg': alg})}.{part(realm.claims())}.{end}")
        refused(realm.token(form), 401, "invalid_client", "RS256")


def test_hs256_with_the_public_key_as_the_secret_is_refused(realm: Realm) -> None:
    key = realm.keys.clients["alice"].key
    text = f"{part({'alg': 'HS256'})}.{part(realm.claims())}"
    for secret in (key.as_pem(private=False), key.as_der(private=False), realm.with_secret()["client_secret"].encode()):
        signature = base64.urlsafe_b64encode(hmac.digest(secret, text.encode(), hashlib.sha256)).decode().rstrip("=")
        refused(realm.token(assertion(f"{text}.{signature}")), 401, "invalid_client", "RS256")


@pytest.mark.parametrize("alg", ["RS512", "PS256"])
def test_another_algorithm_of_the_right_key_is_refused(realm: Realm, alg: str) -> None:
    refused(realm.token(realm.signed(realm.claims(), alg=alg)), 401, "invalid_client", "RS256")


def test_a_key_that_the_assertion_brings_along_is_not_believed(realm: Realm) -> None:
    own = RSAKey.generate_key(2048)
    form = realm.signed(realm.claims(), own, jwk=own.as_dict(private=False), jku="http://127.0.0.1:1/keys")
    refused(realm.token(form), 401, "invalid_client")


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"alg": None},
        {"alg": ["RS256"]},
        {"alg": "RS256", "crit": ["exp"]},
        {"alg": "RS256", "kid": 1},
        {"alg": "RS256", "b64": "no"},
        ["alg"],
        ["alg", "b64"],
        "alg",
        {"alg": "RS256", "padding": "x" * 9000},
    ],
)
def test_a_header_that_cannot_be_used_is_refused(realm: Realm, header: object) -> None:
    refused(realm.token(by_hand(realm, realm.claims(), header)), 401, "invalid_client")


@pytest.mark.parametrize("claims", [[], "text", 1, None, ["sub"]])
def test_claims_that_are_no_object_are_refused(realm: Realm, claims: object) -> None:
    refused(realm.token(by_hand(realm, claims)), 401, "invalid_client", "not a signed JWT")


@pytest.mark.parametrize(
    "text",
    ["x", "..", "a.b", "a.b.c.d", "é.é.é", "====.====.====", f"{part({'alg': 'RS256'})}.", "." * 5000, "\x00"],
)
def test_what_is_no_jwt_at_all_is_refused(realm: Realm, text: str) -> None:
    refused(realm.token(assertion(text)), 401, "invalid_client", "not a signed JWT")


def test_nesting_without_end_is_refused(realm: Realm) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 6000).decode().rstrip("=")
    for text in (f"{deep}.e30.AAAA", f"{part({'alg': 'RS256'})}.{deep}.AAAA"):
        refused(realm.token(assertion(text)), 401, "invalid_client", "not a signed JWT")
