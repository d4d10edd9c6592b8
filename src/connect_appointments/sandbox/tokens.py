"""Access tokens with exactly the claims of the documentation's example."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from joserfc import jwt

from connect_appointments.sandbox.keys import SandboxKeys


def mint(keys: SandboxKeys, *, issuer: str, owner: str, client: str, lifetime_seconds: int, now: int, jti: str) -> str:
    """Sign an access token.

    issuer: the URL of the realm, without a trailing slash.
    owner: the `userId`.
    client: the client_id; the `sub` is a UUID derived from it alone.
    now: Unix seconds.

    Source: the token of the page's example request (no aud, no nbf, no scope, and no typ in the header).
    """
    claims = {
        "sub": str(uuid5(NAMESPACE_URL, f"urn:connect-appointments:sandbox:client:{client}")),
        "clientId": client,
        "clientHost": "localhost",
        "iss": issuer,
        "typ": "Bearer",
        "userId": owner,
        "clientAddress": "127.0.0.1",
        "azp": client,
        "exp": now + lifetime_seconds,
        "iat": now,
        "jti": jti,
        "apps": client,
    }
    header = {"kid": keys.kid, "alg": "RS256"}
    return jwt.encode(header, claims, keys.signing, algorithms=["RS256"], default_type=None)
