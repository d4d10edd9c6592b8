"""The shapes on the wire of appointments, their changes and lists; every version has the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from connect_appointments.core.cancellations import CancellationState
from connect_appointments.core.model import Appointment, AppointmentRequest, Cancellation
from connect_appointments.core.requests import Status
from connect_appointments.web.api.messages import (
    AppointmentMessage,
    AppointmentRequestMessage,
    appointment_fields,
    appointment_request_fields,
    whole_seconds,
)
from connect_appointments.web.api.values import MAX_LIMIT, AppointmentId, Id, Moment, RequestId, SlotId

CancellationStatus = Annotated[str, Meta(extra_json_schema={"enum": [CancellationState.CANCELLED.value]})]


class CancelAppointmentBody(Struct, rename="camel"):
    """Which appointment to cancel."""

    appointment_id: AppointmentId


class CancellationMessage(Struct, rename="camel"):
    """A cancellation that was successful. `cancelledOn` is that of the appointment."""

    id: Id
    appointment_id: Id
    order_id: Id
    status: CancellationStatus
    requested_on: Moment
    cancelled_on: Moment | None


class RescheduleBody(Struct, rename="camel"):
    """Which appointment to move to which slot of which appointment-request."""

    appointment_id: AppointmentId
    appointment_request_id: RequestId
    slot_id: SlotId


def cancellation_message(found: Cancellation) -> bytes:
    """The JSON of a cancellation in state `cancelled`."""
    message = CancellationMessage(
        id=found.id,
        appointment_id=found.appointment_id,
        order_id=found.order_id,
        status=found.state.value,
        requested_on=whole_seconds(found.requested_on),
        cancelled_on=found.cancelled_on and whole_seconds(found.cancelled_on),
    )
    return msgspec.json.encode(message)


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
