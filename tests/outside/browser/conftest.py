"""A server of the pages and of two sample operations, and a browser that notes what it does."""

from __future__ import annotations

import json
import socket
import threading
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from playwright.sync_api import sync_playwright

from connect_appointments.web.pages.site import CONTENT_SECURITY_POLICY, ProblemRow, Site, VersionRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Page

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-xss-protection": "1; mode=block",
    "cache-control": "no-cache, no-store, max-age=0, must-revalidate",
    "pragma": "no-cache",
    "expires": "0",
    "x-frame-options": "DENY",
    "content-security-policy": CONTENT_SECURITY_POLICY,
}
CANCEL = "/api/connect/orders/appointment-requests/cancel"
READ = "/api/connect/orders/appointment-requests/request/{id}"
SITE = Site(
    [
        VersionRow(number, number < 3, date(2025, 5, 26) if number < 3 else None, None, "No change")
        for number in range(1, 8)
    ],
    [
        ProblemRow("not-found", 404, "Not found", "No such resource is visible to you."),
        ProblemRow("invalid-fields", 422, "There are validation errors", "Correct the fields named in errors."),
    ],
    "Connect appointments",
)


def openapi(version: int) -> dict[str, Any]:
    """Build a small OpenAPI 3.1 document: one call with a body, one with a path parameter, and type arrays."""
    cancel: dict[str, Any] = {
        "operationId": "cancelAppointmentRequest",
        "summary": "Cancel an appointment-request",
        "deprecated": version < 3,
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/Cancel"},
                    "example": {"appointmentRequestId": 300},
                },
            },
        },
        "responses": {"204": {"description": "The request was completed successfully"}},
    }
    read: dict[str, Any] = {
        "operationId": "readAppointmentRequest",
        "summary": "Read an appointment-request",
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
        "responses": {
            "200": {
                "description": "The appointment-request",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Read"}}},
            },
        },
    }
    schemas = {
        "Cancel": {
            "type": "object",
            "required": ["appointmentRequestId"],
            "properties": {"appointmentRequestId": {"type": "integer", "examples": [300]}},
        },
        "Read": {
            "type": "object",
            "properties": {
                "status": {"enum": ["open", "cancelled"]},
                "cancelledOn": {"type": ["string", "null"], "format": "date-time"},
            },
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Connect appointments", "version": str(version), "description": f"Version {version}."},
        "security": [{"bearer": []}],
        "paths": {CANCEL: {"post": cancel}, READ: {"get": read}},
        "components": {"schemas": schemas, "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    }


async def app(scope: Any, _receive: Any, send: Any) -> None:
    """Serve the site, the documents, and a 204 for everything under /api."""
    path: str = scope["path"]
    page = SITE.get(path)
    if page is not None:
        status, media_type, body = page.status, page.media_type, page.body
    elif path.startswith("/openapi/v"):
        status, media_type = 200, "application/json"
        body = json.dumps(openapi(int(path.removeprefix("/openapi/v").removesuffix(".json")))).encode()
    else:
        status, media_type, body = 204 if path.startswith("/api/") else 404, "text/plain", b""
    headers = HEADERS | ({"content-type": media_type} if body else {})
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Run the server for the whole session; connections made before it is up wait in the socket's queue."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", ws="none", log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium once for the session."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield chromium
        chromium.close()


class Visit:
    """A browser tab with everything it complained about and every address it asked for."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        self.requested: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requested.append(request.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def open(self, path: str) -> None:
        """Go to a page of the site; on /docs, wait until the reference is drawn."""
        self.page.goto(self.address + path)
        if path.startswith("/docs") and not path.startswith("/docs/"):
            self.page.locator(".opblock").first.wait_for()

    def elsewhere(self) -> list[str]:
        """List the addresses outside the site that were asked for; data: images are no request."""
        return [url for url in self.requested if not url.startswith((self.address + "/", "data:"))]


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Open a fresh tab with nothing remembered."""
    context = browser.new_context()
    yield Visit(context.new_page(), address)
    context.close()
