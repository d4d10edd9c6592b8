"""The pages of the site, as bytes: no browser needed."""

from __future__ import annotations

import re

import pytest

from connect_appointments.web.pages.advice import next_step
from connect_appointments.web.pages.site import CONTENT_SECURITY_POLICY, ProblemRow, Site, VersionRow

from .conftest import ASSET_PATHS, HTML_PATHS, outline_of


@pytest.mark.parametrize("path", HTML_PATHS)
def test_each_page_is_html_in_utf8(site: Site, path: str) -> None:
    page = site.get(path)
    assert page is not None
    assert (page.status, page.media_type) == (200, "text/html; charset=utf-8")
    assert page.body.startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize("path", ASSET_PATHS)
def test_each_asset_has_the_media_type_that_nosniff_needs(site: Site, path: str) -> None:
    page = site.get(path)
    assert page is not None
    kind = "css" if path.endswith(".css") else "javascript"
    assert (page.status, page.media_type) == (200, f"text/{kind}; charset=utf-8")
    assert page.body


def test_an_asset_is_read_only_once(site: Site) -> None:
    assert site.get("/docs/assets/swagger-ui-bundle.js") is site.get("/docs/assets/swagger-ui-bundle.js")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "//",
        "/docs/",
        "/Docs",
        "/problems/",
        "/problems/unheard-of",
        "/docs/assets",
        "/docs/assets/",
        "/docs/assets/index.html",
        "/docs/assets/../site.css",
        "/docs/assets/site.css/",
        "/api/connect/orders/appointment-requests/cancel",
    ],
)
def test_other_paths_are_not_pages_of_the_site(site: Site, path: str) -> None:
    assert site.get(path) is None


@pytest.mark.parametrize("path", HTML_PATHS)
def test_each_page_has_a_language_a_title_one_main_heading_and_no_id_twice(site: Site, path: str) -> None:
    outline = outline_of(site, path)
    assert outline.values("lang") == ["en"]
    assert [outline.count(tag) for tag in ("title", "h1", "main", "nav")] == [1, 1, 1, 1]
    ids = outline.values("id")
    assert len(ids) == len(set(ids))


def test_no_two_pages_have_the_same_title(site: Site) -> None:
    titles = {outline_of(site, path).title for path in HTML_PATHS}
    assert len(titles) == len(HTML_PATHS)


@pytest.mark.parametrize("path", HTML_PATHS)
def test_each_link_and_asset_of_a_page_is_served_here(site: Site, path: str) -> None:
    outline = outline_of(site, path)
    targets = [target for target in outline.values("href") + outline.values("src") if target != "data:,"]
    documents = {"/openapi/v1.json", "/openapi/v2.json", "/openapi/v3.json"}
    inside = {f"#{name}" for name in outline.values("id")}
    for target in targets:
        where = target.partition("?")[0]
        assert where in documents | inside or site.get(where) is not None, target


@pytest.mark.parametrize("path", HTML_PATHS)
def test_no_page_has_inline_script_or_style_that_the_policy_would_block(site: Site, path: str) -> None:
    outline = outline_of(site, path)
    assert all("src" in attrs for tag, attrs in outline.elements if tag == "script")
    assert outline.count("style") == 0
    assert not [name for _, attrs in outline.elements for name in attrs if name == "style" or name.startswith("on")]


def test_the_policy_allows_nothing_inline_and_no_other_host() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY
    assert "*" not in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'; script-src 'self'; ")


@pytest.mark.parametrize("name", ["site.css", "docs.css", "docs.js"])
def test_our_own_assets_name_no_other_host(site: Site, name: str) -> None:
    page = site.get(f"/docs/assets/{name}")
    assert page is not None
    assert b"//" not in re.sub(rb"(?m)^// .*$", b"", page.body)


def test_the_reference_offers_the_newest_version_first_and_marks_the_deprecated(site: Site) -> None:
    page = site.get("/docs")
    assert page is not None
    options = re.findall(r'<option value="(\d+)">(.*?)</option>', page.body.decode())
    assert options == [("3", "3 (newest)"), ("2", "2 (deprecated)"), ("1", "1 (deprecated)")]


def test_the_order_in_which_versions_are_given_does_not_matter() -> None:
    versions = [
        VersionRow(number, deprecated=False, deprecated_since=None, sunset=None, changes="") for number in (9, 11, 10)
    ]
    assert outline_of(Site(versions, [], "T"), "/docs/versions").rows() == ["v11", "v10", "v9"]


def test_the_version_table_says_since_when_and_until_when(site: Site) -> None:
    text = outline_of(site, "/docs/versions").text
    assert "1 Deprecated since 2025-05-26 2027-01-31 Initial version" in text
    assert "2 Deprecated None set No change" in text
    assert "3 Newest None set No change" in text


def test_the_problems_are_listed_by_status(site: Site) -> None:
    text = outline_of(site, "/problems").text
    assert "404 not-found The id does not exist 422 order-has-appointment The order has an appointment" in text


def test_a_problem_page_says_what_it_means_and_what_to_do_next(site: Site) -> None:
    text = outline_of(site, "/problems/not-found").text
    assert "The id does not exist Code not-found HTTP status 404" in text
    assert "What it means No such resource is visible to you." in text
    assert f"What to do next {next_step(404)}" in text


def test_text_of_the_tables_cannot_become_markup() -> None:
    bad = "<script>alert('x')</script>"
    version = VersionRow(1, deprecated=False, deprecated_since=None, sunset=None, changes=bad)
    site = Site([version], [ProblemRow("c", 400, bad, bad)], bad)
    for path in ("/", "/docs", "/docs/versions", "/problems", "/problems/c"):
        page = site.get(path)
        assert page is not None
        assert b"<script>" not in page.body
        assert b"&lt;script&gt;" in page.body


def test_each_status_of_the_service_has_advice_of_its_own() -> None:
    statuses = [400, 401, 404, 405, 408, 409, 413, 415, 422, 429, 431, 500, 503]
    assert len({next_step(status) for status in statuses}) == len(statuses)


def test_an_unknown_status_gets_the_advice_of_its_class() -> None:
    assert next_step(418) == next_step(400)
    assert next_step(502) == next_step(500)


def test_swagger_ui_is_one_that_reads_openapi_3_1(site: Site) -> None:
    page = site.get("/docs/assets/swagger-ui-bundle.js")
    assert page is not None
    assert b"JSONSchema202012" in page.body


@pytest.mark.parametrize("path", HTML_PATHS)
def test_each_page_brings_its_icon_so_that_browsers_ask_for_none(site: Site, path: str) -> None:
    icons = [attrs for tag, attrs in outline_of(site, path).elements if tag == "link" and attrs["rel"] == "icon"]
    assert [icon["href"] for icon in icons] == ["data:,"]
