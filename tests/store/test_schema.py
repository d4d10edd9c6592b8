"""The migrations build exactly the declared tables, all or nothing, one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from connect_appointments.core.capacity import Capacity
from connect_appointments.core.model import MAX_NUMBER
from connect_appointments.core.requests import State
from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import capacity, jobs
from connect_appointments.store.queries.capacity import Reservation
from connect_appointments.store.queries.jobs import NewJob
from connect_appointments.store.statements import DIALECTS
from connect_appointments.store.tables import metadata
from connect_appointments.store.transaction import Transaction
from tests.store.conftest import ON_PLAIN_POSTGRESQL, ON_SQLITE
from tests.store.given import (
    DRIVER_ERRORS,
    MORNING,
    SECOND_ORDER,
    VIOLATIONS,
    being_booked,
    booked,
    created,
    execute,
    in_state,
    rows,
)
from tests.store.other_process import start
from tests.store.shape import RESERVED, shape, tables_of


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    """A database that was never migrated."""
    found = Database(empty_url)
    yield found
    await found.close()


def _declared(dialect: str) -> str:
    """The declared tables as the SQL text of an engine."""
    made: list[sa.schema.ExecutableDDLElement] = []
    for table in metadata.sorted_tables:
        made += [sa.schema.CreateTable(table), *(sa.schema.CreateIndex(index) for index in table.indexes)]
    return "".join(f"{one.compile(dialect=DIALECTS[dialect])};\n" for one in made)


async def _build_declared(transaction: Transaction) -> None:
    await transaction.script(_declared(transaction.dialect))


async def test_the_migrations_build_exactly_the_declared_tables(empty: Database) -> None:
    await empty.write(_build_declared)
    declared = await shape(empty)
    for table in reversed(metadata.sorted_tables):
        await execute(empty, f"DROP TABLE {table.name}")
    assert await shape(empty) == set()
    await schema.migrate(empty)
    assert await shape(empty) ^ declared == set()
    assert tables_of(declared) == set(metadata.tables)


@pytest.mark.parametrize(
    "change",
    [
        "CREATE INDEX ix_more ON jobs (x_request_id)",
        "DROP INDEX ix_jobs_release_offer",
        "ALTER TABLE orders ADD COLUMN colour TEXT",
        "ALTER TABLE orders DROP COLUMN service_id",
        "ALTER TABLE orders RENAME COLUMN contact_notes TO notes",
        "CREATE TABLE more (id INTEGER NOT NULL)",
    ],
)
async def test_the_shape_of_a_database_shows_every_change(database: Database, change: str) -> None:
    """The comparison above would mean nothing if it saw nothing."""
    before = await shape(database)
    await execute(database, change)
    assert await shape(database) != before


@ON_PLAIN_POSTGRESQL
@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE orders ALTER COLUMN owner DROP NOT NULL",
        "ALTER TABLE orders ALTER COLUMN occupancy SET DEFAULT 1",
        "ALTER TABLE orders ALTER COLUMN occupancy TYPE BIGINT",
        "ALTER TABLE jobs ALTER COLUMN id SET MAXVALUE 5",
        "ALTER TABLE offers DROP CONSTRAINT fk_offers_request_id",
        "ALTER TABLE appointments DROP CONSTRAINT ck_appointments_known_state",
        "ALTER TABLE appointments RENAME CONSTRAINT uq_appointments_workforce_id TO another",
    ],
)
async def test_the_shape_of_a_database_on_postgresql_shows_every_change(database: Database, change: str) -> None:
    before = await shape(database)
    await execute(database, change)
    assert await shape(database) != before


@ON_SQLITE
async def test_alembic_finds_nothing_left_to_migrate(database: Database) -> None:
    """On PostgreSQL, for which the tests have no driver that alembic can use, the shapes are compared instead."""
    engine = sa.create_engine(database.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


async def test_a_database_that_was_never_migrated_has_no_revision(empty: Database) -> None:
    assert await schema.revision(empty) is None


async def test_a_migrated_database_has_the_revision_of_this_program(empty: Database) -> None:
    assert await schema.migrate(empty) == schema.head() != ""
    assert await schema.revision(empty) == schema.head()


async def test_migrating_again_changes_nothing(database: Database) -> None:
    request_id = await created(database)
    before = await shape(database)
    assert await schema.migrate(database) == schema.head()
    assert await shape(database) == before
    assert await rows(database, "SELECT id FROM appointment_requests") == [(request_id,)]


async def test_a_migration_that_fails_leaves_nothing_half_done(empty: Database) -> None:
    await execute(empty, "CREATE TABLE jobs (in_the_way INTEGER)")
    with pytest.raises(DRIVER_ERRORS, match="already exists"):
        await schema.migrate(empty)
    assert tables_of(await shape(empty)) == {"jobs"}
    assert await schema.revision(empty) is None
    await execute(empty, "DROP TABLE jobs")
    assert await schema.migrate(empty) == schema.head()


async def test_migrations_at_once_follow_each_other(empty: Database) -> None:
    others = [Database(empty.url) for _ in range(3)]
    assert await asyncio.gather(*(schema.migrate(each) for each in others)) == [schema.head()] * 3
    for each in others:
        await each.close()
    assert tables_of(await shape(empty)) == set(metadata.tables)


async def test_migrations_of_several_processes_at_once_follow_each_other(empty: Database) -> None:
    processes = [start(empty.url, "migrate") for _ in range(3)]
    assert [await asyncio.to_thread(process.wait) for process in processes] == [0, 0, 0]
    assert await schema.revision(empty) == schema.head()


CANNOT_BE = (
    "UPDATE appointment_requests SET state = 'lost'",
    "UPDATE appointment_requests SET state = 'cancelled'",
    "UPDATE appointment_requests SET cancelled_on = created_on",
    "UPDATE appointment_requests SET state = 'booking'",
    "UPDATE appointment_requests SET state = 'booked'",
    "UPDATE appointment_requests SET owner = NULL",
    "UPDATE appointment_requests SET transferred_on = created_on WHERE state = 'booked'",
    "UPDATE appointment_requests SET order_id = 987654",
    "DELETE FROM orders WHERE id = 1",
    "INSERT INTO offers (request_id, slots) VALUES (987654, '[]')",
    "UPDATE capacity SET taken = -1",
    "UPDATE capacity SET capacity = -1",
    "UPDATE jobs SET kind = NULL",
    "UPDATE orders SET occupancy = NULL",
    "UPDATE appointments SET state = 'lost'",
    "UPDATE appointments SET e_sla = NULL",
    "UPDATE appointments SET booking_id = 987654",
    "UPDATE reservations SET state = 'perhaps'",
    "INSERT INTO installation (id) SELECT id FROM installation",
    "UPDATE bookings SET state = 'booked'",
    "UPDATE bookings SET ended_on = created_on",
    "UPDATE bookings SET state = 'perhaps', ended_on = created_on",
)


async def test_the_database_refuses_rows_that_cannot_be(database: Database) -> None:
    request_id = await created(database)
    await being_booked(database, SECOND_ORDER)
    await booked(database, SECOND_ORDER)

    async def work(transaction: Transaction) -> None:
        await jobs.add(transaction, [NewJob("search", request_id, "x_request_id")])
        await capacity.set_capacity(transaction, [Capacity(MORNING, 1)])
        await capacity.reserve(transaction, [Reservation("key", MORNING, RESERVED)])

    await database.write(work)
    assert [statement for statement in CANNOT_BE if not await _is_refused(database, statement)] == []


async def _is_refused(database: Database, statement: str) -> bool:
    try:
        await execute(database, statement)
    except VIOLATIONS:
        return True
    return False


async def test_a_new_kind_of_job_needs_no_migration(database: Database) -> None:
    await database.write(lambda transaction: jobs.add(transaction, [NewJob("of tomorrow", None, "x_request_id")]))
    assert await rows(database, "SELECT kind, request_id FROM jobs") == [("of tomorrow", None)]


async def test_each_installation_has_a_name_of_its_own(empty: Database) -> None:
    await schema.migrate(empty)
    ((first,),) = await rows(empty, "SELECT id FROM installation")
    assert len(first) == 8
    assert first.isalnum()
    await schema.migrate(empty)
    assert await rows(empty, "SELECT id FROM installation") == [(first,)]


@ON_PLAIN_POSTGRESQL
async def test_no_id_is_larger_than_a_json_number_can_say(database: Database) -> None:
    await execute(database, f"ALTER TABLE appointment_requests ALTER id RESTART WITH {MAX_NUMBER}")
    assert await created(database) == MAX_NUMBER
    with pytest.raises(DRIVER_ERRORS, match="maximum value"):
        await created(database)


EVERYTHING = sa.text("SELECT * FROM orders")


@ON_PLAIN_POSTGRESQL
async def test_a_service_goes_on_when_a_migration_changes_a_table_under_it(
    database: Database, neighbour: Database
) -> None:
    async def all_orders(transaction: Transaction) -> int:
        return len(await transaction.fetch(EVERYTHING))

    assert await database.read(all_orders) == 3
    await execute(neighbour, "ALTER TABLE orders ADD COLUMN colour TEXT")
    assert await database.read(all_orders) == 3


async def test_every_table_can_be_filled(database: Database) -> None:
    """The refusals above would mean nothing if the good rows were refused too."""
    assert [await in_state(database, state) for state in State]
