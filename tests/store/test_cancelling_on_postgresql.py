"""Batches on PostgreSQL: rows that another transaction has locked, connections that break, plans."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from connect_appointments.core.errors import Unavailable
from connect_appointments.core.requests import BOOK, CANCEL, State
from connect_appointments.store.batching.group_commit import GroupCommit
from connect_appointments.store.chains import Chain
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import lock
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.postgresql.transactions import BATCH_SETTINGS
from connect_appointments.store.queries import bookings, cancellations, requests
from connect_appointments.store.queries.locks import request_locks
from connect_appointments.store.statements import compiled
from connect_appointments.store.tables import appointment_requests
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.appointment_requests import CancelCommand, cancel_batch
from tests.build import ALICE
from tests.store.conftest import ON_PLAIN_POSTGRESQL, ON_POSTGRESQL
from tests.store.given import begun, created, execute, kinds, opened, rows, state_of, until_one_waits
from tests.store.test_cancelling import Cancels, command, group

__all__ = ["group"]

PID = sa.text("SELECT pg_backend_pid() AS pid")
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@contextlib.asynccontextmanager
async def another_connection(url: str) -> AsyncIterator[Any]:
    """A connection of somebody else."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def _locked(url: str, *ids: int) -> AsyncIterator[Any]:
    """Rows locked by a transaction of somebody else, which is undone at the end unless the test ends it."""
    async with another_connection(url) as connection:
        await connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        await connection.fetch("SELECT 1 FROM appointment_requests WHERE id = ANY ($1) FOR UPDATE", ids)
        yield connection


@ON_POSTGRESQL
async def test_a_locked_row_keeps_nobody_else_waiting(database: Database, group: Cancels) -> None:
    locked, free = await created(database), await created(database)
    async with _locked(database.url, locked) as other:
        waiting = asyncio.create_task(group.submit(command(locked)))
        await until_one_waits(database.url)
        async with asyncio.timeout(5):
            assert await group.submit(command(free)) is State.SEARCHING
        assert not waiting.done()
        await other.execute("ROLLBACK")
        assert await waiting is State.SEARCHING
    assert await kinds(database, locked) == ["created", CANCEL.name]
    keys = [(locked, ALICE)]
    (found,) = await database.read(lambda transaction: requests.get_owned(transaction, keys))
    assert found is not None
    assert found.cancelled_on == found.updated_on


@ON_POSTGRESQL
async def test_who_waited_for_a_row_sees_what_was_done_to_it(database: Database, group: Cancels) -> None:
    request_id = await opened(database)
    async with _locked(database.url, request_id) as other:
        waiting = asyncio.create_task(group.submit(command(request_id)))
        await until_one_waits(database.url)
        await other.execute("UPDATE appointment_requests SET state = 'booking', booking_id = 1")
        await other.execute("COMMIT")
        assert await waiting is State.BOOKING
    assert await state_of(database, request_id) is State.BOOKING


@ON_POSTGRESQL
async def test_many_who_want_a_locked_row_wait_on_one_connection(database: Database, group: Cancels) -> None:
    request_id = await created(database)
    async with _locked(database.url, request_id) as other:
        waiting = [asyncio.create_task(group.submit(command(request_id))) for _ in range(50)]
        await until_one_waits(database.url)
        assert await other.fetchval(WAITING) == 1
        await other.execute("ROLLBACK")
        assert set(await asyncio.gather(*waiting)) <= {State.SEARCHING, State.CANCELLED}
    assert await kinds(database, request_id) == ["created", CANCEL.name]


@ON_PLAIN_POSTGRESQL
async def test_many_locked_rows_take_a_bounded_number_of_connections(database: Database, group: Cancels) -> None:
    at_most = database.options.pool_size // 2
    ids = [await created(database) for _ in range(at_most * 2)]
    async with _locked(database.url, *ids) as other:
        waiting = [asyncio.create_task(group.submit(command(request_id))) for request_id in ids]
        await until_one_waits(database.url, at_most)
        assert await other.fetchval(WAITING) == at_most
        # The other half of them is left for everything else.
        async with asyncio.timeout(5):
            await asyncio.gather(*(rows(database, "SELECT 1") for _ in range(at_most)))
        await other.execute("ROLLBACK")
        assert await asyncio.gather(*waiting) == [State.SEARCHING] * len(ids)


