"""Booking attempts and the appointments that come of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from connect_appointments.core.bookings import BookingState
from connect_appointments.core.model import Booking, Owner, Scope, Slot
from connect_appointments.core.requests import BOOK, State
from connect_appointments.jobs.book import CLAIM
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import lock
from connect_appointments.store.queries import bookings, jobs
from connect_appointments.store.queries.bookings import Attempt, NewAttempt
from connect_appointments.store.queries.confirmations import Confirmed, confirm
from connect_appointments.store.queries.jobs import NewJob
from connect_appointments.store.queries.locks import request_locks
from connect_appointments.store.transaction import Transaction
from tests.build import ALICE, BOB
from tests.store.conftest import ON_PLAIN_POSTGRESQL
from tests.store.given import (
    ALICES,
    BOBS,
    EVERYBODYS,
    NOBODYS_ID,
    ORDER,
    SECOND_ORDER,
    VIOLATIONS,
    begun,
    being_booked,
    booked,
    confirmed,
    created,
    kinds,
    opened,
    refused,
    rows,
    slot,
    state_of,
    until_one_waits,
)


async def get_booking(database: Database, scope: Scope, booking_id: int) -> Booking | None:
    return await database.read(lambda transaction: bookings.get(transaction, scope, booking_id))


async def attempt_of(database: Database, booking_id: int) -> Attempt:
    return await database.read(lambda transaction: bookings.attempt(transaction, booking_id))


async def confirm_attempt(database: Database, booking_id: int, workforce_id: str | None = None) -> None:
    await database.write(lambda transaction: confirmed(transaction, booking_id, workforce_id))


async def occupancies(database: Database) -> list[Any]:
    return await rows(database, "SELECT id, occupancy FROM orders WHERE occupancy <> 0")


async def _end(database: Database, how: str, *numbers: int) -> None:
    """End attempts, each with a job of its own, whatever became of its first one."""

    async def work(transaction: Transaction) -> None:
        if how == "refuse":
            await bookings.refuse(transaction, dict.fromkeys(numbers, "slot-unavailable"))
            return
        attempts = [await bookings.attempt(transaction, number) for number in numbers]
        await jobs.add(transaction, [NewJob("book", one.request_id, "x_request_id", one.id) for one in attempts])
        claims = {job.booking_id: job for job in await jobs.claim(transaction, CLAIM, limit=9, lease_seconds=60)}
        await confirm(
            transaction, [Confirmed(claims[one.id], one, "worker", f"APT-{one.id}", one.slot.start) for one in attempts]
        )

    await database.write(work)


async def test_an_attempt_is_under_way_until_it_ends(database: Database) -> None:
    request_id, booking_id = await being_booked(database)
    assert await get_booking(database, ALICES, booking_id) == Booking(booking_id, BookingState.BOOKING, None, None)
    assert await attempt_of(database, booking_id) == Attempt(booking_id, request_id, ALICE, slot())
    numbers = [booking_id, NOBODYS_ID]
    found = await database.read(lambda transaction: bookings.slot_ids(transaction, numbers))
    assert found == {booking_id: slot().id}


async def test_an_attempt_that_begins_occupies_its_order_and_has_a_job(database: Database) -> None:
    request_id, booking_id = await being_booked(database)
    assert await state_of(database, request_id) is State.BOOKING
    assert (await kinds(database, request_id))[-1] == BOOK.name
    assert await rows(database, "SELECT booking_id FROM appointment_requests") == [(booking_id,)]
    assert await rows(database, "SELECT kind, request_id, booking_id FROM jobs") == [("book", request_id, booking_id)]
    assert await occupancies(database) == [(ORDER, 1)]


@pytest.mark.parametrize("state", ["searching", "booking", "booked"])
async def test_to_begin_where_one_of_several_is_not_open_is_a_bug_and_begins_none(
    database: Database, state: str
) -> None:
    other = await opened(database, SECOND_ORDER)
    closed = {"searching": created, "booking": being_booked, "booked": booked}[state]
    found = await closed(database)
    request_id = found if isinstance(found, int) else found[0]
    before = await rows(database, "SELECT * FROM bookings")
    new = [
        NewAttempt(other, SECOND_ORDER, ALICE, "portal-api", "x_request_id", slot()),
        NewAttempt(request_id, ORDER, ALICE, "portal-api", "x_request_id", slot()),
    ]
    with pytest.raises(AssertionError, match="1 of 2 booking attempts were begun"):
        await database.write(lambda transaction: bookings.begin(transaction, new, job="book"))
    assert await rows(database, "SELECT * FROM bookings") == before
    assert await state_of(database, other) is State.OPEN


@pytest.mark.parametrize("first", [booked, refused], ids=lambda end: end.__name__)
@pytest.mark.parametrize("second", ["confirm", "refuse"])
async def test_an_attempt_ends_once_and_for_ever(database: Database, first: Any, second: str) -> None:
    _, booking_id = await first(database)
    before = await rows(database, "SELECT * FROM bookings")
    with pytest.raises((AssertionError, *VIOLATIONS)):
        await _end(database, second, booking_id)
    assert await rows(database, "SELECT * FROM bookings") == before
    assert before[0].state == first.__name__
    assert len(await rows(database, "SELECT * FROM appointments")) == (first is booked)


async def test_to_confirm_what_is_not_being_booked_is_a_bug(database: Database) -> None:
    _, booking_id = await refused(database)
    with pytest.raises(AssertionError, match="confirmed in part"):
        await _end(database, "confirm", booking_id)


async def test_to_refuse_what_has_ended_is_a_bug(database: Database) -> None:
    _, booking_id = await booked(database)
    with pytest.raises(AssertionError, match="0 of 1 booking attempts"):
        await _end(database, "refuse", booking_id)


@pytest.mark.parametrize("how", ["confirm", "refuse"])
async def test_where_one_of_several_has_ended_none_is_ended(database: Database, how: str) -> None:
    _, ended = await refused(database)
    _, under_way = await being_booked(database, SECOND_ORDER)
    with pytest.raises(AssertionError):
        await _end(database, how, under_way, ended)
    found = await get_booking(database, ALICES, under_way)
    assert found is not None
    assert found.state is BookingState.BOOKING


async def test_a_confirmation_whose_job_another_worker_has_changes_nothing(database: Database) -> None:
    request_id, booking_id = await being_booked(database)
    attempt = await attempt_of(database, booking_id)
    claims = [
        await database.write(lambda transaction: jobs.claim(transaction, CLAIM, limit=1, lease_seconds=0))
        for _ in range(2)
    ]
    (slept,), (awake,) = claims
    for job, state in ((slept, State.BOOKING), (awake, State.BOOKED)):
        reserved = [Confirmed(job, attempt, "worker", "APT1", attempt.slot.start)]
        await database.write(lambda transaction, one=reserved: confirm(transaction, one))
        assert await state_of(database, request_id) is state
    assert await rows(database, "SELECT workforce_id FROM appointments") == [("APT1",)]


async def test_each_attempt_has_a_number_of_its_own(database: Database) -> None:
    _, first = await refused(database)
    (request_id,) = (await rows(database, "SELECT id FROM appointment_requests"))[0]
    second = await database.write(lambda transaction: begun(transaction, request_id, slot(2)))
    assert first < second


async def test_attempts_that_begin_together_are_told_by_their_requests(database: Database) -> None:
    chosen = {await opened(database): slot(1), await opened(database, SECOND_ORDER): slot(2)}
    order_ids = (ORDER, SECOND_ORDER)
    new = [
        NewAttempt(request_id, order_id, ALICE, f"client {order_id}", f"x_request_id {order_id}", one)
        for (request_id, one), order_id in zip(chosen.items(), order_ids, strict=True)
    ]
    numbers = await database.write(lambda transaction: bookings.begin(transaction, new, job="book"))
    found: dict[int, Slot] = {}
    for number in numbers.values():
        attempt = await attempt_of(database, number)
        found[attempt.request_id] = attempt.slot
    assert found == chosen
    query = (
        "SELECT request_id, client, x_request_id, booking_id FROM events WHERE kind = 'booking-started' ORDER BY client"
    )
    assert await rows(database, query) == [
        (one.request_id, one.client, one.x_request_id, numbers[one.request_id]) for one in new
    ]
    assert await occupancies(database) == [(ORDER, 1), (SECOND_ORDER, 1)]


async def test_attempts_of_one_order_that_begin_together_all_occupy_it(database: Database) -> None:
    ids = [await opened(database) for _ in range(3)]
    new = [NewAttempt(request_id, ORDER, ALICE, "portal-api", "x_request_id", slot()) for request_id in ids]
    await database.write(lambda transaction: bookings.begin(transaction, new, job="book"))
    assert await occupancies(database) == [(ORDER, 3)]


async def test_a_refused_one_has_none(database: Database) -> None:
    _, booking_id = await refused(database)
    expected = Booking(booking_id, BookingState.REFUSED, "slot-unavailable", None)
    assert await get_booking(database, ALICES, booking_id) == expected


@pytest.mark.parametrize("strangers", range(6))
async def test_many_are_found_at_once_each_by_its_own_owner_alone(database: Database, strangers: int) -> None:
    _, under_way = await being_booked(database)
    _, done = await booked(database)
    owners = [(done, ALICE), (under_way, BOB), (under_way, ALICE), (done, BOB), *[(NOBODYS_ID, ALICE)] * strangers]
    found = await database.read(lambda transaction: bookings.get_owned(transaction, owners))
    alone = [await get_booking(database, Owner(owner), number) for number, owner in owners]
    assert found == alone
    assert [one and one.state for one in found[:4]] == [BookingState.BOOKED, None, BookingState.BOOKING, None]


async def test_an_attempt_is_seen_by_its_owner_and_the_operator_only(database: Database) -> None:
    _, booking_id = await being_booked(database)
    assert await get_booking(database, BOBS, booking_id) is None
    assert await get_booking(database, EVERYBODYS, booking_id) is not None


@pytest.mark.parametrize("booking_id", [0, -1, NOBODYS_ID, 2**63 - 1])
async def test_a_number_nobody_has_is_none(database: Database, booking_id: int) -> None:
    assert await get_booking(database, EVERYBODYS, booking_id) is None


async def test_an_attempt_that_must_be_there_is_missed(database: Database) -> None:
    with pytest.raises(LookupError):
        await attempt_of(database, NOBODYS_ID)


@ON_PLAIN_POSTGRESQL
async def test_booking_again_and_confirming_do_not_lock_each_other_out(database: Database, neighbour: Database) -> None:
    """The worker's appointment points at an order; whoever books again waits for that order before anything else."""
    request_id, booking_id = await being_booked(database)
    tries: list[str] = []
    waiting: list[asyncio.Task[None]] = []

    async def caller(transaction: Transaction) -> None:
        tries.append("caller")
        await lock(transaction, request_locks.LOCK_OWNED_WITH_ORDERS, [(request_id, ALICE)], wait=True)

    async def worker(transaction: Transaction) -> None:
        tries.append("worker")
        await lock(transaction, request_locks.LOCK_ANY_WITH_ORDERS, [(request_id,)], wait=True)
        if not waiting:
            waiting.append(asyncio.create_task(neighbour.write(caller)))
            await until_one_waits(database.url)
        await confirmed(transaction, booking_id)

    await database.write(worker)
    await waiting[0]
    # A deadlock would have had one of them run again.
    assert tries == ["worker", "caller"]
