"""The token check, the six headers and the problem documents of the default stack."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import jwt
from fastapi import Depends, Header
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "1; mode=block",
    "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
    "Pragma": "no-cache",
    "Expires": "0",
    "X-Frame-Options": "DENY",
}
VERSIONS = frozenset("1234567")


class ProblemError(Exception):
    def __init__(self, status: int, code: str, title: str) -> None:
        self.status = status
        self.code = code
        self.title = title


class SecurityHeaders:
    """A plain ASGI middleware: BaseHTTPMiddleware would cost more."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers)


def signing_keys() -> dict[str, jwt.PyJWK]:
    document = json.loads(Path(os.environ["JWKS_FILE"]).read_text("utf-8"))
    return {key.key_id: key for key in jwt.PyJWKSet.from_dict(document).keys if key.key_id}


issuer = os.environ["ISSUER"]
keys = signing_keys()
bearer = HTTPBearer(auto_error=False)


async def claims(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> dict[str, Any]:
    if credentials is None:
        raise ProblemError(401, "invalid-token", "Bearer Token missing or invalid")
    try:
        token = credentials.credentials
        key = keys[jwt.get_unverified_header(token)["kid"]]
        options: Any = {"require": ["exp", "iat", "iss"], "verify_aud": False}
        found: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], issuer=issuer, options=options, leeway=5)
    except (jwt.PyJWTError, KeyError):
        raise ProblemError(401, "invalid-token", "Bearer Token missing or invalid") from None
    if found.get("typ") != "Bearer" or not isinstance(found.get("userId"), str):
        raise ProblemError(401, "invalid-token", "Bearer Token missing or invalid")
    return found


async def version(x_api_version: Annotated[str | None, Header()] = None) -> int:
    if x_api_version not in VERSIONS:
        raise ProblemError(400, "unsupported-api-version", "The X-API-VERSION is missing or not supported")
    return int(x_api_version)
