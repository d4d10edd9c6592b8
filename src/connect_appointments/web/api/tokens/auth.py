"""Authentication: from the Authorization header, with an access token of the issuer, to an owner."""

from __future__ import annotations

import base64
import binascii
import json
import re
import sys
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, NamedTuple

from joserfc import jws
from joserfc.errors import JoseError

from connect_appointments.core.model import CONTROL_CHARACTERS, MAX_OWNER_CHARACTERS, Owner, is_owner
from connect_appointments.web.api.refusals import InvalidToken, RefusedToken
from connect_appointments.web.api.tokens.keys import KeyRing, SigningKey
from connect_appointments.web.api.tokens.token_rules import TokenRules

MAX_TOKEN_BYTES = 16 * 1024

_token = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_headers = jws.JWSRegistry()


class Head(NamedTuple):
    """The contents of a token's header.

    of_rfc_9068: the `typ` declares an access token of RFC 9068.
    """

    algorithm: str
    kid: str
    of_rfc_9068: bool


class Caller(NamedTuple):
    """The owner and client of a token, and its expiry (seconds since 1970)."""

    owner: Owner
    client: str
    until: float


class Authenticator:
    """Verifies tokens, and caches verified tokens until they expire or the keys change."""

    def __init__(
        self, keys: KeyRing, rules: TokenRules, clock: Callable[[], float], *, remembered_tokens: int = 10_000
    ) -> None:
        """`clock` returns seconds since 1970."""
        self._keys = keys
        self._rules = rules
        self._clock = clock
        self._remembered_tokens = remembered_tokens
        self._callers: dict[bytes, Caller] = {}
        keys.on_change(self._callers.clear)

    def remembered(self, header: bytes | None) -> Caller | None:
        """The cached caller of an Authorization header, or None."""
        found = self._callers.get(header) if header is not None else None
        return found if found is not None and self._clock() < found.until else None

    async def verify(self, header: bytes | None) -> Caller:
        """The caller of an Authorization header.

        Raises `InvalidToken` if there is no bearer token, `RefusedToken` if the token is not accepted, and
        `Unavailable` if no verification key has been fetched yet.
        """
        scheme, _, token = (header or b"").partition(b" ")
        token = token.strip(b" ")
        if header is None or scheme.lower() != b"bearer" or not token:
            raise InvalidToken
        caller = await self._verify_token(token)
        self._remember(header, caller)
        return caller

    def _remember(self, header: bytes, caller: Caller) -> None:
        if len(self._callers) >= self._remembered_tokens:
            self._callers.pop(next(iter(self._callers)))
        self._callers[header] = caller

    async def _verify_token(self, token: bytes) -> Caller:
        if len(token) > MAX_TOKEN_BYTES or not _token.fullmatch(token):
            raise RefusedToken
        signed, _, signature = token.rpartition(b".")
        first, _, payload = signed.partition(b".")
        head = _head(first)
        if head.algorithm not in self._rules.algorithms:
            raise RefusedToken
        key = await self._keys.get(head.kid)
        if key is None or head.algorithm not in key.algorithms:
            raise RefusedToken
        if not _is_signed(head.algorithm, signed, _decode_part(signature), key):
            raise RefusedToken
        return self._caller(head, _object(_decode_part(payload)))

    def _caller(self, head: Head, claims: dict[str, Any]) -> Caller:
        until = self._check_times(claims)
        _check_kind(head, claims)
        self._check_issuer_and_audience(claims)
        client = claims.get("azp", claims.get("clientId", ""))
        return Caller(_owner(claims.get(self._rules.owner_claim)), _client(client), until)

    def _check_times(self, claims: dict[str, Any]) -> float:
        now, leeway = self._clock(), self._rules.leeway_seconds
        until = _seconds(claims.get("exp")) + leeway
        if now >= until:
            raise RefusedToken("The access token has expired. Request a new one from the token endpoint.")
        if any(name in claims and _seconds(claims[name]) > now + leeway for name in ("nbf", "iat")):
            raise RefusedToken
        return until

    def _check_issuer_and_audience(self, claims: dict[str, Any]) -> None:
        rules = self._rules
        issuer, client = claims.get("iss"), claims.get("azp")
        if not isinstance(issuer, str) or issuer not in rules.issuers:
            raise RefusedToken
        if rules.audiences is not None and not rules.audiences & _audiences(claims.get("aud")):
            raise RefusedToken
        if rules.clients is not None and (not isinstance(client, str) or client not in rules.clients):
            raise RefusedToken


@lru_cache(maxsize=64)
def _head(part: bytes) -> Head:
    """Decode a token's header; refuse headers without a key id or with critical extensions.

    Cached: all tokens of an issuer share the same header.
    """
    found = _object(_decode_part(part))
    algorithm, kid, kind = found.get("alg"), found.get("kid"), found.get("typ")
    if not isinstance(algorithm, str) or not isinstance(kid, str) or "crit" in found or "b64" in found:
        raise RefusedToken
    try:
        _headers.validate_header_size(part)
        _headers.check_header(found)
    except (JoseError, ValueError) as error:
        raise RefusedToken from error
    return Head(algorithm, kid, isinstance(kind, str) and kind.lower() in {"at+jwt", "application/at+jwt"})


@cache
def _verifier(algorithm: str) -> Callable[[bytes, bytes, Any], bool]:
    """The function that verifies a signature, given the signed bytes, the signature and the key."""
    return jws.JWSRegistry(algorithms=[algorithm]).get_alg(algorithm).verify


def _is_signed(algorithm: str, signed: bytes, signature: bytes, key: SigningKey) -> bool:
    try:
        return _verifier(algorithm)(signed, signature, key.key)
    except (JoseError, ValueError):
        return False


def _check_kind(head: Head, claims: dict[str, Any]) -> None:
    """Check that the token is an access token, and not a proof-of-possession token. Source: contract D25."""
    if "cnf" in claims or not (claims.get("typ") == "Bearer" or ("typ" not in claims and head.of_rfc_9068)):
        raise RefusedToken


def _decode_part(part: bytes) -> bytes:
    """Decode base64url in its canonical form only: in other forms, several tokens would have the same bytes."""
    try:
        found = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error as error:
        raise RefusedToken from error
    if base64.urlsafe_b64encode(found).rstrip(b"=") != part:
        raise RefusedToken
    return found


def _object(text: bytes) -> dict[str, Any]:
    """Decode a JSON object without repeated keys."""
    try:
        found = _json.decode(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RefusedToken from error
    if not isinstance(found, dict):
        raise RefusedToken
    return found


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found


_json = json.JSONDecoder(object_pairs_hook=_distinct)


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= sys.float_info.max:
        raise RefusedToken
    return float(value)


def _audiences(value: object) -> frozenset[str]:
    values = value if isinstance(value, list) else [value]
    return frozenset(item for item in values if isinstance(item, str))


def _owner(value: object) -> Owner:
    """The owner, from its claim. Source: contract D8."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not is_owner(value):
        raise RefusedToken
    return Owner(value)


def _client(value: object) -> str:
    """The client, for the event log only: no decision depends on it."""
    text = value if isinstance(value, str) else ""
    return CONTROL_CHARACTERS.sub("?", text)[:MAX_OWNER_CHARACTERS]