@ON_PLAIN_POSTGRESQL
async def test_a_row_locked_for_too_long_is_waited_for_once(database_url: str, database: Database) -> None:
    request_id, free = await created(database), await created(database)
    impatient = Database(database_url, DatabaseOptions(lock_timeout_seconds=0.7))
    runs: list[tuple[int, bool]] = []

    async def counted(transaction: Transaction, commands: Sequence[CancelCommand], *, wait: bool) -> Sequence[Any]:
        runs.append((len(commands), wait))
        return await cancel_batch(transaction, commands, wait=wait)

    group: Cancels = GroupCommit(impatient, counted, one_statement=True)
    async with _locked(database.url, request_id):
        calls = [group.submit(command(number)) for number in (request_id, free)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(answers[0], Unavailable)
    assert answers[1] is State.SEARCHING
    assert runs == [(2, False), (1, True)]
    # The server may have gone on waiting, and have cancelled it by now: the outcome was unknown.
    assert await group.submit(command(request_id)) in {State.SEARCHING, State.CANCELLED}
    assert await kinds(database, request_id) == ["created", CANCEL.name]
    await impatient.close()


@ON_PLAIN_POSTGRESQL
async def test_callers_who_go_away_leave_nothing_behind(database: Database, group: Cancels) -> None:
    ids = [await created(database) for _ in range(3)]
    async with _locked(database.url, *ids) as other:
        waiting = [asyncio.create_task(group.submit(command(request_id))) for request_id in ids]
        await until_one_waits(database.url, 3)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await other.execute("ROLLBACK")
    assert database.row_waits._rows._locks == {}
    async with asyncio.timeout(5):
        answers = await asyncio.gather(*(group.submit(command(n)) for n in ids))
    assert set(answers) <= {State.SEARCHING, State.CANCELLED}
    assert [await kinds(database, n) for n in ids] == [["created", CANCEL.name]] * 3


async def _booked(database: Database, request_id: int) -> bool:
    """Whether a booking was begun, by one who waits for the row."""

    async def work(transaction: Transaction) -> bool:
        (row,) = await lock(transaction, request_locks.LOCK_OWNED_WITH_ORDERS, [(request_id, ALICE)], wait=True)
        if row.state == State.OPEN.value:
            await begun(transaction, request_id)
        return row.state == State.OPEN.value

    return await database.write(work)


@ON_POSTGRESQL
async def test_cancels_and_bookings_of_many_rows_at_once_agree_with_their_events(
    database: Database, group: Cancels, neighbour: Database
) -> None:
    ids = [await opened(database) for _ in range(40)]
    answers = await asyncio.gather(
        *(group.submit(command(request_id)) for request_id in ids),
        *(_booked(neighbour, request_id) for request_id in ids),
    )
    for request_id, before, booked in zip(ids, answers[:40], answers[40:], strict=True):
        assert (before, booked) in {(State.OPEN, False), (State.BOOKING, True)}
        assert (await kinds(database, request_id))[2:] == [BOOK.name if booked else CANCEL.name]


async def state_read(database: Database, request_id: int) -> State | None:
    """The state as a batch reads it."""
    keys = [(request_id, ALICE)]
    (found,) = await database.read(lambda transaction: requests.get_owned(transaction, keys), batch=True)
    return found.state if found else None


BY_KEY: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "cancel": (cancellations._CANCEL, (ALICE, "portal-api", "x_request_id")),
    "cancel, waiting": (cancellations._CANCEL_WAITING, (ALICE, "portal-api", "x_request_id")),
    "read": (requests.READ, (ALICE,)),
    "read bookings": (bookings.READ, (ALICE,)),
    "lock with orders": (request_locks.LOCK_OWNED_WITH_ORDERS.skipping, (ALICE,)),
    "lock with orders, waiting": (request_locks.LOCK_OWNED_WITH_ORDERS.waiting, (ALICE,)),
    "lock any": (request_locks.LOCK_ANY.skipping, ()),
    "lock any with orders": (request_locks.LOCK_ANY_WITH_ORDERS.skipping, ()),
    "transition": (requests._TRANSITIONS[CANCEL], (ALICE, "portal-api", "x_request_id", None)),
}
"""Statements of batches, and what their rows have beside the id."""


@ON_PLAIN_POSTGRESQL
@pytest.mark.parametrize("analysed", ["never analysed", "analysed"])
@pytest.mark.parametrize("count", [1, 64, 256])
async def test_a_batch_finds_its_rows_by_their_key_in_a_large_table(
    database: Database, analysed: str, count: int
) -> None:
    await _fill(database, 50_000)
    if analysed == "analysed":
        await execute(database, "ANALYZE")
    async with another_connection(database.url) as connection:
        for name, value in BATCH_SETTINGS.items():
            await connection.execute(f"SET {name} = {value}")
        for name, (statement, beside) in BY_KEY.items():
            most = await _most_rows_read(connection, statement, [(n * 97, *beside) for n in range(1, count + 1)])
            assert most <= count, name


async def _most_rows_read(connection: Any, statement: Any, batch: Sequence[tuple[Any, ...]]) -> float:
    found = compiled(statement.as_one() if isinstance(statement, Chain) else statement, "postgresql")
    # The server plans a prepared statement anew five times, then may keep a plan for any values.
    for _ in range(7):
        await connection.execute("BEGIN")
        plan = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {found.text}", *found.arguments(batch, {}))
        await connection.execute("ROLLBACK")
    return max(_rows_read(json.loads(plan)[0]["Plan"]))


def _rows_read(plan: dict[str, Any]) -> Iterator[float]:
    """How many rows of the table each scan of it looked at."""
    if plan.get("Relation Name") == appointment_requests.name and "Scan" in plan["Node Type"]:
        assert plan["Node Type"] in {"Index Scan", "Bitmap Heap Scan", "Index Only Scan"}
        yield plan["Actual Loops"] * (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0))
    for child in plan.get("Plans", ()):
        yield from _rows_read(child)
    yield 0


async def _fill(database: Database, count: int) -> None:
    statement = """
        INSERT INTO appointment_requests (owner, order_id, date_from, state, created_on, updated_on)
        SELECT '11001', 1, '2026-11-25', 'searching', now(), now() FROM generate_series(1, CAST(:count AS int))
    """

    await execute(database, statement, count=count)
