"""Real conflicts and real broken connections on PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib

import asyncpg
import pytest
import sqlalchemy as sa

from connect_appointments.core.capacity import Capacity
from connect_appointments.core.errors import Unavailable
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import capacity
from connect_appointments.store.transaction import Transaction
from tests.store.conftest import ON_PLAIN_POSTGRESQL, ON_POSTGRESQL, SERIALIZABLE
from tests.store.given import MORNING, ORDER, SECOND_ORDER, execute, rows

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
    for batch in (False, True):
        for where in (database.write, database.read):
            assert await where(lambda transaction: transaction.fetch(show), batch=batch) == [(wanted,)]


@ON_POSTGRESQL
async def test_a_serialization_failure_is_run_again(database: Database, neighbour: Database) -> None:
    """Each writes down the sum it sees: one after the other, the second must see what the first wrote."""
    meeting = Meeting()

    def work(order_id: int):  # noqa: ANN202 - a unit of work
        async def add_the_sum(transaction: Transaction) -> int:
            await transaction.script("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            ((seen,),) = await transaction.fetch(SUM)
            await meeting.reached()
            await transaction.execute(ADD, id=order_id)
            return seen

        return add_the_sum

    seen = await asyncio.gather(database.write(work(ORDER)), neighbour.write(work(SECOND_ORDER)))
    assert sorted(seen) == [900, 901]
    assert meeting.runs == 3


@ON_POSTGRESQL
async def test_a_deadlock_is_run_again(database: Database, neighbour: Database) -> None:
    meeting = Meeting()

    def work(first: int, second: int):  # noqa: ANN202 - a unit of work
        async def add_to_both(transaction: Transaction) -> None:
            await transaction.script("SET LOCAL deadlock_timeout = '10ms'")
            await transaction.execute(ADD, id=first)
            await meeting.reached()
            await transaction.execute(ADD, id=second)

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

    async def work(transaction: Transaction) -> None:
        ((pid,),) = await transaction.fetch(PID)
        pids.append(pid)
        await capacity.set_capacity(transaction, [Capacity(MORNING, len(pids))])
        if len(pids) < 3:
            if by == "another":
                await execute(neighbour, "SELECT pg_terminate_backend(:pid)", pid=pids[-1])
            await transaction.fetch(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

    await database.write(work)
    assert len(set(pids)) == 3
    assert await rows(database, "SELECT capacity FROM capacity") == [(3,)]


@ON_POSTGRESQL
async def test_connections_that_were_ended_while_idle_are_replaced_unnoticed(
    database: Database, neighbour: Database
) -> None:
    async def at_once() -> None:
        await asyncio.gather(*(database.read(lambda transaction: transaction.fetch(ONE)) for _ in range(8)))

    for _ in range(3):
        await at_once()
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        await execute(neighbour, f"SELECT pg_terminate_backend(pid) {others}")
        await at_once()
        await database.write(lambda transaction: transaction.fetch(ONE))


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


class CountedWork:
    """Work that counts its runs and writes the count."""

    def __init__(self) -> None:
        self.runs = 0

    async def __call__(self, transaction: Transaction) -> None:
        self.runs += 1
        await capacity.set_capacity(transaction, [Capacity(MORNING, self.runs)])


@ON_POSTGRESQL
async def test_a_connection_lost_at_commit_leaves_the_outcome_unknown(database: Database) -> None:
    await _fail_at_commit(database, "PERFORM pg_terminate_backend(pg_backend_pid())", times=1)
    work = CountedWork()
    with pytest.raises(Unavailable):
        await database.write(work)
    assert work.runs == 1
    await database.write(work)
    assert await rows(database, "SELECT capacity FROM capacity") == [(2,)]


@ON_POSTGRESQL
async def test_work_that_is_repeatable_runs_again_after_a_connection_lost_at_commit(database: Database) -> None:
    await _fail_at_commit(database, "PERFORM pg_terminate_backend(pg_backend_pid())", times=2)
    work = CountedWork()
    await database.write(work, batch=True, repeatable=True)
    assert await rows(database, "SELECT capacity FROM capacity") == [(3,)]


@ON_POSTGRESQL
async def test_one_statement_that_commits_by_itself_runs_again_where_it_is_repeatable(database: Database) -> None:
    await _fail_at_commit(database, "PERFORM pg_terminate_backend(pg_backend_pid())", times=2)
    work = CountedWork()
    with pytest.raises(Unavailable):
        await database.write(work, one_statement=True)
    assert work.runs == 1
    await database.write(work, one_statement=True, repeatable=True)
    assert await rows(database, "SELECT capacity FROM capacity") == [(3,)]


@ON_POSTGRESQL
async def test_an_error_that_work_swallows_is_no_commit(database: Database) -> None:
    """PostgreSQL has given the transaction up by then, and answers COMMIT with ROLLBACK."""

    async def work(transaction: Transaction) -> None:
        await capacity.set_capacity(transaction, [Capacity(MORNING, 1)])
        with contextlib.suppress(asyncpg.PostgresError):
            await transaction.fetch(sa.text("SELECT * FROM there_is_no_such_table"))

    with pytest.raises(Exception, match=r"."):
        await database.write(work)
    assert await rows(database, "SELECT capacity FROM capacity") == []


@ON_POSTGRESQL
async def test_a_conflict_found_at_commit_is_run_again(database: Database) -> None:
    await _fail_at_commit(database, "RAISE EXCEPTION USING ERRCODE = '40001'", times=2)
    work = CountedWork()
    await database.write(work)
    assert await rows(database, "SELECT capacity FROM capacity") == [(3,)]


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
    with pytest.raises(asyncpg.PostgresError):
        await execute(database, f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$")


@ON_PLAIN_POSTGRESQL
async def test_a_server_that_only_reads_by_now_is_left_for_one_that_writes(database: Database) -> None:
    """What a leader becomes that is demoted without ending its connections."""
    read_only = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"
    await asyncio.gather(*(execute(database, read_only) for _ in range(3)))
    await database.write(lambda transaction: capacity.set_capacity(transaction, [Capacity(MORNING, 7)]))
    assert await rows(database, "SELECT capacity FROM capacity") == [(7,)]
