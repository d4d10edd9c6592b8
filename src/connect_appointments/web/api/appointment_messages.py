"""The shapes of appointment calls on the wire."""

from __future__ import annotations

from msgspec import Struct

from connect_appointments.web.api.values import AppointmentId, RequestId, SlotId

# Reschedules


class RescheduleBody(Struct, rename="camel"):
    """Which appointment to move to which slot of which appointment-request."""

    appointment_id: AppointmentId
    appointment_request_id: RequestId
    slot_id: SlotId
