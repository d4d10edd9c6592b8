"""A site of three versions and two problems, and a reader of its pages."""

from __future__ import annotations

from collections import Counter
from datetime import date
from html.parser import HTMLParser

import pytest

from connect_appointments.web.pages.site import ProblemRow, Site, VersionRow

VERSIONS = (
    VersionRow(
        1, deprecated=True, deprecated_since=date(2025, 5, 26), sunset=date(2027, 1, 31), changes="Initial version"
    ),
    VersionRow(2, deprecated=True, deprecated_since=None, sunset=None, changes="No change"),
    VersionRow(3, deprecated=False, deprecated_since=None, sunset=None, changes="No change"),
)
PROBLEMS = (
    ProblemRow("order-has-appointment", 422, "The order has an appointment", "Another one of this order is booked."),
    ProblemRow("not-found", 404, "The id does not exist", "No such resource is visible to you."),
)
HTML_PATHS = ("/", "/docs", "/docs/versions", "/problems", "/problems/not-found", "/problems/order-has-appointment")
ASSET_PATHS = (
    "/docs/assets/site.css",
    "/docs/assets/docs.css",
    "/docs/assets/docs.js",
    "/docs/assets/swagger-ui.css",
    "/docs/assets/swagger-ui-bundle.js",
)


class Outline(HTMLParser):
    """What a page is made of: its elements with their attributes, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.title = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data.split()
        if self.elements and self.elements[-1][0] == "title" and not self.title:
            self.title = data

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def count(self, tag: str) -> int:
        return Counter(name for name, _ in self.elements)[tag]

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.elements if attribute in attrs]

    def rows(self) -> list[str]:
        return [attrs["id"] or "" for tag, attrs in self.elements if tag == "tr" and "id" in attrs]


@pytest.fixture(scope="session")
def site() -> Site:
    return Site(VERSIONS, PROBLEMS, "Connect appointments")


def outline_of(site: Site, path: str) -> Outline:
    page = site.get(path)
    assert page is not None, path
    return Outline(page.body.decode())
