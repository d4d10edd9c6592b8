"""Erasing contacts: those whose use ended long ago, or those of one order now (D49)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from connect_appointments.core.errors import NotFound
from connect_appointments.core.model import Actor
from connect_appointments.store.engine import Database
from connect_appointments.store.retention import contacts
from connect_appointments.store.retention.contacts import Ages, Erased, Place
from connect_appointments.store.transaction import Transaction

__all__ = ["Ages", "Erased", "Erasure", "erase_due", "erase_order"]

ROWS_A_BATCH = 500
FIRST = Place(datetime.min.replace(tzinfo=UTC), 0)
WALKS = {
    "orders": (contacts.orders_after, contacts.erase_orders),
    "appointments": (contacts.appointments_after, contacts.erase_appointments),
}
"""The tables with contacts: the walk over the rows that may be due, and the statement that erases those that are."""


class Erasure(NamedTuple):
    """The result of a batch.

    cursor: where the next batch begins; None after the last batch of a pass.
    """

    erased: Erased
    cursor: str | None


class Cursor(msgspec.Struct, frozen=True):
    """Where a batch begins: the table, and the last row of the batch before."""

    table: str = next(iter(WALKS))
    moment: datetime = FIRST.moment
    id: int = FIRST.id


async def erase_due(database: Database, actor: Actor, cursor: str | None, ages: Ages) -> Erasure:
    """Erase the contacts of one batch of orders or appointments whose use ended long enough ago.

    cursor: that of the batch before; None begins a new pass.
    """
    begin = Cursor() if cursor is None else msgspec.json.decode(cursor, type=Cursor)
    after, erase = WALKS[begin.table]

    async def work(transaction: Transaction) -> Erasure:
        places = await after(transaction, Place(begin.moment, begin.id), ages, limit=ROWS_A_BATCH)
        erased = await erase(transaction, [place.id for place in places], ages)
        if any(erased):
            await contacts.note(transaction, erased, client=actor.client, x_request_id=actor.x_request_id)
        return Erasure(erased, _next(begin.table, places))

    return await database.write(work, batch=True)


def _next(table: str, places: list[Place]) -> str | None:
    """The cursor of the next batch: further in the table, in the next table, or None."""
    if len(places) == ROWS_A_BATCH:
        return msgspec.json.encode(Cursor(table, *places[-1])).decode()
    later = list(WALKS)[list(WALKS).index(table) + 1 :]
    return msgspec.json.encode(Cursor(later[0])).decode() if later else None


async def erase_order(database: Database, actor: Actor, order_id: int) -> Erased:
    """Erase the contacts of an order and of its appointments now, whatever their states. Raises `NotFound`."""

    async def work(transaction: Transaction) -> Erased:
        erased = await contacts.erase_order(transaction, order_id)
        if erased is None:
            raise NotFound
        await contacts.note(
            transaction, erased, client=actor.client, x_request_id=actor.x_request_id, order_id=order_id
        )
        return erased

    return await database.write(work)
