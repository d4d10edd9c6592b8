"""What became of booking attempts: written down for many at once, unless a request or a job has moved on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from connect_appointments.core.bookings import BookingState
from connect_appointments.core.decisions.booking_outcome import Answer, Outcome
from connect_appointments.core.requests import BOOKED, ORDER_TRANSFERRED, SLOT_REFUSED, State
from connect_appointments.jobs.book import CLAIM, Ended, end_bookings
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import ROW_LOCKED, lock
from connect_appointments.store.queries import bookings, jobs, offers, orders, requests, verify
from connect_appointments.store.queries.jobs import Job
from connect_appointments.store.queries.locks import request_locks
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.order_imports import import_orders
from tests.build import ALICE, BOB, sample_order
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import (
    ACTOR,
    EVERYBODYS,
    ORDER,
    POLICY,
    SECOND_ORDER,
    being_booked,
    kinds,
    rows,
    slot,
    state_of,
    until_one_waits,
)

KINDS = {Outcome.CONFIRMED: BOOKED, Outcome.REFUSED: SLOT_REFUSED, Outcome.TRANSFERRED: ORDER_TRANSFERRED}


async def _claimed(database: Database, lease_seconds: float = 60) -> list[Job]:
    found = await database.write(
        lambda transaction: jobs.claim(transaction, CLAIM, limit=100, lease_seconds=lease_seconds)
    )
    return sorted(found, key=lambda job: job.booking_id or 0)


async def _ended(database: Database, job: Job, answer: Answer) -> Ended:
    attempt = await database.read(lambda transaction: bookings.attempt(transaction, job.booking_id or 0))
    workforce_id = f"APT{attempt.id}" if answer is Answer.RESERVED else None
    return Ended(job, attempt, answer, attempt.slot.start, workforce_id)


async def _end(database: Database, *ended: Ended, wait: bool = False) -> Sequence[Any]:
    return await database.write(lambda transaction: end_bookings(transaction, ended, POLICY, wait=wait))


async def _transfer(database: Database, *owners: str) -> None:
    for owner in owners or (BOB,):
        await import_orders(database, ACTOR, [sample_order(ORDER, owner)], transfer=True, over_after_days=7)


async def _occupied(database: Database) -> list[Any]:
    return await rows(database, "SELECT id, occupancy FROM orders WHERE occupancy <> 0 ORDER BY id")


async def _attempts(database: Database) -> list[Any]:
    return await rows(database, "SELECT state, refusal FROM bookings ORDER BY id")


async def test_each_attempt_ends_as_its_answer_says(database: Database) -> None:
    (confirmed, _), (refused, _) = await being_booked(database), await being_booked(database, SECOND_ORDER)
    first, second = await _claimed(database)
    ended = [await _ended(database, first, Answer.RESERVED), await _ended(database, second, Answer.REFUSED)]
    assert await _end(database, *ended) == [Outcome.CONFIRMED, Outcome.REFUSED]
    assert await state_of(database, confirmed) is State.BOOKED
    assert await state_of(database, refused) is State.OPEN
    assert await _attempts(database) == [(BookingState.BOOKED, None), (BookingState.REFUSED, "slot-unavailable")]
    assert await _occupied(database) == [(ORDER, 1)]
    offered = await database.read(lambda transaction: offers.get(transaction, [confirmed, refused]))
    assert offered == {confirmed: (slot(1), slot(2), slot(3)), refused: (slot(2), slot(3))}
    assert await database.read(verify.findings) == []


@pytest.mark.parametrize("owners", [[BOB], [BOB, ALICE]], ids=["away", "there-and-back"])
@pytest.mark.parametrize("answer", [Answer.REFUSED, Answer.UNDONE])
async def test_d48_an_attempt_of_an_order_that_changed_hands_ends_transferred(
    database: Database, answer: Answer, owners: list[str]
) -> None:
    request_id, _ = await being_booked(database)
    (job,) = await _claimed(database)
    await _transfer(database, *owners)
    assert await _end(database, await _ended(database, job, answer)) == [Outcome.TRANSFERRED]
    assert await state_of(database, request_id) is State.CANCELLED
    assert (await kinds(database, request_id))[-1] == ORDER_TRANSFERRED.name
    assert await _attempts(database) == [(BookingState.REFUSED, "order-transferred")]
    assert await _occupied(database) == []
    assert await database.read(verify.findings) == []


@pytest.mark.parametrize("owners", [[BOB], [BOB, ALICE]], ids=["away", "there-and-back"])
async def test_d48_what_is_reserved_of_an_order_that_changed_hands_keeps_its_job_to_be_undone(
    database: Database, owners: list[str]
) -> None:
    request_id, _ = await being_booked(database)
    (job,) = await _claimed(database)
    await _transfer(database, *owners)
    assert await _end(database, await _ended(database, job, Answer.RESERVED)) == [Outcome.TO_UNDO]
    assert await state_of(database, request_id) is State.BOOKING
    assert await _attempts(database) == [(BookingState.BOOKING, None)]
    assert await database.read(jobs.count) == 1


@ON_POSTGRESQL
async def test_d48_an_outcome_sees_the_transfer_that_it_has_waited_for(database: Database, neighbour: Database) -> None:
    """The mark is in a locked row: a row that the same statement only reads would be older than the lock."""
    await being_booked(database)
    (job,) = await _claimed(database)
    reserved = await _ended(database, job, Answer.RESERVED)
    calls: list[asyncio.Task[Sequence[Any]]] = []

    async def work(transaction: Transaction) -> None:
        await lock(transaction, orders.LOCK_ANY, [(ORDER,)], wait=True)
        calls.append(asyncio.create_task(_end(database, reserved, wait=True)))
        await until_one_waits(database.url)
        await requests.mark_transferred(transaction, [job.request_id or 0])

    await neighbour.write(work)
    assert await calls[0] == [Outcome.TO_UNDO]


@pytest.mark.parametrize("answer", [Answer.RESERVED, Answer.REFUSED])
async def test_an_answer_that_outlived_its_lease_changes_nothing(database: Database, answer: Answer) -> None:
    request_id, _ = await being_booked(database)
    (slept,), (awake,) = await _claimed(database, lease_seconds=0), await _claimed(database)
    await _end(database, await _ended(database, slept, answer))
    assert await state_of(database, request_id) is State.BOOKING
    assert await database.read(jobs.count) == 1
    await _end(database, await _ended(database, awake, answer))
    assert await database.read(jobs.count) == 0
    assert await database.read(verify.findings) == []


@pytest.mark.parametrize("answer", [Answer.RESERVED, Answer.REFUSED])
@pytest.mark.parametrize("later_first", [True, False])
async def test_of_two_claims_of_one_job_in_one_batch_the_later_counts(
    database: Database, answer: Answer, *, later_first: bool
) -> None:
    request_id, _ = await being_booked(database)
    (slept,), (awake,) = await _claimed(database, lease_seconds=0), await _claimed(database)
    both = [await _ended(database, job, answer) for job in (slept, awake)]
    await _end(database, *(reversed(both) if later_first else both))
    assert (await kinds(database, request_id))[3:] == [(BOOKED if answer is Answer.RESERVED else SLOT_REFUSED).name]
    assert await database.read(verify.findings) == []


async def test_an_answer_to_an_attempt_that_has_ended_takes_its_job_off_the_list_and_nothing_else(
    database: Database,
) -> None:
    request_id, _ = await being_booked(database)
    (job,) = await _claimed(database)
    refused = await _ended(database, job, Answer.REFUSED)
    await _end(database, refused)
    before = await database.read(lambda transaction: requests.get(transaction, EVERYBODYS, request_id))
    assert await _end(database, refused, refused) == [Outcome.STALE, Outcome.STALE]
    assert await database.read(lambda transaction: requests.get(transaction, EVERYBODYS, request_id)) == before
    assert await _occupied(database) == []


async def test_attempts_of_one_order_give_it_back_together(database: Database) -> None:
    for _ in range(3):
        await being_booked(database)
    ended = [await _ended(database, job, Answer.REFUSED) for job in await _claimed(database)]
    assert await _end(database, *ended[:2]) == [Outcome.REFUSED] * 2
    assert await _occupied(database) == [(ORDER, 1)]


@ON_POSTGRESQL
@pytest.mark.parametrize("table", ["orders", "appointment_requests"])
@pytest.mark.parametrize("answer", [Answer.RESERVED, Answer.REFUSED])
async def test_an_attempt_whose_rows_are_locked_is_left_out_with_its_job(
    database: Database, neighbour: Database, table: str, answer: Answer
) -> None:
    (locked, _), (free, _) = await being_booked(database), await being_booked(database, SECOND_ORDER)
    ended = [await _ended(database, job, answer) for job in await _claimed(database)]
    outcomes: list[Sequence[Any]] = []

    async def work(transaction: Transaction) -> None:
        statements, number = (orders.LOCK_ANY, ORDER) if table == "orders" else (request_locks.LOCK_ANY, locked)
        await lock(transaction, statements, [(number,)], wait=True)
        outcomes.append(await _end(neighbour, *ended))

    await database.write(work)
    outcome = Outcome.CONFIRMED if answer is Answer.RESERVED else Outcome.REFUSED
    assert outcomes[0] == [ROW_LOCKED, outcome]
    assert await state_of(database, locked) is State.BOOKING
    assert await state_of(database, free) is KINDS[outcome].target
    assert await database.read(jobs.count) == 1
    assert await _end(database, ended[0], wait=True) == [outcome]
    assert await state_of(database, locked) is KINDS[outcome].target
    assert await database.read(verify.findings) == []
