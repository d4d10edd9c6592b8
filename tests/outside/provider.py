"""npm's oidc-provider as a running issuer, with two clients that sign their assertions."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.outside import node

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = Path(__file__).parent
REALM = "connect"
AUDIENCE = "urn:connect-appointments:api"
USER_IDS = {"alice": "11001", "bob": "11002"}
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 60
STOP_SECONDS = 10.0


class Provider:
    """A running issuer; its clients `alice` and `bob` are the tenants of `USER_IDS`."""

    def __init__(self, issuer: str, process: subprocess.Popen[str], keys: Mapping[str, RSAKey]) -> None:
        """`keys` are the clients' private keys, by client id."""
        self.issuer = issuer
        self.audience = AUDIENCE
        self._process = process
        self._keys = keys
        with httpx2.Client() as client:
            answer = client.get(f"{issuer}/.well-known/openid-configuration").raise_for_status()
        self.discovery: dict[str, object] = answer.json()
        self.token_endpoint = str(self.discovery["token_endpoint"])

    @property
    def pid(self) -> int:
        """The process id of the provider."""
        return self._process.pid

    def token(self, client: str = "alice") -> str:
        """Get a new access token for `client` from the token endpoint, valid for an hour."""
        return str(self.exchange(self.assertion(client)).raise_for_status().json()["access_token"])

    def assertion(self, client: str) -> str:
        """Sign what `client` proves itself with, once. Source: RFC 7523 section 3."""
        key, now = self._keys[client], int(time.time())
        claims = {"iss": client, "sub": client, "aud": self.issuer, "jti": str(uuid.uuid4())}
        times = {"iat": now, "nbf": now, "exp": now + ASSERTION_SECONDS}
        return jwt.encode({"alg": "RS256", "kid": key.kid}, claims | times, key)

    def exchange(self, assertion: str) -> httpx2.Response:
        """Ask for a token with `assertion`, whatever the answer is. Source: RFC 6749 section 4.4."""
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        with httpx2.Client() as client:
            return client.post(self.token_endpoint, data=form)

    def stop(self) -> None:
        """End the provider; nothing when it has ended."""
        self._process.terminate()
        self._process.wait(STOP_SECONDS)


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Install and start the provider on a free port of 127.0.0.1; raises NodeError without Node.js."""
    executable = node.program("node")
    node.install(FOLDER)
    keys = {client: RSAKey.generate_key(2048, auto_kid=True) for client in USER_IDS}
    command = [executable, "provider.mjs"]
    with subprocess.Popen(command, cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(_configuration(keys)) + "\n")
            process.stdin.flush()
            yield Provider(_read_issuer(process.stdout), process, keys)
        finally:
            process.terminate()


def _configuration(keys: Mapping[str, RSAKey]) -> dict[str, object]:
    clients = [
        {"clientId": client, "userId": USER_IDS[client], "jwks": {"keys": [key.as_dict(private=False, use="sig")]}}
        for client, key in keys.items()
    ]
    return {"realm": REALM, "audience": AUDIENCE, "clients": clients}


def _read_issuer(output: IO[str]) -> str:
    # Notices of the library may come first.
    for line in output:
        name, _, value = line.strip().partition(" ")
        if name == "issuer":
            return value
    raise RuntimeError("the provider ended before it listened; its reason is in the captured standard error")
