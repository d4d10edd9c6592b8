"""The endpoint of each API route: a handler that checks the request, then calls the route's function.

path, method, Host, token, version, media type, size, body, state: in this order (D13).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from connect_appointments.core.errors import NotFound
from connect_appointments.core.model import MAX_ID
from connect_appointments.usecases.service import Service
from connect_appointments.web.api.base_endpoint import BaseEndpoint
from connect_appointments.web.api.body import decode
from connect_appointments.web.api.fairness import Limiter
from connect_appointments.web.api.handlers import Call
from connect_appointments.web.api.reading import check_body_headers, read_list_query
from connect_appointments.web.api.refusals import InvalidToken, MethodNotAllowed, RefusedToken, UnsupportedApiVersion
from connect_appointments.web.api.request import Request
from connect_appointments.web.api.response import Response
from connect_appointments.web.api.routes import Route
from connect_appointments.web.api.tokens.auth import Authenticator, Caller
from connect_appointments.web.api.versions import BY_HEADER, Deprecation

_number = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True)
class RequestGuards:
    """The checks of every endpoint before its route's function is called."""

    authenticator: Authenticator
    deprecation: Deprecation
    limiter: Limiter | None = None

    def known_caller(self, request: Request) -> Caller | None:
        """The cached caller of the request's token; raises `RefusedToken` for two Authorization headers."""
        if b"authorization" in request.repeated:
            raise RefusedToken(InvalidToken.meaning())
        return self.authenticator.remembered(request.headers.get(b"authorization"))

    async def verify(self, request: Request) -> Caller:
        """The caller; raises the errors of `Authenticator.verify`."""
        return await self.authenticator.verify(request.headers.get(b"authorization"))

    def check_version(self, request: Request) -> None:
        """Raise `UnsupportedApiVersion`, or add the headers of a deprecated version to the response."""
        value = request.headers.get(b"x-api-version")
        version = BY_HEADER.get(value.strip(b" \t")) if value is not None else None
        if version is None or b"x-api-version" in request.repeated:
            raise UnsupportedApiVersion
        if version.deprecated:
            request.headers_after = self.deprecation.headers(request.base_url)

    def count(self, request: Request, caller: Caller) -> None:
        """Raise `TooManyRequests`, or add the owner's remaining calls to the response; a limiter must be set."""
        if self.limiter is not None:
            headers, refusal = self.limiter.admit(caller.owner.id)
            request.headers_after += headers
            if refusal is not None:
                raise refusal


class Endpoint(BaseEndpoint):
    """Handles the requests to one path of the API."""

    def __init__(self, route: Route, guards: RequestGuards, service: Service) -> None:
        """All lookups are done here, not per request."""
        super().__init__()
        self.operation = route.operation
        self.not_found_title = route.not_found_title
        self._route = route
        self._guards = guards
        self._service = service
        segments = route.path.split("/")[::-1]
        # The place of the number in the path, counted from the end; 0 for none.
        self._number_place = next((n for n, segment in enumerate(segments, 1) if segment.startswith("{")), 0)

    async def answer(self, request: Request) -> Response:
        """Check the request in the documented order, then call the route's function."""
        number = self._number(request)
        if request.method != self._route.method:
            raise MethodNotAllowed(self._route.method)
        request.check_host()
        caller = self._guards.known_caller(request) or await self._guards.verify(request)
        self._guards.check_version(request)
        if self._guards.limiter is not None:
            self._guards.count(request, caller)
        message: Any = None
        if self._route.body is not None:
            check_body_headers(request)
            message = decode(request.body or await request.read_body(), self._route.body)
        elif self._route.is_list:
            message = read_list_query(request.query)
        key = b"" if b"idempotency-key" in request.repeated else request.headers.get(b"idempotency-key")
        # By position: keyword arguments would double the time of this line.
        call = Call(caller.owner, caller.client, request.request_id, request.base_url, number, message, key)
        return await self._route.handler(self._service, call)

    def _number(self, request: Request) -> int:
        if not self._number_place:
            return 0
        text = request.path.rsplit("/", self._number_place)[1]
        if not _number.fullmatch(text):
            raise NotFound
        return min(int(text), MAX_ID)
