"""The built-in issuer over HTTP: discovery, keys, tokens, and every way to be refused one."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry
from starlette.types import Message

from connect_appointments.sandbox.clients import SeenAssertions, TooManyAssertions
from connect_appointments.sandbox.issuer import Issuer
from connect_appointments.sandbox.keys import SandboxKeys
from connect_appointments.sandbox.tokens import mint

ISSUER = "http://127.0.0.1:8080/auth/realms/connect"
TOKEN = f"{ISSUER}/protocol/openid-connect/token"
CERTS = f"{ISSUER}/protocol/openid-connect/certs"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
NOW = 1_748_238_382
BEARER_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

SIX_HEADERS = [
    ("x-content-type-options", "nosniff"),
    ("x-xss-protection", "1; mode=block"),
    ("cache-control", "no-cache, no-store, max-age=0, must-revalidate"),
    ("pragma", "no-cache"),
    ("expires", "0"),
    ("x-frame-options", "DENY"),
]
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


@dataclass
class Clock:
    """A clock that stands until it is told to move."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Realm:
    """An issuer with its clock, and the words a client says to it."""

    keys: SandboxKeys
    clock: Clock = field(default_factory=Clock)
    made: int = 0

    def __post_init__(self) -> None:
        self.app = Issuer(self.keys, lambda: ISSUER, self.clock, new_id=self.new_id)

    def new_id(self) -> str:
        self.made += 1
        return f"id-{self.made}"

    def send(self, verb: str, url: str, **options: Any) -> httpx.Response:
        async def exchange() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app)) as client:
                return await client.request(verb, url, **options)

        answer = asyncio.run(exchange())
        check_every_answer(answer)
        return answer

    def token(self, form: Mapping[str, str], **options: Any) -> httpx.Response:
        return self.send("POST", TOKEN, data={"grant_type": "client_credentials", **form}, **options)

    def with_secret(self, client: str = "alice") -> dict[str, str]:
        return {"client_id": client, "client_secret": self.keys.clients[client].secret}

    def claims(self, client: str = "alice", **changes: Any) -> dict[str, Any]:
        """The claims of a good assertion, changed; a change to None leaves the claim out."""
        claims = {
            "iss": client,
            "sub": client,
            "aud": TOKEN,
            "exp": NOW + 60,
            "iat": NOW,
            "nbf": NOW,
            "jti": self.new_id(),
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def signed(self, claims: dict[str, Any], key: RSAKey | None = None, **header: Any) -> dict[str, str]:
        signer = key or self.keys.clients["alice"].key
        return assertion(jwt.encode({"alg": "RS256", **header}, claims, signer, algorithms=["RS256", "RS512", "PS256"]))


def check_every_answer(answer: httpx.Response) -> None:
    """Six headers together and in order, JSON, and a description in the characters RFC 6749 section 5.2 allows."""
    headers = answer.headers.multi_items()
    first = headers.index(SIX_HEADERS[0])
    assert headers[first : first + 6] == SIX_HEADERS
    assert len({name for name, _ in headers}) == len(headers)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.content))
    if answer.status_code != 200:
        assert set(answer.json()) == {"error", "error_description"}
        assert re.fullmatch(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+", answer.json()["error_description"])


def assertion(text: str) -> dict[str, str]:
    return {"client_assertion_type": BEARER_ASSERTION, "client_assertion": text}


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def parts(token: str) -> list[Any]:
    """Header and claims of a token, keys in the order they were written."""
    return [json.loads(base64.urlsafe_b64decode(text + "===")) for text in token.split(".")[:2]]


def by_hand(realm: Realm, claims: object, header: object = None) -> dict[str, str]:
    """An assertion with a genuine RS256 signature of Alice, also over what a JOSE library would not sign."""
    text = f"{part(header or {'alg': 'RS256'})}.{part(claims)}"
    rs256 = JWSRegistry(algorithms=["RS256"]).get_alg("RS256")
    signature = rs256.sign(text.encode(), realm.keys.clients["alice"].key)
    return assertion(f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}")


def refused(answer: httpx.Response, status: int, error: str, *words: str) -> None:
    """The answer is that error, and its description tells what to do in these words."""
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    for word in words:
        assert word in answer.json()["error_description"]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> SandboxKeys:
    return SandboxKeys.open(tmp_path_factory.mktemp("sandbox"))


@pytest.fixture
def realm(keys: SandboxKeys) -> Realm:
    return Realm(keys)


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
    whole = httpx.QueryParams({"grant_type": "client_credentials", **realm.with_secret()})

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
    body = f"grant_type=client_credentials&client_id=bob&{httpx.QueryParams(realm.with_secret())}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    refused(realm.send("POST", TOKEN, content=body, headers=headers), 400, "invalid_request", "repeated")


def test_a_body_over_16_kib_is_413_and_closes_the_connection(realm: Realm) -> None:
    form = {"grant_type": "client_credentials", **realm.with_secret(), "padding": ""}
    room = 16 * 1024 - len("&padding=") - len(str(httpx.QueryParams({k: v for k, v in form.items() if v})))
    assert realm.token({**form, "padding": "x" * room}).status_code == 200
    answer = realm.token({**form, "padding": "x" * (room + 1)})
    refused(answer, 413, "invalid_request", "16384 bytes")
    assert answer.headers["connection"] == "close"


def exchange(app: Issuer, *messages: Message) -> list[Message]:
    """Give the application these messages and then silence; return what it sends."""
    waiting = list(messages)
    sent: list[Message] = []

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    path = "/auth/realms/connect/protocol/openid-connect/token"
    asyncio.run(app({"type": "http", "method": "POST", "path": path, "headers": headers}, receive, send))
    return sent


def test_a_body_that_stops_half_way_is_408_and_closes_the_connection(keys: SandboxKeys) -> None:
    app = Issuer(keys, lambda: ISSUER, Clock(), body_seconds=0.01)
    start, _ = exchange(app, {"type": "http.request", "body": b"grant_type=", "more_body": True})
    assert start["status"] == 408
    assert (b"connection", b"close") in start["headers"]


def test_nothing_is_sent_to_a_caller_that_has_gone(realm: Realm) -> None:
    pieces: list[Message] = [{"type": "http.request", "body": b"grant_type=", "more_body": True}]
    assert exchange(realm.app, *pieces, {"type": "http.disconnect"}) == []


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
    with pytest.raises(TooManyAssertions):
        seen.use("alice", "3", until=10, now=10)
    assert not seen.use("alice", "1", until=10, now=10)
    assert seen.use("alice", "3", until=20, now=11)
    with pytest.raises(TooManyAssertions):
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
        ({"exp": NOW - 5}, "exp must be a time to come"),
        ({"exp": NOW + 306}, "at most 300 s ahead"),
        ({"exp": 10**4000}, "at most 300 s ahead"),
        ({"exp": float("inf")}, "exp must be"),
        ({"exp": float("nan")}, "exp must be"),
        ({"exp": str(NOW + 60)}, "exp must be"),
        ({"exp": True}, "exp must be"),
        ({"nbf": NOW + 6}, "nbf must be a time that has come"),
        ({"nbf": "now"}, "nbf must be"),
        ({"iat": NOW + 6}, "iat must be a time that has come"),
        ({"iat": [NOW]}, "iat must be"),
        ({"jti": ""}, "jti must be a text"),
        ({"jti": 7}, "jti must be a text"),
    ],
)
def test_an_assertion_with_a_bad_claim_is_refused(realm: Realm, change: dict[str, Any], advice: str) -> None:
    refused(realm.token(realm.signed(realm.claims(**change))), 401, "invalid_client", advice)


def test_an_expired_assertion_is_refused(realm: Realm) -> None:
    form = realm.signed(realm.claims(exp=NOW + 60))
    realm.clock.now = NOW + 65
    refused(realm.token(form), 401, "invalid_client", "exp must be a time to come", "clock")


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
