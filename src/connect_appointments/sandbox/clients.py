"""Client authentication at the token endpoint: the two supported methods, and their refusals."""

from __future__ import annotations

import hashlib
import heapq
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from joserfc.errors import ClaimError, JoseError, MissingClaimError, UnsupportedAlgorithmError
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact
from joserfc.jwt import JWTClaimsRegistry

from connect_appointments.sandbox.keys import Client

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LEEWAY_SECONDS = 5
ASSERTION_SECONDS = 300
"""The maximum lifetime of an assertion."""

# Unused header fields (such as x5t) are ignored, as RFC 7515 section 4 requires.
_RS256_ONLY = JWSRegistry(algorithms=["RS256"], strict_check_header=False)
# Enough for a certificate chain (x5c); the body has a size limit anyway.
_RS256_ONLY.max_header_length = 8192

_ADVICE = {
    "iss": "iss and sub must both be the client_id.",
    "sub": "iss and sub must both be the client_id.",
    "exp": f"exp must be a Unix time in the future, at most {ASSERTION_SECONDS} s ahead. Check your clock.",
    "nbf": "nbf must be a Unix time that is not in the future. Check your clock.",
    "iat": "iat must be a Unix time that is not in the future. Check your clock.",
    "jti": "jti must be a string that is not empty, a new one for each assertion.",
}


class TokenRefused(Exception):
    """A token request is refused.

    The message tells the developer what to do, in the characters that error_description may have (printable ASCII
    without quotation mark and backslash). Source: RFC 6749 section 5.2.
    """

    def __init__(
        self, description: str, *headers: tuple[bytes, bytes], status: int = 400, error: str = "invalid_request"
    ) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.headers = headers


class InvalidClient(TokenRefused):
    """The client could not be authenticated."""

    def __init__(self, description: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(description, *headers, status=401, error="invalid_client")


class SeenAssertions:
    """The used assertions, kept until they expire. The memory is not persistent."""

    def __init__(self, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._used: set[bytes] = set()
        self._by_end: list[tuple[float, bytes]] = []

    def use(self, client: str, jti: str, *, until: float, now: float) -> bool:
        """Record the use (times in Unix seconds), and return whether it is the first. Raises TokenRefused."""
        while self._by_end and self._by_end[0][0] < now:
            self._used.discard(heapq.heappop(self._by_end)[1])
        # A digest has a fixed size for any jti; JSON strings can contain lone surrogates, which UTF-8 cannot encode.
        digest = hashlib.sha256(f"{client} {jti}".encode("utf-8", "surrogatepass")).digest()
        if digest in self._used:
            return False
        if len(self._used) >= self._capacity:
            raise TokenRefused(
                "Too many assertions have not expired yet. Try again in a moment.",
                status=503,
                error="temporarily_unavailable",
            )
        self._used.add(digest)
        heapq.heappush(self._by_end, (until, digest))
        return True


class Authenticator:
    """Authenticates the client of a token request.

    clients: by client_id.
    audiences: an assertion's `aud` must contain one of these values.
    clock: Unix seconds.
    """

    def __init__(
        self,
        clients: Mapping[str, Client],
        audiences: Callable[[], list[str]],
        clock: Callable[[], float],
        seen: SeenAssertions,
    ) -> None:
        self._clients = clients
        self._names = " or ".join(clients)
        self._audiences = audiences
        self._clock = clock
        self._seen = seen

    def authenticate(self, form: Mapping[str, str]) -> Client:
        """Return the authenticated client of `form`. Raises TokenRefused. Source: RFC 6749 section 2.3, RFC 7523."""
        if "client_secret" in form and "client_assertion" in form:
            raise TokenRefused("Authenticate in one way: send client_secret or client_assertion, not both.")
        if "client_assertion" in form:
            return self._by_assertion(form)
        if "client_secret" in form:
            return self._by_secret(form)
        raise InvalidClient(
            "Authenticate: send client_id and client_secret, or client_assertion_type and client_assertion."
        )

    def _by_secret(self, form: Mapping[str, str]) -> Client:
        client = self._clients.get(form.get("client_id", ""))
        sent = form["client_secret"]
        same = hmac.compare_digest(sent.encode(), (client.secret if client else sent).encode())
        if client is None or not same:
            raise InvalidClient(
                f"client_id must be {self._names}, and client_secret the content of the file "
                "keys/<client_id>.secret in the sandbox's data folder."
            )
        return client

    def _by_assertion(self, form: Mapping[str, str]) -> Client:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise TokenRefused(f"client_assertion_type must be {ASSERTION_TYPE}")
        assertion, claims = _read(form["client_assertion"])
        client = self._clients.get(str(claims.get("sub")))
        if client is None:
            raise InvalidClient(f"iss and sub of the assertion must both be the client_id: {self._names}.")
        if form.get("client_id", client.id) != client.id:
            raise InvalidClient("client_id is not the sub of the assertion. Leave client_id out, or send the same.")
        _check_signature(assertion, client)
        self._check_claims(claims, client)
        return client

    def _check_claims(self, claims: dict[str, Any], client: Client) -> None:
        now = self._clock()
        audiences = self._audiences()
        rules = JWTClaimsRegistry(
            now=int(now),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": client.id},
            sub={"essential": True, "value": client.id},
            aud={"essential": True, "values": audiences},
            exp={"essential": True},
            jti={"essential": True},
        )
        try:
            rules.validate(claims)
        except MissingClaimError as error:
            raise InvalidClient(f"The assertion lacks: {error.claim}. It needs iss, sub, aud, exp, jti.") from error
        except ClaimError as error:
            advice = {**_ADVICE, "aud": f"aud must contain {' or '.join(audiences)}"}
            raise InvalidClient(f"The assertion's {advice[error.claim]}") from error
        if claims["exp"] > now + ASSERTION_SECONDS + LEEWAY_SECONDS:
            raise InvalidClient(f"The assertion's {_ADVICE['exp']}")
        if not self._seen.use(client.id, claims["jti"], until=claims["exp"] + LEEWAY_SECONDS, now=now):
            raise InvalidClient("The assertion was used before. Sign a new one, with a new jti, for each request.")


def _read(assertion: str) -> tuple[CompactSignature, dict[str, Any]]:
    """Decode an assertion without verifying it."""
    try:
        signature = extract_compact(assertion.encode(), registry=_RS256_ONLY)
        claims = json.loads(signature.payload)
    # joserfc does not convert the last two, which occur for a header that is a list or is nested too deep.
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise InvalidClient("client_assertion is not a signed JWT (three parts in base64url, with dots).") from error
    if not isinstance(signature.protected, dict) or not isinstance(claims, dict):
        raise InvalidClient("client_assertion is not a signed JWT: its header and its claims must be JSON objects.")
    return signature, claims


def _check_signature(assertion: CompactSignature, client: Client) -> None:
    if assertion.headers().get("kid", client.kid) != client.kid:
        raise InvalidClient(f"kid is not that of {client.id}'s key. Leave it out, or send {client.kid}")
    try:
        genuine = validate_compact(assertion, client.key, registry=_RS256_ONLY)
    except UnsupportedAlgorithmError as error:
        raise InvalidClient("Sign the assertion with RS256; no other alg is accepted.") from error
    except JoseError as error:
        raise InvalidClient("The assertion's header cannot be used. It needs alg RS256, and nothing more.") from error
    if not genuine:
        raise InvalidClient(
            f"The assertion is not signed with {client.id}'s private key: keys/{client.key_file.name} "
            "in the sandbox's data folder."
        )
