"""Cancel and book at the same moment: one of them, never both (D6)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest

from connect_appointments.store.engine import Database
from connect_appointments.usecases.options import ServiceOptions
from tests.api_client import Api, number_of, serve_in_process
from tests.build import Clock, Issuer, fill
from tests.store.given import kinds
from tests.worker.by_hand import appointments_made, capacity_reserved, capacity_taken

pytestmark = pytest.mark.engines("sqlite", "postgresql")

Call = Coroutine[Any, Any, httpx2.Response]
CALLERS = 64
FIRST = ["created", "slots-found"]
WAYS = ([*FIRST, "cancelled"], [*FIRST, "booking-started", "booked"])


@pytest.fixture(params=[1, 2], ids=["one-process", "two-processes"])
async def processes(
    request: pytest.FixtureRequest, database_url: str, issuer: Issuer, clock: Clock
) -> AsyncIterator[list[Api]]:
    """The service as one or two processes have it, over one database."""
    databases = [Database(database_url) for _ in range(request.param)]
    await fill(databases[0], clock())
    options = ServiceOptions(one_appointment_per_order=False)
    async with AsyncExitStack() as stack:
        for database in databases:
            stack.push_async_callback(database.close)
        serving = [serve_in_process(database, issuer, clock, service=options) for database in databases]
        yield [await stack.enter_async_context(one) for one in serving]


async def test_d6_64_callers_cancel_and_book_and_each_request_ends_one_way(
    processes: list[Api], database: Database
) -> None:
    first, last = processes[0], processes[-1]
    requests = dict([await first.opened(1 + n % 9) for n in range(CALLERS // 2)])
    calls = [first.alice.cancel(request_id) for request_id in requests]
    calls += [last.alice.book(request_id, slots[0]["id"]) for request_id, slots in requests.items()]
    answers = await at_once(calls)
    cancelled, booked = answers[: len(requests)], answers[len(requests) :]
    ends = [await ended(first, *one) for one in zip(requests, cancelled, booked, strict=True)]
    assert await capacity_taken(database) == await capacity_reserved(database) == ends.count("booked")
    assert await appointments_made(database) == ends.count("booked")
    for request_id in requests:
        assert await kinds(database, request_id) in WAYS


async def at_once(calls: list[Call]) -> list[httpx2.Response]:
    """The answers in the calls' order, whatever the order they begin in."""
    order = list(range(len(calls)))
    random.shuffle(order)
    answers = dict(zip(order, await asyncio.gather(*(calls[place] for place in order)), strict=True))
    return [answers[place] for place in range(len(calls))]


async def ended(api: Api, request_id: int, cancelled: httpx2.Response, booked: httpx2.Response) -> str:
    """How a request ended, which must be what both callers were told."""
    if booked.status_code == 201:
        booking_id = number_of(booked)
        assert (await api.settled(lambda: api.alice.read_booking(booking_id))).status_code == 200
        assert cancelled.status_code == 422
        assert cancelled.json()["code"] in {"appointment-request-booking", "appointment-request-booked"}
        expected = "booked"
    else:
        assert (booked.status_code, booked.json()["code"]) == (422, "appointment-request-cancelled")
        assert cancelled.status_code == 204
        expected = "cancelled"
    assert (await api.alice.read(request_id)).json()["status"] == expected
    return expected


async def test_d6_64_callers_of_one_request_agree(processes: list[Api], database: Database) -> None:
    first, last = processes[0], processes[-1]
    request_id, slots = await first.opened(1)
    calls: list[Call] = []
    for n in range(CALLERS // 2):
        api = (first, last)[n % 2]
        calls += [api.alice.cancel(request_id), api.alice.book(request_id, slots[0]["id"])]
    statuses = [answer.status_code for answer in await at_once(calls)]
    cancels, bookings = statuses[::2], statuses[1::2]
    assert (204 in cancels) != (201 in bookings)
    assert len(set(cancels)) == len(set(bookings)) == 1
    assert (await kinds(database, request_id))[2] in {"cancelled", "booking-started"}


async def test_d1_64_callers_cancel_one_request_and_make_one_event(processes: list[Api], database: Database) -> None:
    first, last = processes[0], processes[-1]
    request_id, _ = await first.opened(1)
    answers = await at_once([(first, last)[n % 2].alice.cancel(request_id) for n in range(CALLERS)])
    assert {answer.status_code for answer in answers} == {204}
    assert await kinds(database, request_id) == [*FIRST, "cancelled"]


async def test_d33_64_callers_book_one_slot_and_get_one_attempt(processes: list[Api], database: Database) -> None:
    first, last = processes[0], processes[-1]
    request_id, slots = await first.opened(1)
    answers = await at_once([(first, last)[n % 2].alice.book(request_id, slots[0]["id"]) for n in range(CALLERS)])
    (booking_id,) = {number_of(answer) for answer in answers}
    assert (await first.settled(lambda: first.alice.read_booking(booking_id))).status_code == 200
    assert (await capacity_taken(database), await appointments_made(database)) == (1, 1)


async def test_d33_callers_of_different_slots_get_one_attempt(processes: list[Api], database: Database) -> None:
    first, last = processes[0], processes[-1]
    request_id, slots = await first.opened(1)
    answers = await at_once([(first, last)[n % 2].alice.book(request_id, slots[n]["id"]) for n in range(8)])
    won = [answer for answer in answers if answer.status_code == 201]
    codes = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert len(won) == 1
    assert codes <= {"appointment-request-booking", "appointment-request-booked"}
