"""Appointments with their owners, cancellations, reschedules and events, for the operator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.appointments import AppointmentState
from connect_appointments.core.events import Event
from connect_appointments.core.model import Appointment, Scope, Slot
from connect_appointments.store.queries.appointments import SHOWN, from_row
from connect_appointments.store.queries.scope import visible
from connect_appointments.store.queries.slots import decode_slot
from connect_appointments.store.retention.archive import all_everywhere, first_everywhere, newest_everywhere
from connect_appointments.store.statements import Row
from connect_appointments.store.tables import appointment_requests as requests
from connect_appointments.store.tables import appointments, cancellations, events, reschedules
from connect_appointments.store.transaction import Transaction


class OwnedAppointment(NamedTuple):
    """An appointment, its owner, and when it was booked and last changed."""

    owner: str
    appointment: Appointment
    created_on: datetime
    updated_on: datetime


class ChangeHistory(NamedTuple):
    """A cancellation or a reschedule of an appointment.

    slot: the new slot of a reschedule; None for a cancellation.
    reason: of a cancellation; None if no reason was given.
    """

    kind: str
    id: int
    state: str
    refusal: str | None
    client: str
    reason: str | None
    slot: Slot | None
    requested_on: datetime
    ended_on: datetime | None


def _visible_to(scope: Scope) -> sa.Select[Any]:
    columns = (*SHOWN, appointments.c.owner, appointments.c.created_on, appointments.c.updated_on)
    return sa.select(*columns).where(visible(appointments, scope))


async def page(
    transaction: Transaction, scope: Scope, *, after: int, limit: int, state: AppointmentState | None
) -> Sequence[OwnedAppointment]:
    """Up to `limit` appointments with ids above `after`, by id; `state` None means every state."""
    query = _visible_to(scope).where(appointments.c.id > after).order_by(appointments.c.id).limit(limit)
    if state is not None:
        query = query.where(appointments.c.state == state.value)
    return [_owned(row) for row in await transaction.fetch(query)]


async def get(transaction: Transaction, scope: Scope, appointment_id: int) -> OwnedAppointment | None:
    """The appointment; None if it does not exist in the scope."""
    row = await first_everywhere(transaction, _visible_to(scope).where(appointments.c.id == appointment_id))
    return None if row is None else _owned(row)


async def newest_of_order(
    transaction: Transaction, scope: Scope, order_id: int, *, limit: int
) -> Sequence[OwnedAppointment]:
    """Up to `limit` appointments of an order in the scope, newest first."""
    query = _visible_to(scope).where(appointments.c.order_id == order_id)
    return [_owned(row) for row in await newest_everywhere(transaction, query, limit=limit)]


def _owned(row: Row) -> OwnedAppointment:
    return OwnedAppointment(row.owner, from_row(row), row.created_on, row.updated_on)


async def changes(transaction: Transaction, scope: Scope, appointment_id: int) -> Sequence[ChangeHistory]:
    """The cancellations and reschedules of an appointment, oldest first."""
    cancelled, moved = [
        await all_everywhere(
            transaction, sa.select(*table.c).where(table.c.appointment_id == appointment_id, visible(table, scope))
        )
        for table in (cancellations, reschedules)
    ]
    found = [_change("cancellation", row, reason=row.reason) for row in cancelled]
    found += [_change("reschedule", row, slot=decode_slot(row.slot)) for row in moved]
    return sorted(found, key=lambda change: change.requested_on)


def _change(kind: str, row: Row, *, reason: str | None = None, slot: Slot | None = None) -> ChangeHistory:
    return ChangeHistory(kind, row.id, row.state, row.refusal, row.client, reason, slot, row.requested_on, row.ended_on)


async def timeline(transaction: Transaction, scope: Scope, appointment_id: int) -> Sequence[Event]:
    """The events of an appointment and of the appointment-requests that became it, oldest first."""
    became = sa.select(requests.c.id).where(requests.c.appointment_id == appointment_id, visible(requests, scope))
    is_theirs = sa.or_(
        events.c.appointment_id == appointment_id,
        sa.and_(events.c.appointment_id.is_(None), events.c.request_id.in_(became)),
    )
    columns = [events.c[name] for name in Event._fields]
    rows = await all_everywhere(transaction, sa.select(*columns).where(is_theirs, visible(events, scope)))
    return [Event(*row) for row in sorted(rows, key=lambda row: row.id)]
