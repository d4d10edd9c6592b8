"""The built-in token issuer: replaces a Keycloak realm, with the grant client_credentials only."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl
from uuid import uuid4

from connect_appointments.sandbox.clients import Authenticator, InvalidClient, SeenAssertions, TokenRefused
from connect_appointments.sandbox.keys import SandboxKeys
from connect_appointments.sandbox.tokens import mint
from connect_appointments.web.api.base_endpoint import BaseEndpoint
from connect_appointments.web.api.refusals import BodyTimeout, BodyTooLarge
from connect_appointments.web.api.request import MAX_BODY_BYTES, Request
from connect_appointments.web.api.response import CLOSE, JSON, Response

REALM_PATH = "/auth/realms/connect"
DISCOVERY_PATH = "/.well-known/openid-configuration"
JWKS_PATH = "/protocol/openid-connect/certs"
TOKEN_PATH = "/protocol/openid-connect/token"  # noqa: S105 - a path, not a password
TOKEN_SECONDS = 3600


class Issuer(BaseEndpoint):
    """The handler of all paths below REALM_PATH.

    issuer_url: the public URL of the realm, without a trailing slash.
    clock: Unix seconds.
    new_id: creates the `jti` of a token.
    """

    operation = "issuer"

    def __init__(
        self,
        keys: SandboxKeys,
        issuer_url: Callable[[], str],
        clock: Callable[[], float],
        *,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        super().__init__()
        self._keys = keys
        self._issuer_url = issuer_url
        self._clock = clock
        self._new_id = new_id
        self._authenticator = Authenticator(keys.clients, self._audiences, clock, SeenAssertions())
        self._routes: dict[str, tuple[str, Callable[[Request], Awaitable[Response]]]] = {
            REALM_PATH + DISCOVERY_PATH: ("GET", self._discovery),
            REALM_PATH + JWKS_PATH: ("GET", self._jwks),
            REALM_PATH + TOKEN_PATH: ("POST", self._token),
        }

    async def answer(self, request: Request) -> Response:
        """Handle an HTTP request, with errors in OAuth's format. Source: RFC 6749 section 5.2."""
        try:
            return await self._answer(request)
        except TokenRefused as refusal:
            body = {"error": refusal.error, "error_description": str(refusal)}
            return _json(body, refusal.status, refusal.headers)

    async def _answer(self, request: Request) -> Response:
        if request.path not in self._routes:
            raise TokenRefused(f"The realm answers at {', '.join(self._routes)}", status=404, error="not_found")
        method, handler = self._routes[request.path]
        if request.method != method:
            allow = (b"allow", method.encode())
            raise TokenRefused(f"Use {method}.", allow, status=405, error="method_not_allowed")
        return await handler(request)

    async def _discovery(self, _request: Request) -> Response:
        """Source: OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2."""
        issuer = self._issuer_url()
        return _json(
            {
                "issuer": issuer,
                "token_endpoint": issuer + TOKEN_PATH,
                "jwks_uri": issuer + JWKS_PATH,
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"],
                "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
                "response_types_supported": [],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def _jwks(self, _request: Request) -> Response:
        return _json(self._keys.public_jwks())

    async def _token(self, request: Request) -> Response:
        """Source: RFC 6749 sections 4.4 and 5."""
        _check_headers(request.headers)
        form = _form(await _body(request))
        _check_grant(form)
        client = self._authenticator.authenticate(form)
        token = mint(
            self._keys,
            issuer=self._issuer_url(),
            owner=client.owner,
            client=client.id,
            lifetime_seconds=TOKEN_SECONDS,
            now=int(self._clock()),
            jti=self._new_id(),
        )
        return _json(
            {
                "access_token": token,
                "expires_in": TOKEN_SECONDS,
                "token_type": "Bearer",
                "not-before-policy": 0,
                "scope": "",
            }
        )

    def _audiences(self) -> list[str]:
        issuer = self._issuer_url()
        return [issuer + TOKEN_PATH, issuer]


async def _body(request: Request) -> bytes:
    try:
        return await request.read_body()
    except BodyTimeout as error:
        raise TokenRefused("The body was not complete in time: send it at once.", CLOSE, status=408) from error
    except BodyTooLarge as error:
        description = f"The body must not be longer than {MAX_BODY_BYTES} bytes."
        raise TokenRefused(description, CLOSE, status=413) from error


def _check_headers(headers: Mapping[bytes, bytes]) -> None:
    if headers.get(b"authorization", b"")[:6].lower() == b"basic ":
        # RFC 6749 section 5.2: the response to a client that used this header must name the scheme in WWW-Authenticate.
        raise InvalidClient(
            "client_secret_basic is not supported: send client_id and client_secret in the body.",
            (b"www-authenticate", b'Basic realm="connect"'),
        )
    media_type = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if media_type != b"application/x-www-form-urlencoded":
        raise TokenRefused("Send the parameters in the body, as Content-Type: application/x-www-form-urlencoded.")


def _form(body: bytes) -> dict[str, str]:
    """Parameters without a value are treated as omitted, repeated ones are refused. Source: RFC 6749 section 3.2."""
    try:
        pairs = parse_qsl(body.decode(), errors="strict")
    except ValueError as error:
        raise TokenRefused("The body is not UTF-8.") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise TokenRefused("A parameter is repeated. Send each one once.")
    return form


def _check_grant(form: Mapping[str, str]) -> None:
    if "grant_type" not in form:
        raise TokenRefused("grant_type is missing: send grant_type=client_credentials.")
    if form["grant_type"] != "client_credentials":
        raise TokenRefused(
            "Send grant_type=client_credentials: no other grant is supported.", error="unsupported_grant_type"
        )


def _json(body: Mapping[str, object], status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Response:
    return Response(status, json.dumps(body).encode(), JSON, headers_after=headers)
