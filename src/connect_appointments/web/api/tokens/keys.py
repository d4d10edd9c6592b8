"""The issuer's keys: discovered, refreshed, rotated, and kept while the issuer is down."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import msgspec
import structlog
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, RSAKey, import_key

from connect_appointments.core.errors import Unavailable
from connect_appointments.telemetry.metrics import KEY_REFRESH_FAILURES
from connect_appointments.web.repeating import repeating

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 300
RETRY_SECONDS = 5
EXTRA_FETCH_SECONDS = 30
FETCH_TIMEOUT_SECONDS = 5
MAX_DOCUMENT_BYTES = 1024 * 1024
MIN_RSA_BITS = 2048

RSA_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
CURVE_ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}

KeySource = Callable[[], Awaitable[list[Any]]]
"""Returns the members of a JWKS, unparsed."""


class SigningKey(NamedTuple):
    """A usable key, and the algorithms it may be used with."""

    key: RSAKey | ECKey
    algorithms: frozenset[str]
    thumbprint: str


class KeyRing:
    """The current keys, by `kid`."""

    def __init__(self, source: KeySource, clock: Callable[[], float]) -> None:
        """`clock` returns monotonic seconds."""
        self._source = source
        self._clock = clock
        self._keys: Mapping[str, SigningKey] = {}
        self._listeners: list[Callable[[], None]] = []
        self._last_extra_fetch = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether any key has been fetched."""
        return bool(self._keys)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change of the keys."""
        self._listeners.append(listener)

    async def get(self, kid: str) -> SigningKey | None:
        """The key with this `kid`, or None. Raises `Unavailable` if no key has been fetched yet.

        An unknown `kid` triggers a fetch, at most once in 30 s; lookups of a known `kid` never wait for it.
        """
        found = self._keys.get(kid)
        if found is None and self._may_fetch():
            await self._fetch_once()
            found = self._keys.get(kid)
        if not self._keys:
            raise Unavailable from LookupError("no usable key of the issuer is known")
        return found

    def _may_fetch(self) -> bool:
        if self._fetching is not None:
            return True
        if self._clock() - self._last_extra_fetch < EXTRA_FETCH_SECONDS:
            return False
        self._last_extra_fetch = self._clock()
        return True

    async def _fetch_once(self) -> None:
        """Fetch the keys, or wait for the fetch in progress; cancelling a caller does not cancel the fetch."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self.refresh())
            self._fetching.add_done_callback(self._fetched)
        await asyncio.shield(self._fetching)

    def _fetched(self, _: asyncio.Task[None]) -> None:
        self._fetching = None

    async def refresh(self) -> None:
        """Fetch the keys; keep the current keys if the fetch fails or returns no usable key."""
        try:
            keys = usable_keys(await self._source())
        except Exception as error:  # noqa: BLE001 - an issuer may fail in any way; known keys keep working
            KEY_REFRESH_FAILURES.inc()
            log.warning("keys-not-refreshed", reason=f"{type(error).__name__}: {error}"[:500], known=len(self._keys))
            return
        if not keys:
            KEY_REFRESH_FAILURES.inc()
            log.warning("keys-not-refreshed", reason="the issuer has no usable key", known=len(self._keys))
            return
        changed = _thumbprints(keys) != _thumbprints(self._keys)
        self._keys = keys
        if changed:
            log.info("keys-changed", kids=sorted(keys))
            for listener in self._listeners:
                listener()

    def refreshing(self) -> AbstractAsyncContextManager[None]:
        """Fetch the keys now, and every five minutes during the context; every five seconds until there is a key."""
        return repeating(self.refresh, lambda: REFRESH_SECONDS if self._keys else RETRY_SECONDS)


def _thumbprints(keys: Mapping[str, SigningKey]) -> dict[str, str]:
    return {kid: key.thumbprint for kid, key in keys.items()}


def usable_keys(members: list[Any]) -> dict[str, SigningKey]:
    """The usable verification keys of a JWKS, by `kid`; other members are skipped, each with a log line."""
    found: dict[str, SigningKey] = {}
    for member in members:
        try:
            kid, key = _usable(member, known=found)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("key-skipped", kid=_printable_kid(member), reason=f"{error}"[:200])
        else:
            found[kid] = key
    return found


def _usable(member: dict[str, Any], known: Mapping[str, SigningKey]) -> tuple[str, SigningKey]:
    kid = member["kid"]
    if not isinstance(kid, str):
        raise TypeError("its kid is not a string")
    if kid in known:
        raise ValueError("its kid is repeated")
    if member.get("use", "sig") != "sig" or "verify" not in member.get("key_ops", ["verify"]):
        raise ValueError("it is not for signatures")
    if "d" in member:
        raise ValueError("it is a private key")
    with warnings.catch_warnings(action="ignore", category=SecurityWarning):  # the minimum key length is checked below
        key = import_key({name: member[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in member})
    algorithms = _algorithms(key)
    if "alg" in member:
        algorithms &= {member["alg"]}
    if not algorithms or not isinstance(key, (RSAKey, ECKey)):
        raise ValueError("no supported algorithm fits it")
    return kid, SigningKey(key, algorithms, key.thumbprint())


def _algorithms(key: Any) -> frozenset[str]:
    if isinstance(key, RSAKey):
        if key.public_key.key_size < MIN_RSA_BITS:
            raise ValueError(f"it has fewer than {MIN_RSA_BITS} bits")
        return RSA_ALGORITHMS
    if isinstance(key, ECKey):
        return frozenset({CURVE_ALGORITHMS[key.curve_name]})
    return frozenset()


def _printable_kid(member: object) -> str:
    return str(member.get("kid"))[:100] if isinstance(member, dict) else "?"


def keys_of_issuer(issuer: str, client: httpx2.AsyncClient) -> KeySource:
    """The keys at the `jwks_uri` of the issuer's discovery document. Source: OpenID Connect Discovery 1.0."""

    async def fetch() -> list[Any]:
        document = await _get(client, issuer.rstrip("/") + "/.well-known/openid-configuration")
        if document.get("issuer") != issuer:
            raise ValueError(f"the discovery document is of another issuer: {document.get('issuer')!r}")
        return _members(await _get(client, document["jwks_uri"]))

    return fetch


def keys_at_url(url: str, client: httpx2.AsyncClient) -> KeySource:
    """The keys of a JWKS at a URL."""

    async def fetch() -> list[Any]:
        return _members(await _get(client, url))

    return fetch


def keys_in_file(path: Path) -> KeySource:
    """The keys of a JWKS file, read again at each refresh."""

    async def fetch() -> list[Any]:
        return _members(msgspec.json.decode(await asyncio.to_thread(path.read_bytes)))

    return fetch


async def _get(client: httpx2.AsyncClient, url: str) -> Any:
    async with asyncio.timeout(FETCH_TIMEOUT_SECONDS), client.stream("GET", url) as response:
        response.raise_for_status()
        found = bytearray()
        async for chunk in response.aiter_bytes():
            found += chunk
            if len(found) > MAX_DOCUMENT_BYTES:
                raise ValueError(f"the document at {url} is too large")
    return msgspec.json.decode(bytes(found))


def _members(document: Any) -> list[Any]:
    members = document["keys"]
    if not isinstance(members, list):
        raise TypeError("the keys of a JWKS must be a list")
    return members
