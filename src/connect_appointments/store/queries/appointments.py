"""Appointments: read, and change their state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.appointments import FINAL, AppointmentState
from connect_appointments.core.cancellations import CancelledBy
from connect_appointments.core.model import Appointment, OrderDetails, Scope
from connect_appointments.core.transitions import Transition
from connect_appointments.store.chains import Chain, Link
from connect_appointments.store.columns import DETAILS, BigId, database_now
from connect_appointments.store.queries.orders import occupy_statement
from connect_appointments.store.queries.scope import visible
from connect_appointments.store.queries.slots import decode_slot
from connect_appointments.store.retention.archive import fetch_everywhere, first_everywhere, page_everywhere
from connect_appointments.store.statements import Row, given, param
from connect_appointments.store.tables import appointments
from connect_appointments.store.tables import events as events_table
from connect_appointments.store.transaction import Transaction

STATES = {state.value: state for state in AppointmentState}

SHOWN = (
    *(appointments.c[name] for name in ("id", "order_id", "request_id", "workforce_id", "state", "slot")),
    *(appointments.c[name] for name in ("cancellable_until", "cancelled_on", "cancelled_by", "reason")),
    *(appointments.c[name] for name in DETAILS),
)
"""The columns of `from_row`."""


def from_row(row: Row) -> Appointment:
    """The appointment from a row that has the columns `SHOWN`."""
    return Appointment(
        id=row.id,
        order=OrderDetails(row.order_id, *(getattr(row, name) for name in DETAILS)),
        request_id=row.request_id,
        workforce_id=row.workforce_id,
        state=STATES[row.state],
        slot=decode_slot(row.slot),
        cancellable_until=row.cancellable_until,
        cancelled_on=row.cancelled_on,
        cancelled_by=None if row.cancelled_by is None else CancelledBy(row.cancelled_by),
        reason=row.reason,
    )


_read = given(id=BigId, owner=sa.Text())
READ = sa.select(_read.c.place, *SHOWN).join(
    _read, sa.and_(appointments.c.id == _read.c.id, appointments.c.owner == _read.c.owner)
)


async def get_owned(transaction: Transaction, keys: Sequence[tuple[int, str]]) -> list[Appointment | None]:
    """Appointments by id and owner, in key order; None for an unknown key."""
    found: list[Appointment | None] = [None] * len(keys)
    for row in await fetch_everywhere(transaction, READ, keys):
        found[row.place - 1] = from_row(row)
    return found


async def get(transaction: Transaction, scope: Scope, appointment_id: int) -> Appointment | None:
    """The appointment; None if it does not exist in the scope."""
    query = sa.select(*SHOWN).where(appointments.c.id == appointment_id, visible(appointments, scope))
    row = await first_everywhere(transaction, query)
    return None if row is None else from_row(row)


_OF_ORDER = (
    sa.select(*SHOWN)
    .where(appointments.c.order_id == param("order_id", BigId), appointments.c.owner == param("owner", sa.Text()))
    .where(appointments.c.id < param("before", BigId))
    .order_by(appointments.c.id.desc())
    .limit(param("limit", sa.Integer()))
)


async def of_order(
    transaction: Transaction, owner: str, *, order_id: int, before: int, limit: int
) -> Sequence[Appointment]:
    """Up to `limit` appointments of an order with ids below `before`, newest first."""
    values = {"owner": owner, "order_id": order_id, "before": before}
    found = await page_everywhere(transaction, _OF_ORDER, limit=limit, newest_first=True, **values)
    return [from_row(row) for row in found]


class AppointmentChange(NamedTuple):
    """A state change of a locked appointment, and the actor.

    request_id, order_id, owner: of the locked row.
    cancelled_by, reason: of an appointment that becomes cancelled, else None.
    cancellation_id, reschedule_id: the new latest ones, or those of the locked row.
    detail: the JSON of the event, None for none.
    """

    id: int
    request_id: int
    order_id: int
    owner: str
    client: str
    x_request_id: str
    cancelled_by: CancelledBy | None = None
    reason: str | None = None
    cancellation_id: int | None = None
    reschedule_id: int | None = None
    detail: str | None = None


def _transition(step: Transition[AppointmentState]) -> Chain:
    rows = given(
        id=BigId,
        request_id=BigId,
        order_id=BigId,
        owner=sa.Text(),
        client=sa.Text(),
        x_request_id=sa.Text(),
        cancelled_by=sa.Text(),
        reason=sa.Text(),
        cancellation_id=BigId,
        reschedule_id=BigId,
        detail=sa.Text(),
    )

    def build(link: Link) -> Any:
        changed = link("changed", _update(step, rows))
        link("noted", _event(step.name, rows, changed))
        if step.target in FINAL:
            ended = sa.select(rows.c.order_id, sa.func.count().label("count")).join(changed, changed.c.id == rows.c.id)
            by_order = ended.group_by(rows.c.order_id).subquery("by_order")
            link("freed", occupy_statement(by_order, -by_order.c.count))
        return sa.select(changed.c.id)

    return Chain(build)


def _update(step: Transition[AppointmentState], rows: Any) -> Any:
    values: dict[str, Any] = {"state": step.target.value, "updated_on": database_now()}
    values |= {name: rows.c[name] for name in ("cancellation_id", "reschedule_id")}
    if step.target in FINAL:
        values["ended_on"] = database_now()
    if step.target is AppointmentState.CANCELLED:
        values |= {"cancelled_on": database_now(), "cancelled_by": rows.c.cancelled_by, "reason": rows.c.reason}
    is_left = sa.and_(appointments.c.id == rows.c.id, appointments.c.state.in_(sorted(step.sources)))
    return sa.update(appointments).where(is_left).values(values).returning(appointments.c.id, appointments.c.updated_on)


def _event(kind: str, rows: Any, changed: Any) -> Any:
    columns = ("request_id", "kind", "at", "owner", "client", "x_request_id", "appointment_id", "detail")
    who = (rows.c.owner, rows.c.client, rows.c.x_request_id, rows.c.id, rows.c.detail)
    query = sa.select(rows.c.request_id, sa.literal(kind), changed.c.updated_on, *who)
    return sa.insert(events_table).from_select(list(columns), query.join(changed, changed.c.id == rows.c.id))


_TRANSITIONS: dict[Transition[AppointmentState], Chain] = {}


async def transition(
    transaction: Transaction, step: Transition[AppointmentState], changes: Sequence[AppointmentChange]
) -> None:
    """Apply a transition to locked appointments, each with its event; a final state ends the occupancy of the order.

    The caller has locked the orders and the appointments. Raises AssertionError if an appointment is in no source state
    of the transition: the caller has checked the locked row.
    """
    chain = _TRANSITIONS.setdefault(step, _transition(step))
    changed = await transaction.fetch(chain, changes)
    if len(changed) != len(changes):
        raise AssertionError(f"{step.name} changed {len(changed)} of {len(changes)} appointments")
