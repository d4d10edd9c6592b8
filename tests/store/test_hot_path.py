"""The hot path: cancelling and reading many at once, on either engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.errors import Overloaded, Refusal
from connect_appointments.core.lifecycle import BOOK, CANCEL, State
from connect_appointments.store import events, orders, requests
from connect_appointments.store.engine import Database
from connect_appointments.store.hot_path import HotPath
from connect_appointments.store.lanes import Cancel, Key
from tests.build import ALICE, BOB, sample_order
from tests.store.given import (
    ACTOR,
    BOBS_ORDER,
    DAY,
    EVERYBODYS,
    NOBODYS_ID,
    ORDER,
    created,
    in_state,
    kinds,
    moved,
    opened,
    state_of,
)

MAY_BE_CANCELLED = {State.SEARCHING, State.OPEN, State.FAILED}
IDS_NOBODY_HAS = [0, -1, NOBODYS_ID, 2**63 - 1, -(2**63)]


def wish(request_id: int, owner: str = ALICE) -> Cancel:
    return Cancel(request_id, owner, "portal-api", f"trace of {owner}")


@pytest.fixture
async def hot_path(database: Database) -> AsyncIterator[HotPath]:
    found = HotPath(database)
    yield found
    await found.close()


@pytest.fixture
async def other_hot_path(neighbour: Database) -> AsyncIterator[HotPath]:
    """The hot path of another process."""
    found = HotPath(neighbour)
    yield found
    await found.close()


async def test_cancel_tells_the_state_before_and_changes_it_if_it_may(database: Database, hot_path: HotPath) -> None:
    for state in State:
        request_id = await in_state(database, state)
        before = await kinds(database, request_id)
        assert await hot_path.cancel(wish(request_id)) is state
        may = state in MAY_BE_CANCELLED
        assert await state_of(database, request_id) is (State.CANCELLED if may else state)
        assert await kinds(database, request_id) == before + [CANCEL.name] * may


async def test_cancelling_many_at_once_gives_each_its_own_answer(database: Database, hot_path: HotPath) -> None:
    ids = {state: await in_state(database, state) for state in State}
    found = await asyncio.gather(
        *(hot_path.cancel(wish(request_id)) for request_id in ids.values()),
        *(hot_path.cancel(wish(request_id)) for request_id in IDS_NOBODY_HAS),
        *(hot_path.cancel(wish(request_id, BOB)) for request_id in ids.values()),
    )
    assert found == [*ids, *[None] * len(IDS_NOBODY_HAS), *[None] * len(ids)]


async def test_a_cancel_is_stamped_and_records_who_asked(database: Database, hot_path: HotPath) -> None:
    request_id = await created(database)
    await hot_path.cancel(wish(request_id))
    found = (await database.read(lambda connection: events.of_request(connection, EVERYBODYS, request_id)))[-1]
    request = await database.read(lambda connection: requests.get(connection, EVERYBODYS, request_id))
    assert request is not None
    assert (found.kind, found.owner, found.client, found.trace, found.booking_id) == (
        CANCEL.name,
        ALICE,
        "portal-api",
        "trace of 11001",
        None,
    )
    assert request.cancelled_on == request.updated_on
    assert request.cancelled_on is not None
    assert request.cancelled_on >= request.created_on


async def test_the_same_id_many_times_at_once_makes_one_event(
    database: Database, hot_path: HotPath, other_hot_path: HotPath
) -> None:
    request_id = await created(database)
    found = await asyncio.gather(*(path.cancel(wish(request_id)) for path in (hot_path, other_hot_path) * 10))
    assert set(found) <= {State.SEARCHING, State.CANCELLED}
    assert await kinds(database, request_id) == ["created", CANCEL.name]


async def test_one_id_of_two_owners_is_cancelled_for_its_own(database: Database, hot_path: HotPath) -> None:
    request_id = await created(database, BOBS_ORDER)
    found = await asyncio.gather(hot_path.cancel(wish(request_id, ALICE)), hot_path.cancel(wish(request_id, BOB)))
    assert found == [None, State.SEARCHING]
    event = (await database.read(lambda connection: events.of_request(connection, EVERYBODYS, request_id)))[-1]
    assert (event.owner, event.trace) == (BOB, "trace of 11002")


async def test_a_cancel_of_anothers_changes_nothing(database: Database, hot_path: HotPath) -> None:
    request_id = await opened(database, BOBS_ORDER)
    before = await database.read(lambda connection: requests.get(connection, EVERYBODYS, request_id))
    assert await hot_path.cancel(wish(request_id, ALICE)) is None
    assert await database.read(lambda connection: requests.get(connection, EVERYBODYS, request_id)) == before
    assert CANCEL.name not in await kinds(database, request_id)


async def test_a_value_no_database_can_hold_spoils_nobody_elses_cancel(database: Database, hot_path: HotPath) -> None:
    first, second = await created(database), await created(database)
    wishes = [wish(first), wish(2**63), wish(first, "\ud800"), wish(second)]
    found = await asyncio.gather(*(hot_path.cancel(each) for each in wishes), return_exceptions=True)
    assert found[0::3] == [State.SEARCHING, State.SEARCHING]
    assert not any(isinstance(answer, (State, Refusal)) for answer in found[1:3])


@pytest.mark.parametrize(
    "owner", ["o'Hara", '"', "\\", "[1]", "{}", "a, b", "ö€😀", "'; DROP TABLE events; --", "x" * 255]
)
async def test_any_owner_is_found_by_its_exact_name(database: Database, hot_path: HotPath, owner: str) -> None:
    await database.write(lambda connection: orders.upsert(connection, [sample_order(900, owner)]))
    request_id = await created(database, 900)
    wishes = [wish(request_id, owner + " "), wish(request_id, owner.swapcase() + "."), wish(request_id, owner)]
    assert await asyncio.gather(*(hot_path.cancel(each) for each in wishes)) == [None, None, State.SEARCHING]
    found = await hot_path.read(Key(request_id, owner))
    assert found is not None
    assert (found.owner, found.state) == (owner, State.CANCELLED)


async def test_a_thousand_cancels_at_once_are_all_made(database: Database, hot_path: HotPath) -> None:
    async def work(connection: AsyncConnection) -> list[int]:
        new = requests.New(ACTOR, sample_order(ORDER), DAY)
        return await requests.insert(connection, [new] * 1000)

    ids = await database.write(work)
    assert await asyncio.gather(*(hot_path.cancel(wish(n)) for n in ids)) == [State.SEARCHING] * 1000
    cancelled = await database.read(
        lambda connection: requests.page(connection, EVERYBODYS, after=0, limit=2000, state=State.CANCELLED)
    )
    assert [request.id for request in cancelled] == ids


async def test_a_cancel_and_a_booking_at_once_exclude_each_other(
    database: Database, hot_path: HotPath, neighbour: Database
) -> None:
    outcomes = set()
    for _ in range(15):
        request_id = await opened(database)
        before, booked = await asyncio.gather(
            hot_path.cancel(wish(request_id)), moved(neighbour, request_id, BOOK, entering_booking=1)
        )
        outcomes.add((before, booked, await state_of(database, request_id), (await kinds(database, request_id))[-1]))
    assert outcomes <= {
        (State.OPEN, False, State.CANCELLED, CANCEL.name),
        (State.BOOKING, True, State.BOOKING, BOOK.name),
    }


async def test_what_is_read_is_what_the_other_queries_see(database: Database, hot_path: HotPath) -> None:
    ids = [await in_state(database, state) for state in State]
    found = await asyncio.gather(*(hot_path.read(Key(request_id, ALICE)) for request_id in ids))
    for request_id, read in zip(ids, found, strict=True):
        assert read == await database.read(lambda connection, n=request_id: requests.get(connection, EVERYBODYS, n))
    assert [len(read.slots) for read in found if read is not None] == [0, 3, 0, 0, 0, 0]


async def test_what_is_anothers_or_nobodys_is_not_read(database: Database, hot_path: HotPath) -> None:
    bobs = await opened(database, BOBS_ORDER)
    keys = [Key(bobs, ALICE), *(Key(n, ALICE) for n in IDS_NOBODY_HAS), Key(bobs, "")]
    assert await asyncio.gather(*(hot_path.read(key) for key in keys)) == [None] * len(keys)


async def test_a_cancel_that_was_answered_is_seen_by_every_later_read(
    database: Database, hot_path: HotPath, other_hot_path: HotPath
) -> None:
    async def caller() -> State | None:
        request_id = await created(database)
        await hot_path.read(Key(request_id, ALICE))
        await hot_path.cancel(wish(request_id))
        seen = await other_hot_path.read(Key(request_id, ALICE))
        return seen.state if seen else None

    assert set(await asyncio.gather(*(caller() for _ in range(20)))) == {State.CANCELLED}


async def test_more_callers_than_may_wait_are_refused(database: Database) -> None:
    request_id = await created(database)
    hot_path = HotPath(database, max_waiting=1)
    first = asyncio.create_task(hot_path.cancel(wish(request_id)))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await hot_path.cancel(wish(NOBODYS_ID))
    assert await first is State.SEARCHING
    await hot_path.close()
