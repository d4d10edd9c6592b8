"""D49: contacts are erased once their use ended long enough ago, and nothing else is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from connect_appointments.core.events import Event
from connect_appointments.core.model import Actor
from connect_appointments.core.requests import State
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import lock
from connect_appointments.store.queries import orders
from connect_appointments.store.retention.contacts import CONTACT
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases import contact_erasures
from connect_appointments.usecases.contact_erasures import Ages, Erased, erase_due, erase_order
from tests.build import sample_order
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import (
    BOBS_ORDER,
    EVERYBODYS,
    ORDER,
    SECOND_ORDER,
    being_booked,
    booked,
    created,
    execute,
    in_state,
    opened,
    rows,
)
from tests.store.test_released import everything

OPERATOR = Actor(EVERYBODYS, "operator:test", "x_request_id-of-the-operator")
AGES = Ages(erase_after_days=365, assume_over_days=7)
VALUES = {"contact_name": "Ada of 5 Long Road", "contact_phone": "0739076555", "contact_notes": "the dog bites"}
NONE = dict.fromkeys(CONTACT)


@pytest.fixture
async def database(database: Database) -> Database:
    """The orders of the store's tests, each with a contact of its own values, imported two years ago."""
    named = [sample_order(number, **VALUES) for number in (ORDER, SECOND_ORDER, BOBS_ORDER)]
    await database.write(lambda transaction: orders.upsert(transaction, named))
    await age(database, "orders", imported_on=730)
    return database


async def age(database: Database, table: str, **days: float | None) -> None:
    """Set moments of a table's rows to so many days ago."""
    moments = {name: moment(database, days) for name, days in days.items()}
    await execute(database, f"UPDATE {table} SET " + ", ".join(f"{name} = {text}" for name, text in moments.items()))  # noqa: S608 - names of ours


def moment(database: Database, days: float | None) -> str:
    if days is None:
        return "NULL"
    if database.is_sqlite:
        return f"strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '{-days} days')"
    return f"statement_timestamp() - interval '{days} days'"


async def a_pass(database: Database) -> Erased:
    """Erase what is due, batch after batch; return how many rows."""
    total, cursor = [0, 0], None
    while True:
        erased, cursor = await erase_due(database, OPERATOR, cursor, AGES)
        total = [before + more for before, more in zip(total, erased, strict=True)]
        if cursor is None:
            return Erased(*total)


async def contact_of(database: Database, order_id: int) -> Mapping[str, Any]:
    (row,) = await rows(database, f"SELECT {', '.join(CONTACT)} FROM orders WHERE id = {order_id}")  # noqa: S608 - names of ours
    return row._asdict()  # type: ignore[no-any-return]


async def mentions(database: Database) -> list[str]:
    """Every table and column that has a value of a contact."""
    tables = await everything(database)
    return [
        f"{table}.{column}"
        for table, found in tables.items()
        for row in found
        for column, value in row.items()
        if any(text in str(value) for text in VALUES.values())
    ]


async def test_d49_after_erasure_no_table_and_no_column_has_a_value_of_a_contact(database: Database) -> None:
    await booked(database, ORDER)
    await opened(database, SECOND_ORDER)
    assert await mentions(database) != []
    await age(database, "appointment_requests", updated_on=400, offer_expires_on=390)
    await age(database, "appointments", created_on=400, ends_on=380)
    assert await a_pass(database) == Erased(orders=3, appointments=1)
    assert await mentions(database) == []
    ((kind,),) = await rows(database, "SELECT contact_type FROM appointments")
    assert kind == "Primary Contact"


async def test_d49_one_event_counts_what_a_batch_erased(database: Database) -> None:
    assert await a_pass(database) == Erased(orders=3)
    found = await rows(database, "SELECT client, x_request_id, order_id, orders, appointments FROM contact_erasures")
    assert found == [(OPERATOR.client, OPERATOR.x_request_id, None, 3, 0)]
    assert await a_pass(database) == Erased()
    assert len(await rows(database, "SELECT id FROM contact_erasures")) == 1


async def test_d49_an_order_without_a_request_counts_from_its_import(database: Database) -> None:
    await age(database, "orders", imported_on=364)
    assert await a_pass(database) == Erased()
    await age(database, "orders", imported_on=366)
    assert await a_pass(database) == Erased(orders=3)


ENDED: Mapping[State, Mapping[str, float | None]] = {
    State.CANCELLED: {"updated_on": 366, "cancelled_on": 366},
    State.FAILED: {"updated_on": 366},
    State.OPEN: {"updated_on": 366, "offer_expires_on": None},
}
NOT_LONG_AGO: Mapping[State, Mapping[str, float | None]] = {
    State.CANCELLED: {"updated_on": 364, "cancelled_on": 364},
    State.FAILED: {"updated_on": 364},
    State.OPEN: {"updated_on": 364, "offer_expires_on": None},
}


@pytest.mark.parametrize("state", ENDED)
async def test_d49_a_request_that_ended_long_ago_keeps_no_contact(database: Database, state: State) -> None:
    await in_state(database, state)
    await age(database, "appointment_requests", **NOT_LONG_AGO[state])
    assert await a_pass(database) == Erased(orders=2)
    assert await contact_of(database, ORDER) == VALUES
    await age(database, "appointment_requests", **ENDED[state])
    assert await a_pass(database) == Erased(orders=1)
    assert await contact_of(database, ORDER) == NONE


