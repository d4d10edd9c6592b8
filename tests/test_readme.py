"""The README and the links of every page."""

from __future__ import annotations

import re

from tests.docs.pages import README, ROOT, tracked

FIRST_SCREEN_LINES = 40


def test_the_first_screen_names_the_product_its_users_and_its_commands() -> None:
    screen = "\n".join(README.splitlines()[:FIRST_SCREEN_LINES])
    assert all(word in screen for word in ("appointment-request", "operator", "provider", "make demo", "make sandbox"))


def test_every_link_to_a_file_of_the_project_leads_somewhere() -> None:
    for name in tracked(".md"):
        page = ROOT / name
        links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))
        assert all((page.parent / link).exists() for link in links), name


def test_every_page_of_docs_can_be_reached_from_the_readme() -> None:
    listed = {name for name in tracked(".md") if name.startswith("docs/") and name.count("/") == 1}
    reached = set(re.findall(r"\]\((docs/[\w.-]+\.md)\)", README))
    assert listed == reached
