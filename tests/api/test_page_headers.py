"""The pages as they are sent: a strict policy on each, and nothing of who asks in any."""

from __future__ import annotations

import pytest

from connect_appointments.web.api.problems import PROBLEMS
from connect_appointments.web.pages.site import CONTENT_SECURITY_POLICY
from tests.api_client import Api

pytestmark = pytest.mark.engines("sqlite")

PAGES = ["/docs", "/docs/versions", "/problems", *(f"/problems/{problem.code}" for problem in PROBLEMS)]
MARKUP = "<script>alert(1)</script>"


def directives(policy: str) -> dict[str, str]:
    return {name: value for name, _, value in (one.strip().partition(" ") for one in policy.split(";"))}


@pytest.mark.parametrize("path", [*PAGES, "/docs/assets/site.css", "/docs/assets/docs.js"])
async def test_every_page_is_sent_with_the_strict_policy(shared_api: Api, path: str) -> None:
    answer = await shared_api.alice.request("GET", path)
    assert answer.status_code == 200
    assert answer.headers.get_list("content-security-policy") == [CONTENT_SECURITY_POLICY]


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    found = directives(CONTENT_SECURITY_POLICY)
    assert found.pop("img-src") == "'self' data:"
    assert {found.pop(name) for name in ("default-src", "base-uri", "frame-ancestors")} == {"'none'"}
    assert set(found.values()) == {"'self'"}
    assert set(found) == {"script-src", "style-src", "connect-src", "form-action"}


@pytest.mark.parametrize("path", [*PAGES, "/nowhere", "/problems/none"])
async def test_nothing_a_caller_sends_is_in_a_page(shared_api: Api, path: str) -> None:
    headers = {"X-Request-Id": MARKUP, "User-Agent": MARKUP, "Referer": MARKUP, "Accept-Language": MARKUP}
    answer = await shared_api.alice.request("GET", f"{path}?q={MARKUP}#{MARKUP}", headers=dict(headers))
    assert "alert(1)" not in answer.text
    assert "alert(1)" not in str(answer.headers)
    below = await shared_api.alice.request("GET", f"{path}/{MARKUP}", headers=dict(headers))
    assert below.status_code == 404
    assert "alert(1)" not in below.text
