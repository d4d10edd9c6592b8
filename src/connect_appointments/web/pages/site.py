"""The pages for browsers: rendered once, served as bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from connect_appointments.web.pages.advice import next_step
from connect_appointments.web.pages.assets import ASSETS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    # Swagger UI's style sheet draws its icons as data: images.
    "img-src 'self' data:; "
    "connect-src 'self'; "
    "base-uri 'none'; "
    "form-action 'self'; "
    "frame-ancestors 'none'"
)
"""The Content-Security-Policy header of every page of the site."""


class VersionRow(NamedTuple):
    """A version of the API.

    deprecated_since: None means not deprecated, or deprecated on an unknown day.
    sunset: the day on which the version is removed; None means that no day is set.
    changes: the difference from the previous version, in one sentence.
    """

    number: int
    deprecated: bool
    deprecated_since: date | None
    sunset: date | None
    changes: str


class ProblemRow(NamedTuple):
    """A kind of error response: its code, HTTP status, title, and meaning in one or two sentences."""

    code: str
    status: int
    title: str
    detail: str


@dataclass(frozen=True)
class Page:
    """The response for a path. `media_type` is the whole Content-Type."""

    status: int
    media_type: str
    body: bytes


class Site:
    """All pages, by path.

    versions: all served versions, at least one; the document of each is at `/openapi/v<number>.json`.
    problems: all problem codes of the API's responses.
    title: the service's name, for headings and browser tabs.
    """

    def __init__(self, versions: Sequence[VersionRow], problems: Sequence[ProblemRow], title: str) -> None:
        """Render every page; the assets are read on their first request."""
        self._templates = _environment(title)
        newest_first = sorted(versions, key=lambda version: version.number, reverse=True)
        by_status = sorted(problems, key=lambda problem: (problem.status, problem.code))
        self._pages = {
            "/": self._html("/", "home.html", versions=newest_first),
            "/docs": self._html("/docs", "docs.html", versions=newest_first),
            "/docs/versions": self._html("/docs/versions", "versions.html", versions=newest_first),
            "/problems": self._html("/problems", "problems.html", problems=by_status),
        } | {f"/problems/{problem.code}": self._problem(problem) for problem in problems}

    def get(self, path: str) -> Page | None:
        """Return the page at exactly this path (no query), or None if the site has no such page."""
        page = self._pages.get(path)
        if page is None and path in ASSETS:
            asset = ASSETS[path]
            page = self._pages[path] = Page(200, asset.media_type, asset.file.read_bytes())
        return page

    def _problem(self, problem: ProblemRow) -> Page:
        path = f"/problems/{problem.code}"
        return self._html(path, "problem.html", problem=problem, next_step=next_step(problem.status))

    def _html(self, path: str, template: str, **values: object) -> Page:
        text = self._templates.get_template(template).render(path=path, **values)
        return Page(200, "text/html; charset=utf-8", text.encode())


def _environment(title: str) -> Environment:
    templates = Environment(
        loader=PackageLoader("connect_appointments.web.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals["site_title"] = title
    return templates
