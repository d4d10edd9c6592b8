"""From every released schema with data in it to today's: no row is lost, all rules hold, and the service answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from connect_appointments.core.lifecycle import State
from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.store.tables import metadata
from connect_appointments.store.verify import findings
from tests.api_client import Api, serve_in_process
from tests.build import Clock, Issuer
from tests.store.given import rows
from tests.store.released import load, text_of

CHANGED_ON_PURPOSE: Mapping[str, frozenset[str]] = {}
"""By table: the columns that a later migration gives other values. Each wants a test of its own."""

Tables = dict[str, list[Mapping[str, Any]]]


@pytest.fixture(params=schema.revisions())
async def released(request: pytest.FixtureRequest, empty_url: str) -> AsyncIterator[Database]:
    """A database of each released schema, with data, on each engine."""
    await load(request.param, empty_url)
    database = Database(empty_url)
    assert await schema.revision(database) == request.param
    yield database
    await database.close()


@pytest.mark.parametrize("revision", schema.revisions())
def test_every_revision_is_written_down_with_data(revision: str) -> None:
    for engine in ("sqlite", "postgresql"):
        assert text_of(revision, engine).exists(), "python -m tests.store.released writes it, once it is released"


def everything(connection: sa.Connection) -> Tables:
    """All rows of all tables, whatever they are."""
    found = sa.MetaData()
    found.reflect(connection)
    return {
        name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
        for name, table in found.tables.items()
        if name != "alembic_version"
    }


def shared(before: Tables, after: Tables, table: str) -> tuple[Counter[str], Counter[str]]:
    """The rows of a table before and after, by the columns it had before."""
    columns = {name for row in before[table] for name in row} - CHANGED_ON_PURPOSE.get(table, frozenset())
    first, second = (
        Counter(repr([(name, row[name]) for name in sorted(columns)]) for row in found[table])
        for found in (before, after)
    )
    return first, second


async def test_every_row_of_every_table_is_still_there(released: Database) -> None:
    before = await released.read(lambda connection: connection.run_sync(everything))
    assert {name for name, found in before.items() if not found} == set(), "a table without a row proves nothing"
    await schema.migrate(released)
    after = await released.read(lambda connection: connection.run_sync(everything))
    for table in before:
        first, second = shared(before, after, table)
        assert first - second == Counter(), table


async def test_what_came_from_it_has_todays_tables_and_holds_together(released: Database) -> None:
    await schema.migrate(released)
    found = await released.read(lambda connection: connection.run_sync(_columns))
    assert found == {table.name: {column.name for column in table.columns} for table in metadata.sorted_tables}
    assert await released.read(findings) == []
    states = await rows(released, "SELECT DISTINCT state FROM appointment_requests")
    assert {row[0] for row in states} == set(State)


def _columns(connection: sa.Connection) -> dict[str, set[str]]:
    found = sa.inspect(connection)
    names = [name for name in found.get_table_names() if name != "alembic_version"]
    return {name: {column["name"] for column in found.get_columns(name)} for name in names}


STATUSES = {"searching": 202, "open": 200, "booking": 200, "booked": 200, "failed": 422, "cancelled": 200}


@pytest.fixture
async def service(released: Database, issuer: Issuer) -> AsyncIterator[Api]:
    """The service on what came from it, long before anybody works through what waits."""
    await schema.migrate(released)
    async with serve_in_process(released, issuer, Clock(), with_worker=False) as api:
        yield api


async def test_the_service_answers_for_every_one_of_them(service: Api, released: Database) -> None:
    for request_id, owner, state in await rows(released, "SELECT id, owner, state FROM appointment_requests"):
        owners, other = (service.alice, service.bob) if owner == "11001" else (service.bob, service.alice)
        answer = await owners.read(request_id)
        assert answer.status_code == STATUSES[state]
        assert answer.status_code != 200 or answer.json()["status"] == state
        assert (await other.read(request_id)).status_code == 404
        cancelled = await owners.cancel(request_id)
        assert cancelled.status_code == (422 if state in {"booking", "booked"} else 204)
    assert await released.read(findings) == []


async def test_the_service_answers_for_every_booking(service: Api, released: Database) -> None:
    found = await rows(released, "SELECT id, state FROM bookings")
    statuses = [((await service.alice.read_booking(number)).status_code, state) for number, state in found]
    assert set(statuses) == {(200, "booked"), (202, "booking"), (422, "refused")}


async def test_no_number_is_given_a_second_time(service: Api, released: Database) -> None:
    ((largest,),) = await rows(released, "SELECT max(id) FROM appointment_requests")
    assert await service.created(8) > largest
