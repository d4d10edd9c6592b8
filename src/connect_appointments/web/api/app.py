"""The whole application: the routes, the pages, the health checks, and a 404 for every other path."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache

from connect_appointments.telemetry.metrics import metrics
from connect_appointments.usecases.service import Service
from connect_appointments.web.api import openapi
from connect_appointments.web.api.base_endpoint import Handler, PublicEndpoint
from connect_appointments.web.api.endpoint import Endpoint, RequestGuards
from connect_appointments.web.api.problems import PROBLEMS
from connect_appointments.web.api.request import Request
from connect_appointments.web.api.response import JSON, Response
from connect_appointments.web.api.routes import ROUTES
from connect_appointments.web.api.versions import VERSIONS, Deprecation
from connect_appointments.web.pages.site import CONTENT_SECURITY_POLICY, ProblemRow, Site, VersionRow

PROMETHEUS = b"text/plain; version=0.0.4; charset=utf-8"
TITLE = "connect-appointments"

_parameter = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class App:
    """The application, a `Handler`.

    endpoints: the handler of each path; `{n}` as the last segment, or the one before, matches any single segment.
    prefixes: the handlers of path prefixes; the first match is used.
    not_found: the handler of all other paths.
    """

    endpoints: Mapping[str, Handler]
    prefixes: Mapping[str, Handler]
    not_found: Handler

    def __call__(self, request: Request) -> Awaitable[Response | None]:
        """Handle a request."""
        endpoint = self.endpoints.get(request.path) or self._search(request.path)
        return endpoint(request)

    def _search(self, path: str) -> Handler:
        if "%" in path:
            return self.not_found  # a path that needs decoding is not spelled exactly
        before, _, last = path.rpartition("/")
        endpoint = self.endpoints.get(before + "/{n}") if last else None
        if endpoint is not None:
            return endpoint
        head, _, middle = before.rpartition("/")
        endpoint = self.endpoints.get(f"{head}/{{n}}/{last}") if middle and last else None
        if endpoint is not None:
            return endpoint
        return next((found for prefix, found in self.prefixes.items() if path.startswith(prefix)), self.not_found)


def create_app(
    guards: RequestGuards,
    service: Service,
    health: Callable[[str], Response | None],
    mounts: Mapping[str, Handler],
) -> App:
    """Create the application.

    health: the handler of `/livez` and `/readyz`.
    mounts: the handlers of path prefixes, in place of the pages.
    """
    documents = _documents()
    site = _site(guards.deprecation)
    checks = PublicEndpoint("health", health)
    endpoints: dict[str, Handler] = {
        _parameter.sub("{n}", route.path): Endpoint(route, guards, service) for route in ROUTES
    }
    endpoints |= {"/livez": checks, "/readyz": checks}
    endpoints["/metrics"] = PublicEndpoint("metrics", lambda _: Response(200, metrics(), PROMETHEUS))
    prefixes: dict[str, Handler] = {
        **mounts,
        "/openapi/": PublicEndpoint("openapi", documents.get),
        "/": PublicEndpoint("pages", lambda path: _page(site, path)),
    }
    return App(endpoints, prefixes, PublicEndpoint("not-found", lambda _: None))


def _documents() -> dict[str, Response]:
    return {f"/openapi/v{number}.json": Response(200, body, JSON) for number, body in openapi.encoded().items()}


@cache
def _site(deprecation: Deprecation) -> Site:
    versions = [
        VersionRow(
            number=version.number,
            deprecated=version.deprecated,
            deprecated_since=deprecation.since if version.deprecated else None,
            sunset=deprecation.sunset if version.deprecated else None,
            changes=version.changes,
        )
        for version in VERSIONS
    ]
    problems = [
        ProblemRow(problem.code, problem.status, problem.title, problem.refusal.meaning()) for problem in PROBLEMS
    ]
    return Site(versions, problems, TITLE)


def _page(site: Site, path: str) -> Response | None:
    page = site.get(path)
    if page is None:
        return None
    policy = (b"content-security-policy", CONTENT_SECURITY_POLICY.encode())
    return Response(page.status, page.body, page.media_type.encode(), headers_after=(policy,))
