"""The whole application: the table of routes, the pages, the health checks, and a 404 for everything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from connect_appointments.telemetry.metrics import metrics
from connect_appointments.usecases.service import Service
from connect_appointments.web.api import openapi
from connect_appointments.web.api.answers import JSON, Answer
from connect_appointments.web.api.endpoint import Endpoint, Gate
from connect_appointments.web.api.problems import PROBLEMS
from connect_appointments.web.api.routes import ROUTES
from connect_appointments.web.api.shell import GetOnly, Serving
from connect_appointments.web.api.versions import VERSIONS, Deprecation
from connect_appointments.web.pages.site import CONTENT_SECURITY_POLICY, ProblemRow, Site, VersionRow

PROMETHEUS = b"text/plain; version=0.0.4; charset=utf-8"
TITLE = "connect-appointments"


@dataclass(frozen=True)
class App:
    """The ASGI application.

    endpoints: what answers each path of the API, found without the router; `/{n}` at its end is any one part.
    mounts: callables that answer every path that begins with a prefix, in place of the rest.
    """

    router: Router
    not_found: ASGIApp
    endpoints: Mapping[str, ASGIApp]
    mounts: Mapping[str, ASGIApp]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; anything but HTTP is none of ours."""
        if scope["type"] != "http":
            return
        if b"%" in scope["raw_path"]:
            # A path that needs decoding is not one of ours exactly spelled.
            await self.not_found(scope, receive, send)
            return
        endpoint = self._endpoint(scope["path"])
        if endpoint is not None:
            await endpoint(scope, receive, send)
            return
        for prefix, mounted in self.mounts.items():
            if scope["path"].startswith(prefix):
                await mounted(scope, receive, send)
                return
        await self.router(scope, receive, send)

    def _endpoint(self, path: str) -> ASGIApp | None:
        found = self.endpoints.get(path)
        if found is None:
            before, _, last = path.rpartition("/")
            found = self.endpoints.get(before + "/{n}") if last else None
        return found


def create_app(
    serving: Serving,
    gate: Gate,
    service: Service,
    health: Callable[[str], Answer | None],
    mounts: Mapping[str, ASGIApp],
) -> App:
    """Put the application together.

    health: answers `/livez` and `/readyz`.
    """
    documents = _documents()
    site = _site(gate.deprecation)
    not_found = GetOnly(serving, "not-found", lambda _: None)
    pages = GetOnly(serving, "pages", lambda path: _page(site, path))
    endpoints = {route.path: Endpoint(serving, route, gate, service) for route in ROUTES}
    routes: Sequence[BaseRoute] = [
        *(Route(path, GetOnly(serving, "health", health)) for path in ("/livez", "/readyz")),
        Route("/metrics", GetOnly(serving, "metrics", lambda _: Answer(200, metrics(), PROMETHEUS))),
        Route("/openapi/{name}", GetOnly(serving, "openapi", documents.get)),
        Route("/{path:path}", pages),
    ]
    return App(Router(routes, redirect_slashes=False, default=not_found), not_found, endpoints, mounts)


def _documents() -> dict[str, Answer]:
    return {f"/openapi/v{number}.json": Answer(200, body, JSON) for number, body in openapi.encoded().items()}


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


def _page(site: Site, path: str) -> Answer | None:
    found = site.get(path)
    if found is None:
        return None
    policy = (b"content-security-policy", CONTENT_SECURITY_POLICY.encode())
    return Answer(found.status, found.body, found.media_type.encode(), trail=(policy,))
