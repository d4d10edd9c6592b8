"""Appointment-requests and their orders, locked by one statement: which rows, in which order, for how long."""

from __future__ import annotations

import asyncio

from connect_appointments.store.engine import Database
from connect_appointments.store.locking import ROW_LOCKED, Lock, Locked, is_row, lock
from connect_appointments.store.queries import orders
from connect_appointments.store.queries.locks import request_locks
from connect_appointments.store.transaction import Transaction
from tests.build import ALICE, BOB
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import (
    BOBS_ORDER,
    NOBODYS_ID,
    ORDER,
    SECOND_ORDER,
    created,
    rows,
    until_one_waits,
)


async def _lock(database: Database, statements: Lock, *keys: tuple[object, ...], wait: bool = False) -> list[Locked]:
    found = await database.write(lambda transaction: lock(transaction, statements, keys, wait=wait))
    return [one.id if is_row(one) else one for one in found]


@ON_POSTGRESQL
async def test_who_does_not_wait_is_told_which_rows_are_locked(database: Database, neighbour: Database) -> None:
    locked, free = await created(database), await created(database, SECOND_ORDER)
    bobs = await created(database, BOBS_ORDER)
    owned = [(number, ALICE) for number in (free, locked, bobs, NOBODYS_ID)]
    everyones = [(number,) for number in (locked, bobs, NOBODYS_ID, free)]

    async def work(transaction: Transaction) -> list[list[Locked]]:
        await lock(transaction, request_locks.LOCK_ANY, [(locked,)], wait=False)
        return [
            await _lock(neighbour, request_locks.LOCK_OWNED_WITH_ORDERS, *owned),
            await _lock(neighbour, request_locks.LOCK_ANY_WITH_ORDERS, *everyones),
            await _lock(neighbour, request_locks.LOCK_ANY, *everyones),
        ]

    everyone_else = [ROW_LOCKED, bobs, None, free]
    assert await database.write(work) == [[free, ROW_LOCKED, None, None], everyone_else, everyone_else]
    for wait in (True, False):
        assert await _lock(database, request_locks.LOCK_OWNED_WITH_ORDERS, *owned, wait=wait) == [
            free,
            locked,
            None,
            None,
        ]


@ON_POSTGRESQL
async def test_one_whose_order_is_locked_is_locked(database: Database, neighbour: Database) -> None:
    first, second = await created(database), await created(database, SECOND_ORDER)

    async def work(transaction: Transaction) -> list[list[Locked]]:
        await lock(transaction, orders.LOCK_ANY, [(ORDER,)], wait=True)
        return [
            await _lock(neighbour, request_locks.LOCK_OWNED_WITH_ORDERS, (first, ALICE), (second, ALICE), (first, BOB)),
            await _lock(neighbour, request_locks.LOCK_ANY_WITH_ORDERS, (NOBODYS_ID,), (second,), (first,)),
        ]

    assert await database.write(work) == [[ROW_LOCKED, second, None], [None, second, ROW_LOCKED]]


async def test_requests_of_one_order_are_locked_together(database: Database) -> None:
    ids = [await created(database) for _ in range(3)]
    for wait in (True, False):
        found = await _lock(
            database, request_locks.LOCK_ANY_WITH_ORDERS, *[(number,) for number in ids[::-1]], wait=wait
        )
        assert found == ids[::-1]


@ON_POSTGRESQL
async def test_who_waits_for_a_request_keeps_its_order_from_nobody(database: Database, neighbour: Database) -> None:
    request_id = await created(database)
    waiting: list[asyncio.Task[list[Locked]]] = []

    async def work(transaction: Transaction) -> list[Locked]:
        await lock(transaction, request_locks.LOCK_ANY, [(request_id,)], wait=True)
        if not waiting:
            call = _lock(neighbour, request_locks.LOCK_ANY_WITH_ORDERS, (request_id,), wait=True)
            waiting.append(asyncio.create_task(call))
            await until_one_waits(database.url)
        return await lock(transaction, orders.LOCK_ANY, [(ORDER,)], wait=False)

    (order,) = await database.write(work)
    assert order.id == ORDER
    assert await asyncio.gather(*waiting) == [[request_id]]


@ON_POSTGRESQL
async def test_rows_are_locked_in_the_order_of_their_ids_whatever_the_order_of_the_batch(
    database: Database, neighbour: Database
) -> None:
    ids = [await created(database) for _ in range(20)]
    upwards = [(number,) for number in ids]
    batches = [upwards, upwards[::-1]] * 10
    calls = [
        where.write(lambda transaction, keys=keys: lock(transaction, request_locks.LOCK_ANY, keys, wait=True))
        for where, keys in zip((database, neighbour) * 10, batches, strict=True)
    ]
    for found, keys in zip(await asyncio.gather(*calls), batches, strict=True):
        assert [(row.id,) for row in found] == keys
    query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert await rows(database, query) == [(0,)]


async def test_the_order_of_anothers_is_not_told(database: Database) -> None:
    request_id = await created(database, BOBS_ORDER)
    owners = [(request_id, owner) for owner in (ALICE, BOB)]
    assert await _lock(database, request_locks.LOCK_OWNED_WITH_ORDERS, *owners, wait=True) == [None, request_id]
