"""What a sandbox holds before it is fuzzed, so that ids and slots can be drawn that mean something."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx2

from .judge import JudgeError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

API = "/api/connect/orders"
OF_EACH = 30
BOOKED = 6
CANCELLED = 6
WAIT_SECONDS = 60
KINDS = ("requests", "bookings", "slots", "cancellations", "reschedules", "moves")


def prepare(url: str, tokens: Mapping[str, str], orders: Mapping[str, int], path: Path) -> None:
    """Create, open, book and cancel as a user would, for each owner, and write down what there is.

    orders: the first order of each owner.
    path: where to; its JSON has the ids of requests and of bookings, slot ids, the numbers of cancellations and of
    reschedules, and for reschedules triples of an appointment, an open appointment-request of its order, and a slot.
    """
    known: dict[str, list[Any]] = {name: [] for name in KINDS}
    for name, token in tokens.items():
        headers = {"Authorization": f"Bearer {token}", "X-API-VERSION": "7"}
        with httpx2.Client(base_url=url, headers=headers, timeout=20) as client:
            _fill(client, orders[name], known)
    path.write_text(json.dumps(known), encoding="utf-8")


def _fill(client: httpx2.Client, first_order: int, known: dict[str, list[Any]]) -> None:
    day = str(datetime.now(UTC).date() + timedelta(days=3))
    made = [_create(client, first_order + n, day) for n in range(OF_EACH)]
    opened = [_open(client, n) for n in made]
    known["requests"] += made
    known["slots"] += sorted({slot["id"] for one in opened for slot in one["slots"]})
    for one in opened[:BOOKED]:
        body = {"appointmentRequestId": one["id"], "slotId": one["slots"][0]["id"]}
        known["bookings"].append(_number(client.post(f"{API}/appointments/request", json=body)))
    for one in opened[BOOKED : BOOKED + CANCELLED]:
        client.post(f"{API}/appointment-requests/cancel", json={"appointmentRequestId": one["id"]}).raise_for_status()
    _change(client, known["bookings"][-BOOKED:], day, known)


def _change(client: httpx2.Client, bookings: list[int], day: str, known: dict[str, list[Any]]) -> None:
    """Cancel the first appointment, reschedule the second, and prepare the reschedule of each of the others."""
    booked = [_read(client, f"{API}/appointments/request/{n}") for n in bookings]
    body = {"appointmentId": booked[0]["id"]}
    known["cancellations"].append(_number(client.post(f"{API}/appointment-cancellations/request", json=body)))
    moves = [_move(client, one, day) for one in booked[1:]]
    known["reschedules"].append(_number(client.post(f"{API}/appointment-reschedules/request", json=moves[0])))
    known["requests"] += [move["appointmentRequestId"] for move in moves]
    known["moves"] += moves[1:]


def _move(client: httpx2.Client, appointment: dict[str, Any], day: str) -> dict[str, Any]:
    opened = _open(client, _create(client, appointment["orderId"], day))
    return {
        "appointmentId": appointment["id"],
        "appointmentRequestId": opened["id"],
        "slotId": opened["slots"][-1]["id"],
    }


def _create(client: httpx2.Client, order: int, day: str) -> int:
    return _number(client.post(f"{API}/appointment-requests/request", json={"orderId": order, "dateFrom": day}))


def _number(answer: httpx2.Response) -> int:
    return int(answer.raise_for_status().headers["location"].rpartition("/")[2])


def _open(client: httpx2.Client, request_id: int) -> dict[str, Any]:
    return _read(client, f"{API}/appointment-requests/request/{request_id}")


def _read(client: httpx2.Client, path: str) -> dict[str, Any]:
    give_up = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < give_up:
        answer = client.get(path).raise_for_status()
        if answer.status_code == httpx2.codes.OK:
            found: dict[str, Any] = answer.json()
            return found
        time.sleep(0.02)
    raise JudgeError(f"{path} had no outcome in {WAIT_SECONDS} s")
