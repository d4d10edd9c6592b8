"""Histories told in a few words, for the tests of the judge."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from .history import BROKEN, NOT_CONNECTED, Call
from .simulation import READS

ANSWERS: dict[str, tuple[int | None, str | None]] = {
    "booking": (422, "appointment-request-booking"),
    "booked": (422, "appointment-request-booked"),
    "cancelled": (422, "appointment-request-cancelled"),
    "not-open": (422, "appointment-request-not-open"),
    "not-offered": (422, "slot-not-offered"),
    "changing": (422, "appointment-changing"),
    "refused": (422, "cancellation-refused"),
    "full": (422, "slot-unavailable"),
    "ended": (422, "appointment-ended"),
    "occupied": (422, "order-has-appointment"),
    "absent": (404, "not-found"),
    "broken": (None, BROKEN),
    "unsent": (None, NOT_CONNECTED),
}
SHORT = {
    "BOOKED": "OPEN book=7@4-5 outcome=200@6-7",
    "OPEN": "create=201@0-1 read=open@2-3",
    "NEXT": "create=201@0-1,id=301 read=open@2-3,id=301",
    "AT-ONE": "read=booked@20-21,id=301,appointment=507 visit=booked@20-21,slot=13:00",
    "AGAIN": (
        "create=201@0-1,id=301 read=open@2-3,id=301 book=8@12-13,id=301"
        " outcome=200@14-15,id=301,booking=8,appointment=508"
    ),
    "OTHER": "create=201@0-1,id=1 book=8@4-5,id=1 outcome=200@6-7,id=1,booking=8,appointment=508",
}


def tell(story: str) -> list[Call]:
    """The calls of a story, one a word: `op=answer@start-end`, then `,name=value` for what differs from the usual.

    OPEN is a request created and open by 3; BOOKED is one with an appointment by 7; OTHER is another one, likewise.
    NEXT is a further request of the order. A book call is answered with the number of its attempt, and `drop` and
    `move`, the cancellation and the reschedule of the appointment, with their own; `dropped` and `moved` read them.
    """
    for short, whole in SHORT.items():
        story = story.replace(short, whole)
    return [_say(word) for word in story.split()]


def _say(word: str) -> Call:
    said, *differences = word.split(",")
    more: dict[str, Any] = dict(pair.split("=") for pair in differences)
    what, _, times = said.partition("@")
    op, _, answer = what.partition("=")
    start, end = map(int, times.split("-"))
    status, code = ANSWERS.get(answer) or (int(answer) if answer.isdecimal() else None, None)
    told: dict[str, Any] = {"status": status, "code": code, "order": 10 if op == "create" else None}
    if op == "read" and answer in READS:
        told |= {"status": READS[answer], "code": None, "state": answer}
    if op == "book":
        told |= {"slot": "am"} | ({"status": 201, "booking": status} if status and not code and status < 100 else {})
    if op == "outcome":
        visit = {"appointment": 507, "slot": "08:00", "state": "booked"} if status == 200 else {}
        op, told = "read-booking", told | {"booking": 7} | visit
    if op in CHANGES:
        op, asked = CHANGES[op]
        told |= asked | _told_of_a_change(op, answer, status)
        more.setdefault("id", "301" if op.endswith("reschedule") else "none")
    number, caller = more.pop("id", "300"), more.pop("by", "alice/1")
    told |= {name: int(value) if value.isdecimal() else value for name, value in more.items()}
    fields = {"op": op, "id": int(number) if number.isdecimal() else None, "caller": caller}
    return msgspec.convert({**fields, "start_ns": start, "end_ns": end, "answer": told}, Call)


def _told_of_a_change(op: str, answer: str, status: int | None) -> dict[str, Any]:
    """What an answer about an appointment and its changes has beside its status."""
    if op in {"cancel-appointment", "reschedule"}:
        return {"status": 201, "change": status} if status and status < 100 else {}
    if op == "read-appointment" and answer in {"booked", "cancelled"}:
        return {"status": 200, "code": None, "state": answer, "slot": "08:00"}
    if status == 200:
        cancelled, moved = {"state": "cancelled"}, {"state": "booked", "slot": "13:00"}
        return cancelled if op == "read-cancellation" else moved
    return {}


CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "visit": ("read-appointment", {"appointment": 507}),
    "drop": ("cancel-appointment", {"appointment": 507}),
    "dropped": ("read-cancellation", {"appointment": 507, "change": 9}),
    "move": ("reschedule", {"appointment": 507, "slot": "pm", "start": "13:00"}),
    "moved": ("read-reschedule", {"appointment": 507, "change": 3}),
}
"""What a word is short for: a call about the appointment of BOOKED, and what it asks."""


def rows(table: str) -> list[Any]:
    """The lines of a table as pytest parameters; the last cell is told as a story, the one before it is the name."""
    cells = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return [pytest.param(*rest, tell(story), id=name) for *rest, name, story in cells]
