"""Appointment-requests as they are read: slots, owners, pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from connect_appointments.core.cutoffs import last_bookable_moment
from connect_appointments.core.model import MAX_ID, AppointmentRequest, Scope
from connect_appointments.core.requests import CANCEL, State, Status
from connect_appointments.jobs.withdrawals import Withdrawal, withdraw
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import offers, orders, requests
from connect_appointments.store.transaction import Transaction
from tests.build import ALICE, BOB, BRISBANE, sample_order
from tests.store.given import (
    ALICES,
    BOBS,
    BOBS_ORDER,
    EVERYBODYS,
    NOBODYS_ID,
    ORDER,
    POLICY,
    SECOND_ORDER,
    being_booked,
    booked,
    created,
    in_state,
    let_expire,
    moved,
    opened,
    refused,
    slot,
)
from tests.store.test_requests import get_request


async def _ids(
    database: Database, scope: Scope, *, after: int = 0, limit: int = 100, status: Status | None = None
) -> list[int]:
    found = await database.read(
        lambda transaction: requests.page(transaction, scope, after=after, limit=limit, status=status)
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
    withdrawn = [Withdrawal(first, "slot-2", BRISBANE), Withdrawal(second, "no such slot", BRISBANE)]
    await database.write(lambda transaction: withdraw(transaction, withdrawn, POLICY))
    assert await _offered(database, first, second, third) == {
        first: (slot(1), slot(3)),
        second: (slot(1), slot(2), slot(3)),
        third: (slot(1), slot(2), slot(3)),
    }


async def test_d47_the_end_of_an_offer_is_reckoned_again_when_a_slot_is_withdrawn(database: Database) -> None:
    kept, shortened, emptied, limited = [await opened(database) for _ in range(4)]
    await let_expire(database, kept, shortened, emptied, year=2054)
    limit = await let_expire(database, limited, year=2000)
    withdrawn = [(kept, "slot-1"), (shortened, "slot-3"), (limited, "slot-3")]
    withdrawn += [(emptied, f"slot-{number}") for number in (1, 2, 3)]
    for request_id, slot_id in withdrawn:
        one = Withdrawal(request_id, slot_id, BRISBANE)
        await database.write(lambda transaction, one=one: withdraw(transaction, [one], POLICY))
    ends = {number: last_bookable_moment(slot(number), BRISBANE, POLICY) for number in (2, 3)}
    found = [await get_request(database, ALICES, request_id) for request_id in (kept, shortened, emptied, limited)]
    assert [one and one.slots_expire_on for one in found] == [ends[3], ends[2], None, limit]


async def test_d47_a_slot_of_a_request_without_an_offer_is_never_withdrawn(database: Database) -> None:
    request_id = await created(database)
    one = Withdrawal(request_id, "slot-1", BRISBANE)
    with pytest.raises(AssertionError, match="0 of 1 offers"):
        await database.write(lambda transaction: withdraw(transaction, [one], POLICY))


async def _page(
    database: Database, owner: str, before: int, limit: int, order_id: int = ORDER
) -> list[AppointmentRequest]:
    async def work(transaction: Transaction) -> Sequence[AppointmentRequest]:
        return await requests.of_order(transaction, owner, order_id=order_id, before=before, limit=limit)

    return list(await database.read(work))


async def test_d44_the_pages_of_an_order_have_its_owners_rows_newest_first(database: Database) -> None:
    made = [await in_state(database, state) for state in State]
    await created(database, BOBS_ORDER)
    await created(database, SECOND_ORDER)
    found = await _page(database, ALICE, MAX_ID, 100)
    assert [one.id for one in found] == made[::-1]
    assert found == [await get_request(database, ALICES, one.id) for one in found]
    assert await _page(database, BOB, MAX_ID, 100) == []


@pytest.mark.parametrize("limit", range(1, 7))
async def test_d44_pages_of_any_size_follow_each_other_without_gap_or_repeat(database: Database, limit: int) -> None:
    made = [await created(database) for _ in range(5)]
    seen: list[int] = []
    while page := await _page(database, ALICE, min(seen, default=MAX_ID), limit):
        assert len(page) == min(limit, len(made) - len(seen))
        seen += [one.id for one in page]
    assert seen == made[::-1]


@pytest.mark.parametrize("owner", [ALICE, BOB])
async def test_d44_an_order_is_known_to_its_owner_and_to_who_has_a_row_under_it(database: Database, owner: str) -> None:
    async def is_known(order_id: int) -> bool:
        return await database.read(lambda transaction: orders.is_known_to(transaction, owner, order_id))

    await created(database)
    await database.write(lambda transaction: orders.upsert(transaction, [sample_order(ORDER, BOB)]))
    assert await is_known(ORDER)
    assert await is_known(SECOND_ORDER) == (owner == ALICE)
    assert await is_known(BOBS_ORDER) == (owner == BOB)
    assert not await is_known(NOBODYS_ID)


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


async def test_a_page_can_be_of_one_status(database: Database) -> None:
    by_status = {Status(state): [await in_state(database, state)] for state in State}
    by_status[Status.EXPIRED] = [await opened(database)]
    await let_expire(database, *by_status[Status.EXPIRED])
    assert {status: await _ids(database, ALICES, status=status) for status in Status} == by_status


@pytest.mark.parametrize("state", State)
async def test_d47_only_an_open_one_expires(database: Database, state: State) -> None:
    request_id = await in_state(database, state)
    await let_expire(database, request_id)
    found = await get_request(database, ALICES, request_id)
    (owned,) = await database.read(lambda transaction: requests.get_owned(transaction, [(request_id, ALICES.id)]))
    assert found is not None
    assert found == owned
    assert found.is_expired == (state is State.OPEN)
    assert found.slots == ()


async def test_d47_an_offer_without_an_end_and_one_that_ends_later_are_open(database: Database) -> None:
    endless, later = await opened(database), await opened(database)
    await let_expire(database, later, year=2054)
    for request_id in (endless, later):
        found = await get_request(database, ALICES, request_id)
        assert found is not None
        assert (found.status, len(found.slots)) == (Status.OPEN, 3)
