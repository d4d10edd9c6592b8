"""Appointments: what a confirmed booking attempt becomes, and when they are over."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from connect_appointments.core.appointments import AppointmentState
from connect_appointments.core.bookings import BookingState
from connect_appointments.core.model import Appointment, Booking, Order, OrderDetails
from connect_appointments.core.requests import BOOKED, State
from connect_appointments.jobs.book import CLAIM
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import lock
from connect_appointments.store.queries import bookings, jobs, orders
from connect_appointments.store.queries.confirmations import Confirmed, confirm
from connect_appointments.store.queries.locks import request_locks
from connect_appointments.store.transaction import Transaction
from tests.build import ALICE, BOB, sample_order
from tests.store.given import (
    ALICES,
    BOBS,
    ORDER,
    SECOND_ORDER,
    VIOLATIONS,
    being_booked,
    booked,
    execute,
    kinds,
    rows,
    slot,
    state_of,
)
from tests.store.test_bookings import attempt_of, confirm_attempt, get_booking, occupancies

CHANGED = {
    "demand_type": "Fault",
    "contact_name": "Bob",
    "contact_phone": None,
    "service_id": 9,
    "customer_ref": "new",
}


async def _import(database: Database, *found: Order) -> None:
    await database.write(lambda transaction: orders.upsert(transaction, found))


def _details(order: Order) -> OrderDetails:
    return OrderDetails(**{field.name: getattr(order, field.name) for field in dataclasses.fields(OrderDetails)})


async def test_a_booked_one_has_its_appointment_with_the_order(database: Database) -> None:
    request_id, booking_id = await being_booked(database)
    await confirm_attempt(database, booking_id, "APT1")
    found = await get_booking(database, ALICES, booking_id)
    assert found is not None
    assert found.appointment is not None
    details = _details(sample_order(ORDER))
    booked = AppointmentState.BOOKED
    expected = Appointment(found.appointment.id, details, request_id, "APT1", booked, slot(), slot().start)
    assert found == Booking(booking_id, BookingState.BOOKED, None, expected)
    assert await state_of(database, request_id) is State.BOOKED
    assert (await kinds(database, request_id))[-1] == BOOKED.name
    assert await rows(database, "SELECT * FROM jobs") == []
    assert await occupancies(database) == [(ORDER, 1)]


@pytest.mark.parametrize("owner", [ALICE, BOB])
async def test_an_appointment_keeps_what_its_order_said_when_it_was_booked(database: Database, owner: str) -> None:
    _, booking_id = await booked(database)
    before = await get_booking(database, ALICES, booking_id)
    await _import(database, sample_order(ORDER, owner, **CHANGED))
    assert await get_booking(database, ALICES, booking_id) == before
    assert await get_booking(database, BOBS, booking_id) is None


async def test_the_order_of_another_owner_becomes_no_appointment(database: Database) -> None:
    _, booking_id = await being_booked(database)
    await _import(database, sample_order(ORDER, BOB))
    with pytest.raises(AssertionError, match="confirmed in part"):
        await confirm_attempt(database, booking_id)
    assert await rows(database, "SELECT * FROM appointments") == []


@pytest.mark.parametrize("column", ["request_id", "booking_id", "workforce_id"])
async def test_no_two_appointments_are_of_one_request_one_attempt_or_one_name(database: Database, column: str) -> None:
    await booked(database)
    await booked(database, SECOND_ORDER)
    with pytest.raises(VIOLATIONS):
        await execute(database, f"UPDATE appointments SET {column} = (SELECT min({column}) FROM appointments)")  # noqa: S608 - a name of ours


async def test_two_confirmations_at_once_make_one_appointment(database: Database, neighbour: Database) -> None:
    _, booking_id = await being_booked(database)
    attempt = await attempt_of(database, booking_id)
    (job,) = await database.write(lambda transaction: jobs.claim(transaction, CLAIM, limit=1, lease_seconds=60))

    async def work(transaction: Transaction) -> None:
        await lock(transaction, request_locks.LOCK_ANY, [(attempt.request_id,)], wait=True)
        await confirm(transaction, [Confirmed(job, attempt, "worker", "APT1", attempt.slot.start)])

    await asyncio.gather(database.write(work), neighbour.write(work))
    assert await rows(database, "SELECT count(*) FROM appointments") == [(1,)]
    assert (await kinds(database, attempt.request_id)).count(BOOKED.name) == 1


@pytest.mark.parametrize("days", [0, 2])
async def test_an_appointment_is_over_some_days_after_its_end(database: Database, days: int) -> None:
    ends = ((ORDER, "-49 hours"), (SECOND_ORDER, "-47 hours"), (ORDER, "+1 hours"))
    numbers = []
    for order_id, later in ends:
        _, booking_id = await booked(database, order_id)
        await _let_end(database, booking_id, later)
        numbers += await rows(database, "SELECT id FROM appointments WHERE booking_id = :id", id=booking_id)
    _, (recent,), (coming,) = numbers
    asked = [ORDER, SECOND_ORDER]
    found = await database.read(lambda transaction: bookings.not_over(transaction, asked, days=days))
    assert found == ([(recent, SECOND_ORDER)] if days == 2 else []) + [(coming, ORDER)]


async def _let_end(database: Database, booking_id: int, later: str) -> None:
    ends = "now() + CAST(:later AS interval)"
    if database.is_sqlite:
        ends = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', :later)"
    statement = f"UPDATE appointments SET ends_on = {ends} WHERE booking_id = :id"  # noqa: S608 - texts of ours
    value: Any = later if database.is_sqlite else timedelta(hours=int(later.partition(" ")[0]))
    await execute(database, statement, later=value, id=booking_id)
