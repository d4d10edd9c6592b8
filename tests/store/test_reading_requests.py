"""Appointment-requests as they are read: slots, owners, pages."""

from __future__ import annotations

from typing import Any

import pytest

from connect_appointments.core.model import Scope
from connect_appointments.core.requests import CANCEL, State
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import offers, requests
from tests.store.given import (
    ALICES,
    BOBS,
    BOBS_ORDER,
    EVERYBODYS,
    NOBODYS_ID,
    being_booked,
    booked,
    created,
    in_state,
    moved,
    opened,
    refused,
    slot,
)
from tests.store.test_requests import get_request


async def _ids(
    database: Database, scope: Scope, *, after: int = 0, limit: int = 100, state: State | None = None
) -> list[int]:
    found = await database.read(
        lambda transaction: requests.page(transaction, scope, after=after, limit=limit, state=state)
    )
    return [request.id for request in found]


async def test_slots_are_seen_while_it_is_open_and_only_then(database: Database) -> None:
    found = [
        await created(database),
        await opened(database),
        (await being_booked(database))[0],
        (await booked(database))[0],
        (await refused(database))[0],
        await opened(database),
    ]
    await moved(database, found[-1], CANCEL)
    seen = [await get_request(database, ALICES, request_id) for request_id in found]
    assert [one and len(one.slots) for one in seen] == [0, 3, 0, 0, 2, 0]


async def test_slots_come_back_as_they_were_offered(database: Database) -> None:
    request_id = await opened(database)
    found = await get_request(database, ALICES, request_id)
    assert found is not None
    assert found.slots == (slot(1), slot(2), slot(3))


async def test_a_slot_that_is_withdrawn_is_no_longer_offered(database: Database) -> None:
    first, second, third = [await opened(database) for _ in range(3)]
    withdrawn = {first: "slot-2", second: "no such slot"}
    await database.write(lambda transaction: offers.withdraw(transaction, withdrawn))
    assert await _offered(database, first, second, third) == {
        first: (slot(1), slot(3)),
        second: (slot(1), slot(2), slot(3)),
        third: (slot(1), slot(2), slot(3)),
    }


async def _offered(database: Database, *ids: int) -> dict[int, Any]:
    return await database.read(lambda transaction: offers.get(transaction, ids))


async def test_nothing_is_offered_while_it_searches(database: Database) -> None:
    request_id = await created(database)
    assert await _offered(database, request_id, NOBODYS_ID) == {}


async def test_an_owner_sees_its_own_and_no_others(database: Database) -> None:
    alices, bobs = await created(database), await created(database, BOBS_ORDER)
    assert await _ids(database, ALICES) == [alices]
    assert await _ids(database, BOBS) == [bobs]
    assert await _ids(database, EVERYBODYS) == [alices, bobs]
    assert await get_request(database, ALICES, bobs) is None
    assert await get_request(database, BOBS, bobs) is not None


@pytest.mark.parametrize("request_id", [0, -1, NOBODYS_ID, 2**63 - 1, -(2**63)])
async def test_an_id_nobody_has_is_none(database: Database, request_id: int) -> None:
    await created(database)
    assert await get_request(database, EVERYBODYS, request_id) is None


async def test_pages_follow_each_other_without_gap_or_repeat(database: Database) -> None:
    made = [await created(database) for _ in range(5)]
    first = await _ids(database, ALICES, limit=3)
    assert first + await _ids(database, ALICES, after=first[-1], limit=3) == made


async def test_a_page_can_be_of_one_state(database: Database) -> None:
    by_state = {state: await in_state(database, state) for state in State}
    assert {state: await _ids(database, ALICES, state=state) for state in State} == {
        state: [request_id] for state, request_id in by_state.items()
    }
