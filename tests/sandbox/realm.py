"""An issuer to talk to, and what a client says to it."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

from connect_appointments.sandbox.issuer import Issuer
from connect_appointments.sandbox.keys import SandboxKeys
from connect_appointments.web.api.request import ServerContext
from tests.documents import check_six_headers
from tests.in_process import InProcess

ISSUER = "http://127.0.0.1:8080/auth/realms/connect"
TOKEN = f"{ISSUER}/protocol/openid-connect/token"
CERTS = f"{ISSUER}/protocol/openid-connect/certs"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
NOW = 1_748_238_382
BEARER_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


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

    def send(self, verb: str, url: str, **options: Any) -> httpx2.Response:
        async def exchange() -> httpx2.Response:
            async with httpx2.AsyncClient(transport=InProcess(self.app, ServerContext(None))) as client:
                return await client.request(verb, url, **options)

        answer = asyncio.run(exchange())
        check_every_answer(answer)
        return answer

    def token(self, form: Mapping[str, str], **options: Any) -> httpx2.Response:
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


def check_every_answer(answer: httpx2.Response) -> None:
    """Six headers together and in order, JSON, and a description in the characters RFC 6749 section 5.2 allows."""
    headers = answer.headers.multi_items()
    check_six_headers(headers)
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


def refused(answer: httpx2.Response, status: int, error: str, *words: str) -> None:
    """The answer is that error, and its description tells what to do in these words."""
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    for word in words:
        assert word in answer.json()["error_description"]
