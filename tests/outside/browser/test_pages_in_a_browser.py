"""The pages in a real browser, under the strict Content-Security-Policy they are sent with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Request

    from .conftest import Visit

PATHS = ("/", "/docs", "/docs/versions", "/problems", "/problems/not-found")
CANCEL = "/api/connect/orders/appointment-requests/cancel"


def execute(visit: Visit) -> Request:
    """Fill in and send the first call of the reference, the cancel; return what the browser sent."""
    call = visit.page.locator(".opblock-post")
    call.locator(".opblock-summary-control").click()
    call.get_by_role("button", name="Try it out").click()
    with visit.page.expect_request("**/api/**") as sent:
        call.get_by_role("button", name="Execute").click()
    call.locator(".live-responses-table").wait_for()
    return sent.value


def choose(visit: Visit, version: str) -> None:
    """Choose a version and wait until its document is drawn."""
    visit.page.get_by_label("Version").select_option(version)
    visit.page.get_by_text(f"Version {version}.").wait_for()


@pytest.mark.parametrize("path", PATHS)
def test_a_page_opens_without_complaints_and_asks_no_other_host(visit: Visit, path: str) -> None:
    visit.open(path)
    assert visit.complaints == []
    assert visit.elsewhere() == []
    assert visit.address + "/docs/assets/site.css" in visit.requested


def test_the_policy_is_in_force(visit: Visit) -> None:
    visit.open("/docs")
    with visit.page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        visit.page.evaluate(
            "document.head.append(Object.assign(document.createElement('style'), {textContent: 'p {}'}))"
        )


def test_the_newest_version_is_shown_first(visit: Visit) -> None:
    visit.open("/docs")
    assert visit.page.get_by_label("Version").input_value() == "7"
    assert [url for url in visit.requested if "/openapi/" in url] == [visit.address + "/openapi/v7.json"]
    assert visit.page.locator(".opblock-deprecated").count() == 0


def test_choosing_a_deprecated_version_shows_its_document_and_marks_its_calls(visit: Visit) -> None:
    visit.open("/docs")
    choose(visit, "1")
    visit.page.locator(".opblock-deprecated").wait_for()
    assert visit.page.get_by_role("link", name="OpenAPI document").get_attribute("href") == "/openapi/v1.json"
    assert visit.page.url == visit.address + "/docs?version=1"
    assert visit.complaints == []


def test_the_version_table_leads_to_the_reference_of_that_version(visit: Visit) -> None:
    visit.open("/docs/versions")
    visit.page.get_by_role("link", name="Reference of version 2").click()
    visit.page.get_by_text("Version 2.").wait_for()
    assert visit.page.get_by_label("Version").input_value() == "2"


@pytest.mark.parametrize(
    "query",
    ["?version=99", "?version=", "?version=../v1", "?version=7&version=1", "?url=http://127.0.0.1:1/other.json"],
)
def test_an_address_cannot_make_the_reference_load_another_document(visit: Visit, query: str) -> None:
    visit.open("/docs" + query)
    assert [url for url in visit.requested[1:] if url.endswith(".json")] == [visit.address + "/openapi/v7.json"]
    assert visit.elsewhere() == []


def test_trying_a_call_sends_it_here_with_the_chosen_version(visit: Visit) -> None:
    visit.open("/docs")
    sent = execute(visit)
    assert (sent.method, sent.url) == ("POST", visit.address + CANCEL)
    assert sent.post_data_json == {"appointmentRequestId": 300}
    assert sent.headers["x-api-version"] == "7"
    assert visit.complaints == []
    assert visit.elsewhere() == []


def test_trying_a_call_after_choosing_another_version_sends_that_version(visit: Visit) -> None:
    visit.open("/docs")
    choose(visit, "3")
    assert execute(visit).headers["x-api-version"] == "3"


def test_a_token_is_sent_with_the_call_and_forgotten_with_the_tab(visit: Visit) -> None:
    visit.open("/docs")
    visit.page.get_by_role("button", name="Authorize").click()
    dialog = visit.page.locator(".modal-ux")
    dialog.get_by_label("auth-bearer-value").fill("abc")
    dialog.get_by_role("button", name="Apply credentials").click()
    dialog.get_by_role("button", name="Close").first.click()
    assert execute(visit).headers["authorization"] == "Bearer abc"
    assert visit.page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert visit.complaints == []


def test_the_controls_that_swagger_ui_leaves_nameless_have_names(visit: Visit) -> None:
    visit.open("/docs")
    execute(visit)
    assert visit.page.get_by_role("textbox", name="Request body").count() == 1
    assert visit.page.get_by_role("button", name="Copy").count() >= 1


def test_the_keyboard_reaches_the_content_first(visit: Visit) -> None:
    visit.open("/docs/versions")
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("width", [320, 390, 1200])
def test_no_page_is_wider_than_the_screen(visit: Visit, path: str, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 800})
    visit.open(path)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("scheme", "paper"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(28, 32, 34)")])
def test_the_pages_follow_the_colour_scheme_even_when_it_changes(visit: Visit, scheme: str, paper: str) -> None:
    visit.open("/docs")
    visit.page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    visit.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    assert visit.page.evaluate("getComputedStyle(document.body).backgroundColor") == paper
    # The page is told of a change with its next frame.
    classes = "dark-mode" if scheme == "dark" else ""
    assert visit.page.wait_for_function("wanted => document.documentElement.className === wanted", arg=classes)


def test_without_javascript_the_documents_can_still_be_found(browser: Browser, address: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(address + "/docs")
        assert page.locator("noscript a").count() == 7
