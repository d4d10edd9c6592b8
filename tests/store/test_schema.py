"""The migrations build exactly the declared tables, all or nothing, one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.lifecycle import State
from connect_appointments.store import capacity, jobs, schema
from connect_appointments.store.capacity import Places
from connect_appointments.store.engine import Database
from connect_appointments.store.jobs import JobKind, Task
from connect_appointments.store.tables import MAX_NUMBER, metadata
from tests.store.conftest import ON_PLAIN_POSTGRESQL
from tests.store.given import MORNING, SECOND_ORDER, being_booked, created, execute, in_state, rows
from tests.store.other_process import start

VERSIONS = "alembic_version"


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    """A database that was never migrated."""
    found = Database(empty_url)
    yield found
    await found.close()


async def _sync(database: Database, work: Any) -> Any:
    return await database.write(lambda connection: connection.run_sync(work))


def _shape(connection: sa.Connection) -> set[str]:
    """Everything the engine tells of its tables, a line each."""
    found = sa.inspect(connection)
    tables = [name for name in found.get_table_names() if name != VERSIONS]
    return {f"{name}: {line}" for name in tables for line in _shape_of(found, name)}


def _shape_of(found: sa.Inspector, table: str) -> list[str]:
    return [
        *(f"column {column | {'type': str(column['type'])}}" for column in found.get_columns(table)),
        f"primary key {found.get_pk_constraint(table)}",
        *(f"foreign key {key}" for key in found.get_foreign_keys(table)),
        *(f"unique {constraint}" for constraint in found.get_unique_constraints(table)),
        *(f"check {constraint}" for constraint in found.get_check_constraints(table)),
        *(f"index {index}" for index in found.get_indexes(table)),
        f"numbered without reuse: {_numbering(found, table)}",
    ]


def _numbering(found: sa.Inspector, table: str) -> Any:
    assert isinstance(found.bind, sa.Connection)
    if found.bind.dialect.name != "sqlite":
        return "as the column says"
    query = sa.text("SELECT sql LIKE '%AUTOINCREMENT%' FROM sqlite_master WHERE name = :table")
    return found.bind.scalar(query, {"table": table})


async def test_the_migrations_build_exactly_the_declared_tables(empty: Database) -> None:
    await _sync(empty, metadata.create_all)
    declared = await _sync(empty, _shape)
    await _sync(empty, metadata.drop_all)
    await schema.migrate(empty)
    assert await _sync(empty, _shape) ^ declared == set()
    assert _tables(declared) == set(metadata.tables)


def _tables(shape: set[str]) -> set[str]:
    return {line.partition(":")[0] for line in shape}


async def test_alembic_finds_nothing_left_to_migrate(database: Database) -> None:
    def differences(connection: sa.Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert await _sync(database, differences) == []


async def test_a_database_that_was_never_migrated_has_no_revision(empty: Database) -> None:
    assert await schema.revision(empty) is None


async def test_a_migrated_database_has_the_revision_of_this_program(empty: Database) -> None:
    assert await schema.migrate(empty) == schema.head() != ""
    assert await schema.revision(empty) == schema.head()


async def test_migrating_again_changes_nothing(database: Database) -> None:
    request_id = await created(database)
    before = await _sync(database, _shape)
    assert await schema.migrate(database) == schema.head()
    assert await _sync(database, _shape) == before
    assert await rows(database, "SELECT id FROM appointment_requests") == [(request_id,)]


async def test_a_migration_that_fails_leaves_nothing_half_done(empty: Database) -> None:
    await execute(empty, "CREATE TABLE jobs (in_the_way INTEGER)")
    with pytest.raises(sa.exc.DBAPIError, match="already exists"):
        await schema.migrate(empty)
    assert _tables(await _sync(empty, _shape)) == {"jobs"}
    assert await schema.revision(empty) is None
    await execute(empty, "DROP TABLE jobs")
    assert await schema.migrate(empty) == schema.head()


async def test_migrations_at_once_follow_each_other(empty: Database) -> None:
    others = [Database(empty.url) for _ in range(3)]
    assert await asyncio.gather(*(schema.migrate(each) for each in others)) == [schema.head()] * 3
    for each in others:
        await each.close()
    assert _tables(await _sync(empty, _shape)) == set(metadata.tables)


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
    "UPDATE appointment_requests SET order_id = 987654",
    "DELETE FROM orders WHERE id = 1",
    "INSERT INTO offers (request_id, slots) VALUES (987654, '[]')",
    "UPDATE capacity SET taken = -1",
    "UPDATE capacity SET places = -1",
    "UPDATE jobs SET kind = 'guess'",
    "UPDATE bookings SET state = 'booked'",
    "UPDATE bookings SET ended_on = created_on",
    "UPDATE bookings SET state = 'perhaps', ended_on = created_on",
)


async def test_the_database_refuses_rows_that_cannot_be(database: Database) -> None:
    request_id = await created(database)
    await being_booked(database, SECOND_ORDER)
    await database.write(lambda connection: jobs.add(connection, JobKind.SEARCH, [Task(request_id, "trace")]))
    await database.write(lambda connection: capacity.set_places(connection, [Places(MORNING, 1)]))
    refusals = [await _refusal(database, statement) for statement in CANNOT_BE]
    assert refusals == [sa.exc.IntegrityError] * len(CANNOT_BE)


async def _refusal(database: Database, statement: str) -> type[Exception] | None:
    try:
        await execute(database, statement)
    except sa.exc.DBAPIError as error:
        return type(error)
    return None


@ON_PLAIN_POSTGRESQL
async def test_no_id_is_larger_than_a_json_number_can_say(database: Database) -> None:
    await execute(database, f"ALTER TABLE appointment_requests ALTER id RESTART WITH {MAX_NUMBER}")
    assert await created(database) == MAX_NUMBER
    with pytest.raises(sa.exc.DBAPIError, match="maximum value"):
        await created(database)


@ON_PLAIN_POSTGRESQL
async def test_a_service_goes_on_when_a_migration_changes_a_table_under_it(
    database: Database, neighbour: Database
) -> None:
    async def all_orders(connection: AsyncConnection) -> int:
        return len(list(await connection.execute(sa.text("SELECT * FROM orders"))))

    assert await database.read(all_orders) == 3
    await execute(neighbour, "ALTER TABLE orders ADD COLUMN colour TEXT")
    assert await database.read(all_orders) == 3


async def test_every_table_can_be_filled(database: Database) -> None:
    """The refusals above would mean nothing if the good rows were refused too."""
    assert [await in_state(database, state) for state in State]
