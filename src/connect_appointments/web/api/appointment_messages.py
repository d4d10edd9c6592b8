"""The shapes on the wire of changes of booked appointments; every version has the same ones."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from connect_appointments.core.cancellations import CancellationState
from connect_appointments.core.model import Cancellation
from connect_appointments.web.api.messages import whole_seconds
from connect_appointments.web.api.values import AppointmentId, Id, Moment, RequestId, SlotId

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


class RescheduleBody(Struct, rename="camel"):
    """Which appointment to move to which slot of which appointment-request."""

    appointment_id: AppointmentId
    appointment_request_id: RequestId
    slot_id: SlotId
