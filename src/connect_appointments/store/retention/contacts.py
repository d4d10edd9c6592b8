"""Erasing contacts: the name, the phone and the notes become null in orders and appointments (D49)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.store.archive_tables import archived_appointments
from connect_appointments.store.columns import CONTACT, BigId, Instant, database_now
from connect_appointments.store.locking import Lock, is_row, lock, lock_statements
from connect_appointments.store.queries import orders as order_queries
from connect_appointments.store.retention.archive import in_archive
from connect_appointments.store.retention.endings import ENDED, ages_of, has_ended, is_over
from connect_appointments.store.statements import given, param
from connect_appointments.store.tables import appointment_requests, appointments, contact_erasures, orders
from connect_appointments.store.transaction import Transaction

ERASED = {name: sa.null() for name in CONTACT}


class Place(NamedTuple):
    """A row of a walk: its moment and its id."""

    moment: datetime
    id: int


class Ages(NamedTuple):
    """When contacts end.

    erase_after_days: days after the end of their use.
    assume_over_days: days after its end when an appointment in a state that is not final counts as over (D45).
    """

    erase_after_days: int
    assume_over_days: int

    def values(self) -> dict[str, float]:
        """The parameters of the statements: seconds from now."""
        return ages_of(days=self.erase_after_days, assume_over_days=self.assume_over_days)


class Erased(NamedTuple):
    """The numbers of orders and appointments whose contacts were erased."""

    orders: int = 0
    appointments: int = 0


def has_contact(table: sa.Table) -> sa.ColumnElement[bool]:
    """Whether a row has a contact; the condition of the table's partial index."""
    return sa.or_(*(table.c[name].is_not(None) for name in CONTACT))


def _walk(table: sa.Table, moment: sa.Column[datetime]) -> sa.Select[Any]:
    """Rows with contacts that may be due, in the order of the partial index: no use ends before `moment`."""
    after = sa.tuple_(param("moment", Instant()), param("id", BigId))
    return (
        sa.select(moment.label("moment"), table.c.id)
        .where(has_contact(table), moment <= ENDED, sa.tuple_(moment, table.c.id) > after)
        .order_by(moment, table.c.id)
        .limit(param("limit", sa.Integer()))
    )


_order = given(id=BigId)
_uses = (
    sa.exists().where(appointment_requests.c.order_id == orders.c.id, ~has_ended()),
    sa.exists().where(appointments.c.order_id == orders.c.id, ~is_over()),
)
_is_used = sa.or_(*_uses, *(in_archive(use) for use in _uses))
_ERASE_ORDERS = (
    sa.update(orders)
    .where(orders.c.id == _order.c.id, has_contact(orders), orders.c.imported_on <= ENDED, ~_is_used)
    .values(ERASED)
    .returning(orders.c.id)
)
_appointment = given(id=BigId)


def _lock(table: sa.Table) -> Lock:
    """The statements that lock appointments by id, whatever their owner."""
    asked = table.c.id == _appointment.c.id
    there = sa.exists().where(asked)
    return lock_statements(
        _appointment, _appointment.join(table, asked), [table.c.id], locked=table, there=there, key_share=True
    )


def _erase(table: sa.Table, condition: sa.ColumnElement[bool]) -> Any:
    is_due = sa.and_(table.c.id == _appointment.c.id, has_contact(table), condition)
    return sa.update(table).where(is_due).values(ERASED).returning(table.c.id)


LOCK_ANY_APPOINTMENT = _lock(appointments)
"""Locks appointments by id, whatever their owner: only for the worker and the operator."""
LOCK_ARCHIVED_APPOINTMENT = _lock(archived_appointments)
"""Locks archived appointments by id, whatever their owner: only for the worker and the operator."""
_WALKS = {
    orders: _walk(orders, orders.c.imported_on),
    appointments: _walk(appointments, appointments.c.created_on),
    archived_appointments: _walk(archived_appointments, archived_appointments.c.created_on),
}
_ERASE = {
    appointments: (LOCK_ANY_APPOINTMENT, _erase(appointments, is_over())),
    archived_appointments: (LOCK_ARCHIVED_APPOINTMENT, _erase(archived_appointments, in_archive(is_over()))),
}
TABLES: Mapping[str, sa.Table] = {str(table.name): table for table in _WALKS}
"""The tables with contacts, by name."""


async def places_after(
    transaction: Transaction, table: sa.Table, place: Place, ages: Ages, *, limit: int
) -> list[Place]:
    """Up to `limit` rows with contacts that may be due: orders by their import, appointments by their creation."""
    values = {**place._asdict(), "ended": ages.values()["ended"], "limit": limit}
    return [Place(*row) for row in await transaction.fetch(_WALKS[table], **values)]


async def erase(transaction: Transaction, table: sa.Table, ids: Sequence[int], ages: Ages) -> Erased:
    """Erase the contacts of the rows among these whose use ended long enough ago; skip locked rows."""
    statements, update = (order_queries.LOCK_ANY, _ERASE_ORDERS) if table is orders else _ERASE[table]
    locked = await lock(transaction, statements, [(number,) for number in ids], wait=False)
    # Read after the orders are locked: creating and booking need the same lock.
    rows = [(row.id,) for row in locked if is_row(row)]
    count = len(await transaction.fetch(update, rows, **ages.values()))
    return Erased(orders=count) if table is orders else Erased(appointments=count)


_order_id = param("order_id", BigId)
_APPOINTMENTS_OF = {table: sa.select(table.c.id).where(table.c.order_id == _order_id) for table in _ERASE}
_ERASE_NOW = {
    table: sa.update(table).where(key == _order_id, has_contact(table)).values(ERASED)
    for table, key in [(orders, orders.c.id), *((table, table.c.order_id) for table in _ERASE)]
}


async def erase_order(transaction: Transaction, order_id: int) -> Erased | None:
    """Erase the contacts of an order and of its appointments now; None if there is no such order."""
    (order,) = await lock(transaction, order_queries.LOCK_ANY, [(order_id,)], wait=True)
    if order is None:
        return None
    for table, (statements, _) in _ERASE.items():
        found = await transaction.fetch(_APPOINTMENTS_OF[table], order_id=order_id)
        await lock(transaction, statements, found, wait=True)
    count, *others = [await transaction.execute(statement, order_id=order_id) for statement in _ERASE_NOW.values()]
    return Erased(count, sum(others))


_NOTE = sa.insert(contact_erasures).values(
    at=database_now(),
    client=param("client", sa.Text()),
    x_request_id=param("x_request_id", sa.Text()),
    order_id=_order_id,
    orders=param("orders", sa.Integer()),
    appointments=param("appointments", sa.Integer()),
)


async def note(
    transaction: Transaction, erased: Erased, *, client: str, x_request_id: str, order_id: int | None = None
) -> None:
    """Write the event of an erasure. `order_id`: the order that the operator named; None for the recurring job."""
    await transaction.execute(_NOTE, client=client, x_request_id=x_request_id, order_id=order_id, **erased._asdict())