async def test_d49_an_offer_ends_when_it_expires(database: Database) -> None:
    await opened(database)
    await age(database, "appointment_requests", updated_on=380, offer_expires_on=364)
    assert await a_pass(database) == Erased(orders=2)
    await age(database, "appointment_requests", updated_on=380, offer_expires_on=366)
    assert await a_pass(database) == Erased(orders=1)


@pytest.mark.parametrize("state", [State.SEARCHING, State.BOOKING])
async def test_d49_what_has_not_ended_keeps_its_contact(database: Database, state: State) -> None:
    await in_state(database, state)
    await age(database, "appointment_requests", updated_on=800)
    assert await a_pass(database) == Erased(orders=2)
    assert await contact_of(database, ORDER) == VALUES


async def test_d49_the_youngest_use_of_an_order_counts(database: Database) -> None:
    await in_state(database, State.CANCELLED)
    await age(database, "appointment_requests", updated_on=366, cancelled_on=366)
    await created(database)
    assert await a_pass(database) == Erased(orders=2)
    assert await contact_of(database, ORDER) == VALUES


@pytest.mark.parametrize(
    ("moments", "erased"),
    [
        ({"ends_on": 371, "ended_on": None}, Erased(orders=2)),
        ({"ends_on": 373, "ended_on": None}, Erased(orders=3, appointments=1)),
        ({"ends_on": 380, "ended_on": 364}, Erased(orders=2)),
        ({"ends_on": 300, "ended_on": 366}, Erased(orders=3, appointments=1)),
    ],
    ids=["not assumed over for long enough", "assumed over", "ended later", "ended before its window"],
)
async def test_d49_an_appointment_ends_when_it_is_over(
    database: Database, moments: Mapping[str, float | None], erased: Erased
) -> None:
    await booked(database)
    if moments["ended_on"] is not None:
        final = f"state = 'completed', ended_on = {moment(database, 1)}"
        await execute(database, f"UPDATE appointments SET {final}")  # noqa: S608 - names of ours
    await age(database, "appointments", created_on=400, **moments)
    assert await a_pass(database) == erased


async def test_d49_an_appointment_that_is_over_loses_its_contact_although_its_order_is_in_use(
    database: Database,
) -> None:
    await booked(database)
    await age(database, "appointments", created_on=400, ends_on=380)
    await created(database)
    assert await a_pass(database) == Erased(orders=2, appointments=1)
    assert await contact_of(database, ORDER) == VALUES


async def test_d49_an_import_may_set_the_contact_again_and_begins_the_days_anew(database: Database) -> None:
    await in_state(database, State.CANCELLED)
    await age(database, "appointment_requests", updated_on=400, cancelled_on=400)
    await a_pass(database)
    again = sample_order(ORDER, **VALUES)
    await database.write(lambda transaction: orders.upsert(transaction, [again]))
    assert await a_pass(database) == Erased()
    assert await contact_of(database, ORDER) == VALUES


async def test_d49_every_batch_of_a_pass_goes_on_where_the_last_one_ended(database: Database) -> None:
    """With one moment of import for all, and more rows than a batch has."""
    count = contact_erasures.ROWS_A_BATCH * 2 + 3
    many = [sample_order(1000 + number, **VALUES) for number in range(count - 3)]
    await database.write(lambda transaction: orders.upsert(transaction, many))
    await age(database, "orders", imported_on=400)
    await execute(database, "UPDATE orders SET imported_on = (SELECT min(imported_on) FROM orders)")
    assert await a_pass(database) == Erased(orders=count)
    assert await mentions(database) == []


async def test_d49_rows_that_stay_do_not_keep_a_pass_from_its_end(database: Database) -> None:
    count = contact_erasures.ROWS_A_BATCH + 5
    many = [sample_order(1000 + number, **VALUES) for number in range(count)]
    await database.write(lambda transaction: orders.upsert(transaction, many))
    await age(database, "orders", imported_on=400)
    await execute(
        database,
        "INSERT INTO appointment_requests (owner, order_id, date_from, state, created_on, updated_on) "
        "SELECT owner, id, '2026-11-25', 'searching', imported_on, imported_on FROM orders WHERE id >= 1000",
    )
    assert await a_pass(database) == Erased(orders=3)


@ON_POSTGRESQL
async def test_d49_a_locked_order_is_left_to_the_next_pass(database: Database, neighbour: Database) -> None:
    async def work(transaction: Transaction) -> None:
        await lock(transaction, orders.LOCK_ANY, [(ORDER,)], wait=True)
        assert await a_pass(neighbour) == Erased(orders=2)

    await database.write(work)
    assert await a_pass(database) == Erased(orders=1)


async def test_d49_an_operator_erases_the_contacts_of_an_order_now(database: Database) -> None:
    await booked(database, ORDER)
    await being_booked(database, ORDER)
    assert await erase_order(database, OPERATOR, ORDER) == Erased(orders=1, appointments=1)
    assert await contact_of(database, ORDER) == NONE
    assert await contact_of(database, SECOND_ORDER) == VALUES
    assert {name.partition(".")[0] for name in await mentions(database)} == {"orders"}
    assert await erase_order(database, OPERATOR, ORDER) == Erased()
    found = await rows(database, "SELECT order_id, orders, appointments FROM contact_erasures ORDER BY id")
    assert found == [(ORDER, 1, 1), (ORDER, 0, 0)]


def test_the_events_of_requests_have_no_field_for_a_contact() -> None:
    assert [name for name in Event._fields if "contact" in name] == []
