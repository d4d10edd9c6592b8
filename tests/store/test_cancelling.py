"""Cancelling many at once, on either engine."""

from __future__ import annotations

import asyncio

import pytest

from connect_appointments.core.errors import Overloaded, Refusal
from connect_appointments.core.requests import BOOK, CANCEL, State, Status
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import lock
from connect_appointments.store.queries import events, orders, requests
from connect_appointments.store.queries.locks import request_locks
from connect_appointments.store.queries.requests import NewRequest
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.appointment_requests import CancelCommand, cancel_batch
from tests.build import ALICE, BOB, sample_order
from tests.store.given import (
    BOBS_ORDER,
    DAY,
    EVERYBODYS,
    NOBODYS_ID,
    ORDER,
    begun,
    created,
    in_state,
    kinds,
    opened,
    state_of,
)

MAY_BE_CANCELLED = {State.SEARCHING, State.OPEN, State.FAILED}
IDS_NOBODY_HAS = [0, -1, NOBODYS_ID, 2**63 - 1, -(2**63)]

Cancels = GroupCommit[CancelCommand, State | None]


def command(request_id: int, owner: str = ALICE) -> CancelCommand:
    return CancelCommand(request_id, owner, "portal-api", f"x_request_id of {owner}")


def cancels(database: Database, *, max_waiting: int = 4096) -> Cancels:
    """The batches in which a process cancels."""
    return GroupCommit(database, cancel_batch, one_statement=True, max_waiting=max_waiting)


@pytest.fixture
async def group(database: Database) -> Cancels:
    return cancels(database)


@pytest.fixture
async def neighbours_group(neighbour: Database) -> Cancels:
    """The batches of another process."""
    return cancels(neighbour)


async def test_cancel_tells_the_state_before_and_changes_it_if_it_may(database: Database, group: Cancels) -> None:
    for state in State:
        request_id = await in_state(database, state)
        before = await kinds(database, request_id)
        assert await group.submit(command(request_id)) is state
        may = state in MAY_BE_CANCELLED
        assert await state_of(database, request_id) is (State.CANCELLED if may else state)
        assert await kinds(database, request_id) == before + [CANCEL.name] * may


async def test_cancelling_many_at_once_gives_each_its_own_answer(database: Database, group: Cancels) -> None:
    ids = {state: await in_state(database, state) for state in State}
    found = await asyncio.gather(
        *(group.submit(command(request_id)) for request_id in ids.values()),
        *(group.submit(command(request_id)) for request_id in IDS_NOBODY_HAS),
        *(group.submit(command(request_id, BOB)) for request_id in ids.values()),
    )
    assert found == [*ids, *[None] * len(IDS_NOBODY_HAS), *[None] * len(ids)]


async def test_a_cancel_is_stamped_and_records_who_asked(database: Database, group: Cancels) -> None:
    request_id = await created(database)
    await group.submit(command(request_id))
    found = (await database.read(lambda transaction: events.of_request(transaction, EVERYBODYS, request_id)))[-1]
    request = await database.read(lambda transaction: requests.get(transaction, EVERYBODYS, request_id))
    assert request is not None
    assert (found.kind, found.owner, found.client, found.x_request_id, found.booking_id) == (
        CANCEL.name,
        ALICE,
        "portal-api",
        "x_request_id of 11001",
        None,
    )
    assert request.cancelled_on == request.updated_on == found.at
    assert request.cancelled_on is not None
    assert request.cancelled_on >= request.created_on


async def test_the_same_id_many_times_at_once_makes_one_event(
    database: Database, group: Cancels, neighbours_group: Cancels
) -> None:
    request_id = await created(database)
    found = await asyncio.gather(*(where.submit(command(request_id)) for where in (group, neighbours_group) * 10))
    assert set(found) <= {State.SEARCHING, State.CANCELLED}
    assert await kinds(database, request_id) == ["created", CANCEL.name]


