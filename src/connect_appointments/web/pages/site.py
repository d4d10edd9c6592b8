"""The pages people read in a browser: rendered once, served as bytes."""

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
"""The value of the Content-Security-Policy header that goes with every page of the site."""


class VersionRow(NamedTuple):
    """One version of the API.

    deprecated_since: None means not deprecated, or since an unknown day.
    sunset: the day it stops answering; None means no such day is set.
    changes: what is different from the version before, one sentence.
    """

    number: int
    deprecated: bool
    deprecated_since: date | None
    sunset: date | None
    changes: str


class ProblemRow(NamedTuple):
    """One kind of error answer: its code, HTTP status, title, and a sentence or two on what it means."""

    code: str
    status: int
    title: str
    detail: str


@dataclass(frozen=True)
class Page:
    """What to send for one path. `media_type` is the whole Content-Type."""

    status: int
    media_type: str
    body: bytes


class Site:
    """All pages, by path.

    versions: every version served, at least one; each has its document at `/openapi/v<number>.json`.
    problems: every problem code an answer can name.
    title: the service's name, as headings and browser tabs show it.
    """

    def __init__(self, versions: Sequence[VersionRow], problems: Sequence[ProblemRow], title: str) -> None:
        """Render every page; the assets are read when they are first asked for."""
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
        """Return the page at exactly this path (no query), or None when the site has none there."""
        page = self._pages.get(path)
        if page is None and path in ASSETS:
            asset = ASSETS[path]
            page = self._pages[path] = Page(200, asset.media_type, asset.source().read_bytes())
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
