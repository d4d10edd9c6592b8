"""The hot path on PostgreSQL: rows that others hold, connections that break, plans."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.errors import Overloaded, Unavailable
from connect_appointments.core.lifecycle import BOOK, CANCEL, State
from connect_appointments.store.engine import Database
from connect_appointments.store.hot_path import MAX_WAITING_FOR_ROWS, HotPath
from connect_appointments.store.lanes import Key
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.postgres import CANCEL_BATCH, LANE_SETTINGS, READ_BATCH
from connect_appointments.store.tables import appointment_requests
from tests.build import ALICE
from tests.store.conftest import ON_PLAIN_POSTGRESQL, ON_POSTGRESQL
from tests.store.given import created, execute, kinds, moved, opened, rows, state_of, until, until_one_waits
from tests.store.test_hot_path import hot_path, wish

__all__ = ["hot_path"]

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
BACKENDS = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@contextlib.asynccontextmanager
async def _another(url: str) -> AsyncIterator[Any]:
    """A connection of somebody else."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def _held(url: str, *ids: int) -> AsyncIterator[Any]:
    """Rows held by a transaction of somebody else, which is undone at the end unless the test ends it."""
    async with _another(url) as connection:
        await connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        await connection.fetch("SELECT 1 FROM appointment_requests WHERE id = ANY ($1) FOR UPDATE", ids)
        yield connection


@ON_POSTGRESQL
async def test_a_held_row_keeps_nobody_else_waiting(database: Database, hot_path: HotPath) -> None:
    held, free = await created(database), await created(database)
    async with _held(database.url, held) as holder:
        waiting = asyncio.create_task(hot_path.cancel(wish(held)))
        await until_one_waits(database.url)
        async with asyncio.timeout(5):
            assert await hot_path.cancel(wish(free)) is State.SEARCHING
        assert not waiting.done()
        await holder.execute("ROLLBACK")
        assert await waiting is State.SEARCHING
    assert await kinds(database, held) == ["created", CANCEL.name]
    found = await hot_path.read(Key(held, ALICE))
    assert found is not None
    assert found.cancelled_on == found.updated_on


@ON_POSTGRESQL
async def test_who_waited_for_a_row_sees_what_its_holder_did(database: Database, hot_path: HotPath) -> None:
    request_id = await opened(database)
    async with _held(database.url, request_id) as holder:
        waiting = asyncio.create_task(hot_path.cancel(wish(request_id)))
        await until_one_waits(database.url)
        await holder.execute("UPDATE appointment_requests SET state = 'booking', booking_id = 1")
        await holder.execute("COMMIT")
        assert await waiting is State.BOOKING
    assert await state_of(database, request_id) is State.BOOKING


@ON_POSTGRESQL
async def test_many_who_want_a_held_row_wait_on_one_connection(database: Database, hot_path: HotPath) -> None:
    request_id = await created(database)
    async with _held(database.url, request_id) as holder:
        waiting = [asyncio.create_task(hot_path.cancel(wish(request_id))) for _ in range(50)]
        await until_one_waits(database.url)
        assert await holder.fetchval(WAITING) == 1
        await holder.execute("ROLLBACK")
        assert set(await asyncio.gather(*waiting)) <= {State.SEARCHING, State.CANCELLED}
    assert await kinds(database, request_id) == ["created", CANCEL.name]


@ON_PLAIN_POSTGRESQL
async def test_many_held_rows_take_a_bounded_number_of_connections(database: Database, hot_path: HotPath) -> None:
    ids = [await created(database) for _ in range(MAX_WAITING_FOR_ROWS * 2)]
    async with _held(database.url, *ids) as holder:
        waiting = [asyncio.create_task(hot_path.cancel(wish(request_id))) for request_id in ids]
        await until_one_waits(database.url, MAX_WAITING_FOR_ROWS)
        assert await holder.fetchval(WAITING) == MAX_WAITING_FOR_ROWS
        await holder.execute("ROLLBACK")
        assert await asyncio.gather(*waiting) == [State.SEARCHING] * len(ids)
    await until(lambda: _only_lanes_are_left(database.url))


@ON_PLAIN_POSTGRESQL
async def test_no_more_held_rows_are_waited_for_than_calls_may_wait(database: Database) -> None:
    first, second = await created(database), await created(database)
    hot_path = HotPath(database, max_waiting=1)
    async with _held(database.url, first, second) as holder:
        waiting = asyncio.create_task(hot_path.cancel(wish(first)))
        await until_one_waits(database.url)
        with pytest.raises(Overloaded):
            await hot_path.cancel(wish(second))
        await holder.execute("ROLLBACK")
        assert await waiting is State.SEARCHING
    await hot_path.close()


async def _only_lanes_are_left(url: str) -> bool:
    async with _another(url) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%asked%'"
        # The cancel lane's own connection, and this one, whose query says the same.
        return bool(await connection.fetchval(query) <= 2)


@ON_PLAIN_POSTGRESQL
async def test_a_row_held_for_too_long_is_waited_for_once(database_url: str, database: Database) -> None:
    request_id = await created(database)
    impatient = Database(database_url, DatabaseOptions(lock_timeout_seconds=0.7))
    hot_path = HotPath(impatient)
    async with _held(database.url, request_id):
        start = time.monotonic()
        with pytest.raises(Unavailable):
            await hot_path.cancel(wish(request_id))
        # Several times would be three seconds.
        assert 0.7 <= time.monotonic() - start < 2.5
    assert await hot_path.cancel(wish(request_id)) is State.SEARCHING
    await hot_path.close()
    await impatient.close()


