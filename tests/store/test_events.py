"""The record of changes: append-only in the database itself, and without contact data."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.lifecycle import (
    BOOK,
    BOOKED,
    CANCEL,
    SEARCH_FAILED,
    SLOT_REFUSED,
    SLOTS_FOUND,
    Move,
    State,
)
from connect_appointments.core.model import Order, Scope
from connect_appointments.store import bookings, events, orders, requests
from connect_appointments.store.engine import Database
from connect_appointments.store.tables import events as table
from tests.build import ALICE, BOB
from tests.store.conftest import ON_POSTGRESQL, ON_SQLITE
from tests.store.given import (
    ACTOR,
    ALICES,
    BOBS,
    BOBS_ORDER,
    EVERYBODYS,
    ORDER,
    being_booked,
    created,
    execute,
    in_state,
    kinds,
    moved,
    opened,
    rows,
    slot,
    state_of,
)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE events SET kind = 'created'", "UPDATE events SET owner = 'x' WHERE id = 1", "DELETE FROM events"],
)
async def test_the_database_refuses_to_change_an_event(database: Database, statement: str) -> None:
    await created(database)
    before = await rows(database, "SELECT * FROM events")
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        await execute(database, statement)
    assert await rows(database, "SELECT * FROM events") == before


@ON_POSTGRESQL
async def test_the_database_refuses_to_empty_the_events(database: Database) -> None:
    await created(database)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        await execute(database, "TRUNCATE events")
    assert len(await rows(database, "SELECT * FROM events")) == 1


@ON_SQLITE
async def test_the_database_refuses_to_replace_an_event(database: Database) -> None:
    request_id = await created(database)
    statement = """
        INSERT OR REPLACE INTO events (id, request_id, kind, at, owner, client, trace)
        SELECT id, request_id, 'forged', at, owner, client, trace FROM events
    """
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        await execute(database, statement)
    assert await kinds(database, request_id) == ["created"]


def test_no_column_is_for_contact_data() -> None:
    assert set(table.c.keys()) == {
        "id",
        "request_id",
        "kind",
        "at",
        "owner",
        "client",
        "trace",
        "booking_id",
    }


async def test_no_event_of_a_whole_life_holds_contact_data(database: Database) -> None:
    await in_state(database, State.BOOKED)
    text = repr(await rows(database, "SELECT * FROM events"))
    order = await database.read(lambda connection: orders.get(connection, EVERYBODYS, ORDER))
    assert order is not None
    assert len(_contact(order)) == 3
    assert not [value for value in _contact(order) if value in text]


def _contact(order: Order) -> list[str]:
    return [
        value for name, value in dataclasses.asdict(order).items() if name.startswith("contact_") and value is not None
    ]


@pytest.mark.parametrize("move", [SLOTS_FOUND, SEARCH_FAILED, CANCEL], ids=lambda move: move.name)
async def test_each_move_writes_one_event(database: Database, move: Move) -> None:
    request_id = await created(database)
    await moved(database, request_id, move)
    assert await kinds(database, request_id) == ["created", move.name]


@pytest.mark.parametrize("move", [BOOKED, SLOT_REFUSED], ids=lambda move: move.name)
async def test_a_booking_writes_an_event_at_its_start_and_one_at_its_end(database: Database, move: Move) -> None:
    request_id, booking_id = await being_booked(database)
    await moved(database, request_id, move, leaving_booking=booking_id)
    found = await database.read(lambda connection: events.of_request(connection, EVERYBODYS, request_id))
    assert [(event.kind, event.booking_id) for event in found[2:]] == [
        (BOOK.name, booking_id),
        (move.name, booking_id),
    ]


async def test_a_move_that_is_not_made_writes_no_event(database: Database) -> None:
    request_id = await created(database)
    assert not await moved(database, request_id, BOOKED, leaving_booking=1)
    assert await kinds(database, request_id) == ["created"]


async def test_a_change_that_is_undone_leaves_no_event(database: Database) -> None:
    request_id = await opened(database)

    async def work(connection: AsyncConnection) -> None:
        booking_id = await bookings.insert(connection, ALICE, request_id, slot())
        await requests.move(connection, ACTOR, request_id, BOOK, entering_booking=booking_id)
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(work)
    assert await kinds(database, request_id) == ["created", SLOTS_FOUND.name]
    assert await state_of(database, request_id) is State.OPEN


async def test_an_event_says_what_and_when_and_who(database: Database) -> None:
    request_id = await created(database)
    await moved(database, request_id, CANCEL)
    found = await database.read(lambda connection: events.of_request(connection, ALICES, request_id))
    request = await database.read(lambda connection: requests.get(connection, ALICES, request_id))
    assert request is not None
    assert [(event.owner, event.client, event.trace) for event in found] == [
        (ALICE, "portal-api", "trace"),
        (ALICE, ACTOR.client, ACTOR.trace),
    ]
    # SQLite's clock goes on between two statements of a transaction.
    assert request.cancelled_on is not None
    for event, changed_on in zip(found, (request.created_on, request.cancelled_on), strict=True):
        assert timedelta() <= event.at - changed_on < timedelta(seconds=1)


async def test_events_are_seen_by_their_owner_and_the_operator_only(database: Database) -> None:
    request_id = await created(database, BOBS_ORDER)

    async def owners_seen(scope: Scope) -> list[str]:
        found = await database.read(lambda connection: events.of_request(connection, scope, request_id))
        return [event.owner for event in found]

    assert await owners_seen(BOBS) == [BOB]
    assert await owners_seen(EVERYBODYS) == [BOB]
    assert await owners_seen(ALICES) == []
