"""Appointment-requests: created, led from state to state under a row lock, offered slots, read in a scope."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from connect_appointments.core.model import AppointmentRequest, Scope
from connect_appointments.core.requests import BOOK, BOOKED, CANCEL, SLOTS_FOUND, TRANSITIONS, State
from connect_appointments.core.transitions import Transition
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import Locked, lock
from connect_appointments.store.queries import bookings, events, jobs, offers, requests
from connect_appointments.store.queries.confirmations import Confirmed, confirm
from connect_appointments.store.queries.jobs import NewJob
from connect_appointments.store.queries.locks import request_locks
from connect_appointments.store.queries.requests import Change, NewRequest
from connect_appointments.store.tables import appointment_requests
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.bookings import BOOK_JOB
from tests.build import ALICE, BOB
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import (
    ALICES,
    BOBS_ORDER,
    DAY,
    EVERYBODYS,
    NOBODYS_ID,
    ORDER,
    SECOND_ORDER,
    VIOLATIONS,
    begun,
    being_booked,
    booked,
    created,
    in_state,
    job_of,
    kinds,
    moved,
    opened,
    refused,
    rows,
    slot,
    state_of,
    until_one_waits,
)


async def get_request(database: Database, scope: Scope, request_id: int) -> AppointmentRequest | None:
    return await database.read(lambda transaction: requests.get(transaction, scope, request_id))


async def test_a_new_one_is_searching(database: Database) -> None:
    request_id = await created(database)
    found = await get_request(database, ALICES, request_id)
    assert found == AppointmentRequest(
        id=request_id,
        owner=ALICE,
        order_id=ORDER,
        date_from=DAY,
        state=State.SEARCHING,
        slots=(),
        created_on=found.created_on if found else None,
        updated_on=found.created_on if found else None,
        cancelled_on=None,
    )


async def test_ids_grow(database: Database) -> None:
    found = [await created(database) for _ in range(3)]
    assert found == sorted(set(found))


@pytest.mark.parametrize("step", TRANSITIONS, ids=lambda step: step.name)
async def test_a_transition_is_made_from_its_sources_and_no_others(database: Database, step: Transition[State]) -> None:
    for state in State:
        request_id = await in_state(database, state)
        before = await kinds(database, request_id)
        made = await _made(database, request_id, step)
        assert made == (state in step.sources), state
        assert await state_of(database, request_id) is (step.target if made else state)
        assert await kinds(database, request_id) == before + [step.name] * made


async def _made(database: Database, request_id: int, step: Transition[State]) -> bool:
    """Whether a transition was made, whatever is behind the state."""

    async def work(transaction: Transaction) -> None:
        if step is BOOK:
            await begun(transaction, request_id)
        elif step is BOOKED:
            await _confirmed(transaction, request_id)
        else:
            await requests.transition(transaction, step, [Change(request_id, ALICE, "portal-api", "x_request_id")])

    try:
        await database.write(work)
    except (AssertionError, *VIOLATIONS):
        return False
    return True


async def _confirmed(transaction: Transaction, request_id: int) -> None:
    """Confirm the latest booking attempt, as a worker would whose lease ran out, whatever has become of the request."""
    query = sa.text("SELECT booking_id FROM appointment_requests WHERE id = :id")
    ((booking_id,),) = await transaction.fetch(query, id=request_id)
    if booking_id is None:
        raise AssertionError("there is no booking attempt to confirm")
    attempt = await bookings.attempt(transaction, booking_id)
    await transaction.execute(sa.text("DELETE FROM jobs WHERE booking_id = :id"), id=booking_id)
    await jobs.add(transaction, [NewJob(BOOK_JOB, request_id, "x_request_id", booking_id)])
    job = await job_of(transaction, booking_id)
    await confirm(transaction, [Confirmed(job, attempt, "worker", f"APT-{booking_id}", attempt.slot.start)])


async def test_a_cancelled_one_says_since_when(database: Database) -> None:
    request_id = await created(database)
    await moved(database, request_id, CANCEL)
    found = await get_request(database, ALICES, request_id)
    assert found is not None
    assert found.cancelled_on is not None
    assert found.created_on <= found.cancelled_on == found.updated_on


async def test_a_transition_of_an_id_nobody_has_is_a_bug(database: Database) -> None:
    with pytest.raises(AssertionError, match="cancelled changed 0 of 1 appointment-requests"):
        await _transition(database, CANCEL, NOBODYS_ID)


async def _transition(database: Database, step: Transition[State], *ids: int) -> None:
    changes = [Change(request_id, ALICE, "portal-api", f"x_request_id {request_id}") for request_id in ids]
    await database.write(lambda transaction: requests.transition(transaction, step, changes))


@pytest.mark.parametrize("other", [State.BOOKING, State.CANCELLED])
async def test_where_one_of_several_is_in_no_source_none_is_changed(database: Database, other: State) -> None:
    searching, elsewhere = await created(database), await in_state(database, other)
    with pytest.raises(AssertionError, match="cancelled changed 1 of 2 appointment-requests"):
        await _transition(database, CANCEL, searching, elsewhere)
    assert await state_of(database, searching) is State.SEARCHING
    assert await kinds(database, searching) == ["created"]


async def test_one_that_is_there_twice_is_a_bug(database: Database) -> None:
    request_id = await created(database)
    with pytest.raises(AssertionError, match="of 2 appointment-requests"):
        await _transition(database, CANCEL, request_id, request_id)
    assert await kinds(database, request_id) == ["created"]


async def test_two_transitions_at_once_exclude_each_other(database: Database, neighbour: Database) -> None:
    async def book(transaction: Transaction) -> None:
        await lock(transaction, request_locks.LOCK_ANY, [(request_id,)], wait=True)
        await begun(transaction, request_id)

    for _ in range(10):
        request_id = await opened(database)
        cancelled, booking = await asyncio.gather(
            moved(database, request_id, CANCEL), neighbour.write(book), return_exceptions=True
        )
        winner = CANCEL if cancelled else BOOK
        assert isinstance(booking, AssertionError) == cancelled
        assert await kinds(database, request_id) == ["created", SLOTS_FOUND.name, winner.name]
        assert await state_of(database, request_id) is winner.target


@ON_POSTGRESQL
async def test_who_waits_for_a_row_decides_on_the_state_it_has_then(database: Database, neighbour: Database) -> None:
    request_id = await opened(database)
    waiting: list[asyncio.Task[list[Locked]]] = []

    async def look(transaction: Transaction) -> list[Locked]:
        return await lock(transaction, request_locks.LOCK_OWNED_WITH_ORDERS, [(request_id, ALICE)], wait=True)

    async def book(transaction: Transaction) -> int:
        await look(transaction)
        if not waiting:
            waiting.append(asyncio.create_task(neighbour.write(look)))
            await until_one_waits(database.url)
        return await begun(transaction, request_id)

    number = await database.write(book)
    ((found,),) = await asyncio.gather(*waiting)
    assert (found.id, found.order_id, found.state, found.booking_id) == (request_id, ORDER, State.BOOKING, number)
    assert (found.owner, found.order_owner, found.occupancy) == (ALICE, ALICE, 1)


async def test_many_are_created_at_once_each_with_its_event(database: Database) -> None:
    of_owners = [(ALICE, ORDER), (BOB, BOBS_ORDER), (ALICE, ORDER), (ALICE, SECOND_ORDER)]
    new = [
        NewRequest(owner, order_id, DAY, f"client {n}", f"x_request_id {n}")
        for n, (owner, order_id) in enumerate(of_owners)
    ]
    ids = await database.write(lambda transaction: requests.insert(transaction, new))
    assert ids == sorted(set(ids))
    for request_id, one in zip(ids, new, strict=True):
        made = await get_request(database, EVERYBODYS, request_id)
        (event,) = await database.read(lambda transaction, n=request_id: events.of_request(transaction, EVERYBODYS, n))
        assert made is not None
        assert (made.owner, made.order_id) == (one.owner, one.order_id)
        assert (event.owner, event.client, event.x_request_id) == (one.owner, one.client, one.x_request_id)


@pytest.mark.parametrize("job", [None, "search"])
async def test_many_are_created_at_once_each_with_its_job_where_they_are_to_have_one(
    database: Database, job: str | None
) -> None:
    new = [NewRequest(ALICE, ORDER, DAY, "portal-api", f"x_request_id {n}") for n in range(3)]
    ids = await database.write(lambda transaction: requests.insert(transaction, new, job=job))
    found = await rows(database, "SELECT request_id, x_request_id, kind FROM jobs ORDER BY x_request_id")
    expected = [(request_id, one.x_request_id, job) for request_id, one in zip(ids, new, strict=True)]
    assert found == (expected if job else [])


async def test_many_are_led_on_together_each_with_its_event(database: Database) -> None:
    ids = [await created(database), await created(database, BOBS_ORDER)]
    changes = [
        Change(request_id, owner, "worker", f"x_request_id {request_id}")
        for request_id, owner in zip(ids, (ALICE, BOB), strict=True)
    ]
    await database.write(lambda transaction: requests.transition(transaction, SLOTS_FOUND, changes))
    for change in changes:
        found = await database.read(
            lambda transaction, n=change.request_id: events.of_request(transaction, EVERYBODYS, n)
        )
        assert [(event.kind, event.owner, event.client, event.x_request_id) for event in found[1:]] == [
            (SLOTS_FOUND.name, change.owner, "worker", change.x_request_id)
        ]
        assert await state_of(database, change.request_id) is State.OPEN


async def test_creating_leading_and_offering_none_changes_nothing(database: Database) -> None:
    request_id = await created(database)

    async def work(transaction: Transaction) -> list[int]:
        await offers.insert(transaction, {})
        await offers.change(transaction, {})
        await requests.hold_offers(transaction, {})
        await requests.transition(transaction, SLOTS_FOUND, [])
        return await requests.insert(transaction, [])

    assert await database.write(work) == []
    assert await kinds(database, request_id) == ["created"]


async def test_an_offer_is_held_until_it_is_not(database: Database) -> None:
    ids = [await opened(database) for _ in range(2)]
    until = slot().start

    async def held() -> list[Any]:
        query = sa.select(appointment_requests.c.held_until).order_by(appointment_requests.c.id)
        return [moment for (moment,) in await database.read(lambda transaction: transaction.fetch(query))]

    await database.write(lambda transaction: requests.hold_offers(transaction, dict.fromkeys(ids, until)))
    assert await held() == [until, until]
    await database.write(lambda transaction: requests.hold_offers(transaction, {ids[0]: None}))
    assert await held() == [None, until]


async def test_an_order_is_occupied_while_one_of_its_is_booked_or_on_its_way(database: Database) -> None:
    async def occupied() -> list[Any]:
        return await rows(database, "SELECT id, occupancy FROM orders WHERE occupancy <> 0")

    for state in (State.SEARCHING, State.OPEN, State.FAILED, State.CANCELLED):
        await in_state(database, state)
    assert await occupied() == []
    await refused(database)
    assert await occupied() == []
    await being_booked(database)
    assert await occupied() == [(ORDER, 1)]
    await booked(database)
    assert await occupied() == [(ORDER, 2)]


async def test_those_of_orders_that_are_neither_booked_nor_cancelled_are_told(database: Database) -> None:
    by_state = {state: await in_state(database, state) for state in State}
    bobs, _ = await created(database, BOBS_ORDER), await created(database, SECOND_ORDER)
    asked = [ORDER, BOBS_ORDER]
    found = await database.read(lambda transaction: requests.not_ended(transaction, asked))
    left = [state for state in State if state not in {State.BOOKED, State.CANCELLED}]
    of_alice = [(by_state[state], ORDER, ALICE, state) for state in left]
    assert sorted(found) == sorted([*of_alice, (bobs, BOBS_ORDER, BOB, State.SEARCHING)])


async def test_the_first_number_can_be_chosen_while_there_is_none(database: Database) -> None:
    await database.write(lambda transaction: requests.number_from(transaction, 300))
    assert [await created(database) for _ in range(2)] == [300, 301]
