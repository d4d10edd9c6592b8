"""Erasing contacts: the name, the phone and the notes become null in orders and appointments (D49)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.requests import State
from connect_appointments.store.locking import is_row, lock, lock_statements
from connect_appointments.store.queries import orders as order_queries
from connect_appointments.store.statements import given, param
from connect_appointments.store.tables import (
    CONTACT,
    BigId,
    Instant,
    appointment_requests,
    appointments,
    contact_erasures,
    database_now,
    orders,
    seconds_from_now,
)
from connect_appointments.store.transaction import Transaction

SECONDS_A_DAY = 86_400.0
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
        seconds = -SECONDS_A_DAY * self.erase_after_days
        return {"ended": seconds, "assumed": seconds - SECONDS_A_DAY * self.assume_over_days}


class Erased(NamedTuple):
    """The numbers of orders and appointments whose contacts were erased."""

    orders: int = 0
    appointments: int = 0


_ended, _assumed = seconds_from_now(param("ended", sa.Float())), seconds_from_now(param("assumed", sa.Float()))


def has_contact(table: sa.Table) -> sa.ColumnElement[bool]:
    """Whether a row has a contact; the condition of the table's partial index."""
    return sa.or_(*(table.c[name].is_not(None) for name in CONTACT))


def _walk(table: sa.Table, moment: sa.Column[datetime]) -> sa.Select[Any]:
    """Rows with contacts that may be due, in the order of the partial index: no use ends before `moment`."""
    after = sa.tuple_(param("moment", Instant()), param("id", BigId))
    return (
        sa.select(moment.label("moment"), table.c.id)
        .where(has_contact(table), moment <= _ended, sa.tuple_(moment, table.c.id) > after)
        .order_by(moment, table.c.id)
        .limit(param("limit", sa.Integer()))
    )


def _is_over(ended: Any, assumed: Any) -> sa.ColumnElement[bool]:
    """Whether an appointment was over at the moment `ended`; `assumed` is that moment less the days of D45."""
    is_final = appointments.c.ended_on.is_not(None)
    return sa.case((is_final, appointments.c.ended_on <= ended), else_=appointments.c.ends_on <= assumed)


def _has_ended(ended: Any) -> sa.ColumnElement[bool]:
    """Whether an appointment-request had ended at a moment; that of a booked one is the end of its appointment."""
    state, updated_on = appointment_requests.c.state, appointment_requests.c.updated_on
    return sa.case(
        (state.in_([State.CANCELLED.value, State.FAILED.value]), updated_on <= ended),
        # Without an expiry, the offer was empty.
        (state == State.OPEN.value, sa.func.coalesce(appointment_requests.c.offer_expires_on, updated_on) <= ended),
        else_=state == State.BOOKED.value,
    )


_order = given(id=BigId)
_is_used = sa.or_(
    sa.exists().where(appointment_requests.c.order_id == orders.c.id, ~_has_ended(_ended)),
    sa.exists().where(appointments.c.order_id == orders.c.id, ~_is_over(_ended, _assumed)),
)
_ERASE_ORDERS = (
    sa.update(orders)
    .where(orders.c.id == _order.c.id, has_contact(orders), orders.c.imported_on <= _ended, ~_is_used)
    .values(ERASED)
    .returning(orders.c.id)
)
_appointment = given(id=BigId)
LOCK_ANY_APPOINTMENT = lock_statements(
    _appointment,
    _appointment.join(appointments, appointments.c.id == _appointment.c.id),
    [appointments.c.id],
    locked=appointments,
    there=sa.exists().where(appointments.c.id == _appointment.c.id),
    key_share=True,
)
"""Locks appointments by id, whatever their owner: only for the worker and the operator."""
_ERASE_APPOINTMENTS = (
    sa.update(appointments)
    .where(appointments.c.id == _appointment.c.id, has_contact(appointments), _is_over(_ended, _assumed))
    .values(ERASED)
    .returning(appointments.c.id)
)

_ORDERS_WALK = _walk(orders, orders.c.imported_on)
_APPOINTMENTS_WALK = _walk(appointments, appointments.c.created_on)


async def orders_after(transaction: Transaction, place: Place, ages: Ages, *, limit: int) -> list[Place]:
    """Up to `limit` orders with contacts, imported long enough ago, in the order of their import."""
    return await _places(transaction, _ORDERS_WALK, place, ages, limit)


async def appointments_after(transaction: Transaction, place: Place, ages: Ages, *, limit: int) -> list[Place]:
    """Up to `limit` appointments with contacts, created long enough ago, in the order of their creation."""
    return await _places(transaction, _APPOINTMENTS_WALK, place, ages, limit)


async def _places(
    transaction: Transaction, statement: sa.Select[Any], place: Place, ages: Ages, limit: int
) -> list[Place]:
    ended = ages.values()["ended"]
    return [Place(*row) for row in await transaction.fetch(statement, **place._asdict(), ended=ended, limit=limit)]


async def erase_orders(transaction: Transaction, ids: Sequence[int], ages: Ages) -> Erased:
    """Erase the contacts of the orders among these whose use ended long enough ago; skip locked orders."""
    locked = await lock(transaction, order_queries.LOCK_ANY, [(number,) for number in ids], wait=False)
    # Read after the orders are locked: creating and booking need the same lock.
    rows = [(row.id,) for row in locked if is_row(row)]
    return Erased(orders=len(await transaction.fetch(_ERASE_ORDERS, rows, **ages.values())))


async def erase_appointments(transaction: Transaction, ids: Sequence[int], ages: Ages) -> Erased:
    """Erase the contacts of the appointments among these that were over long enough ago; skip locked appointments."""
    locked = await lock(transaction, LOCK_ANY_APPOINTMENT, [(number,) for number in ids], wait=False)
    rows = [(row.id,) for row in locked if is_row(row)]
    return Erased(appointments=len(await transaction.fetch(_ERASE_APPOINTMENTS, rows, **ages.values())))


_order_id = param("order_id", BigId)
_APPOINTMENTS_OF = sa.select(appointments.c.id).where(appointments.c.order_id == _order_id)
_ERASE_NOW = tuple(
    sa.update(table).where(key == _order_id, has_contact(table)).values(ERASED)
    for table, key in ((orders, orders.c.id), (appointments, appointments.c.order_id))
)


async def erase_order(transaction: Transaction, order_id: int) -> Erased | None:
    """Erase the contacts of an order and of its appointments now; None if there is no such order."""
    (order,) = await lock(transaction, order_queries.LOCK_ANY, [(order_id,)], wait=True)
    if order is None:
        return None
    found = await transaction.fetch(_APPOINTMENTS_OF, order_id=order_id)
    await lock(transaction, LOCK_ANY_APPOINTMENT, list(found), wait=True)
    return Erased(*[await transaction.execute(statement, order_id=order_id) for statement in _ERASE_NOW])


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
