"""The path of every request to the API: one plain ASGI callable, the same for each route.

path, verb, Host, token, version, media type, size, body, state: in this order (D13).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connect_appointments.core.errors import NotFound
from connect_appointments.core.model import MAX_ID, Owner
from connect_appointments.usecases.service import Service
from connect_appointments.web.api.answers import Answer
from connect_appointments.web.api.auth import Authenticator, Caller
from connect_appointments.web.api.body import decode
from connect_appointments.web.api.fairness import Limiter
from connect_appointments.web.api.handlers import Call
from connect_appointments.web.api.reading import check_media_type, read_body
from connect_appointments.web.api.refusals import InvalidToken, MethodNotAllowed, RefusedToken, UnsupportedApiVersion
from connect_appointments.web.api.routes import Route
from connect_appointments.web.api.shell import Headers, Request, Serving, Shell
from connect_appointments.web.api.versions import BY_HEADER, Deprecation

_number = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True)
class Gate:
    """What every endpoint asks before its handler."""

    authenticator: Authenticator
    deprecation: Deprecation
    limiter: Limiter | None = None

    async def caller(self, headers: Headers) -> Caller:
        """Who calls; raises what `Authenticator.verify` does."""
        header = headers.get(b"authorization")
        if headers.repeated(b"authorization"):
            raise RefusedToken(InvalidToken.meaning())
        return self.authenticator.remembered(header) or await self.authenticator.verify(header)

    def check_version(self, request: Request) -> None:
        """Raise `UnsupportedApiVersion`, or note what a deprecated version's answers say."""
        value = request.headers.get(b"x-api-version")
        version = BY_HEADER.get(value.strip(b" \t")) if value is not None else None
        if version is None or request.headers.repeated(b"x-api-version"):
            raise UnsupportedApiVersion
        if version.deprecated:
            request.trail = self.deprecation.headers(request.base_url)

    def count(self, request: Request, caller: Caller) -> None:
        """Raise `TooManyRequests`, or note what is left of the owner's calls; there must be a limiter."""
        if self.limiter is not None:
            headers, refusal = self.limiter.admit(caller.owner)
            request.trail += headers
            if refusal is not None:
                raise refusal


class Endpoint(Shell):
    """Answers one path of the API."""

    def __init__(self, serving: Serving, route: Route, gate: Gate, service: Service) -> None:
        """Nothing is looked up again while serving."""
        super().__init__(serving)
        self.operation = route.operation
        self.not_found_title = route.not_found_title
        self._route = route
        self._gate = gate
        self._service = service
        self._numbered = route.path.endswith("/{n}")

    async def answer(self, request: Request) -> Answer:
        """Check the call, in the documented order, and have it handled."""
        number = self._number(request)
        if request.scope["method"] != self._route.verb:
            raise MethodNotAllowed(self._route.verb)
        request.check_host()
        headers = request.headers
        caller = await self._gate.caller(headers)
        self._gate.check_version(request)
        if self._gate.limiter is not None:
            self._gate.count(request, caller)
        call = Call(
            owner=Owner(caller.owner),
            client=caller.client,
            trace=request.trace,
            base_url=request.base_url,
            number=number,
            message=await self._message(request),
            idempotency_key=b"" if headers.repeated(b"idempotency-key") else headers.get(b"idempotency-key"),
        )
        return await self._route.handler(self._service, call)

    def _number(self, request: Request) -> int:
        if not self._numbered:
            return 0
        text = request.scope["path"].rpartition("/")[2]
        if not _number.fullmatch(text):
            raise NotFound
        return min(int(text), MAX_ID)

    async def _message(self, request: Request) -> object:
        if self._route.body is None:
            return None
        headers = request.headers
        check_media_type(headers.get(b"content-type"), repeated=headers.repeated(b"content-type"))
        return decode(await read_body(request.receive, headers), self._route.body)
