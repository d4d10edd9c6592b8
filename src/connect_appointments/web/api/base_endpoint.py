"""The common part of all responses, whatever the path: a request id, metrics, and a response to every error."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

import structlog

from connect_appointments.core.errors import NotFound, Refusal
from connect_appointments.telemetry.metrics import REQUESTS
from connect_appointments.web.api.problems import NOT_FOUND, problem_response
from connect_appointments.web.api.refusal_log import log_refusal
from connect_appointments.web.api.refusals import MethodNotAllowed, PathNotFound, UnexpectedError
from connect_appointments.web.api.request import ConnectionLost, Request
from connect_appointments.web.api.response import Response

log = structlog.get_logger(__name__)

Handler = Callable[[Request], Awaitable[Response | None]]
"""Handles a request; returns None if the connection was lost. Endpoints and the application are handlers."""


class BaseEndpoint(ABC):
    """A handler of all requests to a path, including their errors."""

    operation: str
    not_found_title: str = NOT_FOUND

    def __init__(self) -> None:
        """Create the endpoint with empty metrics."""
        self._counters: dict[int, Callable[[], None]] = {}

    @abstractmethod
    async def answer(self, request: Request) -> Response:
        """The response to a request; raises a `Refusal` for a refused request."""

    async def __call__(self, request: Request) -> Response | None:
        """Handle a request; return None if the connection was lost."""
        try:
            response = await self.answer(request)
        except ConnectionLost:
            return None
        except Refusal as refusal:
            response = self._refuse(request, refusal)
        except Exception:
            log.exception("unexpected-error", request_id=request.request_id, operation=self.operation)
            response = self._refuse(request, UnexpectedError())
        self._count(response.status)
        return response

    def _refuse(self, request: Request, refusal: Refusal) -> Response:
        log_refusal(refusal, request.context.outage, request.request_id)
        title = self.not_found_title if refusal.code == NotFound.code else None
        return problem_response(refusal, public_url=request.base_url, request_id=request.request_id, title=title)

    def _count(self, status: int) -> None:
        counter = self._counters.get(status)
        if counter is None:
            counter = self._counters[status] = REQUESTS.labels(self.operation, str(status)).inc
        counter()


class PublicEndpoint(BaseEndpoint):
    """Responds to GET and HEAD with the result of a function of the path; None is a 404."""

    def __init__(self, operation: str, get: Callable[[str], Response | None]) -> None:
        """`get` must return at once: slow work is done beforehand."""
        super().__init__()
        self.operation = operation
        self._get = get

    async def answer(self, request: Request) -> Response:
        """The page, or a refusal."""
        response = self._get(request.path)
        if response is None:
            raise PathNotFound
        if request.method not in {"GET", "HEAD"}:
            raise MethodNotAllowed("GET, HEAD")
        request.check_host()
        return response
