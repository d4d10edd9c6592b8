"""From every released schema with data in it to today's: no row is lost, all rules hold, and the service answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from connect_appointments.core.requests import OCCUPYING, State
from connect_appointments.store import schema
from connect_appointments.store.columns import DETAILS, instant_text
from connect_appointments.store.engine import Database
from connect_appointments.store.queries.verify import findings
from connect_appointments.store.tables import metadata
from tests.api_client import Api, serve_in_process
from tests.build import BOB, Clock, Issuer
from tests.store.given import execute, rows
from tests.store.released import load, text_of
from tests.store.shape import VERSIONS, shape, tables_of

RENAMED: Mapping[str, Mapping[str, str]] = {
    "appointments": {"nbn_appointment_id": "workforce_id"},
    "events": {"trace": "x_request_id"},
    "jobs": {"trace": "x_request_id"},
    "capacity": {"places": "capacity"},
}
"""By table: the columns that a later migration calls otherwise."""
CHANGED_ON_PURPOSE: Mapping[str, frozenset[str]] = {"reservations": frozenset({"booking_id", "granted"})}
"""By table: the columns that a later migration gives other values. Each has a test of its own."""
THE_OWNERS = DETAILS[3:]
"""What an order says of its owner's customer, rather than of the work."""

STEPS = frozenset({"0004", "0005"})
"""Revisions that were released only together with the one after them: no database has stopped there."""
RELEASED = [revision for revision in schema.revisions() if revision not in STEPS]

Tables = dict[str, list[Mapping[str, Any]]]


async def _released(revision: str, url: str) -> AsyncIterator[Database]:
    await load(revision, url)
    database = Database(url)
    assert await schema.revision(database) == revision
    yield database
    await database.close()


@pytest.fixture(params=RELEASED)
async def released(request: pytest.FixtureRequest, empty_url: str) -> AsyncIterator[Database]:
    """A database of each released schema, with data, on each engine."""
    async for database in _released(request.param, empty_url):
        yield database


@pytest.fixture
async def first_release(empty_url: str) -> AsyncIterator[Database]:
    """A database of the first released schema, with data, on each engine."""
    async for database in _released("0001", empty_url):
        yield database


@pytest.mark.parametrize("revision", RELEASED)
def test_every_revision_is_written_down_with_data(revision: str) -> None:
    for engine in ("sqlite", "postgresql"):
        assert text_of(revision, engine).exists(), "python -m tests.store.released writes it, once it is released"


async def everything(database: Database) -> Tables:
    """All rows of all tables, whatever they are."""
    query = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    if database.is_sqlite:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    names = [name for (name,) in await rows(database, query) if name != VERSIONS]
    return {name: [row._asdict() for row in await rows(database, f"SELECT * FROM {name}")] for name in names}  # noqa: S608 - names of its tables


def shared(before: Tables, after: Tables, table: str) -> tuple[Counter[str], Counter[str]]:
    """The rows of a table before and after, by the columns it had before."""
    columns = {name for row in before[table] for name in row} - CHANGED_ON_PURPOSE.get(table, frozenset())
    names = RENAMED.get(table, {})
    first, second = (
        Counter(
            repr([(name, row[name] if name in row else row[names[name]]) for name in sorted(columns)])
            for row in found[table]
        )
        for found in (before, after)
    )
    return first, second


async def test_every_row_of_every_table_is_still_there(released: Database) -> None:
    before = await everything(released)
    assert {name for name, found in before.items() if not found} == set(), "a table without a row proves nothing"
    await schema.migrate(released)
    after = await everything(released)
    for table in before:
        first, second = shared(before, after, table)
        assert first - second == Counter(), table


async def test_what_came_from_it_has_todays_tables_and_holds_together(released: Database) -> None:
    await schema.migrate(released)
    tables = {name: found for name, found in (await everything(released)).items() if found}
    found = {name: set(first) for name, (first, *_) in tables.items()}
    assert found.items() <= {table.name: set(table.columns.keys()) for table in metadata.sorted_tables}.items()
    assert tables_of(await shape(released)) == set(metadata.tables)
    assert await released.read(findings) == []
    states = await rows(released, "SELECT DISTINCT state FROM appointment_requests")
    assert {row[0] for row in states} == set(State)


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


WITHOUT_APPOINTMENT = """
    UPDATE appointment_requests SET state = 'cancelled', cancelled_on = updated_on
    WHERE id = (SELECT request_id FROM appointments WHERE id = :id)
"""


@pytest.mark.parametrize("table", ["appointments", "jobs"])
async def test_a_table_that_was_made_anew_gives_no_number_a_second_time(first_release: Database, table: str) -> None:
    """The rows with the largest numbers are gone before the migration, and their numbers stay used."""
    ((largest,),) = await rows(first_release, f"SELECT max(id) FROM {table}")  # noqa: S608 - a name of ours
    if table == "appointments":
        await execute(first_release, WITHOUT_APPOINTMENT, id=largest)
    await execute(first_release, f"DELETE FROM {table} WHERE id = :id", id=largest)  # noqa: S608 - likewise
    await schema.migrate(first_release)
    columns = [column.name for column in metadata.tables[table].columns if column.name != "id"]
    copied = ", ".join(f"{name} || '-again'" if name == "workforce_id" else name for name in columns)
    statement = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {copied} FROM gone"  # noqa: S608 - likewise
    await execute(first_release, f"CREATE TABLE gone AS SELECT * FROM {table} ORDER BY id LIMIT 1")  # noqa: S608 - likewise
    await execute(first_release, f"DELETE FROM {table} WHERE id = (SELECT id FROM gone)")  # noqa: S608 - likewise
    await execute(first_release, statement)
    assert (await rows(first_release, f"SELECT max(id) FROM {table}"))[0][0] > largest  # noqa: S608 - likewise


