"""Appointments as the commands show them."""

from __future__ import annotations

import json
from typing import Any

from connect_appointments.cli.listing import instant
from connect_appointments.core.events import Event
from connect_appointments.usecases.histories.appointment_histories import ChangeHistory, OwnedAppointment


def appointment_row(found: OwnedAppointment) -> dict[str, Any]:
    """An appointment, without its contact."""
    one = found.appointment
    return {
        "id": one.id,
        "owner": found.owner,
        "orderId": one.order.id,
        "appointmentRequestId": one.request_id,
        "nbnAppointmentId": one.workforce_id,
        "state": one.state,
        "slotType": one.slot.slot_type,
        "startTime": instant(one.slot.start),
        "endTime": instant(one.slot.end),
        "cancellableUntil": instant(one.cancellable_until),
        "createdOn": instant(found.created_on),
        "updatedOn": instant(found.updated_on),
        "cancelledOn": instant(one.cancelled_on),
        "cancelledBy": one.cancelled_by,
        "reason": one.reason,
    }


def change_row(change: ChangeHistory) -> dict[str, Any]:
    """A cancellation or a reschedule."""
    return {
        "kind": change.kind,
        "id": change.id,
        "state": change.state,
        "refusal": change.refusal,
        "client": change.client,
        "reason": change.reason,
        "startTime": None if change.slot is None else instant(change.slot.start),
        "requestedOn": instant(change.requested_on),
        "endedOn": instant(change.ended_on),
    }


def event_row(event: Event) -> dict[str, Any]:
    """An event of an appointment or of its appointment-request."""
    return {
        "at": instant(event.at),
        "kind": event.kind,
        "client": event.client,
        "requestId": event.x_request_id,
        "appointmentRequestId": event.request_id,
        "appointmentId": event.appointment_id,
        "detail": None if event.detail is None else json.loads(event.detail),
    }
