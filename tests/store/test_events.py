"""The record of changes: append-only in the database itself, and without contact data."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from connect_appointments.core.model import Order, Scope
from connect_appointments.core.requests import BOOK, BOOKED, CANCEL, SEARCH_FAILED, SLOT_REFUSED, SLOTS_FOUND, State
from connect_appointments.core.transitions import Transition
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import events, orders, requests
from connect_appointments.store.queries.requests import Change
from connect_appointments.store.tables import events as table
from connect_appointments.store.transaction import Transaction
from tests.build import ALICE, BOB
from tests.store.conftest import ON_POSTGRESQL, ON_SQLITE
from tests.store.given import (
    ALICES,
    BOBS,
    BOBS_ORDER,
    DRIVER_ERRORS,
    EVERYBODYS,
    ORDER,
    begun,
    booked,
    created,
    execute,
    in_state,
    kinds,
    moved,
    opened,
    refused,
    rows,
    state_of,
)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE events SET kind = 'created'", "UPDATE events SET owner = 'x' WHERE id = 1", "DELETE FROM events"],
)
async def test_the_database_refuses_to_change_an_event(database: Database, statement: str) -> None:
    await created(database)
    before = await rows(database, "SELECT * FROM events")
    with pytest.raises(DRIVER_ERRORS, match="append-only"):
        await execute(database, statement)
    assert await rows(database, "SELECT * FROM events") == before


@ON_POSTGRESQL
async def test_the_database_refuses_to_empty_the_events(database: Database) -> None:
    await created(database)
    with pytest.raises(DRIVER_ERRORS, match="append-only"):
        await execute(database, "TRUNCATE events")
    assert len(await rows(database, "SELECT * FROM events")) == 1


@ON_SQLITE
async def test_the_database_refuses_to_replace_an_event(database: Database) -> None:
    request_id = await created(database)
    statement = """
        INSERT OR REPLACE INTO events (id, request_id, kind, at, owner, client, x_request_id)
        SELECT id, request_id, 'forged', at, owner, client, x_request_id FROM events
    """
    with pytest.raises(DRIVER_ERRORS, match="append-only"):
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
        "x_request_id",
        "booking_id",
        "appointment_id",
        "detail",
    }


async def test_no_event_of_a_whole_life_holds_contact_data(database: Database) -> None:
    await in_state(database, State.BOOKED)
    text = repr(await rows(database, "SELECT * FROM events"))
    order = await database.read(lambda transaction: orders.get(transaction, EVERYBODYS, ORDER))
    assert order is not None
    assert len(_contact(order)) == 3
    assert not [value for value in _contact(order) if value in text]


def _contact(order: Order) -> list[str]:
    return [
        value for name, value in dataclasses.asdict(order).items() if name.startswith("contact_") and value is not None
    ]


@pytest.mark.parametrize("step", [SLOTS_FOUND, SEARCH_FAILED, CANCEL], ids=lambda step: step.name)
async def test_each_transition_writes_one_event(database: Database, step: Transition[State]) -> None:
    request_id = await created(database)
    await moved(database, request_id, step)
    assert await kinds(database, request_id) == ["created", step.name]


@pytest.mark.parametrize(("end", "step"), [(booked, BOOKED), (refused, SLOT_REFUSED)], ids=["booked", "refused"])
async def test_a_booking_writes_an_event_at_its_start_and_one_at_its_end(
    database: Database, end: Any, step: Transition[State]
) -> None:
    request_id, booking_id = await end(database)
    found = await database.read(lambda transaction: events.of_request(transaction, EVERYBODYS, request_id))
    assert [(event.kind, event.booking_id) for event in found[2:]] == [(BOOK.name, booking_id), (step.name, booking_id)]


async def test_a_transition_that_is_not_made_writes_no_event(database: Database) -> None:
    request_id = await created(database)
    change = Change(request_id, ALICE, "portal-api", "x_request_id")
    with pytest.raises(AssertionError):
        await database.write(lambda transaction: requests.transition(transaction, SLOT_REFUSED, [change]))
    assert await kinds(database, request_id) == ["created"]


async def test_a_change_that_is_undone_leaves_no_event(database: Database) -> None:
    request_id = await opened(database)

    async def work(transaction: Transaction) -> None:
        await begun(transaction, request_id)
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(work)
    assert await kinds(database, request_id) == ["created", SLOTS_FOUND.name]
    assert await state_of(database, request_id) is State.OPEN


async def test_an_event_says_what_and_when_and_who(database: Database) -> None:
    request_id = await created(database)
    change = Change(request_id, ALICE, "another-client", "another x_request_id", 7)
    await database.write(lambda transaction: requests.transition(transaction, CANCEL, [change]))
    found = await database.read(lambda transaction: events.of_request(transaction, ALICES, request_id))
    assert [(event.owner, event.client, event.x_request_id, event.booking_id) for event in found] == [
        (ALICE, "portal-api", "x_request_id", None),
        (ALICE, "another-client", "another x_request_id", 7),
    ]


async def test_an_event_has_the_moment_of_its_change(database: Database) -> None:
    """To the text: what SQLite keeps of a moment is compared as text."""
    request_id = await created(database)
    await moved(database, request_id, CANCEL)
    (request,) = await rows(database, "SELECT created_on, updated_on, cancelled_on FROM appointment_requests")
    moments = [at for (at,) in await rows(database, "SELECT at FROM events ORDER BY id")]
    assert moments == [request.created_on, request.cancelled_on]
    assert request.updated_on == request.cancelled_on > request.created_on


async def test_events_are_seen_by_their_owner_and_the_operator_only(database: Database) -> None:
    request_id = await created(database, BOBS_ORDER)

    async def owners_seen(scope: Scope) -> list[str]:
        found = await database.read(lambda transaction: events.of_request(transaction, scope, request_id))
        return [event.owner for event in found]

    assert await owners_seen(BOBS) == [BOB]
    assert await owners_seen(EVERYBODYS) == [BOB]
    assert await owners_seen(ALICES) == []