async def test_an_appointment_copies_what_its_order_says(first_release: Database) -> None:
    await schema.migrate(first_release)
    columns = ", ".join(f"a.{name} AS a_{name}, o.{name} AS o_{name}" for name in DETAILS)
    query = f"SELECT a.id, {columns} FROM appointments a JOIN orders o ON o.id = a.order_id"  # noqa: S608 - names of ours
    found = await rows(first_release, query)
    assert len(found) == 3
    for row in found:
        assert [getattr(row, f"a_{name}") for name in DETAILS] == [getattr(row, f"o_{name}") for name in DETAILS]
    assert any("Zoë" in str(row.a_contact_name) for row in found)


async def test_an_appointment_whose_order_has_another_owner_since_shows_nothing_of_the_new_owner(
    first_release: Database,
) -> None:
    """The order of appointment 1 was imported again for Bob, with Bob's customer in it."""
    changes = (
        "owner = :bob, contact_name = 'Bobs', contact_phone = '0700', contact_notes = 'Bobs', customer_ref = 'B-1'"
    )
    await execute(
        first_release,
        f"UPDATE orders SET {changes}, contact_type = 'Bobs', service_id = 4711, demand_type = 'Fault' WHERE id = 2",  # noqa: S608 - texts of ours
        bob=BOB,
    )
    await schema.migrate(first_release)
    first, *others = await rows(first_release, "SELECT * FROM appointments ORDER BY id")
    assert (first.order_id, first.owner, first.demand_type) == (2, "11001", "Fault")
    assert [getattr(first, name) for name in THE_OWNERS] == [None] * len(THE_OWNERS)
    assert all(other.contact_phone for other in others)
    assert await first_release.read(findings) == []


async def test_the_owner_of_such_an_appointment_reads_it_without_a_contact_and_the_new_owner_does_not(
    first_release: Database, issuer: Issuer
) -> None:
    await execute(first_release, "UPDATE orders SET owner = :bob, contact_name = 'Bobs' WHERE id = 2", bob=BOB)
    await schema.migrate(first_release)
    async with serve_in_process(first_release, issuer, Clock(), with_worker=False) as api:
        mine, other = await api.alice.read_booking(1), await api.bob.read_booking(1)
    assert (mine.status_code, other.status_code) == (200, 404)
    assert "Bobs" not in mine.text


async def test_an_appointment_ends_when_its_slot_ends_and_is_booked(first_release: Database) -> None:
    await schema.migrate(first_release)
    found = await rows(first_release, "SELECT state, slot, ends_on FROM appointments")
    assert {row.state for row in found} == {"booked"}
    for row in found:
        ends = datetime.fromisoformat(msgspec.json.decode(row.slot)["end"]).astimezone(UTC)
        assert row.ends_on == (instant_text(ends) if first_release.is_sqlite else ends)


async def test_orders_count_what_occupies_them(first_release: Database) -> None:
    await schema.migrate(first_release)
    states = await rows(first_release, "SELECT order_id, state FROM appointment_requests")
    expected = Counter(order_id for order_id, state in states if state in OCCUPYING)
    assert expected
    assert Counter(dict(await rows(first_release, "SELECT id, occupancy FROM orders WHERE occupancy > 0"))) == expected


async def test_a_refused_attempt_says_why(first_release: Database) -> None:
    await schema.migrate(first_release)
    found = await rows(first_release, "SELECT state, refusal FROM bookings ORDER BY id")
    assert [refusal for state, refusal in found if state == "refused"] == ["slot-unavailable"]
    assert {refusal for state, refusal in found if state != "refused"} == {None}


async def test_what_was_decided_on_an_attempt_is_decided_on_its_key(first_release: Database) -> None:
    names = "booking_id, area, day, slot_type, granted"
    before = await rows(first_release, f"SELECT {names} FROM reservations ORDER BY booking_id")  # noqa: S608 - names of ours
    await schema.migrate(first_release)
    ((name,),) = await rows(first_release, "SELECT id FROM installation")
    states = {True: "reserved", False: "refused"}
    expected = [(f"{name}-{row.booking_id}", *row[1:4], states[bool(row.granted)]) for row in before]
    assert (
        await rows(first_release, "SELECT key, area, day, slot_type, state FROM reservations ORDER BY key") == expected
    )
    assert {row.granted for row in before} == {True, False}


async def test_d48_a_booking_of_an_order_that_has_another_owner_since_is_undone(
    first_release: Database, issuer: Issuer
) -> None:
    """The migration marks the attempt, so it is undone although the order comes back."""
    await execute(first_release, "UPDATE orders SET owner = :bob WHERE id = 1", bob=BOB)
    await schema.migrate(first_release)
    query = "SELECT state, booking_id FROM appointment_requests WHERE transferred_on IS NOT NULL"
    assert await rows(first_release, query) == [("booking", 5)]
    await execute(first_release, "UPDATE orders SET owner = '11001' WHERE id = 1")
    async with serve_in_process(first_release, issuer, Clock()) as api:
        ended = await api.settled(lambda: api.alice.read_booking(5))
        assert (ended.status_code, ended.json()["code"]) == (422, "order-transferred")
    assert await first_release.read(findings) == []


async def test_jobs_that_waited_are_still_done(first_release: Database, issuer: Issuer) -> None:
    """The worker asks the calendar with the key that the migration has made of the attempt's number."""
    await schema.migrate(first_release)
    async with serve_in_process(first_release, issuer, Clock()) as api:
        ended = await api.settled(lambda: api.alice.read_booking(5))
        assert ended.status_code in {200, 422}
        searched = await api.settled(lambda: api.alice.read(8))
        assert searched.status_code == 200
    assert await first_release.read(findings) == []
