"""The shapes of appointments and of lists on the wire (D44)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from connect_appointments.core.model import Appointment, AppointmentRequest
from connect_appointments.core.requests import Status
from connect_appointments.web.api.messages import (
    AppointmentMessage,
    AppointmentRequestMessage,
    appointment_fields,
    appointment_request_fields,
)
from connect_appointments.web.api.values import MAX_LIMIT

ListedStatus = Annotated[str, Meta(extra_json_schema={"enum": [str(status) for status in Status]})]


class ListedRequestMessage(AppointmentRequestMessage, rename="camel"):
    """An appointment-request of a list: it can also be searching or failed."""

    status: ListedStatus


class AppointmentsMessage(Struct, rename="camel"):
    """Appointments of an order, newest first."""

    appointments: Annotated[list[AppointmentMessage], Meta(max_length=MAX_LIMIT)]


class AppointmentRequestsMessage(Struct, rename="camel"):
    """Appointment-requests of an order, newest first."""

    appointment_requests: Annotated[list[ListedRequestMessage], Meta(max_length=MAX_LIMIT)]


def appointments_message(found: Sequence[Appointment]) -> bytes:
    """The JSON of a list of appointments."""
    return msgspec.json.encode(AppointmentsMessage([appointment_fields(one) for one in found]))


def appointment_requests_message(found: Sequence[AppointmentRequest]) -> bytes:
    """The JSON of a list of appointment-requests."""
    fields = [appointment_request_fields(one) for one in found]
    return msgspec.json.encode(AppointmentRequestsMessage(fields))  # type: ignore[arg-type]  # the same JSON
