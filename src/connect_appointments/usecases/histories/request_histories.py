"""The histories of appointment-requests for the operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from connect_appointments.core.errors import NotFound
from connect_appointments.core.events import Event
from connect_appointments.core.model import AppointmentRequest, Booking, Scope, Slot
from connect_appointments.core.requests import Status
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import bookings, events, requests
from connect_appointments.store.queries.changes import appointment_histories
from connect_appointments.store.queries.changes.appointment_histories import OwnedAppointment
from connect_appointments.store.transaction import Transaction


class AttemptHistory(NamedTuple):
    """A booking attempt: its number, its slot, and its outcome so far."""

    id: int
    slot: Slot
    outcome: Booking | None


class RequestHistory(NamedTuple):
    """An appointment-request, its booking attempts by number, its events, oldest first, and its appointment.

    appointment: None unless the request is `booked`.
    """

    request: AppointmentRequest
    attempts: Sequence[AttemptHistory]
    events: Sequence[Event]
    appointment: OwnedAppointment | None


async def list_requests(
    database: Database, scope: Scope, *, after: int, limit: int, status: Status | None
) -> Sequence[AppointmentRequest]:
    """Up to `limit` appointment-requests with ids above `after`, by id; `status` None means every status."""
    return await database.read(
        lambda transaction: requests.page(transaction, scope, after=after, limit=limit, status=status)
    )


async def read_history(database: Database, scope: Scope, request_id: int) -> RequestHistory:
    """The history of an appointment-request. Raises `NotFound`."""

    async def work(transaction: Transaction) -> RequestHistory:
        request = await requests.get(transaction, scope, request_id)
        if request is None:
            raise NotFound
        happened = await events.of_request(transaction, scope, request_id)
        numbers = sorted({event.booking_id for event in happened if event.booking_id is not None})
        attempts = [await _attempt(transaction, scope, number) for number in numbers]
        return RequestHistory(request, attempts, happened, await _appointment(transaction, scope, request))

    return await database.read(work)


async def _appointment(transaction: Transaction, scope: Scope, request: AppointmentRequest) -> OwnedAppointment | None:
    if request.appointment_id is None:
        return None
    return await appointment_histories.get(transaction, scope, request.appointment_id)


async def _attempt(transaction: Transaction, scope: Scope, booking_id: int) -> AttemptHistory:
    attempt = await bookings.attempt(transaction, booking_id)
    return AttemptHistory(booking_id, attempt.slot, await bookings.get(transaction, scope, booking_id))
