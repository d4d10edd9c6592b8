"""Booking attempts and the appointments that come of them."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.lifecycle import BOOKED
from connect_appointments.core.model import Appointment, Booking, BookingState, Owner, Scope
from connect_appointments.store import bookings, orders, requests
from connect_appointments.store.bookings import Attempt
from connect_appointments.store.engine import Database
from tests.build import ALICE, BOB, sample_order
from tests.store.conftest import ON_PLAIN_POSTGRESQL
from tests.store.given import (
    ACTOR,
    ALICES,
    BOBS,
    EVERYBODYS,
    NOBODYS_ID,
    ORDER,
    being_booked,
    opened,
    slot,
    until_one_waits,
)


async def _get(database: Database, scope: Scope, booking_id: int) -> Booking | None:
    return await database.read(lambda connection: bookings.get(connection, scope, booking_id))


async def _end(database: Database, booking_id: int, state: BookingState) -> bool:
    return await database.write(lambda connection: bookings.end(connection, booking_id, state))


async def _confirm(connection: AsyncConnection, booking_id: int, name: str = "APT1") -> None:
    done = await bookings.attempt(connection, booking_id)
    await requests.move(connection, ACTOR, done.request_id, BOOKED, leaving_booking=booking_id)
    await bookings.end(connection, booking_id, BookingState.BOOKED)
    await bookings.insert_appointment(connection, done, ORDER, name)


async def test_an_attempt_is_under_way_until_it_ends(database: Database) -> None:
    request_id, booking_id = await being_booked(database)
    assert await _get(database, ALICES, booking_id) == Booking(booking_id, BookingState.BOOKING, None)
    found = await database.read(lambda connection: bookings.attempt(connection, booking_id))
    assert found == Attempt(booking_id, request_id, ALICE, slot())
    assert await database.read(lambda connection: bookings.slot_id_of(connection, booking_id)) == slot().id


@pytest.mark.parametrize("first", [BookingState.BOOKED, BookingState.REFUSED])
@pytest.mark.parametrize("second", [BookingState.BOOKED, BookingState.REFUSED])
async def test_an_attempt_ends_once_and_for_ever(database: Database, first: BookingState, second: BookingState) -> None:
    _, booking_id = await being_booked(database)
    assert await _end(database, booking_id, first)
    assert not await _end(database, booking_id, second)
    state = "SELECT state FROM bookings"
    assert await database.read(lambda connection: connection.scalar(sa.text(state))) == first


async def test_each_attempt_has_a_number_of_its_own(database: Database) -> None:
    request_id = await opened(database)

    async def two(connection: AsyncConnection) -> list[int]:
        return [await bookings.insert(connection, ALICE, request_id, slot(n)) for n in (1, 2)]

    first, second = await database.write(two)
    assert first < second


async def test_a_booked_one_has_its_appointment_with_the_order(database: Database) -> None:
    _, booking_id = await being_booked(database)
    await database.write(lambda connection: _confirm(connection, booking_id))
    found = await _get(database, ALICES, booking_id)
    assert found is not None
    assert found.appointment is not None
    assert found == Booking(
        booking_id, BookingState.BOOKED, Appointment(found.appointment.id, sample_order(ORDER), "APT1", slot())
    )


async def test_a_refused_one_has_none(database: Database) -> None:
    _, booking_id = await being_booked(database)
    await _end(database, booking_id, BookingState.REFUSED)
    assert await _get(database, ALICES, booking_id) == Booking(booking_id, BookingState.REFUSED, None)


@pytest.mark.parametrize("strangers", range(6))
async def test_many_are_found_at_once_each_by_its_own_owner_alone(database: Database, strangers: int) -> None:
    _, under_way = await being_booked(database)
    _, booked = await being_booked(database)
    await database.write(lambda connection: _confirm(connection, booked))
    owners = [(booked, ALICE), (under_way, BOB), (under_way, ALICE), (booked, BOB), *[(NOBODYS_ID, ALICE)] * strangers]
    found = await database.read(lambda connection: bookings.get_many(connection, owners))
    alone = [await _get(database, Owner(owner), number) for number, owner in owners]
    assert found == alone
    assert [one and one.state for one in found[:4]] == [BookingState.BOOKED, None, BookingState.BOOKING, None]


async def test_an_appointment_request_has_at_most_one_appointment(database: Database) -> None:
    _, booking_id = await being_booked(database)
    await database.write(lambda connection: _confirm(connection, booking_id))
    with pytest.raises(sa.exc.IntegrityError):
        await database.write(lambda connection: _confirm(connection, booking_id, "APT2"))


async def test_two_confirmations_at_once_make_one_appointment(database: Database, neighbour: Database) -> None:
    _, booking_id = await being_booked(database)
    outcomes = await asyncio.gather(
        database.write(lambda connection: _confirm(connection, booking_id)),
        neighbour.write(lambda connection: _confirm(connection, booking_id)),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["IntegrityError", "NoneType"]
    count = "SELECT count(*) FROM appointments"
    assert await database.read(lambda connection: connection.scalar(sa.text(count))) == 1


async def test_an_attempt_is_seen_by_its_owner_and_the_operator_only(database: Database) -> None:
    _, booking_id = await being_booked(database)
    assert await _get(database, BOBS, booking_id) is None
    assert await _get(database, EVERYBODYS, booking_id) is not None


@pytest.mark.parametrize("booking_id", [0, -1, NOBODYS_ID, 2**63 - 1])
async def test_a_number_nobody_has_is_none(database: Database, booking_id: int) -> None:
    assert await _get(database, EVERYBODYS, booking_id) is None


@ON_PLAIN_POSTGRESQL
async def test_booking_again_and_confirming_do_not_lock_each_other_out(database: Database, neighbour: Database) -> None:
    """The worker's appointment points at an order held by one who waits for the worker's row."""
    request_id, booking_id = await being_booked(database)
    tries: list[str] = []
    caller_waits = asyncio.Event()

    async def caller(connection: AsyncConnection) -> None:
        tries.append("caller")
        await orders.hold(connection, ORDER)
        caller_waits.set()
        await requests.hold(connection, ALICES, request_id)

    async def worker(connection: AsyncConnection) -> None:
        tries.append("worker")
        done = await bookings.attempt(connection, booking_id)
        await requests.move(connection, ACTOR, request_id, BOOKED, leaving_booking=booking_id)
        if not waiting:
            waiting.append(asyncio.create_task(neighbour.write(caller)))
            await caller_waits.wait()
            await until_one_waits(database.url)
        await bookings.insert_appointment(connection, done, ORDER, "APT1")

    waiting: list[asyncio.Task[None]] = []
    await database.write(worker)
    await waiting[0]
    # A deadlock would have had one of them run again.
    assert tries == ["worker", "caller"]
