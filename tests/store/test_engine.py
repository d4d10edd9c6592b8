"""Transactions: all or nothing, read-only where they read, run again only where that is safe."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from connect_appointments.core.capacity import Capacity
from connect_appointments.core.errors import NotFound, Overloaded, Unavailable
from connect_appointments.store.engine import RETRIES, Database
from connect_appointments.store.failures import LostBeforeCommit
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.queries import capacity, orders
from connect_appointments.store.tables import capacity as table
from connect_appointments.store.transaction import Transaction
from tests.build import sample_order
from tests.store.conftest import ON_POSTGRESQL, ON_SQLITE
from tests.store.given import DRIVER_ERRORS, MORNING, ORDER, VIOLATIONS, rows, until

ONE = sa.text("SELECT 1 AS one")


async def _places(database: Database) -> list[Any]:
    return await rows(database, "SELECT capacity, taken FROM capacity")


async def _set(transaction: Transaction, places: int = 5) -> None:
    await capacity.set_capacity(transaction, [Capacity(MORNING, places)])


async def test_what_a_transaction_answers_is_handed_over(database: Database) -> None:
    async def work(transaction: Transaction) -> str:
        return str((await transaction.fetch(sa.text("SELECT 'answer' AS found")))[0].found)

    assert (await database.read(work), await database.write(work)) == ("answer", "answer")


async def test_a_transaction_that_fails_is_undone_whole_and_not_run_again(database: Database) -> None:
    runs = 0

    async def work(transaction: Transaction) -> None:
        nonlocal runs
        runs += 1
        await _set(transaction)
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(work)
    assert (runs, await _places(database)) == (1, [])


async def test_a_refusal_undoes_the_transaction_and_is_handed_on(database: Database) -> None:
    async def work(transaction: Transaction) -> None:
        await _set(transaction)
        raise NotFound("no such order")

    with pytest.raises(NotFound, match="no such order"):
        await database.write(work)
    assert await _places(database) == []


async def test_a_statement_that_is_wrong_is_a_bug_and_not_an_outage(database: Database) -> None:
    runs = 0

    async def work(transaction: Transaction) -> None:
        nonlocal runs
        runs += 1
        await transaction.fetch(sa.text("SELECT * FROM there_is_no_such_table"))

    with pytest.raises(DRIVER_ERRORS):
        await database.read(work)
    assert runs == 1


async def test_a_transaction_that_reads_can_change_nothing(database: Database) -> None:
    # It looks like a server that only reads.
    with pytest.raises(Unavailable):
        await database.read(_set)
    assert await _places(database) == []
    await database.write(_set)
    assert await _places(database) == [(5, 0)]


async def test_what_is_written_is_seen_by_others_once_it_is_committed(database: Database, neighbour: Database) -> None:
    seen: list[list[Any]] = []
    loop = asyncio.get_running_loop()

    async def work(transaction: Transaction) -> None:
        await _set(transaction)
        reading = _places(neighbour)
        if transaction.dialect == "sqlite":
            # In the writer's thread nothing can be awaited but the transaction.
            seen.append(asyncio.run_coroutine_threadsafe(reading, loop).result(10))
        else:
            seen.append(await reading)

    await database.write(work)
    assert seen[0] == []
    assert await _places(neighbour) == [(5, 0)]


async def test_changes_from_two_processes_at_once_are_all_counted(database: Database, neighbour: Database) -> None:
    await database.write(lambda transaction: _set(transaction, 100))

    async def read_then_write(transaction: Transaction) -> None:
        (row,) = await transaction.fetch(sa.select(table.c.taken).with_for_update())
        await transaction.execute(sa.update(table).values(taken=row.taken + 1))

    await asyncio.gather(*(where.write(read_then_write) for where in (database, neighbour) * 10))
    assert await _places(database) == [(100, 20)]


async def test_work_that_lost_its_connection_before_commit_runs_again(database: Database) -> None:
    runs = 0

    async def work(transaction: Transaction) -> None:
        nonlocal runs
        runs += 1
        await _set(transaction, runs)
        if runs < 3:
            raise LostBeforeCommit

    await database.write(work)
    assert await _places(database) == [(3, 0)]


async def test_work_that_always_loses_its_connection_is_given_up(database: Database) -> None:
    runs = 0

    async def work(_: Transaction) -> None:
        nonlocal runs
        runs += 1
        raise LostBeforeCommit

    with pytest.raises(Unavailable):
        await database.write(work)
    assert runs == RETRIES + 1


async def test_work_that_is_repeatable_runs_again_after_an_unknown_outcome(database: Database) -> None:
    runs = 0

    async def work(transaction: Transaction) -> None:
        nonlocal runs
        runs += 1
        await _set(transaction, runs)
        if runs < 3:
            raise ConnectionResetError

    await database.write(work, repeatable=True)
    assert (runs, await _places(database)) == (3, [(3, 0)])


@pytest.mark.parametrize("error", [TimeoutError(), Overloaded(), NotFound()], ids=lambda error: type(error).__name__)
async def test_what_would_only_take_as_long_again_is_not_run_again(database: Database, error: Exception) -> None:
    runs = 0

    async def work(_: Transaction) -> None:
        nonlocal runs
        runs += 1
        raise error

    for where in (database.read, lambda work: database.write(work, repeatable=True)):
        with pytest.raises(Unavailable if isinstance(error, TimeoutError) else type(error)):
            await where(work)
    assert runs == 2


@ON_POSTGRESQL
async def test_who_gets_no_connection_in_time_is_told_of_the_load(database_url: str) -> None:
    database = Database(database_url, DatabaseOptions(pool_size=1, statement_timeout_seconds=0.2))
    inside, going_on = asyncio.Event(), asyncio.Event()

    async def work(_: Transaction) -> None:
        inside.set()
        await going_on.wait()

    waiting = asyncio.create_task(database.read(work))
    await inside.wait()
    for where in (database.read, database.write):
        with pytest.raises(Overloaded):
            await where(lambda transaction: transaction.fetch(ONE))
    # Batches have connections of their own.
    assert await database.read(lambda transaction: transaction.fetch(ONE), batch=True) == [(1,)]
    going_on.set()
    await waiting
    assert await rows(database, "SELECT 1") == [(1,)]
    await database.close()


@ON_SQLITE
async def test_who_gets_no_thread_in_time_is_told_of_the_load(database_url: str) -> None:
    database = Database(database_url, DatabaseOptions(statement_timeout_seconds=0.2))
    inside, going_on = threading.Event(), threading.Event()

    async def work(_: Transaction) -> None:
        inside.set()
        going_on.wait(10)

    waiting = asyncio.create_task(database.write(work))
    await asyncio.to_thread(inside.wait)
    with pytest.raises(Overloaded):
        async with asyncio.timeout(5):
            await database.write(lambda transaction: transaction.fetch(ONE))
    going_on.set()
    await waiting
    assert await database.write(lambda transaction: transaction.fetch(ONE)) == [(1,)]
    await database.close()


async def test_tasks_that_are_cancelled_give_their_connections_back(database_url: str, engine: str) -> None:
    # Where a task is cancelled while the driver negotiates TLS, the driver complains to the event loop.
    url = database_url if engine == "sqlite" else f"{database_url}?sslmode=disable"
    database = Database(url, DatabaseOptions(pool_size=3))

    async def work(transaction: Transaction) -> None:
        for _ in range(10):
            await transaction.fetch(ONE)

    for how_far in range(25):
        tasks = [asyncio.create_task(where(work)) for where in (database.read, database.write) * 3]
        for _ in range(how_far * 2):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(10):
        await asyncio.gather(*(where(work) for where in (database.read, database.write) * 6))
    if engine != "sqlite":
        await until(lambda: _has_at_most_three_connections(database))
    await database.close()
    assert _threads_of_the_driver() == []


async def _has_at_most_three_connections(database: Database) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    return (await rows(database, query))[0][0] <= 3


def _threads_of_the_driver() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("sqlite-")]


async def test_an_error_names_no_value(database: Database) -> None:
    """Values are contact data, and errors are logged."""
    order = sample_order(ORDER)

    async def work(transaction: Transaction) -> None:
        statement = sa.text("INSERT INTO orders (id, contact_phone) VALUES (:id, :phone)")
        await transaction.execute(statement, id=order.id, phone=order.contact_phone)

    with pytest.raises(VIOLATIONS) as raised:
        await database.write(work)
    assert str(order.contact_phone) not in f"{raised.value} {raised.value!r}"


@ON_POSTGRESQL
async def test_an_error_of_the_driver_names_no_value(database: Database) -> None:
    wrong = [sample_order(ORDER, contact_phone="0739076000", service_id="Alice of 1 Queen Street")]
    with pytest.raises(DRIVER_ERRORS) as raised:
        await database.write(lambda transaction: orders.upsert(transaction, wrong))
    told = f"{raised.value} {raised.value!r}"
    assert not [value for value in ("Alice", "Queen", "0739076000") if value in told]


async def test_nothing_is_asked_of_a_database_before_it_is_needed() -> None:
    await Database("sqlite:////nowhere/at/all.db").close()
    await Database("postgresql://nobody@127.0.0.1:1/nothing").close()


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "postgresql://nobody@127.0.0.1:1/nothing"])
async def test_a_database_that_is_not_there_is_unavailable(url: str) -> None:
    database = Database(url)
    for where in (database.read, database.write):
        with pytest.raises(Unavailable):
            await where(lambda transaction: transaction.fetch(ONE))
    await database.close()
    assert _threads_of_the_driver() == []
