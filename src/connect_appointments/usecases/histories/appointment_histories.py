"""The histories of appointments for the operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from connect_appointments.core.appointments import AppointmentState
from connect_appointments.core.errors import NotFound
from connect_appointments.core.events import Event
from connect_appointments.core.model import Scope
from connect_appointments.store.engine import Database
from connect_appointments.store.queries.changes import appointment_histories
from connect_appointments.store.queries.changes.appointment_histories import ChangeHistory, OwnedAppointment
from connect_appointments.store.transaction import Transaction

__all__ = ["AppointmentHistory", "ChangeHistory", "OwnedAppointment", "list_appointments", "read_history"]


class AppointmentHistory(NamedTuple):
    """An appointment, its cancellations and reschedules, and its events, oldest first.

    events: with those of the appointment-requests that became it.
    """

    found: OwnedAppointment
    changes: Sequence[ChangeHistory]
    events: Sequence[Event]


async def list_appointments(
    database: Database, scope: Scope, *, after: int, limit: int, state: AppointmentState | None
) -> Sequence[OwnedAppointment]:
    """Up to `limit` appointments with ids above `after`, by id; `state` None means every state."""
    return await database.read(
        lambda transaction: appointment_histories.page(transaction, scope, after=after, limit=limit, state=state)
    )


async def read_history(database: Database, scope: Scope, appointment_id: int) -> AppointmentHistory:
    """The history of an appointment. Raises `NotFound`."""

    async def work(transaction: Transaction) -> AppointmentHistory:
        found = await appointment_histories.get(transaction, scope, appointment_id)
        if found is None:
            raise NotFound
        changes = await appointment_histories.changes(transaction, scope, appointment_id)
        return AppointmentHistory(
            found, changes, await appointment_histories.timeline(transaction, scope, appointment_id)
        )

    return await database.read(work)