@ON_PLAIN_POSTGRESQL
async def test_callers_who_go_away_leave_nothing_behind(database: Database, hot_path: HotPath) -> None:
    ids = [await created(database) for _ in range(3)]
    async with _held(database.url, *ids) as holder:
        waiting = [asyncio.create_task(hot_path.cancel(wish(request_id))) for request_id in ids]
        await until_one_waits(database.url, 3)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await holder.execute("ROLLBACK")
    # What was asked is done all the same.
    await until(lambda: _all_cancelled(database, ids))
    another = await created(database)
    async with _held(database.url, another) as holder:
        last = asyncio.create_task(hot_path.cancel(wish(another)))
        await until_one_waits(database.url)
        await holder.execute("ROLLBACK")
        await last
    assert hot_path._held == {}


async def _all_cancelled(database: Database, ids: list[int]) -> bool:
    return {await state_of(database, request_id) for request_id in ids} == {State.CANCELLED}


@ON_POSTGRESQL
async def test_cancels_and_bookings_of_many_rows_at_once_agree_with_their_events(
    database: Database, hot_path: HotPath, neighbour: Database
) -> None:
    ids = [await opened(database) for _ in range(40)]
    answers = await asyncio.gather(
        *(hot_path.cancel(wish(request_id)) for request_id in ids),
        *(moved(neighbour, request_id, BOOK, entering_booking=1) for request_id in ids),
    )
    for request_id, before, booked in zip(ids, answers[:40], answers[40:], strict=True):
        assert (before, booked) in {(State.OPEN, False), (State.BOOKING, True)}
        assert (await kinds(database, request_id))[2:] == [BOOK.name if booked else CANCEL.name]


@ON_POSTGRESQL
async def test_connections_that_were_ended_are_replaced(database: Database, hot_path: HotPath) -> None:
    for _ in range(5):
        request_id = await created(database)
        assert await hot_path.read(Key(request_id, ALICE)) is not None
        async with _another(database.url) as connection:
            await connection.execute(f"SELECT pg_terminate_backend(pid) FROM ({BACKENDS}) AS others")  # noqa: S608
        assert await hot_path.cancel(wish(request_id)) is State.SEARCHING
        assert await hot_path.read(Key(request_id, ALICE)) is not None
        assert await kinds(database, request_id) == ["created", CANCEL.name]


@ON_PLAIN_POSTGRESQL
async def test_a_database_that_goes_away_is_unavailable_until_it_is_back(
    database: Database, hot_path: HotPath, postgres_url: str
) -> None:
    request_id = await created(database)
    name = (await rows(database, "SELECT current_database()"))[0][0]
    async with _another(postgres_url) as administrator:
        await administrator.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        await administrator.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        answers = await asyncio.gather(
            hot_path.cancel(wish(request_id)), hot_path.read(Key(request_id, ALICE)), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [Unavailable, Unavailable]
        await administrator.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
    assert await hot_path.cancel(wish(request_id)) is State.SEARCHING


@pytest.fixture
def postgres_url(postgres: Any) -> str:
    """The URL of the server's own database."""
    return str(postgres.url("postgres"))


@contextlib.contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@ON_PLAIN_POSTGRESQL
async def test_a_connection_that_no_longer_answers_is_given_up(database_url: str, database: Database) -> None:
    request_id = await created(database)
    impatient = Database(database_url, DatabaseOptions(statement_timeout_seconds=0.1))
    hot_path = HotPath(impatient)
    assert await hot_path.read(Key(request_id, ALICE)) is not None
    async with _another(database_url) as connection:
        pid = await connection.fetchval(f"{BACKENDS} AND query LIKE '%asked%'")
    with _stopped(pid):
        with pytest.raises(Unavailable):
            await hot_path.read(Key(request_id, ALICE))
        async with asyncio.timeout(3):
            assert await hot_path.read(Key(request_id, ALICE)) is not None
    await hot_path.close()
    await impatient.close()


@ON_PLAIN_POSTGRESQL
async def test_closing_leaves_no_connection(database: Database) -> None:
    request_id = await created(database)
    hot_path = HotPath(database)
    await hot_path.cancel(wish(request_id))
    await hot_path.read(Key(request_id, ALICE))
    await hot_path.close()
    await database.close()
    async with _another(database.url) as connection:
        await until(lambda: _is_alone(connection))


async def _is_alone(connection: Any) -> bool:
    return await connection.fetch(BACKENDS) == []


@ON_PLAIN_POSTGRESQL
@pytest.mark.parametrize("analysed", ["never analysed", "analysed"])
@pytest.mark.parametrize("members", [1, 64, 256])
async def test_a_batch_finds_its_rows_by_their_key_in_a_large_table(
    database: Database, analysed: str, members: int
) -> None:
    await _fill(database, 50_000)
    if analysed == "analysed":
        await execute(database, "ANALYZE")
    ids = [n * 97 for n in range(1, members + 1)]
    owners = [ALICE] * members
    async with _another(database.url) as connection:
        for name, value in LANE_SETTINGS.items():
            await connection.execute(f"SET {name} = {value}")
        leaves = list(CANCEL.leaves)
        cancel = [CANCEL_BATCH, ids, owners, owners, owners, CANCEL.enters, leaves, CANCEL.name]
        for statement, *values in (cancel, [READ_BATCH, ids, owners]):
            # The server plans a prepared statement anew five times, then may keep a plan for any values.
            for _ in range(7):
                plan = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
            most = max(_rows_read(json.loads(plan)[0]["Plan"]))
            assert most <= members


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
        SELECT '11001', 1, '2026-11-25', 'searching', now(), now() FROM generate_series(1, :count)
    """

    async def work(connection: AsyncConnection) -> None:
        await connection.exec_driver_sql(statement.replace(":count", str(count)))

    await database.write(work)
