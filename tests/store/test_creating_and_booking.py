"""Creating and booking many at once: what a batch decides, and orders that another transaction has locked."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from connect_appointments.core.errors import (
    InvalidFields,
    NotFound,
    OrderHasAppointment,
    OrderTransferred,
    Refusal,
    SlotNotOffered,
)
from connect_appointments.core.model import Actor, Owner
from connect_appointments.core.requests import State
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import lock
from connect_appointments.store.queries import orders, verify
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.appointment_requests import AppointmentRequests
from connect_appointments.usecases.bookings import Bookings
from connect_appointments.wiring import default_policy, utc_now
from tests.build import ALICE, BOB, sample_order
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import (
    BOBS_ORDER,
    NOBODYS_ID,
    ORDER,
    SECOND_ORDER,
    kinds,
    opened,
    rows,
    slot,
    state_of,
    until_one_waits,
)


def _actor(owner: str = ALICE, trace: str = "trace") -> Actor:
    return Actor(Owner(owner), "portal-api", trace)


def _tomorrow() -> date:
    return utc_now().date() + timedelta(days=1)


@pytest.fixture
async def creating(database: Database) -> AppointmentRequests:
    return AppointmentRequests(database, default_policy(), utc_now)


@pytest.fixture
async def booking(database: Database) -> Bookings:
    return Bookings(database)


async def test_each_of_many_gets_its_own_request_or_its_own_refusal(
    database: Database, creating: AppointmentRequests
) -> None:
    wanted = [(ALICE, ORDER), (ALICE, BOBS_ORDER), (BOB, BOBS_ORDER), (ALICE, NOBODYS_ID), (ALICE, ORDER)]
    calls = [
        creating.create_request(_actor(owner, f"trace {n}"), order_id, _tomorrow(), None)
        for n, (owner, order_id) in enumerate(wanted)
    ]
    too_early = creating.create_request(_actor(), ORDER, date(2020, 1, 1), None)
    found = await asyncio.gather(*calls, too_early, return_exceptions=True)
    assert [type(one) for one in found] == [int, NotFound, int, NotFound, int, InvalidFields]
    made = [found[0], found[2], found[4]]
    traces = await rows(database, "SELECT request_id, trace FROM events ORDER BY trace")
    assert traces == list(zip(made, ("trace 0", "trace 2", "trace 4"), strict=True))
    jobs = await rows(database, "SELECT request_id, kind, trace FROM jobs ORDER BY trace")
    assert jobs == [(number, "search", trace) for number, trace in traces]


async def test_a_key_that_many_send_at_once_creates_one(database: Database, neighbour: Database) -> None:
    services = [AppointmentRequests(where, default_policy(), utc_now) for where in (database, neighbour)]
    calls = [one.create_request(_actor(), ORDER, _tomorrow(), "key") for one in services * 10]
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert len({one for one in found if isinstance(one, int)}) == 1
    assert {type(one).__name__ for one in found} <= {"int", "IdempotencyKeyInUse"}
    assert await rows(database, "SELECT count(*) FROM appointment_requests") == [(1,)]


async def test_of_many_that_book_one_order_one_does(database: Database, neighbour: Database) -> None:
    ids = [await opened(database) for _ in range(10)]
    services = (Bookings(database), Bookings(neighbour))
    calls = [services[number % 2].book_slot(_actor(), number, slot().id) for number in ids]
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(type(one).__name__ for one in found) == ["OrderHasAppointment"] * 9 + ["int"]
    assert await rows(database, "SELECT occupancy FROM orders WHERE id = :id", id=ORDER) == [(1,)]
    assert await database.read(verify.findings) == []


async def test_of_many_that_book_one_request_all_that_want_one_slot_share_its_attempt(
    database: Database, booking: Bookings
) -> None:
    request_id = await opened(database)
    wanted = [slot(1).id, slot(2).id, slot(1).id, slot(2).id]
    found = await asyncio.gather(
        *(booking.book_slot(_actor(), request_id, one) for one in wanted), return_exceptions=True
    )
    numbers = {one for one in found if isinstance(one, int)}
    assert len(numbers) == 1
    assert [found[0] == found[2], found[1] == found[3] or isinstance(found[1], Refusal)] == [True, True]
    assert (await kinds(database, request_id)).count("booking-started") == 1
    assert await database.read(verify.findings) == []


async def test_a_batch_that_books_answers_each_by_its_own(database: Database, booking: Bookings) -> None:
    first, second, bobs = (
        await opened(database),
        await opened(database, SECOND_ORDER),
        await opened(database, BOBS_ORDER),
    )
    wanted = [(first, slot(1).id), (second, "no such slot"), (bobs, slot(1).id), (NOBODYS_ID, slot(1).id)]
    found = await asyncio.gather(*(booking.book_slot(_actor(), *one) for one in wanted), return_exceptions=True)
    assert [type(one) for one in found] == [int, SlotNotOffered, NotFound, NotFound]
    assert await booking.book_slot(_actor(), second, slot(2).id) != found[0]


async def test_an_order_may_be_booked_more_than_once_where_that_is_configured(database: Database) -> None:
    service = Bookings(database, one_per_order=False)
    ids = [await opened(database) for _ in range(3)]
    found = await asyncio.gather(*(service.book_slot(_actor(), number, slot().id) for number in ids))
    assert len(set(found)) == 3
    assert await rows(database, "SELECT occupancy FROM orders WHERE id = :id", id=ORDER) == [(3,)]


@ON_POSTGRESQL
@pytest.mark.parametrize("owner_after", [ALICE, BOB])
async def test_who_creates_for_a_locked_order_waits_alone_and_sees_its_owner_of_then(
    database: Database, neighbour: Database, creating: AppointmentRequests, owner_after: str
) -> None:
    calls: list[asyncio.Task[int]] = []

    async def work(transaction: Transaction) -> None:
        await lock(transaction, orders.LOCK_ANY, [(ORDER,)], wait=True)
        if not calls:
            calls.append(asyncio.create_task(creating.create_request(_actor(), ORDER, _tomorrow(), None)))
            await until_one_waits(database.url)
            async with asyncio.timeout(5):
                await creating.create_request(_actor(), SECOND_ORDER, _tomorrow(), None)
        await orders.upsert(transaction, [sample_order(ORDER, owner_after)])

    await neighbour.write(work)
    (answer,) = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(answer, int if owner_after == ALICE else NotFound)


@ON_POSTGRESQL
@pytest.mark.parametrize("owner_after", [ALICE, BOB])
async def test_who_books_of_a_locked_order_waits_alone_and_sees_its_owner_of_then(
    database: Database, neighbour: Database, booking: Bookings, owner_after: str
) -> None:
    request_id, other = await opened(database), await opened(database, SECOND_ORDER)
    calls: list[asyncio.Task[Any]] = []

    async def work(transaction: Transaction) -> None:
        await lock(transaction, orders.LOCK_ANY, [(ORDER,)], wait=True)
        if not calls:
            calls.append(asyncio.create_task(booking.book_slot(_actor(), request_id, slot().id)))
            await until_one_waits(database.url)
            async with asyncio.timeout(5):
                await booking.book_slot(_actor(), other, slot().id)
        await orders.upsert(transaction, [sample_order(ORDER, owner_after)])

    await neighbour.write(work)
    (answer,) = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(answer, int if owner_after == ALICE else OrderTransferred)
    assert await state_of(database, request_id) is (State.BOOKING if owner_after == ALICE else State.OPEN)


@ON_POSTGRESQL
async def test_who_waits_for_an_order_sees_that_it_is_occupied_by_then(
    database: Database, neighbour: Database, booking: Bookings
) -> None:
    """What stands in a row that is locked is current; a count of other rows would be older than the lock."""
    first, second = await opened(database), await opened(database)
    calls: list[asyncio.Task[Any]] = []

    async def work(transaction: Transaction) -> None:
        await lock(transaction, orders.LOCK_ANY, [(ORDER,)], wait=True)
        if not calls:
            calls.extend(
                asyncio.create_task(booking.book_slot(_actor(), number, slot().id)) for number in (first, second)
            )
            await until_one_waits(database.url)

    await neighbour.write(work)
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["OrderHasAppointment", "int"]
    assert OrderHasAppointment in {type(answer) for answer in answers}
