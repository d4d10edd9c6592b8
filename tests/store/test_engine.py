"""Transactions: all or nothing, read-only where they read, run again only where that is safe."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.errors import NotFound, Overloaded, Unavailable
from connect_appointments.store import capacity
from connect_appointments.store.capacity import Places
from connect_appointments.store.engine import TRIES, Database
from connect_appointments.store.failures import LostBeforeCommit
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.tables import capacity as table
from tests.build import sample_order
from tests.store.given import MORNING, ORDER, rows, until


async def _places(database: Database) -> list[Any]:
    return await rows(database, "SELECT places, taken FROM capacity")


async def _set(connection: AsyncConnection, places: int = 5) -> None:
    await capacity.set_places(connection, [Places(MORNING, places)])


async def test_what_a_transaction_answers_is_handed_over(database: Database) -> None:
    async def work(connection: AsyncConnection) -> str:
        return str(await connection.scalar(sa.text("SELECT 'answer'")))

    assert (await database.read(work), await database.write(work)) == ("answer", "answer")


async def test_a_transaction_that_fails_is_undone_whole_and_not_run_again(database: Database) -> None:
    runs = 0

    async def work(connection: AsyncConnection) -> None:
        nonlocal runs
        runs += 1
        await _set(connection)
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(work)
    assert (runs, await _places(database)) == (1, [])


async def test_a_refusal_undoes_the_transaction_and_is_handed_on(database: Database) -> None:
    async def work(connection: AsyncConnection) -> None:
        await _set(connection)
        raise NotFound("no such order")

    with pytest.raises(NotFound, match="no such order"):
        await database.write(work)
    assert await _places(database) == []


async def test_a_statement_that_is_wrong_is_a_bug_and_not_an_outage(database: Database) -> None:
    runs = 0

    async def work(connection: AsyncConnection) -> None:
        nonlocal runs
        runs += 1
        await connection.execute(sa.text("SELECT * FROM there_is_no_such_table"))

    with pytest.raises(sa.exc.DBAPIError):
        await database.read(work)
    assert runs == 1


async def test_a_transaction_that_reads_can_change_nothing(database: Database) -> None:
    # To the engine it looks like a server that only reads.
    with pytest.raises(Unavailable):
        await database.read(_set)
    assert await _places(database) == []
    await database.write(_set)
    assert await _places(database) == [(5, 0)]


async def test_what_is_written_is_seen_by_others_once_it_is_committed(database: Database, neighbour: Database) -> None:
    async def work(connection: AsyncConnection) -> list[Any]:
        await _set(connection)
        return await _places(neighbour)

    assert await database.write(work) == []
    assert await _places(neighbour) == [(5, 0)]


async def test_changes_from_two_processes_at_once_are_all_counted(database: Database, neighbour: Database) -> None:
    await database.write(lambda connection: _set(connection, 100))

    async def read_then_write(connection: AsyncConnection) -> None:
        taken = await connection.scalar(sa.select(table.c.taken).with_for_update()) or 0
        await connection.execute(sa.update(table).values(taken=taken + 1))

    await asyncio.gather(*(where.write(read_then_write) for where in (database, neighbour) * 10))
    assert await _places(database) == [(100, 20)]


async def test_work_that_lost_its_connection_before_commit_runs_again(database: Database) -> None:
    runs = 0

    async def work(connection: AsyncConnection) -> None:
        nonlocal runs
        runs += 1
        await _set(connection, runs)
        if runs < 3:
            raise LostBeforeCommit

    await database.write(work)
    assert await _places(database) == [(3, 0)]


async def test_work_that_always_loses_its_connection_is_given_up(database: Database) -> None:
    runs = 0

    async def work(_: AsyncConnection) -> None:
        nonlocal runs
        runs += 1
        raise LostBeforeCommit

    with pytest.raises(Unavailable):
        await database.write(work)
    assert 1 < runs <= TRIES


async def test_who_gets_no_connection_in_time_is_told_of_the_load(database_url: str) -> None:
    options = DatabaseOptions(pool_size=1, statement_timeout_seconds=0.2, lock_timeout_seconds=0.2)
    database = Database(database_url, options)

    async def work(_: AsyncConnection) -> None:
        with pytest.raises(Overloaded):
            await database.read(lambda connection: connection.scalar(sa.text("SELECT 1")))

    await database.read(work)
    await database.close()


async def test_tasks_that_are_cancelled_give_their_connections_back(database_url: str, engine: str) -> None:
    # Where a task is cancelled while the driver negotiates TLS, the driver complains to the event loop.
    url = database_url if engine == "sqlite" else f"{database_url}?sslmode=disable"
    database = Database(url, DatabaseOptions(pool_size=3))

    async def work(connection: AsyncConnection) -> None:
        for _ in range(10):
            await connection.execute(sa.text("SELECT 1"))

    for how_far in range(25):
        tasks = [asyncio.create_task(where(work)) for where in (database.read, database.write) * 3]
        for _ in range(how_far * 2):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(10):
        await asyncio.gather(*(where(work) for where in (database.read, database.write) * 6))
    assert database.engine.pool.checkedout() == 0
    if engine != "sqlite":
        await until(lambda: _has_at_most_three_connections(database))
    await database.close()
    await _until_drivers_threads_end()


async def _has_at_most_three_connections(database: Database) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    return (await rows(database, query))[0][0] <= 3


async def _until_drivers_threads_end() -> None:
    """A thread of the SQLite driver that ends after the event loop would complain."""

    async def none_is_left() -> bool:
        return not [thread for thread in threading.enumerate() if "_connection_worker_thread" in thread.name]

    await until(none_is_left)


async def test_an_error_names_no_value(database: Database) -> None:
    """Values are contact data, and errors are logged."""
    order = sample_order(ORDER)

    async def work(connection: AsyncConnection) -> None:
        statement = sa.text("INSERT INTO orders (id, contact_phone) VALUES (:id, :phone)")
        await connection.execute(statement, {"id": order.id, "phone": order.contact_phone})

    with pytest.raises(sa.exc.IntegrityError) as raised:
        await database.write(work)
    assert str(order.contact_phone) not in f"{raised.value} {raised.value!r}"


async def test_nothing_is_asked_of_a_database_before_it_is_needed() -> None:
    await Database("sqlite:////nowhere/at/all.db").close()
    await Database("postgresql://nobody@127.0.0.1:1/nothing").close()


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "postgresql://nobody@127.0.0.1:1/nothing"])
async def test_a_database_that_is_not_there_is_unavailable(url: str) -> None:
    database = Database(url)
    for where in (database.read, database.write):
        with pytest.raises(Unavailable):
            await where(lambda connection: connection.scalar(sa.text("SELECT 1")))
    await database.close()
    await _until_drivers_threads_end()