async def test_one_id_of_two_owners_is_cancelled_for_its_own(database: Database, group: Cancels) -> None:
    request_id = await created(database, BOBS_ORDER)
    found = await asyncio.gather(group.submit(command(request_id, ALICE)), group.submit(command(request_id, BOB)))
    assert found == [None, State.SEARCHING]
    event = (await database.read(lambda transaction: events.of_request(transaction, EVERYBODYS, request_id)))[-1]
    assert (event.owner, event.x_request_id) == (BOB, "x_request_id of 11002")


async def test_a_cancel_of_anothers_changes_nothing(database: Database, group: Cancels) -> None:
    request_id = await opened(database, BOBS_ORDER)
    before = await database.read(lambda transaction: requests.get(transaction, EVERYBODYS, request_id))
    assert await group.submit(command(request_id, ALICE)) is None
    assert await database.read(lambda transaction: requests.get(transaction, EVERYBODYS, request_id)) == before
    assert CANCEL.name not in await kinds(database, request_id)


async def test_a_value_no_database_can_hold_spoils_nobody_elses_cancel(database: Database, group: Cancels) -> None:
    first, second = await created(database), await created(database)
    commands = [command(first), command(2**63), command(first, "\ud800"), command(second)]
    found = await asyncio.gather(*(group.submit(each) for each in commands), return_exceptions=True)
    assert found[0::3] == [State.SEARCHING, State.SEARCHING]
    assert not any(isinstance(answer, (State, Refusal)) for answer in found[1:3])


@pytest.mark.parametrize(
    "owner", ["o'Hara", '"', "\\", "[1]", "{}", "a, b", "ö€😀", "'; DROP TABLE events; --", "x" * 255]
)
async def test_any_owner_is_found_by_its_exact_name(database: Database, group: Cancels, owner: str) -> None:
    await database.write(lambda transaction: orders.upsert(transaction, [sample_order(900, owner)]))
    request_id = await created(database, 900)
    commands = [command(request_id, name) for name in (owner + " ", owner.swapcase() + ".", owner)]
    assert await asyncio.gather(*(group.submit(each) for each in commands)) == [None, None, State.SEARCHING]
    keys = [(request_id, owner)]
    (found,) = await database.read(lambda transaction: requests.get_owned(transaction, keys))
    assert found is not None
    assert (found.owner, found.state) == (owner, State.CANCELLED)


async def test_a_thousand_cancels_at_once_are_all_made(database: Database, group: Cancels) -> None:
    new = [NewRequest(ALICE, ORDER, DAY, "portal-api", "x_request_id")] * 1000
    ids = await database.write(lambda transaction: requests.insert(transaction, new))
    assert await asyncio.gather(*(group.submit(command(n)) for n in ids)) == [State.SEARCHING] * 1000
    cancelled = await database.read(
        lambda transaction: requests.page(transaction, EVERYBODYS, after=0, limit=2000, status=Status.CANCELLED)
    )
    assert sorted(request.id for request in cancelled) == sorted(ids)


async def test_a_cancel_and_a_booking_at_once_exclude_each_other(
    database: Database, group: Cancels, neighbour: Database
) -> None:
    async def book(transaction: Transaction) -> bool:
        (row,) = await lock(transaction, request_locks.LOCK_OWNED_WITH_ORDERS, [(request_id, ALICE)], wait=True)
        if row.state == State.OPEN.value:
            await begun(transaction, request_id)
        return row.state == State.OPEN.value

    outcomes = set()
    for _ in range(15):
        request_id = await opened(database)
        before, booked = await asyncio.gather(group.submit(command(request_id)), neighbour.write(book))
        outcomes.add((before, booked, await state_of(database, request_id), (await kinds(database, request_id))[-1]))
    assert outcomes <= {
        (State.OPEN, False, State.CANCELLED, CANCEL.name),
        (State.BOOKING, True, State.BOOKING, BOOK.name),
    }


async def test_more_callers_than_may_wait_are_refused(database: Database) -> None:
    request_id = await created(database)
    group = cancels(database, max_waiting=1)
    first = asyncio.create_task(group.submit(command(request_id)))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await group.submit(command(NOBODYS_ID))
    assert await first is State.SEARCHING
