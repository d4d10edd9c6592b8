"""What schemathesis is told about this service: ids and dates that exist, and what a valid body may be refused for."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import schemathesis

ORDERS = 4000
"""The sample orders of both owners of a sandbox are numbered from 1."""

KNOWN = json.loads(Path(os.environ["JUDGES_KNOWN"]).read_text("utf-8"))
TOKENS = {
    header["value"]
    for one in json.loads(Path(os.environ["JUDGES_TOKENS"]).read_text("utf-8"))["auth"]
    for header in one["fixedHeaders"]
}
NEWER = 100
"""How many requests and bookings, beyond those known, are as likely to be drawn: those that the run itself makes."""

IN_RANGE_DAYS = range(2, 88)
MAX_ID = 2**53 - 1
MAX_SLOT_CHARACTERS = 255
TODAY = datetime.now(UTC).date()

REQUESTS = [*KNOWN["requests"], *range(max(KNOWN["requests"]) + 1, max(KNOWN["requests"]) + NEWER)]
BOOKINGS = [*KNOWN["bookings"], *range(max(KNOWN["bookings"]) + 1, max(KNOWN["bookings"]) + NEWER)]
CANCELLATIONS = [*KNOWN["cancellations"], *range(1, NEWER)]
RESCHEDULES = [*KNOWN["reschedules"], *range(1, NEWER)]
SLOTS = KNOWN["slots"]
MOVES = KNOWN["moves"]
NUMBERS = {
    "/appointments/": BOOKINGS,
    "/appointment-requests/": REQUESTS,
    "/appointment-cancellations/": CANCELLATIONS,
    "/appointment-reschedules/": RESCHEDULES,
}
"""The numbers that the paths of an outcome end with, by a part of the path."""


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Let most ids, slots and dates that are well formed be ones that mean something; leave all else as it was made."""
    if not isinstance(body, dict):
        return body
    moved = dict(body)
    if _is_id(body.get("orderId")):
        moved["orderId"] = 1 + body["orderId"] % ORDERS
    if _is_id(body.get("appointmentRequestId")):
        moved["appointmentRequestId"] = _one_of(REQUESTS, body["appointmentRequestId"])
    if _is_id(body.get("appointmentId")):
        moved["appointmentId"] = _one_of(BOOKINGS, body["appointmentId"])
    if isinstance(body.get("dateFrom"), str):
        moved["dateFrom"] = _near(body["dateFrom"])
    slot = body.get("slotId")
    if isinstance(slot, str) and len(slot) <= MAX_SLOT_CHARACTERS and "\x00" not in slot and len(slot) % 4 != 0:
        moved["slotId"] = _one_of(SLOTS, sum(map(ord, slot)))
    return _reschedule(moved, body)


def _reschedule(moved: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Let every second reschedule whose ids and slot have been exchanged be one that is possible."""
    names = ("appointmentId", "appointmentRequestId", "slotId")
    is_changed = all(name in body and moved[name] != body[name] for name in names)
    if is_changed and body["appointmentId"] % 2:
        return moved | _one_of(MOVES, body["appointmentRequestId"])
    return moved


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Likewise for the number in a path; appointments are numbered as their booking attempts, or a little lower."""
    ids = {
        "n": next((ids for part, ids in NUMBERS.items() if part in context.operation.path), REQUESTS),
        "id": BOOKINGS,
        "orderId": range(1, ORDERS + 1),
    }
    known = {name: value for name, value in (path_parameters or {}).items() if _is_id(value)}
    return path_parameters and {**path_parameters, **{name: _one_of(ids[name], known[name]) for name in known}}


def _one_of(choices: Sequence[Any], number: int) -> Any:
    return choices[number % len(choices)]


def _is_id(value: Any) -> bool:
    """Every tenth is left alone, so that there are ids of nothing."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_ID and value % 10 != 0


def _near(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    if len(text) != len("YYYY-MM-DD") or day.toordinal() % 10 == 0:
        return text
    return str(TODAY + timedelta(days=IN_RANGE_DAYS[day.toordinal() % len(IN_RANGE_DAYS)]))


@schemathesis.check
def a_valid_body_is_never_called_invalid(context: Any, response: Any, case: Any) -> None:
    """What `positive_data_acceptance` asks, made sharp again: of a valid body, only a date out of range is refused."""
    if response.status_code != 422 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    problem = response.json()
    refused = {(error.get("pointer", error.get("parameter")), error["code"]) for error in problem.get("errors", [])}
    allowed = {("#/dateFrom", "out-of-range")}
    if problem["code"] == "invalid-fields" and not (refused and refused <= allowed):
        raise AssertionError(f"a body that fits its schema is refused: {sorted(refused - allowed)}")


_repeated: set[tuple[Any, ...]] = set()


@schemathesis.check
def what_one_owner_may_another_may_not(context: Any, response: Any, case: Any) -> None:
    """What `object_level_authorization` asks, where ids stand in a Location: repeated by the other owner, it is 404."""
    sent = response.request
    mine = sent.headers.get("Authorization")
    if mine not in TOKENS or not 200 <= response.status_code < 300:
        return
    request = (sent.method, sent.url, sent.body)
    if request in _repeated:
        return
    _repeated.add(request)
    for other in TOKENS - {mine}:
        headers = {**sent.headers, "Authorization": other}
        answer = requests.request(sent.method, sent.url, data=sent.body, headers=headers, timeout=20)
        if answer.status_code != 404:
            raise AssertionError(f"{sent.method} {sent.url} of another owner is answered {answer.status_code}")
