"""Real conflicts and real broken connections on PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.errors import Unavailable
from connect_appointments.store import capacity, orders
from connect_appointments.store.capacity import Places
from connect_appointments.store.engine import Database
from connect_appointments.store.options import DatabaseOptions
from tests.store.conftest import ON_PLAIN_POSTGRESQL, ON_POSTGRESQL, SERIALIZABLE
from tests.store.given import MORNING, ORDER, SECOND_ORDER, execute, rows, until_one_waits

ONE = sa.text("SELECT 1")
PID = sa.text("SELECT pg_backend_pid()")
SUM = sa.text("SELECT sum(service_id) FROM orders")
ADD = sa.text("UPDATE orders SET service_id = service_id + 1 WHERE id = :id")


class Meeting:
    """Two transactions that wait for each other, the first time they run."""

    def __init__(self) -> None:
        self.runs = 0
        self._both = asyncio.Event()

    async def reached(self) -> None:
        """Go on once both are here; whoever runs again does not wait."""
        self.runs += 1
        if self.runs == 2:
            self._both.set()
        await self._both.wait()


@ON_POSTGRESQL
async def test_every_transaction_has_the_isolation_of_its_database(database: Database, engine: str) -> None:
    wanted = "serializable" if engine == SERIALIZABLE else "read committed"
    show = sa.text("SHOW transaction_isolation")
    assert await database.write(lambda connection: connection.scalar(show)) == wanted
    assert await database.read(lambda connection: connection.scalar(show)) == wanted


@ON_POSTGRESQL
async def test_a_serialization_failure_is_run_again(database: Database, neighbour: Database) -> None:
    """Each writes down the sum it sees: one after the other, the second must see what the first wrote."""
    meeting = Meeting()

    def work(order_id: int):  # noqa: ANN202 - a unit of work
        async def add_the_sum(connection: AsyncConnection) -> int:
            await connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
            seen = int(await connection.scalar(SUM) or 0)
            await meeting.reached()
            await connection.execute(ADD, {"id": order_id})
            return seen

        return add_the_sum

    seen = await asyncio.gather(database.write(work(ORDER)), neighbour.write(work(SECOND_ORDER)))
    assert sorted(seen) == [900, 901]
    assert meeting.runs == 3


@ON_POSTGRESQL
async def test_a_deadlock_is_run_again(database: Database, neighbour: Database) -> None:
    meeting = Meeting()

    def work(first: int, second: int):  # noqa: ANN202 - a unit of work
        async def add_to_both(connection: AsyncConnection) -> None:
            await connection.execute(sa.text("SET LOCAL deadlock_timeout = '10ms'"))
            await connection.execute(ADD, {"id": first})
            await meeting.reached()
            await connection.execute(ADD, {"id": second})

        return add_to_both

    await asyncio.gather(database.write(work(ORDER, SECOND_ORDER)), neighbour.write(work(SECOND_ORDER, ORDER)))
    found = await rows(database, "SELECT id, service_id FROM orders WHERE id < 10 ORDER BY id")
    assert found == [(ORDER, 302), (SECOND_ORDER, 302)]
    assert meeting.runs > 2


@ON_POSTGRESQL
@pytest.mark.parametrize("by", ["itself", "another"])
async def test_work_whose_connection_the_server_ends_runs_again(
    database: Database, neighbour: Database, by: str
) -> None:
    pids: list[int] = []

    async def work(connection: AsyncConnection) -> None:
        pids.append(int(await connection.scalar(PID) or 0))
        await capacity.set_places(connection, [Places(MORNING, len(pids))])
        if len(pids) < 3:
            if by == "another":
                await execute(neighbour, "SELECT pg_terminate_backend(:pid)", pid=pids[-1])
            await connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

    await database.write(work)
    assert len(set(pids)) == 3
    assert await rows(database, "SELECT places FROM capacity") == [(3,)]


@ON_POSTGRESQL
async def test_connections_that_were_ended_while_idle_are_replaced_unnoticed(
    database: Database, neighbour: Database
) -> None:
    async def at_once() -> None:
        await asyncio.gather(*(database.read(lambda connection: connection.scalar(ONE)) for _ in range(8)))

    for _ in range(3):
        await at_once()
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        await execute(neighbour, f"SELECT pg_terminate_backend(pid) {others}")
        await at_once()
        await database.write(lambda connection: connection.scalar(ONE))


@ON_POSTGRESQL
async def test_work_that_waits_for_rows_leaves_connections_to_the_rest(database_url: str, database: Database) -> None:
    crowded = Database(database_url, DatabaseOptions(pool_size=2))
    told_to_wait: list[bool] = []

    async def book(connection: AsyncConnection, *, wait: bool) -> None:
        told_to_wait.append(wait)
        await orders.hold(connection, ORDER, wait=wait)

    waiting: list[asyncio.Task[None]] = []

    async def work(connection: AsyncConnection) -> None:
        await orders.hold(connection, ORDER)
        if not waiting:
            waiting.extend(asyncio.create_task(crowded.write_patiently(book)) for _ in range(5))
            await until_one_waits(database.url)
        async with asyncio.timeout(5):
            await crowded.write(lambda other: other.scalar(ONE))

    await database.write(work)
    await asyncio.gather(*waiting)
    assert told_to_wait.count(False) >= 5
    assert told_to_wait.count(True) >= 1
    await crowded.close()


FAIL_AT_COMMIT = """
    CREATE SEQUENCE commits;
    CREATE FUNCTION fail_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('commits') <= {times} THEN {failure}; END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER fail_at_commit AFTER INSERT OR UPDATE ON capacity
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_at_commit()
"""


async def _fail_at_commit(database: Database, failure: str, times: int) -> None:
    connection = await asyncpg.connect(database.url)
    await connection.execute(FAIL_AT_COMMIT.format(failure=failure, times=times))
    await connection.close()


@ON_POSTGRESQL
async def test_a_connection_lost_at_commit_leaves_the_outcome_unknown(database: Database) -> None:
    await _fail_at_commit(database, "PERFORM pg_terminate_backend(pg_backend_pid())", times=1)
    runs = 0

    async def work(connection: AsyncConnection) -> None:
        nonlocal runs
        runs += 1
        await capacity.set_places(connection, [Places(MORNING, runs)])

    with pytest.raises(Unavailable):
        await database.write(work)
    assert runs == 1
    await database.write(work)
    assert await rows(database, "SELECT places FROM capacity") == [(2,)]


@ON_POSTGRESQL
async def test_a_conflict_found_at_commit_is_run_again(database: Database) -> None:
    await _fail_at_commit(database, "RAISE EXCEPTION USING ERRCODE = '40001'", times=2)
    runs = 0

    async def work(connection: AsyncConnection) -> None:
        nonlocal runs
        runs += 1
        await capacity.set_places(connection, [Places(MORNING, runs)])

    await database.write(work)
    assert await rows(database, "SELECT places FROM capacity") == [(3,)]


@ON_PLAIN_POSTGRESQL
@pytest.mark.parametrize(
    "code",
    ["53100", "53200", "53300", "53400", "55P03", "57014", "57P01", "57P03", "58030", "25006", "08006", "40003"],
)
async def test_a_server_that_cannot_is_unavailable_and_not_a_bug(database: Database, code: str) -> None:
    with pytest.raises(Unavailable):
        await execute(database, f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$")
    assert await rows(database, "SELECT 1") == [(1,)]


@ON_PLAIN_POSTGRESQL
@pytest.mark.parametrize("code", ["22012", "23505", "42P01", "42501", "P0001", "XX000"])
async def test_a_statement_that_cannot_is_a_bug_and_not_unavailable(database: Database, code: str) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        await execute(database, f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$")


@ON_PLAIN_POSTGRESQL
async def test_a_server_that_only_reads_by_now_is_left_for_one_that_writes(database: Database) -> None:
    """What a leader becomes that is demoted without ending its connections."""
    read_only = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"
    await asyncio.gather(*(execute(database, read_only) for _ in range(3)))
    await database.write(lambda connection: capacity.set_places(connection, [Places(MORNING, 7)]))
    assert await rows(database, "SELECT places FROM capacity") == [(7,)]


@ON_PLAIN_POSTGRESQL
async def test_limits_of_time_are_in_force_on_every_connection(database_url: str) -> None:
    options = DatabaseOptions(lock_timeout_seconds=0.25, statement_timeout_seconds=0.5)
    database = Database(database_url, options)
    for setting, value in (("lock_timeout", "250ms"), ("statement_timeout", "500ms")):
        assert await rows(database, f"SHOW {setting}") == [(value,)]
    with pytest.raises(Unavailable):
        await execute(database, "SELECT pg_sleep(20)")
    await database.close()


@ON_PLAIN_POSTGRESQL
async def test_a_connection_that_no_longer_answers_is_given_up(database_url: str) -> None:
    database = Database(database_url, DatabaseOptions(pool_size=1, statement_timeout_seconds=0.1))
    ((pid,),) = await rows(database, "SELECT pg_backend_pid()")
    with contextlib.ExitStack() as stack:
        os.kill(pid, signal.SIGSTOP)
        stack.callback(os.kill, pid, signal.SIGCONT)
        with pytest.raises(Unavailable):
            await execute(database, "SELECT 1")
        # The one place of the pool is free again, with another connection.
        assert await rows(database, "SELECT pg_backend_pid()") != [(pid,)]
    await database.close()


@ON_PLAIN_POSTGRESQL
async def test_behind_a_pooler_no_prepared_statement_is_kept(database_url: str) -> None:
    for kept in (True, False):
        database = Database(database_url, DatabaseOptions(pool_size=1, statement_cache=kept))
        for _ in range(3):
            await rows(database, "SELECT id FROM orders")
        query = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FROM orders'"
        assert await rows(database, query) == [(int(kept),)]
        await database.close()


@ON_PLAIN_POSTGRESQL
async def test_closing_leaves_no_connection(database: Database, neighbour: Database) -> None:
    await asyncio.gather(*(database.read(lambda connection: connection.scalar(ONE)) for _ in range(5)))
    await database.close()
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    async with asyncio.timeout(5):
        while await rows(neighbour, f"SELECT pid {others}"):  # noqa: ASYNC110 - another process; a constant
            await asyncio.sleep(0.005)
