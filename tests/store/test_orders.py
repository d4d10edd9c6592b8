"""Orders: imported, overwritten, read page by page."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.model import Order, Scope, Site
from connect_appointments.store import orders, schema
from connect_appointments.store.engine import Database
from connect_appointments.store.failures import RowHeld
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
    created,
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
    return await database.read(lambda connection: orders.get(connection, scope, order_id))


async def _upsert(database: Database, *found: Order) -> None:
    await database.write(lambda connection: orders.upsert(connection, found))


async def _ids(database: Database, scope: Scope, *, after: int = 0, limit: int = 5000) -> list[int]:
    found = await database.read(lambda connection: orders.page(connection, scope, after=after, limit=limit))
    return [order.id for order in found]


async def test_an_order_comes_back_as_it_was_imported(database: Database) -> None:
    assert await _get(database, EVERYBODYS, ORDER) == sample_order(ORDER)


async def test_importing_again_overwrites_every_column(database: Database) -> None:
    await _upsert(database, EVERYTHING_ELSE)
    assert await _get(database, EVERYBODYS, ORDER) == EVERYTHING_ELSE
    assert await _get(database, EVERYBODYS, SECOND_ORDER) == sample_order(SECOND_ORDER)


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

    async def work(connection: AsyncConnection) -> None:
        await orders.upsert(connection, good)
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


async def test_many_orders_are_found_by_id_and_owner(database: Database) -> None:
    keys = {(ORDER, ALICE), (BOBS_ORDER, BOB), (BOBS_ORDER, ALICE), (NOBODYS_ID, ALICE)}
    assert await database.read(lambda connection: orders.get_many(connection, keys)) == {
        (ORDER, ALICE): sample_order(ORDER),
        (BOBS_ORDER, BOB): sample_order(BOBS_ORDER, BOB),
    }


async def test_an_order_nobody_holds_is_held_and_pointed_at_without_waiting(database: Database) -> None:
    async def work(connection: AsyncConnection) -> set[int]:
        await orders.hold(connection, ORDER, wait=False)
        return await orders.may_be_pointed_at(connection, [ORDER, SECOND_ORDER, NOBODYS_ID])

    assert await database.write(work) == {ORDER, SECOND_ORDER}


@ON_POSTGRESQL
async def test_an_order_that_is_held_is_told_from_those_that_are_free(database: Database, neighbour: Database) -> None:
    async def hold(connection: AsyncConnection) -> None:
        await orders.hold(connection, ORDER, wait=False)

    async def free(connection: AsyncConnection) -> set[int]:
        return await orders.may_be_pointed_at(connection, [ORDER, SECOND_ORDER])

    async def booking(connection: AsyncConnection) -> set[int]:
        await orders.hold(connection, ORDER)
        with pytest.raises(RowHeld):
            await neighbour.write(hold)
        return await neighbour.write(free)

    async def replacing(connection: AsyncConnection) -> set[int]:
        await connection.execute(sa.text("SELECT 1 FROM orders WHERE id = 1 FOR UPDATE"))
        return await neighbour.write(free)

    # Who books holds no key: new rows may still point at the order.
    assert await database.write(booking) == {ORDER, SECOND_ORDER}
    assert await database.write(replacing) == {SECOND_ORDER}


@ON_POSTGRESQL
async def test_who_holds_an_order_is_alone_with_it(database: Database, neighbour: Database) -> None:
    steps: list[str] = []
    holding = asyncio.Event()

    async def first(connection: AsyncConnection) -> None:
        await orders.hold(connection, ORDER)
        holding.set()
        await until_one_waits(database.url)
        steps.append("first")

    async def second(connection: AsyncConnection) -> None:
        await orders.hold(connection, ORDER)
        steps.append("second")

    task = asyncio.create_task(database.write(first))
    await holding.wait()
    await neighbour.write(second)
    await task
    assert steps[0] == "first"


@ON_POSTGRESQL
async def test_an_appointment_request_is_created_while_its_order_is_held(
    database: Database, neighbour: Database
) -> None:
    async def work(connection: AsyncConnection) -> None:
        await orders.hold(connection, ORDER)
        async with asyncio.timeout(5):
            await created(neighbour, ORDER)

    await database.write(work)
