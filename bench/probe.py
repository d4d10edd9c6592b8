"""One call, looked at closely: the answers of every system are right before any is counted."""

from __future__ import annotations

import http.client
import json
import time
from typing import NamedTuple

from bench.flow_client import CANCEL_PATH, REQUEST_PATH
from bench.rows import FIRST_ID, days

SIX_HEADERS = [
    ("x-content-type-options", "nosniff"),
    ("x-xss-protection", "1; mode=block"),
    ("cache-control", "no-cache, no-store, max-age=0, must-revalidate"),
    ("pragma", "no-cache"),
    ("expires", "0"),
    ("x-frame-options", "DENY"),
]
START_SECONDS = 60.0
POLL_SECONDS = 0.005


class Seen(NamedTuple):
    """An answer: status, headers with lower-case names in their order, body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def check(self, status: int) -> None:
        """Raise AssertionError unless it has this status and the six headers, together and in order."""
        assert self.status == status, f"{self.status} instead of {status}: {self.body[:300]!r}"
        first = self.headers.index(SIX_HEADERS[0])
        assert self.headers[first : first + 6] == SIX_HEADERS, self.headers


def call(port: int, verb: str, path: str, token: str, body: dict[str, object] | None = None) -> Seen:
    """One call on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Authorization": f"Bearer {token}", "X-API-VERSION": "7"}
    if body is not None:
        headers["Content-Type"] = "application/json;charset=UTF-8"
    try:
        connection.request(verb, path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        seen = [(name.lower(), value) for name, value in response.getheaders()]
        return Seen(response.status, seen, response.read())
    finally:
        connection.close()


def cancel(port: int, token: str, request_id: int = FIRST_ID) -> Seen:
    """Cancel one."""
    return call(port, "POST", CANCEL_PATH, token, {"appointmentRequestId": request_id})


def first_answer(port: int, token: str) -> float:
    """Cancel one as soon as the server answers; the moment of the answer, by the monotonic clock."""
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            cancel(port, token).check(204)
            return time.monotonic()
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(POLL_SECONDS)


def check_refusals(port: int, token: str) -> None:
    """Raise AssertionError unless a peer refuses what must be refused, as ours does."""
    cancel(port, token, FIRST_ID - 1).check(404)
    cancel(port, token[:-8] + "AAAAAAAA").check(401)
    body: dict[str, object] = {"appointmentRequestId": "300"}
    call(port, "POST", CANCEL_PATH, token, body).check(422)


def create_open(port: int, token: str) -> int:
    """Create an appointment-request and wait until its slots are there; its id."""
    body: dict[str, object] = {"orderId": 1, "dateFrom": days(1, ahead=7)[0].isoformat()}
    created = call(port, "POST", REQUEST_PATH, token, body)
    created.check(201)
    request_id = int(dict(created.headers)["location"].rpartition("/")[2])
    give_up = time.monotonic() + START_SECONDS
    while (seen := call(port, "GET", f"{REQUEST_PATH}/{request_id}", token)).status == 202:
        assert time.monotonic() < give_up, "no slots were found"
        time.sleep(POLL_SECONDS)
    seen.check(200)
    return request_id


def check_read(port: int, token: str) -> None:
    """Raise AssertionError unless the first appointment-request is open and has slots."""
    seen = call(port, "GET", f"{REQUEST_PATH}/{FIRST_ID}", token)
    seen.check(200)
    message = json.loads(seen.body)
    assert message["status"] == "open", message
    assert len(message["slots"]) >= 10, message
