"""Appointment-requests: created, moved from state to state by compare-and-set, offered slots, read in a scope."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.lifecycle import BOOK, BOOKED, CANCEL, MOVES, SLOT_REFUSED, SLOTS_FOUND, Move, State
from connect_appointments.core.model import Actor, AppointmentRequest, Owner, Scope
from connect_appointments.store import events, requests
from connect_appointments.store.engine import Database
from connect_appointments.store.failures import RowHeld
from connect_appointments.store.requests import Held, New
from tests.build import ALICE, BOB, sample_order
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import (
    ACTOR,
    ALICES,
    BOBS,
    BOBS_ORDER,
    DAY,
    EVERYBODYS,
    NOBODYS_ID,
    ORDER,
    SECOND_ORDER,
    being_booked,
    created,
    in_state,
    kinds,
    moved,
    opened,
    slot,
    state_of,
    until_one_waits,
)


async def _get(database: Database, scope: Scope, request_id: int) -> AppointmentRequest | None:
    return await database.read(lambda connection: requests.get(connection, scope, request_id))


async def _ids(
    database: Database, scope: Scope, *, after: int = 0, limit: int = 100, state: State | None = None
) -> list[int]:
    found = await database.read(
        lambda connection: requests.page(connection, scope, after=after, limit=limit, state=state)
    )
    return [request.id for request in found]


async def test_a_new_one_is_searching(database: Database) -> None:
    request_id = await created(database)
    found = await _get(database, ALICES, request_id)
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


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.name)
async def test_a_move_is_made_from_the_states_it_leaves_and_no_others(database: Database, move: Move) -> None:
    for state in State:
        request_id = await in_state(database, state)
        before = await kinds(database, request_id)
        made = await moved(database, request_id, move, **({"entering_booking": 1} if move is BOOK else {}))
        assert made == (state in move.leaves), state
        assert await state_of(database, request_id) is (move.enters if made else state)
        assert await kinds(database, request_id) == before + [move.name] * made


async def test_a_cancelled_one_says_since_when(database: Database) -> None:
    request_id = await created(database)
    await moved(database, request_id, CANCEL)
    found = await _get(database, ALICES, request_id)
    assert found is not None
    assert found.cancelled_on is not None
    assert found.created_on <= found.cancelled_on == found.updated_on


@pytest.mark.parametrize("move", [BOOKED, SLOT_REFUSED], ids=lambda move: move.name)
async def test_an_older_attempt_moves_nothing(database: Database, move: Move) -> None:
    request_id, booking_id = await being_booked(database)
    assert not await moved(database, request_id, move, leaving_booking=booking_id - 1)
    assert await state_of(database, request_id) is State.BOOKING
    assert await moved(database, request_id, move, leaving_booking=booking_id)


async def test_a_move_of_an_id_nobody_has_is_not_made(database: Database) -> None:
    assert not await moved(database, NOBODYS_ID, CANCEL)


async def test_two_moves_at_once_exclude_each_other(database: Database, neighbour: Database) -> None:
    for _ in range(10):
        request_id = await opened(database)
        made = await asyncio.gather(
            moved(database, request_id, CANCEL),
            moved(neighbour, request_id, BOOK, entering_booking=1),
        )
        winner = CANCEL if made[0] else BOOK
        assert sorted(made) == [False, True]
        assert await kinds(database, request_id) == ["created", SLOTS_FOUND.name, winner.name]
        assert await state_of(database, request_id) is winner.enters


@ON_POSTGRESQL
async def test_who_holds_the_row_decides_on_the_state_it_will_leave(database: Database, neighbour: Database) -> None:
    request_id = await opened(database)
    holding = asyncio.Event()

    async def book(connection: AsyncConnection) -> None:
        await requests.hold(connection, ALICES, request_id)
        holding.set()
        await until_one_waits(database.url)
        assert await requests.move(connection, ACTOR, request_id, BOOK, entering_booking=7)

    async def look(connection: AsyncConnection) -> Held:
        return await requests.hold(connection, ALICES, request_id)

    booking = asyncio.create_task(database.write(book))
    await holding.wait()
    held = await neighbour.write(look)
    await booking
    assert held == Held(request_id, ORDER, State.BOOKING, 7)


async def test_many_are_created_at_once_each_with_its_event(database: Database) -> None:
    actors = [Actor(Owner(owner), f"client {n}", f"trace {n}") for n, owner in enumerate((ALICE, BOB, ALICE))]
    found = [sample_order(ORDER), sample_order(BOBS_ORDER, BOB), sample_order(ORDER)]
    new = [New(actor, order, DAY) for actor, order in zip(actors, found, strict=True)]
    ids = await database.write(lambda connection: requests.insert(connection, new))
    assert len(set(ids)) == 3
    for request_id, actor, order in zip(ids, actors, found, strict=True):
        created_one = await _get(database, EVERYBODYS, request_id)
        (event,) = await database.read(lambda connection, n=request_id: events.of_request(connection, EVERYBODYS, n))
        assert created_one is not None
        assert (created_one.owner, created_one.order_id) == (order.owner, order.id)
        assert (event.owner, event.client, event.trace) == (order.owner, actor.client, actor.trace)


async def test_of_many_those_are_moved_that_may_be(database: Database) -> None:
    by_state = {state: await in_state(database, state) for state in State}
    actors = {n: Actor(EVERYBODYS, "worker", f"trace {n}") for n in (*by_state.values(), NOBODYS_ID)}
    moved_ids = await database.write(lambda connection: requests.move_many(connection, actors, SLOTS_FOUND))
    assert moved_ids == [by_state[State.SEARCHING]]
    found = await database.read(lambda connection: events.of_request(connection, EVERYBODYS, moved_ids[0]))
    assert [(event.kind, event.owner, event.trace) for event in found[1:]] == [
        (SLOTS_FOUND.name, ALICE, f"trace {moved_ids[0]}")
    ]
    for state, request_id in by_state.items():
        assert await state_of(database, request_id) is (State.OPEN if request_id in moved_ids else state)


async def test_moving_none_and_offering_nothing_changes_nothing(database: Database) -> None:
    request_id = await created(database)

    async def work(connection: AsyncConnection) -> list[int]:
        await requests.offer(connection, {})
        return await requests.move_many(connection, {}, SLOTS_FOUND)

    assert await database.write(work) == []
    assert await kinds(database, request_id) == ["created"]


@ON_POSTGRESQL
async def test_who_does_not_wait_is_told_which_rows_are_held(database: Database, neighbour: Database) -> None:
    held, free, bobs = await created(database), await created(database), await created(database, BOBS_ORDER)

    async def hold_one(connection: AsyncConnection) -> Held:
        return await requests.hold(connection, ALICES, held, wait=False)

    async def hold_many(connection: AsyncConnection) -> set[int]:
        return await requests.hold_many(connection, ALICES, [held, free, bobs], wait=False)

    async def work(connection: AsyncConnection) -> set[int]:
        await requests.hold(connection, ALICES, held)
        with pytest.raises(RowHeld):
            await neighbour.write(hold_one)
        return await neighbour.write(hold_many)

    assert await database.write(work) == {free}
    assert await database.write(hold_many) == {held, free}
    assert (await database.write(hold_one)).id == held


async def test_slots_are_seen_while_it_is_open_and_only_then(database: Database) -> None:
    request_id = await opened(database)
    seen = []
    for move in (None, BOOK, SLOT_REFUSED, CANCEL):
        if move is not None:
            await moved(database, request_id, move, **({"entering_booking": 1} if move is BOOK else {}))
        found = await _get(database, ALICES, request_id)
        assert found is not None
        seen.append((found.state, len(found.slots)))
    assert seen == [(State.OPEN, 3), (State.BOOKING, 0), (State.OPEN, 3), (State.CANCELLED, 0)]


async def test_slots_come_back_as_they_were_offered(database: Database) -> None:
    request_id = await opened(database)
    found = await _get(database, ALICES, request_id)
    assert found is not None
    assert found.slots == (slot(1), slot(2), slot(3))


async def test_a_slot_that_is_withdrawn_is_no_longer_offered(database: Database) -> None:
    request_id = await opened(database)
    await database.write(lambda connection: requests.withdraw(connection, request_id, "slot-2"))
    assert await database.read(lambda connection: requests.offered(connection, request_id)) == (slot(1), slot(3))


async def test_nothing_is_offered_while_it_searches(database: Database) -> None:
    request_id = await created(database)
    assert await database.read(lambda connection: requests.offered(connection, request_id)) == ()


async def test_an_order_is_occupied_while_one_of_its_is_booked_or_on_its_way(database: Database) -> None:
    async def occupied(connection: AsyncConnection) -> list[bool]:
        return [await requests.order_is_occupied(connection, order_id) for order_id in (ORDER, SECOND_ORDER)]

    for state in (State.SEARCHING, State.OPEN, State.FAILED, State.CANCELLED):
        await in_state(database, state)
    assert await database.read(occupied) == [False, False]
    request_id, booking_id = await being_booked(database)
    assert await database.read(occupied) == [True, False]
    await moved(database, request_id, BOOKED, leaving_booking=booking_id)
    assert await database.read(occupied) == [True, False]


async def test_an_owner_sees_its_own_and_no_others(database: Database) -> None:
    alices, bobs = await created(database), await created(database, BOBS_ORDER)
    assert await _ids(database, ALICES) == [alices]
    assert await _ids(database, BOBS) == [bobs]
    assert await _ids(database, EVERYBODYS) == [alices, bobs]
    assert await _get(database, ALICES, bobs) is None
    assert await _get(database, BOBS, bobs) is not None


async def test_the_order_of_anothers_is_not_told(database: Database) -> None:
    request_id = await created(database, BOBS_ORDER)

    async def order_ids(connection: AsyncConnection) -> list[int | None]:
        return [await requests.order_id_of(connection, scope, request_id) for scope in (ALICES, BOBS, EVERYBODYS)]

    assert await database.read(order_ids) == [None, BOBS_ORDER, BOBS_ORDER]


@pytest.mark.parametrize("request_id", [0, -1, NOBODYS_ID, 2**63 - 1, -(2**63)])
async def test_an_id_nobody_has_is_none(database: Database, request_id: int) -> None:
    await created(database)
    assert await _get(database, EVERYBODYS, request_id) is None


async def test_pages_follow_each_other_without_gap_or_repeat(database: Database) -> None:
    made = [await created(database) for _ in range(5)]
    first = await _ids(database, ALICES, limit=3)
    assert first + await _ids(database, ALICES, after=first[-1], limit=3) == made


async def test_a_page_can_be_of_one_state(database: Database) -> None:
    by_state = {state: await in_state(database, state) for state in State}
    assert {state: await _ids(database, ALICES, state=state) for state in State} == {
        state: [request_id] for state, request_id in by_state.items()
    }
