"""Orders: imported, overwritten, read page by page."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from connect_appointments.core.model import Order, Scope, Site
from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import ROW_LOCKED, Lock, Locked, is_row, lock
from connect_appointments.store.queries import orders
from connect_appointments.store.transaction import Transaction
from tests.build import ALICE, BOB, sample_order
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import (
    ALICES,
    BOBS,
    BOBS_ORDER,
    EVERYBODYS,
    NOBODYS_ID,
    ORDER,
    SECOND_ORDER,
    being_booked,
    created,
    rows,
    until_one_waits,
)

EVERYTHING_ELSE = sample_order(
    ORDER,
    ALICE,
    site=Site("Australia/Sydney", "NSW", "2000"),
    demand_type="Fault",
    priority_assist=True,
    e_sla="Enhanced-12",
    customer_ref=None,
    service_id=None,
    contact_name=None,
    contact_type=None,
    contact_phone=None,
    contact_notes="Ring twice; the dog's name is 'Rex'",
)


async def _get(database: Database, scope: Scope, order_id: int) -> Order | None:
    return await database.read(lambda transaction: orders.get(transaction, scope, order_id))


async def _upsert(database: Database, *found: Order) -> None:
    await database.write(lambda transaction: orders.upsert(transaction, found))


async def _ids(database: Database, scope: Scope, *, after: int = 0, limit: int = 5000) -> list[int]:
    found = await database.read(lambda transaction: orders.page(transaction, scope, after=after, limit=limit))
    return [order.id for order in found]


async def test_an_order_comes_back_as_it_was_imported(database: Database) -> None:
    assert await _get(database, EVERYBODYS, ORDER) == sample_order(ORDER)


async def test_importing_again_overwrites_every_column(database: Database) -> None:
    await _upsert(database, EVERYTHING_ELSE)
    assert await _get(database, EVERYBODYS, ORDER) == EVERYTHING_ELSE
    assert await _get(database, EVERYBODYS, SECOND_ORDER) == sample_order(SECOND_ORDER)


async def test_importing_again_leaves_the_occupancy_alone(database: Database) -> None:
    await being_booked(database)
    await _upsert(database, EVERYTHING_ELSE)
    assert await _occupancy(database) == [(ORDER, 1)]


async def test_the_occupancy_of_several_orders_is_changed_together(database: Database) -> None:
    await database.write(lambda transaction: orders.occupy(transaction, {ORDER: 2, SECOND_ORDER: 1, BOBS_ORDER: 0}))
    await database.write(lambda transaction: orders.occupy(transaction, {ORDER: -1}))
    assert await _occupancy(database) == [(ORDER, 1), (SECOND_ORDER, 1)]


async def test_to_occupy_an_order_that_is_not_there_is_a_bug(database: Database) -> None:
    with pytest.raises(AssertionError, match="1 of 2 orders"):
        await database.write(lambda transaction: orders.occupy(transaction, {ORDER: 1, NOBODYS_ID: 1}))
    assert await _occupancy(database) == []


async def _occupancy(database: Database) -> list[Any]:
    return await rows(database, "SELECT id, occupancy FROM orders WHERE occupancy <> 0 ORDER BY id")


async def test_an_order_with_appointment_requests_can_be_overwritten(database: Database) -> None:
    await created(database, ORDER)
    await _upsert(database, EVERYTHING_ELSE)
    assert await _get(database, EVERYBODYS, ORDER) == EVERYTHING_ELSE


async def test_importing_nothing_changes_nothing(database: Database) -> None:
    await _upsert(database)
    assert await _ids(database, EVERYBODYS) == [ORDER, SECOND_ORDER, BOBS_ORDER]


async def test_two_thousand_orders_are_imported_at_once(database: Database) -> None:
    await _upsert(database, *(sample_order(1000 + n) for n in range(2000)))
    assert len(await _ids(database, EVERYBODYS, after=999)) == 2000


async def test_a_bad_order_leaves_nothing_half_imported(database: Database) -> None:
    good = [sample_order(1000 + n) for n in range(1000)]

    async def work(transaction: Transaction) -> None:
        await orders.upsert(transaction, good)
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(work)
    assert await _ids(database, EVERYBODYS, after=999) == []


async def test_pages_follow_each_other_without_gap_or_repeat(database: Database) -> None:
    first = await _ids(database, EVERYBODYS, limit=2)
    second = await _ids(database, EVERYBODYS, after=first[-1], limit=2)
    assert (first, second) == ([ORDER, SECOND_ORDER], [BOBS_ORDER])
    assert await _ids(database, EVERYBODYS, after=second[-1]) == []


async def test_an_owner_sees_its_own_orders_and_no_others(database: Database) -> None:
    assert await _ids(database, ALICES) == [ORDER, SECOND_ORDER]
    assert await _ids(database, BOBS) == [BOBS_ORDER]
    assert await _get(database, ALICES, BOBS_ORDER) is None
    assert await _get(database, BOBS, BOBS_ORDER) == sample_order(BOBS_ORDER, BOB)


@pytest.mark.parametrize("order_id", [NOBODYS_ID, 0, -1, 2**63 - 1, -(2**63)])
async def test_an_order_that_is_not_there_is_none(database: Database, order_id: int) -> None:
    assert await _get(database, EVERYBODYS, order_id) is None


async def test_a_store_without_orders_says_so(empty_url: str) -> None:
    database = Database(empty_url)
    await schema.migrate(database)
    assert await database.read(orders.is_empty)
    await _upsert(database, sample_order(ORDER))
    assert not await database.read(orders.is_empty)
    await database.close()


async def _lock(database: Database, statements: Lock, *keys: tuple[object, ...], wait: bool = False) -> list[Locked]:
    found = await database.write(lambda transaction: lock(transaction, statements, keys, wait=wait))
    return [one.id if is_row(one) else one for one in found]


async def test_many_orders_are_locked_by_id_and_owner(database: Database) -> None:
    keys = [(BOBS_ORDER, ALICE), (BOBS_ORDER, BOB), (NOBODYS_ID, ALICE), (ORDER, ALICE), (ORDER, ALICE)]
    assert await _lock(database, orders.LOCK_OWNED, *keys) == [None, BOBS_ORDER, None, ORDER, ORDER]


async def test_what_is_locked_of_an_order_is_what_decisions_are_made_of(database: Database) -> None:
    async def work(transaction: Transaction) -> list[Locked]:
        owned = await lock(transaction, orders.LOCK_OWNED, [(ORDER, ALICE)], wait=True)
        return [*owned, *await lock(transaction, orders.LOCK_ANY, [(ORDER,)], wait=True)]

    owned, any_one = await database.write(work)
    assert orders.site_of(owned) == sample_order(ORDER).site
    assert (any_one.id, any_one.owner) == (ORDER, ALICE)


@ON_POSTGRESQL
async def test_an_order_that_is_locked_is_told_from_those_that_are_free(
    database: Database, neighbour: Database
) -> None:
    everyone = [(ORDER, ALICE), (SECOND_ORDER, ALICE), (NOBODYS_ID, ALICE), (ORDER, BOB)]

    async def work(transaction: Transaction) -> list[list[Locked]]:
        await lock(transaction, orders.LOCK_ANY, [(ORDER,)], wait=True)
        return [
            await _lock(neighbour, orders.LOCK_OWNED, *everyone),
            await _lock(neighbour, orders.LOCK_ANY, (ORDER,), (SECOND_ORDER,), (NOBODYS_ID,)),
        ]

    assert await database.write(work) == [
        [ROW_LOCKED, SECOND_ORDER, None, None],
        [ROW_LOCKED, SECOND_ORDER, None],
    ]


@ON_POSTGRESQL
async def test_those_who_create_for_an_order_do_not_lock_each_other_out(
    database: Database, neighbour: Database
) -> None:
    async def work(transaction: Transaction) -> list[Locked]:
        await lock(transaction, orders.LOCK_OWNED, [(ORDER, ALICE)], wait=False)
        shared = await _lock(neighbour, orders.LOCK_OWNED, (ORDER, ALICE))
        return [*shared, *await _lock(neighbour, orders.LOCK_ANY, (ORDER,))]

    # Nor does its owner change meanwhile.
    assert await database.write(work) == [ORDER, ROW_LOCKED]


@ON_POSTGRESQL
async def test_who_locks_an_order_is_alone_with_it(database: Database, neighbour: Database) -> None:
    steps: list[str] = []
    locked = asyncio.Event()

    async def first(transaction: Transaction) -> None:
        await lock(transaction, orders.LOCK_ANY, [(ORDER,)], wait=True)
        locked.set()
        await until_one_waits(database.url)
        steps.append("first")

    async def second(transaction: Transaction) -> None:
        await lock(transaction, orders.LOCK_ANY, [(ORDER,)], wait=True)
        steps.append("second")

    task = asyncio.create_task(database.write(first))
    await locked.wait()
    await neighbour.write(second)
    await task
    assert steps[0] == "first"


@ON_POSTGRESQL
async def test_who_waits_for_an_order_sees_what_was_changed_meanwhile(database: Database, neighbour: Database) -> None:
    waiting: list[asyncio.Task[list[Locked]]] = []

    async def look(transaction: Transaction) -> list[Locked]:
        return await lock(transaction, orders.LOCK_ANY, [(ORDER,)], wait=True)

    async def change(transaction: Transaction) -> None:
        await orders.upsert(transaction, [sample_order(ORDER, BOB)])
        if not waiting:
            waiting.append(asyncio.create_task(neighbour.write(look)))
            await until_one_waits(database.url)

    await database.write(change)
    ((found,),) = await asyncio.gather(*waiting)
    assert found.owner == BOB


@ON_POSTGRESQL
async def test_an_appointment_request_is_created_while_its_order_is_locked(
    database: Database, neighbour: Database
) -> None:
    """A new row points at the order by its key, which no lock of ours is on."""

    async def work(transaction: Transaction) -> None:
        await lock(transaction, orders.LOCK_ANY, [(ORDER,)], wait=True)
        async with asyncio.timeout(5):
            await created(neighbour, ORDER)

    await database.write(work)
