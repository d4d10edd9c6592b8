"""`demo`: one appointment-request from creation to cancellation, with every HTTP exchange."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import uvloop

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.cli.sandbox import HOST
from connect_appointments.cli.wire import Exchange, exchange
from connect_appointments.sandbox.keys import SandboxKeys
from connect_appointments.sandbox.running import Sandbox, sandbox_on
from connect_appointments.telemetry.logs import configure_logging
from connect_appointments.web.server.server import bind
from connect_appointments.wiring import utc_now

REQUESTS = "/api/connect/orders/appointment-requests"
APPOINTMENTS = "/api/connect/orders/appointments"
PAGE_HEADERS = (
    "X-Content-Type-Options: nosniff",
    "X-XSS-Protection: 1; mode=block",
    "Cache-Control: no-cache, no-store, max-age=0, must-revalidate",
    "Pragma: no-cache",
    "Expires: 0",
    "X-Frame-Options: DENY",
)
"""The six headers, as documented. Source: the page, "Appointment Cancelled"."""
SEARCH_SECONDS = 30


def demo() -> None:
    """Show a cancel: start a sandbox, create, poll, cancel, cancel again, try to book.

    The command prints every HTTP exchange, and exits with 0 when every response is as documented.
    """
    configure_logging("error")
    with tempfile.TemporaryDirectory() as folder:
        keys = SandboxKeys.open(Path(folder))
        uvloop.run(_run(Path(folder), keys))


async def _run(folder: Path, keys: SandboxKeys) -> None:
    listener = bind(HOST, 0)
    async with sandbox_on(listener, keys, folder, None) as found:
        differences = await Walkthrough(found, listener.getsockname()[1]).run()
    if differences:
        raise CommandFailed("not as documented: " + "; ".join(differences))
    print("Every response was as documented.")


class Walkthrough:
    """One appointment-request, from creation to cancellation."""

    def __init__(self, found: Sandbox, port: int) -> None:
        """`port` is where the sandbox listens at 127.0.0.1."""
        self._token = next(iter(found.tokens.values()))
        self._port = port
        self._differences: list[str] = []

    async def run(self) -> Sequence[str]:
        """Send every call in turn; return the differences from the documentation."""
        day = utc_now().date() + timedelta(days=2)
        created = await self._post(
            "Create an appointment-request for order 1",
            f"{REQUESTS}/request",
            {"orderId": 1, "dateFrom": str(day)},
            201,
        )
        request_id = int(created.header("location").rpartition("/")[2] or 0)
        self._expect(request_id == 300, f"the first id is {request_id}, not 300")
        slots = await self._poll(request_id)
        cancel = {"appointmentRequestId": request_id}
        await self._post("Cancel it: the documented example", f"{REQUESTS}/cancel", cancel, 204)
        await self._post("Cancel it again: 204 again", f"{REQUESTS}/cancel", cancel, 204)
        book = {"appointmentRequestId": request_id, "slotId": slots[0]["id"] if slots else "none"}
        refused = await self._post("Try to book it: 422, no booking follows", f"{APPOINTMENTS}/request", book, 422)
        code = json.loads(refused.body or b"{}").get("code")
        self._expect(code == "appointment-request-cancelled", f"booking was refused as {code}")
        return self._differences

    async def _poll(self, request_id: int) -> list[dict[str, str]]:
        path = f"{REQUESTS}/request/{request_id}"
        give_up = time.monotonic() + SEARCH_SECONDS
        answer = await exchange(self._port, "GET", path, self._token)
        while answer.status == 202 and time.monotonic() < give_up:
            await asyncio.sleep(0.05)
            answer = await exchange(self._port, "GET", path, self._token)
        self._show("Poll until the search has found slots", answer, 200)
        slots: list[dict[str, str]] = json.loads(answer.body or b"{}").get("slots", [])
        self._expect(bool(slots), "the search found no slot")
        return slots

    async def _post(self, title: str, path: str, body: Mapping[str, object], status: int) -> Exchange:
        answer = await exchange(self._port, "POST", path, self._token, json.dumps(body, separators=(",", ":")))
        self._show(title, answer, status)
        return answer

    def _show(self, title: str, answer: Exchange, status: int) -> None:
        print(f"== {title}\n\n{answer.text(self._token)}\n")
        self._expect(answer.status == status, f"{title}: {answer.status}, not {status}")
        self._expect(answer.has_in_order(PAGE_HEADERS), f"{title}: the six headers differ from the documentation")

    def _expect(self, good: bool, otherwise: str) -> None:  # noqa: FBT001 - the expectation itself
        if not good:
            self._differences.append(otherwise)
